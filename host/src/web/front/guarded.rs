//! A socket whose reads yield one checked request after the other, and whose waits all end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::gate::{Awaited, Gate};
use super::refusal::Refusal;
use super::rules::Rules;

/// A larger buffer is given back as soon as it is empty.
const KEPT_BYTES: usize = 8 * 1024;

/// A socket behind the strict front. Serve it with the hyper builder of [`super::builder`].
#[derive(Debug)]
pub struct Guarded<S> {
    pub(super) socket: S,
    pub(super) gate: Gate,
    /// What has arrived and hyper may not see yet: an incomplete head, or what follows the current message.
    pub(super) held: BytesMut,
    pub(super) is_at_end: bool,
    pub(super) alarm: Alarm,
    read_wait: Option<(Awaited, Instant)>,
    pub(super) write_deadline: Option<Instant>,
    pub(super) linger_deadline: Option<Instant>,
}

impl<S> Guarded<S> {
    /// Wraps a socket that nothing has been read from.
    pub fn new(socket: S, rules: Rules) -> Self {
        Self {
            socket,
            gate: Gate::new(rules),
            held: BytesMut::new(),
            is_at_end: false,
            alarm: Alarm::default(),
            read_wait: None,
            write_deadline: None,
            linger_deadline: None,
        }
    }

    /// Moves what may be seen of the bytes held back into `buf`.
    fn release_held(&mut self, buf: &mut ReadBuf<'_>) {
        if self.held.is_empty() {
            return;
        }
        let given = self.gate.admit(&self.held, buf.remaining());
        buf.put_slice(self.held.get(..given).unwrap_or_default());
        self.held.advance(given);
        if self.held.is_empty() && self.held.capacity() > KEPT_BYTES {
            self.held = BytesMut::new();
        }
    }

    /// Takes what the socket has put into `buf` after `start`, and leaves there what may be seen of it.
    ///
    /// A request that comes in one piece is judged where it lies and never copied.
    fn take_in(&mut self, buf: &mut ReadBuf<'_>, start: usize) {
        let fresh = buf.filled().get(start..).unwrap_or_default();
        self.is_at_end = fresh.is_empty();
        let given = if self.held.is_empty() { self.gate.admit(fresh, fresh.len()) } else { 0 };
        if !self.gate.is_shut() {
            self.held.extend_from_slice(fresh.get(given..).unwrap_or_default());
        }
        buf.set_filled(start + given);
    }

    /// Ready once the client has taken too long: the gate or the end then says what follows.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let awaited = self.gate.awaits(&self.held);
        let deadline = match self.read_wait {
            Some((same, deadline)) if same == awaited => deadline,
            _ => self.begin_wait(awaited),
        };
        ready!(self.alarm.poll_at(cx, deadline));
        match awaited {
            Awaited::NextHead => self.is_at_end = true,
            Awaited::RestOfHead => self.gate.refuse(Refusal::HeadTimeout),
            Awaited::Body => self.gate.break_off(Refusal::BodyTimeout),
        }
        Poll::Ready(())
    }

    fn begin_wait(&mut self, awaited: Awaited) -> Instant {
        let rules = self.gate.rules();
        let deadline = Instant::now()
            + match awaited {
                Awaited::NextHead => rules.idle,
                Awaited::RestOfHead => rules.head,
                Awaited::Body => rules.body_gap,
            };
        self.read_wait = Some((awaited, deadline));
        deadline
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let start = buf.filled().len();
        loop {
            this.release_held(buf);
            if buf.filled().len() > start || buf.remaining() == 0 {
                this.read_wait = None;
                return Poll::Ready(Ok(()));
            }
            if this.gate.speak(buf)? || this.is_at_end {
                return Poll::Ready(Ok(()));
            }
            match Pin::new(&mut this.socket).poll_read(cx, buf) {
                Poll::Ready(Ok(())) => this.take_in(buf, start),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => ready!(this.poll_patience(cx)),
            }
        }
    }
}
