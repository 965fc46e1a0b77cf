//! The bytes of one request on their way into an upload.
//!
//! This runs in a task of its own: where the client goes away, what has arrived until then is still
//! made to count.

use super::checksum::Checksum;
use super::desk::Turn;
use crate::interfaces::blob_upload::Fault;
use crate::interfaces::blob_upload::resume::Resume;
use crate::storage::blobs::Blob;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::Instant;

/// A request that takes longer is ended where it is. The client goes on with another one.
const LONGEST: Duration = Duration::from_secs(600);

/// How the bytes of a request came in.
#[derive(Debug)]
pub(super) enum End {
    /// All of them are there.
    Whole,
    /// The client went away, took too long, or has come back with another request.
    Broken,
    /// They are not those that they have to be: none of them counts.
    Damaged,
    /// They cannot be taken. What came before counts.
    Failed(Fault),
}

/// The bytes of one request, and its right to bring them.
pub(super) struct Delivery {
    body: Incoming,
    turn: Turn,
    deadline: Instant,
    /// What has been read and not been used: it comes next.
    rest: Bytes,
}

impl Delivery {
    /// What a body brings.
    pub(super) fn new(body: Incoming, turn: Turn) -> Self {
        Self { body, turn, deadline: Instant::now() + LONGEST, rest: Bytes::new() }
    }

    /// Takes the bytes into an upload.
    pub(super) async fn take(mut self, upload: &mut Resume, checksum: Option<Checksum>) -> End {
        let is_checked = checksum.is_some();
        let end = self.copy(upload, checksum).await;
        let counts = match &end {
            End::Whole => true,
            End::Broken => !is_checked,
            End::Damaged | End::Failed(_) => false,
        };
        if counts && let Err(fault) = upload.pause().await {
            return End::Failed(fault);
        }
        end
    }

    async fn copy(&mut self, upload: &mut Resume, mut checksum: Option<Checksum>) -> End {
        loop {
            let bytes = match self.next().await {
                Some(Ok(bytes)) => bytes,
                Some(Err(Broken)) => return End::Broken,
                None => return if checksum.is_none_or(Checksum::holds) { End::Whole } else { End::Damaged },
            };
            if let Some(checksum) = &mut checksum {
                checksum.update(&bytes);
            }
            if let Err(fault) = upload.write(&bytes).await {
                return End::Failed(fault);
            }
        }
    }

    /// Compares the bytes with those of a file that is there already.
    pub(super) async fn compare(mut self, blob: &Blob) -> End {
        match self.hash(blob.size).await {
            Ok(sent) if sent.is_all && sent.sha256 == blob.sha256 => End::Whole,
            Ok(_) => End::Damaged,
            Err(Broken) => End::Broken,
        }
    }

    /// Compares the bytes with what there is of an upload already: so many, with this hash. Fewer
    /// bytes may be a first piece of the same file.
    pub(super) async fn compare_with_begun(&mut self, received: u64, sha256: &[u8]) -> End {
        match self.hash(received).await {
            Ok(sent) if sent.bytes < received || sent.sha256 == sha256 => End::Whole,
            Ok(_) => End::Damaged,
            Err(Broken) => End::Broken,
        }
    }

    /// Whether bytes have come beyond those that were compared.
    pub(super) fn goes_on(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Reads and hashes the first bytes, up to so many.
    async fn hash(&mut self, most: u64) -> Result<Sent, Broken> {
        let (mut hasher, mut left, mut is_all) = (Sha256::new(), most, true);
        while is_all && let Some(bytes) = self.next().await.transpose()? {
            let now = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            hasher.update(bytes.get(..now).unwrap_or_default());
            left = left.saturating_sub(u64::try_from(now).unwrap_or(u64::MAX));
            is_all = now == bytes.len();
            self.rest = bytes.slice(now..);
        }
        Ok(Sent { bytes: most.saturating_sub(left), sha256: hasher.finalize().to_vec(), is_all })
    }

    /// The next bytes. Only a wait for the client is broken off, never a step of the upload.
    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        if !self.rest.is_empty() {
            return Some(Ok(std::mem::take(&mut self.rest)));
        }
        let next = tokio::select! {
            biased;
            () = self.turn.displaced() => return Some(Err(Broken)),
            next = tokio::time::timeout_at(self.deadline, self.body.frame()) => next,
        };
        match next {
            Ok(None) => None,
            Ok(Some(Ok(frame))) => Some(Ok(frame.into_data().unwrap_or_default())),
            Ok(Some(Err(_))) | Err(_) => Some(Err(Broken)),
        }
    }
}

/// The first bytes of a request.
struct Sent {
    bytes: u64,
    sha256: Vec<u8>,
    /// Whether no more came.
    is_all: bool,
}

/// The client has gone, takes too long, or has come back with another request.
struct Broken;
