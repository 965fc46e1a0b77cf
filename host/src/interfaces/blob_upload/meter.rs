//! How much goes into the parser of forms, and whether anything comes out of it.

use crate::interfaces::body::{BodyError, Claimed};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

/// What may arrive without the parser making anything of it: the preamble, or the headers of a part.
const STALL_BYTES: u64 = 16 * 1024;
/// Bytes that the parser may hold.
const PARSER_BYTES: u64 = 512 * 1024;

/// What has gone into the parser.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Since something came out of it.
    stalled: AtomicU64,
    /// In all.
    fed: AtomicU64,
}

impl Meter {
    /// Something came out of the parser.
    pub(super) fn note_progress(&self) {
        self.stalled.store(0, Ordering::Relaxed);
    }

    /// Counts bytes. Returns how many had gone in before without anything coming out.
    fn feed(&self, bytes: u64) -> u64 {
        self.fed.fetch_add(bytes, Ordering::Relaxed);
        self.stalled.fetch_add(bytes, Ordering::Relaxed)
    }

    /// The most that can still come of a body of this length. What is in the parser counts as not come yet: it may be part of a file.
    pub(super) fn left_of(&self, length: u64) -> u64 {
        length.saturating_sub(self.fed.load(Ordering::Relaxed)).saturating_add(PARSER_BYTES).min(length)
    }
}

/// Nothing comes out of what goes into the parser.
#[derive(Debug, thiserror::Error)]
#[error("too many bytes before or between the parts of the form")]
pub(super) struct Stalled;

/// Feeds the parser piece by piece. The parser reads on as long as there is something to read, so this source pauses after each piece,
/// and ends when too much has gone in without anything coming out.
pub(super) struct Metered {
    body: Claimed,
    meter: Arc<Meter>,
    rest: bool,
}

impl Metered {
    /// Feeds a body and notes it.
    pub(super) fn new(body: Claimed, meter: Arc<Meter>) -> Self {
        Self { body, meter, rest: false }
    }
}

impl Stream for Metered {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = self.body.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            self.rest = true;
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if self.meter.feed(size) > STALL_BYTES {
                return Poll::Ready(Some(Err(Stalled.into())));
            }
        }
        next
    }
}
