//! Bodies of responses.

use crate::guests::respond::GuestBody;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

/// Why a body was cut off. The connection is closed, so that the visitor notices.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of any response.
pub(super) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// A body that is there as a whole.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that breaks off at once: what a guest promised, it did not deliver.
pub(super) fn broken() -> Body {
    let cut = futures_util::stream::once(async {
        Err::<Frame<Bytes>, BodyError>("the guest's body is incomplete".into())
    });
    http_body_util::StreamBody::new(cut).boxed_unsync()
}

/// The body of a guest that is still at work.
pub(super) struct GuestStream {
    inner: GuestBody,
    /// Time without a byte until the body is cut off.
    gap: Duration,
    timer: Pin<Box<Sleep>>,
    /// Dropped with the body: the guest's task learns that nobody reads any more.
    _done: oneshot::Sender<()>,
}

impl GuestStream {
    /// Streams `inner`; `done` is told when the body has ended or nobody wants it any more.
    pub(super) fn body(inner: GuestBody, gap: Duration, done: oneshot::Sender<()>) -> Body {
        let timer = Box::pin(tokio::time::sleep(gap));
        Self { inner, gap, timer, _done: done }.boxed_unsync()
    }
}

impl http_body::Body for GuestStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(next) = Pin::new(&mut self.inner).poll_frame(cx) {
            let deadline = Instant::now() + self.gap;
            self.timer.as_mut().reset(deadline);
            return Poll::Ready(next.map(|frame| frame.map_err(|_| "the guest's body is incomplete".into())));
        }
        match self.timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err("the guest sent nothing for too long".into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
