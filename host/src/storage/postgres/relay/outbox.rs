//! To the server, from the driver or from us.

use super::request::{self, is_whole};
use super::server::Wire;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};

/// A buffer at first, as the driver's own, and at most for what the driver sends.
const SMALL: usize = 8 << 10;
const LARGE: usize = 64 << 10;
/// So much is thrown away at once.
const SCRAP: usize = 512;

/// What the server does not have yet.
pub(super) struct Outbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether something is written that may not have been sent yet.
    flushes: bool,
    /// Whether the driver may have written something that we have not looked for: not while it
    /// waits for the answer to a whole request.
    may_have_written: bool,
    /// Whether the buffer was too small for what the driver had written.
    is_full: bool,
    /// So many bytes that we have are still in the local socket, too: see [`Self::fill`].
    peeked: usize,
    /// The driver sends no more, or the server takes no more.
    has_ended: bool,
    /// Whether the driver has sent a long request.
    has_long: bool,
    /// The name of the first statement that the driver has asked to be prepared.
    prepared: Option<String>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; SMALL],
            start: 0,
            end: 0,
            flushes: false,
            may_have_written: true,
            is_full: false,
            peeked: 0,
            has_ended: false,
            has_long: false,
            prepared: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes a request of ours. There must be nothing else.
    pub(super) fn put(&mut self, request: Vec<u8>) {
        (self.start, self.end) = (0, request.len());
        match self.bytes.get_mut(..request.len()) {
            Some(bytes) => bytes.copy_from_slice(&request),
            None => self.bytes = request,
        }
    }

    /// Sends as much as the connection takes, and has the task woken when it takes more.
    pub(super) fn send(&mut self, wire: &mut Wire, cx: &mut Context<'_>) {
        while !self.is_empty() {
            match wire.poll_write(cx, self.waiting()) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    self.start += written;
                    self.flushes = true;
                }
                // Nothing goes to the server any more. What it has said before it went away is
                // still to be read.
                Poll::Ready(_) => {
                    self.has_ended = true;
                    (self.start, self.end) = (0, 0);
                }
                Poll::Pending => return,
            }
        }
        // What was long is not kept until the connection is idle.
        if self.bytes.len() > LARGE {
            self.shrink();
        }
        if self.flushes && wire.poll_flush(cx).is_ready() {
            self.flushes = false;
        }
    }

    /// The name of the first statement that the driver has asked to be prepared since this was last
    /// asked.
    pub(super) fn take_prepared(&mut self) -> Option<String> {
        self.prepared.take()
    }

    /// The driver begins something, so it may write.
    pub(super) fn look(&mut self) {
        self.may_have_written = true;
    }

    /// The driver has been given something, after which it may write.
    pub(super) fn look_again(&mut self, near: &UnixStream) {
        self.may_have_written = true;
        self.take_peeked(near);
    }

    /// Takes what the driver has written. False if there is nothing.
    ///
    /// As soon as bytes leave the local socket the runtime is told that the driver may write more,
    /// and turns once for nothing. So a request that is whole stays there until the driver is given
    /// the answer, and is woken anyway. After such a request the driver waits.
    pub(super) fn fill(&mut self, near: &UnixStream) -> bool {
        if self.has_ended || !self.may_have_written {
            return false;
        }
        self.take_peeked(near);
        if self.is_full {
            self.has_long |= self.bytes.len() == LARGE;
        }
        self.bytes.resize(if self.is_full { LARGE } else { SMALL.max(self.bytes.len()) }, 0);
        let flags = if self.is_full { RecvFlags::empty() } else { RecvFlags::PEEK };
        let read = loop {
            match recv(near, self.bytes.as_mut_slice(), flags) {
                Ok((read, _)) => break read,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.is_full = false;
                    return false;
                }
                Err(_) => break 0,
            }
        };
        (self.start, self.end) = (0, read);
        self.has_ended |= read == 0;
        if self.prepared.is_none() {
            self.prepared = request::prepared_name(self.waiting()).map(str::to_owned);
        }
        if !self.is_full {
            self.peeked = read;
            self.may_have_written = !self.bytes.get(..read).is_some_and(is_whole);
            if self.may_have_written {
                self.take_peeked(near);
            }
        }
        self.is_full |= read == self.bytes.len();
        read > 0
    }

    /// Takes out of the local socket what we have already.
    fn take_peeked(&mut self, near: &UnixStream) {
        let mut scrap = [0; SCRAP];
        while self.peeked > 0 {
            let (scrap, _) = scrap.split_at_mut(self.peeked.min(SCRAP));
            match recv(near, scrap, RecvFlags::empty()) {
                Ok((taken, _)) if taken > 0 => self.peeked -= taken,
                Err(Errno::INTR) => {}
                _ => self.peeked = 0,
            }
        }
    }

    /// Mends what has just been taken where the driver knows less than the server.
    pub(super) fn mend(&mut self) {
        if let Some(request) = request::with_multiranges(self.waiting()) {
            self.put(request);
        }
    }

    /// Puts the beginning of a transaction in front of the request that has just been taken.
    /// Returns the types of the messages that answer it.
    pub(super) fn put_ahead(&mut self, text: &str) -> &'static [u8] {
        let (request, answers) = request::with_begin(self.waiting(), text);
        self.put(request);
        answers
    }

    /// Gives back memory before the connection is idle. Returns whether there was a long request.
    pub(super) fn rest(&mut self) -> bool {
        if self.is_empty() {
            self.shrink();
        }
        std::mem::take(&mut self.has_long)
    }

    fn shrink(&mut self) {
        self.bytes.truncate(SMALL);
        self.bytes.shrink_to_fit();
    }
}
