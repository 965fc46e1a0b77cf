//! Reading a blob piece by piece, for guests that want its bytes.

use super::error::Fault;
use super::wit;
use crate::storage::UnitOfWork;
use crate::storage::blobs::{self, Blob, CHUNK_BYTES};
use std::collections::VecDeque;
use tokio::sync::OwnedSemaphorePermit;

const LONGEST_READ: usize = 1 << 20;

/// A blob that is being read from one end of a range to the other.
#[derive(Debug)]
pub struct Reader {
    blob: Blob,
    /// The next byte.
    at: u64,
    /// The byte behind the last.
    end: u64,
    /// Chunks that were read ahead; the first begins at `at`.
    ahead: VecDeque<Vec<u8>>,
    /// Given back at the end, since some languages drop what they hold late.
    place: Option<OwnedSemaphorePermit>,
}

impl Reader {
    /// Checks the range against the size.
    pub(super) fn new(
        blob: Blob,
        range: Option<wit::ByteRange>,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, Fault> {
        let (at, end) = match range {
            None => (0, blob.size),
            Some(range) => {
                (range.first, range.last.map_or(blob.size, |last| last.saturating_add(1).min(blob.size)))
            }
        };
        if at > end || (range.is_some() && at >= blob.size) {
            return Err(Fault::request(wit::BlobErrorCode::BadParameter, "the range is not inside the blob"));
        }
        Ok(Self { blob, at, end, ahead: VecDeque::new(), place: Some(place).filter(|_| at < end) })
    }

    /// What is being read.
    pub(super) fn blob(&self) -> &Blob {
        &self.blob
    }

    /// The next bytes; none at the end.
    pub(super) async fn read(&mut self, unit: &mut UnitOfWork, most: usize) -> Result<Vec<u8>, Fault> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = most.min(LONGEST_READ).min(left);
        if most == 0 {
            return Ok(Vec::new());
        }
        if self.ahead.is_empty() {
            self.read_ahead(unit).await?;
        }
        let mut chunk = self.ahead.pop_front().ok_or_else(gone)?;
        if chunk.len() > most {
            let rest = chunk.split_off(most);
            self.ahead.push_front(rest);
        }
        self.at = self.at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if self.at >= self.end {
            self.end_here();
        }
        Ok(chunk)
    }

    /// What lies behind the range is in the last chunk, too.
    fn end_here(&mut self) {
        self.ahead.clear();
        self.place = None;
    }

    async fn read_ahead(&mut self, unit: &mut UnitOfWork) -> Result<(), Fault> {
        let chunk_bytes = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let chunk = |byte: u64| i64::try_from(byte / chunk_bytes).unwrap_or(i64::MAX);
        let skip = usize::try_from(self.at % chunk_bytes).unwrap_or_default();
        let chunks = chunk(self.at)..=chunk(self.end.saturating_sub(1));
        self.ahead = blobs::read(unit, &self.blob.id, chunks).await?.into();
        if let Some(first) = self.ahead.front_mut() {
            first.drain(..skip.min(first.len()));
        }
        Ok(())
    }
}

fn gone() -> Fault {
    Fault::request(wit::BlobErrorCode::NotFound, "the blob was deleted while it was read")
}
