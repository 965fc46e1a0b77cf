//! Carries bytes between the driver and the server while somebody waits for the driver.
//!
//! Each system call and each turn of the runtime costs as much as all else here. So our end of the
//! local socket is not known to the runtime: the driver writes only while it is polled, so what it
//! has written is there right after, and while our own bytes do not fit, it has some to read and
//! will be woken by them.

use super::filter::Filter;
use super::server::{Wire, unreachable};
use crate::storage::postgres::error::translate;
use crate::storage::{Error, Result};
use crate::telemetry::host_work;
use futures_util::{Stream, StreamExt as _};
use std::future::poll_fn;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::{Context, Poll};

/// A buffer at first, as the driver's own, and at most.
const SMALL: usize = 8 << 10;
const LARGE: usize = 64 << 10;

/// One connection: the driver on this side, the server on the other.
pub(in crate::storage::postgres) struct Relay {
    near: UnixStream,
    wire: Wire,
    filter: Filter,
    up: Up,
    /// For what the server sends.
    down: Vec<u8>,
    /// What of it passes, and how much of that the driver has.
    passed: Vec<u8>,
    written: usize,
    /// The server sends no more.
    has_ended: bool,
    /// Why, if not because it has ended the connection.
    fault: Option<Error>,
    /// Whether the rows that were left out have been told.
    is_told: bool,
}

/// From the driver to the server.
struct Up {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether something is written that may not have been sent yet.
    flushes: bool,
    /// The driver sends no more, or the server takes no more.
    has_ended: bool,
    has_long: bool,
}

/// What comes next in a result.
pub(in crate::storage::postgres) enum Next<T> {
    Item(T),
    /// A row is too large: it and all further ones of its result are left out. Told once.
    LeftOut,
    End,
}

impl Relay {
    pub(super) fn new(near: UnixStream, wire: Wire) -> Self {
        let bytes = vec![0; SMALL];
        Self {
            near,
            wire,
            filter: Filter::new(),
            up: Up { bytes, start: 0, end: 0, flushes: false, has_ended: false, has_long: false },
            down: vec![0; SMALL],
            passed: Vec::new(),
            written: 0,
            has_ended: false,
            fault: None,
            is_told: false,
        }
    }

    /// Waits for something that the driver does over this connection.
    pub(in crate::storage::postgres) async fn carry<T>(
        &mut self,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T> {
        let mut work = pin!(work);
        let done = poll_fn(|cx| {
            host_work::counted(|| {
                let polled = work.as_mut().poll(cx);
                if polled.is_pending() {
                    self.move_bytes(cx);
                }
                polled
            })
        });
        done.await.map_err(|error| self.explain(error))
    }

    /// Waits for the next step of a result.
    pub(in crate::storage::postgres) async fn next<T>(
        &mut self,
        steps: &mut (impl Stream<Item = sqlx::Result<T>> + Unpin),
    ) -> Result<Next<T>> {
        let step = poll_fn(|cx| host_work::counted(|| self.poll_next(steps, cx)));
        step.await.map_err(|error| self.explain(error))
    }

    fn poll_next<T>(
        &mut self,
        steps: &mut (impl Stream<Item = sqlx::Result<T>> + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<sqlx::Result<Next<T>>> {
        let polled = steps.poll_next_unpin(cx);
        if polled.is_ready() {
            return polled.map(|step| step.map_or(Ok(Next::End), |step| step.map(Next::Item)));
        }
        self.move_bytes(cx);
        if self.filter.left_out() > 0 && !std::mem::replace(&mut self.is_told, true) {
            return Poll::Ready(Ok(Next::LeftOut));
        }
        Poll::Pending
    }

    /// What a row of the next statement may have; none for one whose rows nobody wants, or of which
    /// they are short.
    pub(in crate::storage::postgres) fn set_row_limit(&mut self, bytes: Option<usize>) {
        self.filter.set_row_limit(bytes);
        self.is_told = false;
    }

    /// Rows that the driver has been given since the limit was set. It may not have handed them out
    /// yet.
    pub(in crate::storage::postgres) fn let_in(&self) -> u64 {
        self.filter.let_in()
    }

    /// Rows that were left out since the limit was set.
    pub(in crate::storage::postgres) fn left_out(&self) -> u64 {
        self.filter.left_out()
    }

    /// Whether the driver has received a long message since this was last asked.
    pub(in crate::storage::postgres) fn take_has_long(&mut self) -> bool {
        self.filter.take_has_long()
    }

    /// Gives back memory before the connection is idle. Returns whether the driver has some to give
    /// back, too.
    pub(in crate::storage::postgres) fn rest(&mut self) -> bool {
        self.filter.set_row_limit(None);
        if self.up.is_empty() {
            shrink(&mut self.up.bytes);
        }
        shrink(&mut self.down);
        self.passed.shrink_to(SMALL);
        std::mem::take(&mut self.up.has_long)
    }

    /// Sends the rest of what the driver has written, after it has closed its end.
    pub(super) async fn finish(&mut self) -> Result<()> {
        let finished = poll_fn(|cx| {
            self.move_up(cx);
            if self.up.is_empty() { self.wire.poll_shutdown(cx) } else { Poll::Pending }
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
        self.move_up(cx);
        self.move_down(cx);
    }

    fn move_up(&mut self, cx: &mut Context<'_>) {
        loop {
            if self.up.is_empty() && !self.up.fill(&mut self.near) {
                break;
            }
            while let Some(bytes) = self.up.waiting() {
                match self.wire.poll_write(cx, bytes) {
                    Poll::Ready(Ok(written)) if written > 0 => self.up.note_written(written),
                    // What the server has said before it went away is still to be read.
                    Poll::Ready(_) => self.up.end(),
                    Poll::Pending => return,
                }
            }
            if !self.up.has_more() {
                break;
            }
        }
        if self.up.flushes && self.wire.poll_flush(cx).is_ready() {
            self.up.flushes = false;
        }
    }

    fn move_down(&mut self, cx: &mut Context<'_>) {
        while self.hand_over() && !self.has_ended {
            match self.wire.poll_read(cx, &mut self.down) {
                Poll::Pending => return,
                Poll::Ready(Ok(0)) => self.end(None),
                Poll::Ready(Ok(read)) => {
                    let bytes = self.down.get(..read).unwrap_or_default();
                    if let Err(text) = self.filter.pass(bytes, &mut self.passed) {
                        self.end(Some(Error::unavailable(format!("the database broke the protocol: {text}"))));
                    }
                    if read == self.down.len() {
                        self.down.resize(LARGE, 0);
                    }
                }
                Poll::Ready(Err(error)) => self.end(Some(unreachable(&error))),
            }
        }
    }

    /// Gives the driver what has passed. False while it has no room.
    fn hand_over(&mut self) -> bool {
        while let Some(rest) = self.passed.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.near.write(rest) {
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                // The driver has closed its end.
                Err(_) => break,
            }
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

impl Up {
    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn waiting(&self) -> Option<&[u8]> {
        self.bytes.get(self.start..self.end).filter(|bytes| !bytes.is_empty())
    }

    /// Takes what the driver has written. False if there is nothing.
    fn fill(&mut self, near: &mut UnixStream) -> bool {
        if self.has_ended {
            return false;
        }
        loop {
            match near.read(&mut self.bytes) {
                Ok(0) => self.has_ended = true,
                Ok(read) => {
                    (self.start, self.end) = (0, read);
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.has_ended = true,
            }
            return false;
        }
    }

    fn note_written(&mut self, bytes: usize) {
        self.start += bytes;
        self.flushes = true;
    }

    /// Whether the driver may have written more than fitted into the buffer.
    fn has_more(&mut self) -> bool {
        let was_full = self.end == self.bytes.len();
        if was_full {
            self.has_long |= self.bytes.len() == LARGE;
            self.bytes.resize(LARGE, 0);
        }
        (self.start, self.end) = (0, 0);
        was_full
    }

    /// Nothing goes to the server any more.
    fn end(&mut self) {
        self.has_ended = true;
        (self.start, self.end) = (0, 0);
    }
}

fn shrink(buffer: &mut Vec<u8>) {
    buffer.truncate(SMALL);
    buffer.shrink_to_fit();
}
