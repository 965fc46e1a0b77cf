//! An upload that may be taken up again, while bytes of it arrive. Memory: one chunk.

use super::error::Fault;
use super::link::UploadRules;
use super::{media_type, wit};
use crate::storage::blobs::CHUNK_BYTES;
use crate::storage::blobs::resumable::{self, Resumable, Step};
use crate::storage::{AppSpace, Code, Error};
use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest, Sha256};

/// The first bytes that tell the type of a file.
const TELLING_BYTES: usize = 8192;

/// Whether bytes count as soon as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// They do: what has arrived when the connection breaks is there.
    AtOnce,
    /// Only when [`Resume::pause`] says so: their checksum is known at the end alone.
    AtTheEnd,
}

/// How a step ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// A crash may undo it.
    Relaxed,
    /// The sender is told of it, so it stays.
    Durable,
    /// The blob is whole.
    Whole,
}

/// See the module.
pub struct Resume {
    space: AppSpace,
    rules: UploadRules,
    /// When its ticket ends, in seconds since 1970.
    until: i64,
    counting: Counting,
    /// As it is stored.
    stored: Resumable,
    /// Bytes that have arrived, those included that do not count yet.
    at: u64,
    hasher: Sha256,
    /// The chunk that is not full yet.
    chunk: Vec<u8>,
    content_type: String,
}

impl std::fmt::Debug for Resume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resume").field("stored", &self.stored).field("at", &self.at).finish_non_exhaustive()
    }
}

impl Resume {
    /// Takes an upload up where it was left.
    pub async fn open(
        space: AppSpace,
        stored: Resumable,
        rules: UploadRules,
        until: i64,
        counting: Counting,
    ) -> Result<Self, Error> {
        let chunk = resumable::begun_chunk(&space, &stored).await?;
        let (at, content_type) = (stored.received, stored.content_type.clone());
        let hasher = restored(&stored.progress)?;
        Ok(Self { space, rules, until, counting, stored, at, hasher, chunk, content_type })
    }

    /// Bytes that have arrived for good.
    pub fn offset(&self) -> u64 {
        self.stored.received
    }

    /// The upload as it is stored.
    pub fn upload(&self) -> &Resumable {
        &self.stored
    }

    /// Whether it ended with [`Self::pause`]: the blob is staged.
    pub fn is_whole(&self) -> bool {
        self.stored.received == self.stored.size
    }

    /// Takes more bytes. After an error nothing more can be written; what counted before goes on
    /// counting.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        let left = self.stored.size.saturating_sub(self.at);
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > left {
            return Err(Fault::request(wit::BlobErrorCode::TooLarge, "more bytes than the upload was to have"));
        }
        while !bytes.is_empty() {
            let room = CHUNK_BYTES.saturating_sub(self.chunk.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.chunk.extend_from_slice(now);
            self.hasher.update(now);
            self.at = self.at.saturating_add(u64::try_from(now.len()).unwrap_or(u64::MAX));
            bytes = later;
            // The last step stages the blob, and is left to `pause`.
            if self.chunk.len() >= CHUNK_BYTES && self.at < self.stored.size {
                self.store(self.counting, End::Relaxed).await?;
            }
        }
        Ok(())
    }

    /// Makes everything that has arrived count, and stages the blob if that is all of it.
    pub async fn pause(&mut self) -> Result<(), Fault> {
        match self.at {
            at if at == self.stored.size => self.store(Counting::AtOnce, End::Whole).await,
            at if at == self.stored.received => Ok(()),
            _ => self.store(Counting::AtOnce, End::Durable).await,
        }
    }

    async fn store(&mut self, counting: Counting, end: End) -> Result<(), Fault> {
        self.check_type()?;
        let chunk_bytes = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let begins = self.at.saturating_sub(u64::try_from(self.chunk.len()).unwrap_or_default());
        let seq = i64::try_from(begins / chunk_bytes).unwrap_or(i64::MAX);
        let mut now = Resumable { content_type: self.content_type.clone(), ..self.stored.clone() };
        if counting == Counting::AtOnce {
            (now.received, now.progress) = (self.at, self.hasher.serialize().to_vec());
        }
        let chunk = Some((seq, std::mem::take(&mut self.chunk))).filter(|(_, bytes)| !bytes.is_empty());
        let sha256 = (end == End::Whole).then(|| self.hasher.clone().finalize().to_vec());
        let whole = sha256.as_deref().map(|sha256| (sha256, self.until));
        let step = Step { chunk: chunk.as_ref(), waits: end != End::Relaxed, whole };
        now.moved_at = resumable::advance(&self.space, &self.stored, &now, step).await?;
        self.chunk = chunk.map(|(_, bytes)| bytes).filter(|bytes| bytes.len() < CHUNK_BYTES).unwrap_or_default();
        self.stored = now;
        Ok(())
    }

    /// The first bytes tell the type, so that a file of the wrong kind is refused before the rest
    /// has arrived.
    fn check_type(&mut self) -> Result<(), Fault> {
        let is_first = u64::try_from(self.chunk.len()).is_ok_and(|here| here == self.at);
        if !is_first || (self.chunk.len() < TELLING_BYTES && self.at < self.stored.size) {
            return Ok(());
        }
        self.content_type = media_type::detect(&self.chunk, Some(&self.content_type));
        media_type::check(&self.content_type, &self.rules.accept)
    }
}

/// The SHA-256 of what has arrived.
pub fn hash_so_far(upload: &Resumable) -> Result<Vec<u8>, Error> {
    Ok(restored(&upload.progress)?.finalize().to_vec())
}

fn restored(progress: &[u8]) -> Result<Sha256, Error> {
    if progress.is_empty() {
        return Ok(Sha256::new());
    }
    let state = progress.try_into().ok();
    let hasher = state.and_then(|state| Sha256::deserialize(state).ok());
    hasher.ok_or_else(|| Error::new(Code::Other, "the upload's state cannot be read: send it again"))
}
