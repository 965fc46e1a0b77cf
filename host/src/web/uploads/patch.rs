//! The bytes of one request on their way into an upload.
//!
//! This runs in a task of its own: where the client goes away, what has arrived until then is still made to count.

use super::checksum::Checksum;
use super::desk::Turn;
use crate::interfaces::blob_upload::Fault;
use crate::interfaces::blob_upload::resume::Resume;
use http_body_util::BodyExt;
use hyper::body::Incoming;
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
    /// They are not those whose checksum was sent: none of them counts.
    Damaged,
    /// They cannot be taken. What came before counts.
    Failed(Fault),
}

/// Takes the bytes of a request.
pub(super) async fn take(upload: &mut Resume, body: Incoming, checksum: Option<Checksum>, turn: &Turn) -> End {
    let is_checked = checksum.is_some();
    let end = copy(upload, body, checksum, turn).await;
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

async fn copy(upload: &mut Resume, mut body: Incoming, mut checksum: Option<Checksum>, turn: &Turn) -> End {
    let deadline = Instant::now() + LONGEST;
    loop {
        // Only a wait for the client is broken off, never a step of the upload.
        let next = tokio::select! {
            biased;
            () = turn.displaced() => return End::Broken,
            next = tokio::time::timeout_at(deadline, body.frame()) => next,
        };
        let bytes = match next {
            Ok(None) => return if checksum.is_none_or(Checksum::holds) { End::Whole } else { End::Damaged },
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            Ok(Some(Err(_))) | Err(_) => return End::Broken,
        };
        if let Some(checksum) = &mut checksum {
            checksum.update(&bytes);
        }
        if let Err(fault) = upload.write(&bytes).await {
            return End::Failed(fault);
        }
    }
}
