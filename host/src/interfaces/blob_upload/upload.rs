//! A blob on its way in: bytes are cut into chunks, hashed and written while they arrive. Memory:
//! one chunk.

use super::error::Fault;
use super::{file_name, media_type, wit};
use crate::storage::blobs::{self, Blob, CHUNK_BYTES, Discards, Unfinished, staging};
use crate::storage::{AppSpace, UnitOfWork, now_micros};
use crate::telemetry::host_work;
use crate::telemetry::metrics;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;

/// Bytes for which room is taken beforehand where nobody knows how many will come.
const MOST_AHEAD: u64 = 8 << 20;

/// A blob that is being received.
pub struct Upload {
    /// Removes what has been written if this is dropped before the blob is whole.
    unfinished: Unfinished,
    name: Option<String>,
    declared: Option<String>,
    content_type: Option<String>,
    accept: Vec<String>,
    most: u64,
    quota: u64,
    coming: Coming,
    /// Bytes for which room has been taken.
    reserved: u64,
    /// Whether it was begun by itself: then the end of a unit of work does not undo it.
    is_apart: bool,
    size: u64,
    seq: i64,
    chunk: Vec<u8>,
    hasher: Sha256,
    finished: bool,
    failed: bool,
    /// Of a guest's writer.
    place: Option<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("id", &self.unfinished.id())
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// How many bytes will come, as far as anyone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coming {
    /// So many: room is taken for all of them or none, so that uploads at once do not take the last
    /// room from each other in vain.
    Exactly(u64),
    /// Not more than so many.
    AtMost(u64),
}

/// What a blob may be.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Bytes at most.
    pub(super) most: u64,
    /// Bytes that all blobs of the app may take up together.
    pub(super) quota: u64,
    /// Accepted media types; empty: any.
    pub(super) accept: Vec<String>,
    /// Where the blob will be.
    pub(super) space: AppSpace,
    /// Removes blobs that do not become whole.
    pub(super) discards: Discards,
}

impl Upload {
    /// Nothing is written before the first chunk is full.
    pub(super) fn begin(
        name: Option<&str>,
        declared: Option<&str>,
        coming: Coming,
        rules: &Rules,
    ) -> Result<Self, Fault> {
        Ok(Self {
            unfinished: rules.discards.unfinished(&rules.space, &blobs::new_id()?),
            name: name.and_then(file_name::clean),
            declared: declared.map(str::to_owned),
            content_type: None,
            accept: rules.accept.clone(),
            most: rules.most,
            quota: rules.quota,
            coming,
            reserved: 0,
            is_apart: false,
            size: 0,
            seq: 0,
            chunk: Vec::new(),
            hasher: Sha256::new(),
            finished: false,
            failed: false,
            place: None,
        })
    }

    /// Holds a place until it has ended.
    pub(super) fn holding(self, place: OwnedSemaphorePermit) -> Self {
        Self { place: Some(place), ..self }
    }

    /// Whether the blob has been staged.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether nothing more can be taken: it has been staged, or some of it could not be stored.
    pub(super) fn has_ended(&self) -> bool {
        self.finished || self.failed
    }

    /// Takes more bytes. After an error the upload has ended, and [`Self::discard`] is due.
    pub(super) async fn write(&mut self, unit: &mut UnitOfWork, bytes: &[u8]) -> Result<(), Fault> {
        let taken = self.take(unit, bytes).await;
        self.failed |= taken.is_err();
        taken
    }

    async fn take(&mut self, unit: &mut UnitOfWork, mut bytes: &[u8]) -> Result<(), Fault> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.size > self.most {
            let text = format!("a file of more than {} bytes", self.most);
            return Err(Fault::request(wit::BlobErrorCode::TooLarge, text));
        }
        while !bytes.is_empty() {
            let room = CHUNK_BYTES.saturating_sub(self.chunk.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() >= CHUNK_BYTES {
                self.write_chunk(unit).await?;
            }
        }
        Ok(())
    }

    async fn write_chunk(&mut self, unit: &mut UnitOfWork) -> Result<(), Fault> {
        self.check_type()?;
        self.take_room(unit).await?;
        host_work::counted(|| self.hasher.update(&self.chunk));
        let chunk =
            std::mem::replace(&mut self.chunk, Vec::with_capacity(if self.seq == 0 { CHUNK_BYTES } else { 0 }));
        staging::append(unit, self.unfinished.id(), self.seq, chunk).await?;
        self.seq += 1;
        Ok(())
    }

    /// Takes room for the chunk and, to ask less often, for what is likely to come behind it.
    async fn take_room(&mut self, unit: &mut UnitOfWork) -> Result<(), Fault> {
        let chunk_bytes = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let before = u64::try_from(self.seq).unwrap_or_default().saturating_mul(chunk_bytes);
        let here = before.saturating_add(u64::try_from(self.chunk.len()).unwrap_or(u64::MAX));
        let missing = here.saturating_sub(self.reserved);
        if missing == 0 && self.seq > 0 {
            return Ok(());
        }
        let ahead = match (self.reserved, self.coming) {
            (0, Coming::Exactly(bytes) | Coming::AtMost(bytes)) => bytes.min(self.most).saturating_sub(here),
            (reserved, _) => reserved.min(MOST_AHEAD).min(self.most.saturating_sub(here)),
        };
        let whole = missing.saturating_add(ahead);
        let less = (ahead > 0 && !matches!(self.coming, Coming::Exactly(_))).then_some(missing);
        for bytes in std::iter::once(whole).chain(less) {
            let has_room = match self.reserved {
                0 => self.begin_with(unit, bytes).await?,
                _ => staging::grow(unit, self.unfinished.id(), bytes, self.quota).await?,
            };
            if has_room {
                self.reserved = self.reserved.saturating_add(bytes);
                return Ok(());
            }
        }
        Err(full(unit.space()))
    }

    /// Notes the blob and takes room for so many bytes. False where there is not as much, and
    /// nothing is noted.
    async fn begin_with(&mut self, unit: &mut UnitOfWork, bytes: u64) -> Result<bool, Fault> {
        self.is_apart = !unit.is_holding() && !unit.is_rehearsal();
        self.unfinished.note_begun();
        let has_room = staging::begin(unit, self.unfinished.id(), bytes, self.quota).await?;
        if !has_room {
            self.unfinished.settle();
        }
        Ok(has_room)
    }

    /// The first chunk tells the type, so that a file of the wrong kind is refused before the rest
    /// has arrived.
    fn check_type(&mut self) -> Result<(), Fault> {
        if self.content_type.is_some() {
            return Ok(());
        }
        let found = media_type::detect(&self.chunk, self.declared.as_deref());
        media_type::check(&found, &self.accept)?;
        self.content_type = Some(found);
        Ok(())
    }

    /// Stages the blob. After an error the upload has ended, as with [`Self::write`].
    pub(super) async fn finish(&mut self, unit: &mut UnitOfWork) -> Result<Blob, Fault> {
        let staged = self.stage(unit).await;
        self.failed |= staged.is_err();
        // Some languages drop what they hold late.
        self.place = None;
        staged
    }

    async fn stage(&mut self, unit: &mut UnitOfWork) -> Result<Blob, Fault> {
        // Nothing will come behind this.
        (self.most, self.coming) = (self.size, Coming::AtMost(0));
        self.check_type()?;
        if !self.chunk.is_empty() {
            self.write_chunk(unit).await?;
        } else if self.seq == 0 && !self.begin_with(unit, 0).await? {
            return Err(full(unit.space()));
        }
        let blob = Blob {
            id: self.unfinished.id().to_owned(),
            size: self.size,
            sha256: self.hasher.clone().finalize().to_vec(),
            content_type: self.content_type.clone().unwrap_or_default(),
            name: self.name.clone(),
            created_at: now_micros(),
            kept: false,
        };
        staging::complete(unit, &blob, self.seq, self.reserved).await?;
        self.finished = true;
        if self.is_apart && unit.is_holding() {
            self.unfinished.note_whole_with_unit();
        } else {
            self.unfinished.settle();
        }
        Ok(blob)
    }

    /// Removes what has been written. What cannot be removed now is removed a little later.
    pub(super) async fn discard(mut self, unit: &mut UnitOfWork) {
        let is_begun = self.unfinished.is_begun();
        discard(&mut self.unfinished, unit).await;
        if is_begun && self.is_apart && unit.is_holding() {
            // Where the unit is undone, so is this.
            self.unfinished.note_begun();
        }
    }
}

/// Removes a blob of which something may have been stored. What cannot be removed now is removed a
/// little later.
pub(super) async fn discard(unfinished: &mut Unfinished, unit: &mut UnitOfWork) {
    if unfinished.is_begun() && staging::discard(unit, unfinished.id()).await.is_ok() {
        unfinished.settle();
    }
}

/// The app's blobs take up all their space.
pub(super) fn full(space: &AppSpace) -> Fault {
    metrics::upload_refused(space.app());
    Fault::request(wit::BlobErrorCode::QuotaExceeded, blobs::full().message)
}
