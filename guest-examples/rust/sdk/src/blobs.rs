//! Files: received by the host straight from the visitor, and sent straight to the visitor.
//!
//! What has been received is staged; [`keep`] makes it stay, together with the rows that name it.
//! [`Form`](crate::Form) receives files with the form in which they were sent.

mod stream;

use std::ops::RangeInclusive;
use std::time::Duration;

pub use stream::{Reader, Writer};

pub use crate::bindings::innkeeper::storage::blob_upload::{Blob, UploadTicket};

use crate::bindings::innkeeper::storage::blob_upload as wit;
use crate::{FormOptions, Response, Result};

/// How a blob is sent. As it begins: shown under its own name, asked for each time.
#[derive(Clone, Debug, Default)]
pub struct SendOptions {
    /// The file name that the visitor is shown.
    pub name: Option<String>,
    /// Offer to save the file rather than to show it.
    pub download: bool,
    /// How long the visitor's browser may use its copy without asking.
    pub max_age: Option<Duration>,
}

impl SendOptions {
    fn to_wit(&self) -> wit::SendOptions {
        let max_age = self.max_age.map(|age| u32::try_from(age.as_secs()).unwrap_or(u32::MAX));
        wit::SendOptions { name: self.name.clone(), download: self.download, max_age }
    }
}

/// Makes a staged blob stay. Keeping a kept blob changes nothing.
#[track_caller]
pub fn keep(id: &str) -> Result<()> {
    Ok(wit::keep(id)?)
}

/// Deletes a blob.
#[track_caller]
pub fn delete(id: &str) -> Result<()> {
    Ok(wit::delete(id)?)
}

/// What is known about a blob, staged or kept.
#[track_caller]
pub fn stat(id: &str) -> Result<Blob> {
    Ok(wit::stat(id)?)
}

/// Kept blobs in the order of their ids, at most `limit` (1 to 1,000), beginning behind the id
/// `after`.
#[track_caller]
pub fn list(after: Option<&str>, limit: u32) -> Result<Vec<Blob>> {
    Ok(wit::list_blobs(after, limit)?)
}

/// The response by which the host sends a blob. Return it from the handler; nothing else can be
/// answered any more.
#[track_caller]
pub fn send(id: &str, options: &SendOptions) -> Result<Response> {
    wit::send(id, Some(&options.to_wit()))?;
    Ok(Response::blob())
}

/// Receives the whole body of the request as one staged blob, for PUT, or fetch with a file as its
/// body. Of the options `max_file` and `accept` count.
#[track_caller]
pub fn receive_body(name: Option<&str>, options: FormOptions) -> Result<Blob> {
    let limits = wit::FormLimits { max_files: None, ..options.into_limits() };
    Ok(wit::receive_body(name, Some(&limits))?)
}

/// Begins a blob of bytes that the app makes.
#[track_caller]
pub fn create(name: Option<&str>, content_type: &str) -> Result<Writer> {
    Ok(Writer::new(wit::create(name, content_type)?))
}

/// Opens a blob for reading.
#[track_caller]
pub fn open(id: &str) -> Result<Reader> {
    Ok(Reader::new(wit::open(id, None)?))
}

/// Opens a part of a blob: from one byte to another, both included and counted from 0.
#[track_caller]
pub fn open_range(id: &str, range: RangeInclusive<u64>) -> Result<Reader> {
    let range = wit::ByteRange { first: *range.start(), last: Some(*range.end()) };
    Ok(Reader::new(wit::open(id, Some(range))?))
}

/// A path from which whoever holds it can fetch a blob for that time, without waking the app.
#[track_caller]
pub fn sign_download(id: &str, options: &SendOptions, time: Duration) -> Result<String> {
    Ok(wit::sign_download(id, Some(&options.to_wit()), seconds(time))?)
}

/// A ticket with which whoever holds it can upload one blob for that time, without the app. Of the
/// options `max_file` and `accept` count.
#[track_caller]
pub fn sign_upload(options: FormOptions, time: Duration) -> Result<UploadTicket> {
    Ok(wit::sign_upload(Some(&options.into_limits()), seconds(time))?)
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

impl Blob {
    /// When it was received.
    pub fn created_at(&self) -> crate::db::Instant {
        crate::db::Instant::from_micros(self.created)
    }
}
