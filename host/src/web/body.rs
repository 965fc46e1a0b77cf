//! Bodies of responses.

use crate::guests::admission::Share;
use crate::guests::respond::GuestBody;
use crate::guests::run::Failed;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
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

/// A large body that is there as a whole, with room in memory until it has been sent.
pub(super) fn held(bytes: Bytes, room: impl FnOnce(u64) -> Share) -> Body {
    let share = room(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let body = Full::new(Bytes::from_owner(Held { bytes, _share: share }));
    body.map_err(|never| match never {}).boxed_unsync()
}

/// Bytes and the room for them.
struct Held {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body that breaks off after these bytes: what a guest promised, it did not deliver.
pub(super) fn broken(bytes: Bytes) -> Body {
    let frames = [Ok(Frame::data(bytes)), Err(incomplete())];
    http_body_util::StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

fn incomplete() -> BodyError {
    "the guest's body is incomplete".into()
}

/// The body of a guest that is still at work.
pub(super) struct GuestStream {
    inner: GuestBody,
    failed: Failed,
    /// Time without a byte until the body is cut off.
    gap: Duration,
    timer: Pin<Box<Sleep>>,
    /// Dropped with the body: the guest's task learns that nobody reads any more. It is told
    /// something where the visitor left in the middle.
    done: Option<oneshot::Sender<()>>,
    progress: Progress,
}

/// How much of a body has been asked for.
struct Progress {
    /// Bytes that are still to come, where that is known.
    left: Option<u64>,
    is_begun: bool,
    is_over: bool,
}

impl GuestStream {
    /// Streams `inner`, of which `length` bytes are announced. `done` is dropped when the body has
    /// ended, or nobody wants any of it, and is sent to when the visitor leaves in the middle.
    pub(super) fn body(
        inner: GuestBody,
        length: Option<u64>,
        failed: Failed,
        gap: Duration,
        done: oneshot::Sender<()>,
    ) -> Body {
        let timer = Box::pin(tokio::time::sleep(gap));
        let progress = Progress { left: length, is_begun: false, is_over: false };
        Self { inner, failed, gap, timer, done: Some(done), progress }.boxed_unsync()
    }
}

impl Progress {
    /// Notes the next piece; none for the end.
    fn note(&mut self, piece: Option<&Bytes>) {
        match (piece, &mut self.left) {
            (None, _) => self.is_over = true,
            (Some(piece), Some(left)) => {
                *left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                self.is_over = *left == 0;
            }
            (Some(_), None) => {}
        }
    }
}

impl Drop for GuestStream {
    fn drop(&mut self) {
        let is_cut =
            self.progress.is_begun && !self.progress.is_over && !http_body::Body::is_end_stream(&self.inner);
        if let Some(done) = self.done.take().filter(|_| is_cut) {
            // Nobody waits where the guest has ended.
            let _ = done.send(());
        }
    }
}

impl http_body::Body for GuestStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.progress.is_begun = true;
        if let Poll::Ready(next) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.progress.note(next.as_ref().and_then(|next| next.as_ref().ok()?.data_ref()));
            let deadline = Instant::now() + self.gap;
            self.timer.as_mut().reset(deadline);
            return Poll::Ready(match next {
                None if self.failed.get() => Some(Err(incomplete())),
                // Fields behind a body would come past everything that looks at a response's head:
                // they end here.
                Some(Ok(frame)) => frame.into_data().ok().map(|data| Ok(Frame::data(data))),
                next => next.map(|frame| frame.map_err(|_| incomplete())),
            });
        }
        ready!(self.timer.as_mut().poll(cx));
        self.progress.is_over = true;
        Poll::Ready(Some(Err("the guest sent nothing for too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream() && !self.failed.get()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
