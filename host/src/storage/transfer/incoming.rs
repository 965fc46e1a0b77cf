//! A file that a command brings in. It is received like an upload, in chunks that are committed by
//! themselves, read back and compared, and then kept in one transaction with all that belongs to
//! it. What a crash leaves in the middle is swept like any other upload.

use super::imports;
use crate::storage::blobs::{self, CHUNK_BYTES, staging};
use crate::storage::host_sql::host_sql;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Error, Result, Transactions, now_micros};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// How often an upload says that it is still under way, so that no host sweeps it.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// A blob under way.
pub struct Incoming {
    unit: UnitOfWork,
    id: String,
    promised: u64,
    size: u64,
    seq: i64,
    chunk: Vec<u8>,
    hasher: Sha256,
    signed: Instant,
}

/// What a blob is to be known by.
#[derive(Debug, Clone)]
pub struct Label {
    /// The media type.
    pub content_type: String,
    /// The file's name, cleaned.
    pub name: Option<String>,
    /// Microseconds since 1970.
    pub created_at: i64,
}

/// A column whose value is the name of a stored file, and becomes the blob's id.
#[derive(Debug, Clone)]
pub struct Link {
    /// The table, which is in the catalog.
    pub table: String,
    /// Its column.
    pub column: String,
    /// The name as it stands in rows.
    pub stored: String,
}

impl Incoming {
    /// Promises room for `size` bytes. None where the app's blobs would take up more than `most`
    /// with them.
    pub async fn begin(space: &AppSpace, id: &str, size: u64, most: u64) -> Result<Option<Self>> {
        let mut unit = UnitOfWork::new(space.clone(), Transactions::Request);
        if !staging::begin(&mut unit, id, size, most).await? {
            return Ok(None);
        }
        Ok(Some(Self {
            unit,
            id: id.to_owned(),
            promised: size,
            size: 0,
            seq: 0,
            chunk: Vec::new(),
            hasher: Sha256::new(),
            signed: Instant::now(),
        }))
    }

    /// Takes more bytes. After an error [`Self::discard`] is due.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.size > self.promised {
            return Err(changed());
        }
        self.hasher.update(bytes);
        while !bytes.is_empty() {
            let room = CHUNK_BYTES.saturating_sub(self.chunk.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() >= CHUNK_BYTES {
                self.write_chunk().await?;
            }
        }
        Ok(())
    }

    async fn write_chunk(&mut self) -> Result<()> {
        let chunk = std::mem::take(&mut self.chunk);
        staging::append(&mut self.unit, &self.id, self.seq, chunk).await?;
        self.seq += 1;
        self.sign().await
    }

    /// Says from time to time that the blob is still under way.
    async fn sign(&mut self) -> Result<()> {
        if self.signed.elapsed() < SIGN_OF_LIFE {
            return Ok(());
        }
        self.signed = Instant::now();
        let sql = host_sql!("update innkeeper.blobs set created_at = $3 where app = $1 and id = $2 and state = 0");
        let params = [blobs::app(&self.unit), self.id.as_str().into(), Value::Integer(now_micros())];
        self.unit.write(sql, &params).await?;
        self.unit.commit().await
    }

    /// Writes the rest, reads everything back and compares. Returns the SHA-256.
    pub async fn finish(&mut self) -> Result<Vec<u8>> {
        if self.size != self.promised {
            return Err(changed());
        }
        if !self.chunk.is_empty() {
            self.write_chunk().await?;
        }
        let sha256 = self.hasher.clone().finalize().to_vec();
        if self.hash_of_what_is_there().await? != sha256 {
            return Err(Error::new(Code::Other, "the database gives back other bytes than it was given"));
        }
        Ok(sha256)
    }

    /// The SHA-256 of the bytes as they are in the database. Over a slow link that takes as long as
    /// writing them.
    async fn hash_of_what_is_there(&mut self) -> Result<Vec<u8>> {
        let (mut hasher, mut seq) = (Sha256::new(), 0);
        while seq < self.seq {
            for chunk in blobs::read_committed(self.unit.space(), &self.id, seq..=self.seq - 1).await? {
                hasher.update(&chunk);
                seq += 1;
            }
            self.sign().await?;
        }
        Ok(hasher.finalize().to_vec())
    }

    /// Keeps the blob, and with it the note of where it came from and the rows that are to refer to
    /// it. Returns how many rows those are.
    pub async fn keep(
        &mut self,
        sha256: &[u8],
        label: &Label,
        source: Option<&str>,
        link: Option<&Link>,
    ) -> Result<u64> {
        let sql = host_sql!(
            "update innkeeper.blobs set state = 2, sha256 = $3, content_type = $4, name = $5, created_at = $6 \
             where app = $1 and id = $2 and state = 0 and size = $7 \
             and (select count(*) from innkeeper.chunks where app = $1 and blob = $2) = $8"
        );
        let params = [
            blobs::app(&self.unit),
            self.id.as_str().into(),
            Value::Bytes(sha256.to_vec()),
            label.content_type.as_str().into(),
            label.name.clone().into(),
            Value::Integer(label.created_at),
            Value::Integer(whole(self.size)),
            Value::Integer(self.seq),
        ];
        if self.unit.write(sql, &params).await?.affected == 0 {
            return Err(Error::new(Code::Conflict, "what was received has been swept meanwhile: import it again"));
        }
        if let Some(source) = source {
            imports::note(&mut self.unit, source, &self.id).await?;
        }
        let linked = match link {
            Some(link) => imports::link(&mut self.unit, link, &self.id).await?,
            None => 0,
        };
        self.unit.commit().await?;
        Ok(linked)
    }

    /// Removes what has been received. What cannot be removed now is swept later.
    pub async fn discard(mut self) {
        // The error that led here is the one to report.
        let _ = self.remove().await;
    }

    async fn remove(&mut self) -> Result<()> {
        self.unit.rollback().await?;
        staging::discard(&mut self.unit, &self.id).await
    }
}

/// One chunk of a blob.
pub(super) fn insert_chunk() -> &'static crate::storage::HostSql {
    host_sql!("insert into innkeeper.chunks (app, blob, seq, data) values ($1, $2, $3, $4)")
}

/// As the column has it.
pub(super) fn whole(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn changed() -> Error {
    Error::new(Code::Conflict, "the file has changed while it was read: import it again")
}
