//! A body that is made of a blob's ranges and of the text between them. It is pulled: nothing is
//! read before the visitor has taken what came before.

use super::chunks::Chunks;
use super::range::ByteRange;
use crate::guests::admission::{Client, Party};
use crate::storage::AppSpace;
use crate::telemetry::metrics;
use crate::web::body::{Body, BodyError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A piece of a body.
pub(super) enum Piece {
    /// As it stands.
    Text(Bytes),
    /// These bytes of the blob.
    Range(ByteRange),
}

/// See the module.
pub(super) struct BlobStream {
    space: AppSpace,
    id: String,
    /// On whose account chunks are in memory.
    party: Party,
    /// What has not been begun.
    pieces: VecDeque<Piece>,
    /// The range that is being sent.
    range: Option<Chunks>,
    /// Bytes still to be sent.
    left: u64,
}

impl BlobStream {
    /// These pieces of a blob, one after the other.
    pub(super) fn body(space: AppSpace, id: String, client: Client, pieces: Vec<Piece>) -> Body {
        let party = Party { app: Arc::clone(space.app()), client };
        let left = pieces.iter().fold(0, |total: u64, piece| total.saturating_add(piece.len()));
        Self { space, id, party, pieces: pieces.into(), range: None, left }.boxed_unsync()
    }

    /// The next bytes; none at the end.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            if let Some(range) = &mut self.range {
                match ready!(range.poll_next(cx)) {
                    Some(next) => return Poll::Ready(Some(next)),
                    None => self.range = None,
                }
            }
            match self.pieces.pop_front() {
                Some(Piece::Range(range)) => {
                    self.range = Some(Chunks::of(self.space.clone(), self.id.clone(), self.party.clone(), range));
                }
                Some(Piece::Text(text)) => return Poll::Ready(Some(Ok(text))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Text(text) => u64::try_from(text.len()).unwrap_or(u64::MAX),
            Self::Range(range) => range.len(),
        }
    }
}

impl http_body::Body for BlobStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = ready!(self.poll_bytes(cx));
        if let Some(Ok(bytes)) = &next {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            metrics::blob_bytes_sent(self.space.app(), length);
            self.left = self.left.saturating_sub(length);
        }
        Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}
