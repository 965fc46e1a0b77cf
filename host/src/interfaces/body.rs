//! The body of the current request: read by the host (`receive-form`, `receive-body`) or by the
//! guest, whoever comes first.

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// Why a body ended early, in words.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The bytes of a body as they arrive.
pub type BodyStream = BoxStream<'static, Result<Bytes, BodyError>>;

/// A request body that host and guest share. Cloning shares it.
#[derive(Clone)]
pub struct RequestBody {
    /// The `content-type` of the request.
    pub content_type: Option<String>,
    /// The `content-length` of the request; none for a chunked body.
    pub length: Option<u64>,
    /// The `content-encoding` of the request, where it is not the bytes themselves.
    pub encoding: Option<String>,
    slot: Arc<Mutex<Slot>>,
}

struct Slot {
    /// None once someone has claimed the body, or when there is none.
    stream: Option<BodyStream>,
    touched: bool,
    /// Whether the sender waits to be asked for the body (RFC 9110, section 10.1.1), and nobody has
    /// asked yet.
    waits: bool,
    /// Bytes that are still to come, where that is known.
    left: Option<u64>,
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish()
    }
}

impl RequestBody {
    /// A body that nobody has read from yet. `waits`: the sender expects `100-continue`.
    pub fn new(
        content_type: Option<String>,
        length: Option<u64>,
        encoding: Option<String>,
        waits: bool,
        stream: Option<BodyStream>,
    ) -> Self {
        let slot = Slot { stream, touched: false, waits, left: length };
        Self { content_type, length, encoding, slot: Arc::new(Mutex::new(slot)) }
    }

    /// Claims the whole body. None if it has been claimed or read from before.
    pub(super) fn claim(&self) -> Option<Claimed> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut slot.touched, true) {
            return None;
        }
        drop(slot);
        Some(Claimed { slot: Arc::clone(&self.slot) })
    }

    /// The next bytes for a guest that reads the body itself. An error if the host has claimed it.
    pub fn poll_guest(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.touched = true;
        slot.poll(cx)
    }
}

impl Slot {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let next = stream.as_mut().poll_next(cx);
        self.waits = false;
        if let (Poll::Ready(Some(Ok(bytes))), Some(left)) = (&next, &mut self.left) {
            *left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.stream = None;
        }
        next
    }
}

/// A body that belongs to the host now. Cloning shares it: what a parser leaves can be drained.
#[derive(Clone)]
pub(super) struct Claimed {
    slot: Arc<Mutex<Slot>>,
}

impl Claimed {
    /// Whether reading the rest, to throw it away, would help the sender to see the answer: not
    /// where it has not been asked for yet, nor where it is longer than `most`.
    pub(super) fn is_worth_draining(&self, most: u64) -> bool {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        !slot.waits && slot.left.is_none_or(|left| left <= most)
    }
}

impl Stream for Claimed {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).poll(cx)
    }
}
