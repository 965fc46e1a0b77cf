//! A socket whose reads yield one checked request after the other, and whose waits all end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::gate::{Awaited, Gate};
use super::pace::Pace;
use super::presence::Presence;
use super::refusal::Refusal;
use super::rules::Rules;

/// A larger buffer is given back as soon as it is empty.
const KEPT_BYTES: usize = 8 * 1024;

/// A socket behind the strict front. Serve it with the hyper builder of [`super::builder`].
#[derive(Debug)]
pub struct Guarded<S> {
    pub(super) socket: S,
    pub(super) gate: Gate,
    /// What has arrived and hyper may not see yet: an incomplete head, or what follows the current
    /// message.
    pub(super) held: BytesMut,
    pub(super) is_at_end: bool,
    pub(super) alarm: Alarm,
    read_wait: Option<Wait>,
    read_pace: Pace,
    pub(super) write_began: Option<Instant>,
    pub(super) write_pace: Pace,
    pub(super) presence: Option<Arc<Presence>>,
    pub(super) linger_deadline: Option<Instant>,
}

/// Something that the client is waited for.
#[derive(Clone, Copy, Debug)]
struct Wait {
    awaited: Awaited,
    began: Instant,
    deadline: Instant,
}

fn body_pace(rules: &Rules) -> Pace {
    Pace::new(rules.body_gap, rules.body_gap.saturating_mul(3), rules.body_rate)
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
            read_pace: body_pace(&rules),
            write_began: None,
            write_pace: Pace::new(rules.write_stall, rules.write_stall, rules.answer_rate),
            presence: None,
            linger_deadline: None,
        }
    }

    /// Tells somebody else whether the connection waits for a request.
    pub fn watched_by(self, presence: Arc<Presence>) -> Self {
        Self { presence: Some(presence), ..self }
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

    /// Takes what the socket has put into `buf` after `start`, and leaves there what may be seen of
    /// it.
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
        let wait = match self.read_wait {
            Some(wait) if wait.awaited == awaited => wait,
            _ => self.begin_wait(awaited),
        };
        ready!(self.alarm.poll_at(cx, wait.deadline));
        match awaited {
            Awaited::NextHead => self.is_at_end = true,
            Awaited::RestOfHead => self.gate.refuse(Refusal::HeadTimeout),
            Awaited::Body if wait.deadline - wait.began < self.gate.rules().body_gap => {
                self.gate.break_off(Refusal::BodyRate);
            }
            Awaited::Body => self.gate.break_off(Refusal::BodyTimeout),
        }
        Poll::Ready(())
    }

    fn begin_wait(&mut self, awaited: Awaited) -> Wait {
        let rules = self.gate.rules();
        let patience = match awaited {
            Awaited::NextHead => rules.idle,
            Awaited::RestOfHead => rules.head,
            Awaited::Body => rules.body_gap.min(self.read_pace.left()),
        };
        if awaited != Awaited::Body {
            self.read_pace = body_pace(rules);
        }
        if let Some(presence) = &self.presence {
            presence.waits(awaited != Awaited::Body);
        }
        let began = Instant::now();
        let wait = Wait { awaited, began, deadline: began + patience };
        self.read_wait = Some(wait);
        wait
    }

    /// Notes that so many bytes have come.
    fn end_wait(&mut self, bytes: usize) {
        let Some(wait) = self.read_wait.take() else { return };
        if wait.awaited == Awaited::Body {
            self.read_pace.moved(bytes, wait.began.elapsed());
        }
        if let Some(presence) = &self.presence {
            presence.waits(false);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let start = buf.filled().len();
        loop {
            this.release_held(buf);
            if buf.filled().len() > start || buf.remaining() == 0 {
                this.end_wait(buf.filled().len() - start);
                if let Some(presence) = &this.presence {
                    presence.came(this.gate.heads(), !this.held.is_empty());
                }
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
