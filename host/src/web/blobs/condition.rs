//! Conditional requests (RFC 9110, section 13): what tells one state of a file from another, and
//! what follows from that.

use super::entity_tag::{Comparison, names};
use super::wanted::Wanted;
use crate::storage::blobs::Blob;
use crate::storage::hex;
use http::{HeaderValue, StatusCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The validators of a file.
pub(super) struct Validators {
    etag: String,
    modified: SystemTime,
}

impl Validators {
    /// A blob never changes: its hash is a strong validator.
    pub(super) fn of(blob: &Blob) -> Self {
        let seconds = u64::try_from(blob.created_at / 1_000_000).unwrap_or(0);
        Self { etag: format!("\"{}\"", hex(&blob.sha256)), modified: UNIX_EPOCH + Duration::from_secs(seconds) }
    }

    /// The value of `ETag`.
    pub(super) fn etag(&self) -> &str {
        &self.etag
    }

    /// The value of `Last-Modified`.
    pub(super) fn last_modified(&self) -> String {
        httpdate::fmt_http_date(self.modified)
    }

    /// The status that answers a GET or HEAD whose condition fails, in the order of section 13.2.2.
    /// Other methods have done their work when their answer is made: a 412 would deny it.
    pub(super) fn failed(&self, wanted: &Wanted) -> Option<StatusCode> {
        if !(wanted.is_get || wanted.is_head) {
            return None;
        }
        let is_other = match (&wanted.if_match, &wanted.if_unmodified_since) {
            (Some(list), _) => !names(list.as_bytes(), &self.etag, Comparison::Strong),
            (None, since) => date(since.as_ref()).is_some_and(|since| self.modified > since),
        };
        let is_same = match (&wanted.if_none_match, &wanted.if_modified_since) {
            (Some(list), _) => names(list.as_bytes(), &self.etag, Comparison::Weak),
            (None, since) => date(since.as_ref()).is_some_and(|since| self.modified <= since),
        };
        match (is_other, is_same) {
            (true, _) => Some(StatusCode::PRECONDITION_FAILED),
            (false, true) => Some(StatusCode::NOT_MODIFIED),
            (false, false) => None,
        }
    }

    /// Whether `If-Range` lets a range through (section 13.1.5): it is the same strong tag, or
    /// exactly the same date.
    pub(super) fn let_range_through(&self, wanted: &Wanted) -> bool {
        let Some(value) = &wanted.if_range else { return true };
        value.as_bytes() == self.etag.as_bytes() || date(Some(value)) == Some(self.modified)
    }
}

/// What is no date counts for nothing.
fn date(value: Option<&HeaderValue>) -> Option<SystemTime> {
    httpdate::parse_http_date(value?.to_str().ok()?).ok()
}
