//! A body that stands still until the test lets it go on, and with it the guest that reads it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::oneshot;

/// Bytes before which a host does not begin to run a guest at once.
const BEGINS_AT: usize = 64 << 10;

/// Lets the body go on. Dropping it does so too.
#[derive(Debug)]
pub struct Gate(oneshot::Sender<()>);

/// Sends its first bytes at once, and the rest when the gate is opened.
#[derive(Debug)]
pub struct Gated {
    first: Option<Bytes>,
    rest: Option<Bytes>,
    opened: Option<oneshot::Receiver<()>>,
}

impl Gated {
    /// A body of these two parts, and its gate.
    pub fn new(first: impl Into<Bytes>, rest: impl Into<Bytes>) -> (Self, Gate) {
        let (gate, opened) = oneshot::channel();
        (Self { first: Some(first.into()), rest: Some(rest.into()), opened: Some(opened) }, Gate(gate))
    }

    /// A body whose bytes say nothing: a guest that reads it to its end waits for the gate.
    pub fn pause() -> (Self, Gate) {
        Self::new(vec![b'x'; BEGINS_AT], "x")
    }
}

impl Gate {
    /// Lets the body go on.
    pub fn open(self) {
        // Nobody waits any more where the request has ended.
        let _ = self.0.send(());
    }
}

impl Body for Gated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if let Some(opened) = &mut this.opened {
            match Pin::new(opened).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(_) => this.opened = None,
            }
        }
        Poll::Ready(this.rest.take().map(|rest| Ok(Frame::data(rest))))
    }
}
