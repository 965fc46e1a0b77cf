//! The bytes of a blob on their way out: read about a mebibyte at a time, the next while the last is being sent. A connection to the database
//! is held only while it is read from, so a slow visitor holds none.

use crate::storage::blobs::{self, CHUNK_BYTES};
use crate::storage::{AppSpace, Result};
use crate::telemetry::metrics;
use crate::web::body::{Body, BodyError};
use bytes::Bytes;
use futures_util::FutureExt;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_util::task::AbortOnDropHandle;

/// Chunks that are left to send when the next are asked for.
const READ_AHEAD: usize = 4;

/// See the module.
pub(super) struct BlobStream {
    space: AppSpace,
    id: String,
    /// The number of the next chunk to ask for.
    seq: i64,
    /// Bytes to leave out of the first chunk.
    skip: usize,
    /// Bytes still to be sent.
    left: u64,
    ready: VecDeque<Vec<u8>>,
    reading: Option<AbortOnDropHandle<Result<Vec<Vec<u8>>>>>,
}

impl BlobStream {
    /// `length` bytes of a blob from byte number `first`.
    pub(super) fn body(space: AppSpace, id: String, first: u64, length: u64) -> Body {
        let chunk_bytes = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let seq = i64::try_from(first / chunk_bytes).unwrap_or(i64::MAX);
        let skip = usize::try_from(first % chunk_bytes).unwrap_or_default();
        Self { space, id, seq, skip, left: length, ready: VecDeque::new(), reading: None }.boxed_unsync()
    }

    /// Whether to ask for the next chunks: some are missing, and little is left to send meanwhile.
    fn wants_more(&self) -> bool {
        let here: usize = self.ready.iter().map(Vec::len).sum();
        let missing = u64::try_from(here.saturating_sub(self.skip)).unwrap_or(u64::MAX) < self.left;
        missing && self.ready.len() < READ_AHEAD
    }

    /// Reads on. Ready when there is something to send.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), BodyError>> {
        if self.reading.is_none() && self.wants_more() {
            let (space, id, seq) = (self.space.clone(), self.id.clone(), self.seq);
            // A task of its own: it gives its connection back however long nobody polls this body.
            let reading = tokio::spawn(async move { blobs::read_committed(&space, &id, seq).await });
            self.reading = Some(AbortOnDropHandle::new(reading));
        }
        if let Some(reading) = &mut self.reading
            && let Poll::Ready(chunks) = reading.poll_unpin(cx)
        {
            self.reading = None;
            let chunks = chunks??;
            self.seq = self.seq.saturating_add(i64::try_from(chunks.len()).unwrap_or(i64::MAX));
            self.ready.extend(chunks);
            if self.ready.is_empty() {
                return Poll::Ready(Err("the blob was deleted while it was sent".into()));
            }
        }
        if self.ready.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn next_frame(&mut self) -> Option<Bytes> {
        let mut chunk = self.ready.pop_front()?;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        chunk.truncate(self.skip.saturating_add(most));
        let mut bytes = Bytes::from(chunk);
        let skip = std::mem::take(&mut self.skip).min(bytes.len());
        let bytes = bytes.split_off(skip);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        metrics::blob_bytes_sent(self.space.app(), length);
        self.left = self.left.saturating_sub(length);
        Some(bytes)
    }
}

impl http_body::Body for BlobStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, BodyError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        match self.poll_read(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => Poll::Ready(self.next_frame().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}
