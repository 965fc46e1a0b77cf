//! Carries bytes between the driver and the server while somebody waits for the driver, and runs
//! statements without it.
//!
//! Each system call and each turn of the runtime costs as much as all else here. So our end of the
//! local socket is not known to the runtime: the driver writes only while it is polled, so what it
//! has written is there right after, and while our own bytes do not fit, it has some to read and
//! will be woken by them. What passes the filter as it came goes on from the buffer into which it
//! was received.

use super::execution::{Execution, Step};
use super::filter::Filter;
use super::inbox::Inbox;
use super::outbox::Outbox;
use super::request::{self, Statement};
use super::server::{Wire, unreachable};
use crate::storage::postgres::codec::Parameters;
use crate::storage::postgres::error::{is_lost, translate};
use crate::storage::{Error, Result};
use crate::telemetry::host_work;
use std::future::poll_fn;
use std::io::{ErrorKind, Write as _};
use std::net::Shutdown;
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::{Context, Poll, ready};

/// What is kept of a buffer for what has passed.
const SMALL: usize = 8 << 10;
/// What may pass between an error and the word that the server is ready.
const MOST_AFTER_ERROR: usize = 1 << 20;

/// One connection: the driver on this side, the server on the other.
pub(in crate::storage::postgres) struct Relay {
    near: UnixStream,
    wire: Wire,
    filter: Filter,
    outbox: Outbox,
    /// What the server has sent.
    inbox: Inbox,
    /// What has passed and does not yet fit into the local socket, and how much of it has fitted
    /// meanwhile.
    passed: Vec<u8>,
    written: usize,
    /// Begins a transaction in front of what is sent next.
    begin: Option<&'static str>,
    /// A statement that runs without the driver.
    execution: Option<Execution>,
    /// The server sends no more.
    has_ended: bool,
    /// Why, if not because it has ended the connection.
    fault: Option<Error>,
}

impl Relay {
    pub(super) fn new(near: UnixStream, wire: Wire) -> Self {
        Self {
            near,
            wire,
            filter: Filter::new(),
            outbox: Outbox::new(),
            inbox: Inbox::new(),
            passed: Vec::new(),
            written: 0,
            begin: None,
            execution: None,
            has_ended: false,
            fault: None,
        }
    }

    /// Waits for something that the driver does over this connection.
    pub(in crate::storage::postgres) async fn carry<T>(
        &mut self,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T> {
        // Of a statement that was given up the rest has to be read first.
        while self.execution.is_some() && !self.has_ended {
            let _ = self.step().await;
        }
        let mut work = pin!(work);
        self.outbox.look();
        let done = poll_fn(|cx| {
            host_work::counted(|| {
                let polled = work.as_mut().poll(cx);
                if polled.is_pending() {
                    self.move_bytes(cx);
                }
                polled
            })
        });
        let done = done.await.map_err(|error| self.explain(error));
        // The server sends an error before it is ready again, and the driver waits for the error
        // alone. What it has not waited for would be taken for the answer to the next statement.
        if done.as_ref().is_err_and(|error| !is_lost(error)) {
            poll_fn(|cx| self.poll_ready(cx)).await;
        }
        done
    }

    /// Reads until the server is ready for the next statement, or has ended.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.filter.is_ready() && !self.has_ended {
            self.outbox.send(&mut self.wire, cx);
            match ready!(self.wire.poll_read(cx, self.inbox.room())) {
                Ok(read) if read > 0 => {
                    self.inbox.add(read);
                    self.take_in();
                    // The driver takes nothing meanwhile, and a sound server has little to say.
                    if self.passed.len() > MOST_AFTER_ERROR {
                        self.end(Some(Error::unavailable("the database goes on sending after an error")));
                    }
                }
                Ok(_) => self.end(None),
                Err(error) => self.end(Some(unreachable(&error))),
            }
        }
        Poll::Ready(())
    }

    /// Begins to run a statement without the driver, which would receive a row whole before anybody
    /// could look at its length. Rows with more bytes than `row_limit` are left out. Nothing is
    /// sent before the first [`step`](Self::step).
    pub(in crate::storage::postgres) fn execute(
        &mut self,
        statement: Statement<'_>,
        parameters: &Parameters,
        row_limit: usize,
    ) {
        let begin = self.begin.take();
        self.outbox.put(request::execute(begin, statement, parameters));
        self.execution = Some(Execution::new(row_limit, begin.is_some()));
    }

    /// Waits for the next step of the statement that was begun. After the end, or an error, there
    /// is none.
    pub(in crate::storage::postgres) async fn step(&mut self) -> Result<Step<&[u8]>> {
        Ok(match poll_fn(|cx| self.poll_step(cx)).await? {
            Step::Row(range) => Step::Row(self.inbox.part(range)),
            Step::LeftOut => Step::LeftOut,
            Step::Done(count) => Step::Done(count),
            Step::End => Step::End,
        })
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Step<Range<usize>>>> {
        let Some(execution) = &mut self.execution else { return Poll::Ready(Ok(Step::End)) };
        loop {
            match execution.read(&mut self.inbox) {
                Ok(Some(Step::End)) => return Poll::Ready(self.end_execution()),
                Ok(Some(step)) => return Poll::Ready(Ok(step)),
                Ok(None) => {}
                Err(text) => {
                    self.end(Some(Error::unavailable(text)));
                    return Poll::Ready(self.end_execution());
                }
            }
            self.outbox.send(&mut self.wire, cx);
            match ready!(self.wire.poll_read(cx, self.inbox.room())) {
                Ok(read) if read > 0 => self.inbox.add(read),
                Ok(_) => {
                    self.end(None);
                    return Poll::Ready(self.end_execution());
                }
                Err(error) => {
                    self.end(Some(unreachable(&error)));
                    return Poll::Ready(self.end_execution());
                }
            }
        }
    }

    /// What has become of a statement whose end has come, by the server's word or because the
    /// connection has ended.
    fn end_execution<T>(&mut self) -> Result<Step<T>> {
        let said = self.execution.take().and_then(|execution| execution.error);
        if !self.has_ended {
            // What else has come is the driver's.
            self.take_in();
        }
        match (said, &self.fault) {
            (Some(error), _) => Err(error),
            (None, Some(fault)) => Err(fault.clone()),
            (None, None) if self.has_ended => Err(unreachable(&ErrorKind::UnexpectedEof.into())),
            (None, None) => Ok(Step::End),
        }
    }

    /// Begins a transaction in front of what is sent next, which saves a round trip. A server that
    /// cannot begin it ends the connection. False where that is not known to be safe: something has
    /// come that nobody has asked for, such as the end of the connection.
    pub(in crate::storage::postgres) fn begin_with_next(&mut self, text: &'static str) -> bool {
        let is_quiet = !self.has_ended && self.begin.is_none() && self.wire.is_quiet();
        if is_quiet {
            self.begin = Some(text);
        }
        is_quiet
    }

    /// Does not begin the transaction that was to begin with what is sent next. None if there is
    /// none.
    pub(in crate::storage::postgres) fn take_begin(&mut self) -> Option<&'static str> {
        self.begin.take()
    }

    /// The name of the first statement that the driver has asked to be prepared since this was last
    /// asked.
    pub(in crate::storage::postgres) fn take_prepared(&mut self) -> Option<String> {
        self.outbox.take_prepared()
    }

    /// Gives back memory before the connection is idle. Returns whether the driver has some to give
    /// back, too.
    pub(in crate::storage::postgres) fn rest(&mut self) -> bool {
        self.inbox.rest();
        self.passed.shrink_to(SMALL);
        self.outbox.rest()
    }

    /// Sends the rest of what the driver has written, after it has closed its end.
    pub(super) async fn finish(&mut self) -> Result<()> {
        let finished = poll_fn(|cx| {
            self.move_up(cx);
            if self.outbox.is_empty() { self.wire.poll_shutdown(cx) } else { Poll::Pending }
        });
        finished.await.map_err(|error| unreachable(&error))
    }

    /// What the driver's error means: that its own connection is gone says nothing about the
    /// server's.
    fn explain(&self, error: sqlx::Error) -> Error {
        match (error, &self.fault) {
            (sqlx::Error::Io(_), Some(fault)) => fault.clone(),
            (error, _) => translate(error),
        }
    }

    /// Carries what there is, both ways, and has the task woken when there is more.
    fn move_bytes(&mut self, cx: &mut Context<'_>) {
        let has_sent = self.move_up(cx);
        let has_received = self.move_down(cx);
        if !has_sent && !has_received {
            // Nothing of ours has woken the task, so the driver may have had something to do.
            self.outbox.look();
            self.move_up(cx);
        }
    }

    /// Returns whether the driver had something to send.
    fn move_up(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_sent = false;
        while !self.outbox.is_empty() || self.take_request() {
            has_sent = true;
            self.outbox.send(&mut self.wire, cx);
            if !self.outbox.is_empty() {
                break;
            }
        }
        has_sent
    }

    /// Takes what the driver wants to send. False if there is nothing.
    fn take_request(&mut self) -> bool {
        let is_there = self.outbox.fill(&self.near);
        if is_there {
            self.outbox.mend();
        }
        if is_there && let Some(text) = self.begin.take() {
            self.filter.discard(self.outbox.put_ahead(text));
        }
        is_there
    }

    /// Returns whether the server has sent something, or ended.
    fn move_down(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_received = false;
        while self.hand_over() && !self.has_ended {
            match self.wire.poll_read(cx, self.inbox.room()) {
                Poll::Pending => return has_received,
                Poll::Ready(Ok(0)) => self.end(None),
                Poll::Ready(Ok(read)) => {
                    self.inbox.add(read);
                    self.take_in();
                }
                Poll::Ready(Err(error)) => self.end(Some(unreachable(&error))),
            }
            has_received = true;
        }
        true
    }

    /// Gives the driver what passes of the bytes that were received.
    fn take_in(&mut self) {
        let bytes = self.inbox.waiting();
        if bytes.is_empty() {
            return;
        }
        match self.filter.pass(bytes, &mut self.passed) {
            Ok(unchanged) => {
                let fitted = give(&self.near, unchanged);
                if let Some(rest) = unchanged.get(fitted..).filter(|rest| !rest.is_empty()) {
                    self.passed.splice(..0, rest.iter().copied());
                }
                self.inbox.clear();
                self.outbox.look_again(&self.near);
            }
            Err(text) => self.end(Some(Error::unavailable(text))),
        }
    }

    /// Gives the driver the rest of what has passed. False while it has no room.
    fn hand_over(&mut self) -> bool {
        let Some(rest) = self.passed.get(self.written..).filter(|rest| !rest.is_empty()) else { return true };
        self.written += give(&self.near, rest);
        self.outbox.look_again(&self.near);
        if self.written < self.passed.len() {
            return false;
        }
        self.passed.clear();
        self.written = 0;
        true
    }

    /// The server sends no more: the driver sees the end of its connection.
    fn end(&mut self, fault: Option<Error>) {
        self.has_ended = true;
        self.fault = fault;
        self.hand_over();
        let _ = self.near.shutdown(Shutdown::Both);
    }
}

/// Gives the driver as many bytes as there is room for.
fn give(mut near: &UnixStream, bytes: &[u8]) -> usize {
    let mut given = 0;
    while let Some(rest) = bytes.get(given..).filter(|rest| !rest.is_empty()) {
        match near.write(rest) {
            Ok(written) => given += written,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // The driver has closed its end, and wants nothing more.
            Err(_) => return bytes.len(),
        }
    }
    given
}
