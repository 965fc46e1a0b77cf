//! A guest that is polled only when it may compute, and whose computing is counted.

use super::{Permit, Share, Turn, slice};
use futures_util::future::BoxFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// See the module.
pub struct Metered<T> {
    guest: BoxFuture<'static, T>,
    share: Arc<Share>,
    /// The guest's last slice was used up.
    is_spent: bool,
    /// What it has computed in polls that were shorter than a slice.
    carried: Duration,
    /// Set while the guest waits for its turn.
    turn: Option<oneshot::Receiver<Permit>>,
}

impl<T> Metered<T> {
    pub(in crate::guests) fn new(guest: BoxFuture<'static, T>, share: Arc<Share>) -> Self {
        Self { guest, share, is_spent: false, carried: Duration::ZERO, turn: None }
    }

    /// None where the guest needs no permit.
    fn poll_permit(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Option<Permit>> {
        loop {
            if let Some(turn) = &mut self.turn {
                let permit = ready!(Pin::new(turn).poll(cx));
                self.turn = None;
                // Whoever gives permits away never drops one that is wanted.
                return Poll::Ready(permit.ok());
            }
            if !self.is_spent && !self.share.is_slow() && self.share.is_light(now) {
                return Poll::Ready(None);
            }
            match self.share.compute.ask(&self.share) {
                Turn::Now(permit) => return Poll::Ready(Some(permit)),
                Turn::Later(turn) => self.turn = Some(turn),
            }
        }
    }
}

impl<T> Future for Metered<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let began = Instant::now();
        let permit = ready!(this.poll_permit(cx, began));
        let is_long = permit.is_some() && (this.is_spent || this.share.is_slow());
        let mut poll = || {
            slice::begin(began, this.carried);
            let result = this.guest.as_mut().poll(cx);
            let ended = Instant::now();
            let took = ended.saturating_duration_since(began);
            this.share.charge(took, ended);
            (result, slice::end(took))
        };
        let (result, rest) = if is_long { tokio::task::block_in_place(poll) } else { poll() };
        this.is_spent = rest.is_spent;
        this.carried = rest.carried;
        drop(permit);
        result
    }
}
