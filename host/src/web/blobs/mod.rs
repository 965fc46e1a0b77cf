//! Sending files: status, headers and bytes of a blob, with ranges and conditional requests (RFC
//! 9110, sections 13 and 14).
//!
//! Bytes go from the database to the socket and touch no guest. A stored file never runs as a page
//! of the app: its type is not guessed again, script in it is sandboxed, and what could be a page
//! is offered for saving.
//!
//! [`wanted`] reads the request, [`condition`] and [`range`] decide, [`headers`] describes the
//! file, [`stream`] sends it.

mod chunks;
mod condition;
mod disposition;
mod entity_tag;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
mod headers;
mod kind;
mod multipart;
mod range;
mod stream;
mod wanted;

use super::body::{Body, full};
use super::pages::Problem;
use crate::interfaces::Pending;
use crate::storage::blobs::Blob;
use crate::storage::{AppSpace, Code, Error};
use condition::Validators;
use http::{HeaderMap, Response, StatusCode, header, response};
use range::{ByteRange, Choice};
use stream::{BlobStream, Piece};

pub(super) use wanted::Wanted;

/// Answers with a blob. `guests` are the head of a response that named it; the host's own headers
/// count more.
pub(super) fn respond(
    space: &AppSpace,
    pending: Pending,
    wanted: &Wanted,
    guests: Option<response::Parts>,
) -> Response<Body> {
    let (asked, mut headers) = guests.map_or_else(Default::default, |parts| (parts.status, parts.headers));
    let validators = Validators::of(&pending.blob);
    headers::describe(&mut headers, &pending, &validators);
    let answer = Answer { space, blob: &pending.blob, wanted, validators: &validators };
    let (status, body) = answer.choose(asked, &mut headers);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Why a blob that was named in this way is not sent.
pub(super) fn not_sent(error: &Error, named: &str) -> Problem {
    let reason = format!("{named}: {error}");
    match error.code {
        Code::NotFound => Problem::new(StatusCode::NOT_FOUND, "This file is no longer here.", reason),
        _ if error.is_outage() || error.retryable() => {
            Problem::unavailable("The file cannot be read right now.", 2, reason)
        }
        _ => Problem::internal(reason),
    }
}

/// What an answer is chosen by.
struct Answer<'a> {
    space: &'a AppSpace,
    blob: &'a Blob,
    wanted: &'a Wanted,
    validators: &'a Validators,
}

impl Answer<'_> {
    /// Conditions and ranges ask for the file that a success would send; with another status it is
    /// only the body of that answer (RFC 9110, sections 13.2.1 and 14.2). A guest cannot answer
    /// them itself, since it does not see which bytes are sent.
    fn choose(&self, asked: StatusCode, headers: &mut HeaderMap) -> (StatusCode, Body) {
        match asked {
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => (asked, full("")),
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                match self.validators.failed(self.wanted) {
                    Some(StatusCode::NOT_MODIFIED) => not_modified(headers),
                    Some(status) => refuse(status, headers),
                    None => self.content(headers),
                }
            }
            other => self.whole(other, headers),
        }
    }

    fn content(&self, headers: &mut HeaderMap) -> (StatusCode, Body) {
        let (size, wanted) = (self.blob.size, self.wanted);
        // Only GET has ranges (RFC 9110, section 14.2).
        let applies = wanted.is_get && self.validators.let_range_through(wanted);
        match range::choose(wanted.range.as_ref().filter(|_| applies), size) {
            Choice::Whole => self.whole(StatusCode::OK, headers),
            Choice::One(range) => {
                headers::put(headers, header::CONTENT_RANGE, range.content_range(size));
                (StatusCode::PARTIAL_CONTENT, self.body(vec![Piece::Range(range)]))
            }
            Choice::Several(ranges) => self.several(&ranges, headers),
            Choice::Unsatisfiable => {
                headers::put(headers, header::CONTENT_RANGE, format!("bytes */{size}"));
                refuse(StatusCode::RANGE_NOT_SATISFIABLE, headers)
            }
        }
    }

    fn several(&self, ranges: &[ByteRange], headers: &mut HeaderMap) -> (StatusCode, Body) {
        let content_type = kind::content_type(&self.blob.content_type);
        let Some((content_type, pieces)) = multipart::parts(ranges, &content_type, self.blob.size) else {
            return self.whole(StatusCode::OK, headers);
        };
        headers::put(headers, header::CONTENT_TYPE, content_type);
        (StatusCode::PARTIAL_CONTENT, self.body(pieces))
    }

    fn whole(&self, status: StatusCode, headers: &mut HeaderMap) -> (StatusCode, Body) {
        let size = self.blob.size;
        if self.wanted.is_head {
            headers::put(headers, header::CONTENT_LENGTH, size.to_string());
            return (status, full(""));
        }
        let all = size.checked_sub(1).map(|last| Piece::Range(ByteRange { first: 0, last }));
        (status, self.body(all.into_iter().collect()))
    }

    fn body(&self, pieces: Vec<Piece>) -> Body {
        BlobStream::body(self.space.clone(), self.blob.id.clone(), self.wanted.client, pieces)
    }
}

/// The visitor's copy is good. It takes over the headers of this answer (RFC 9111, section 3.2), so
/// that a file that was stored under older rules is shown under those of today; only what belongs
/// to a content is left out.
fn not_modified(headers: &mut HeaderMap) -> (StatusCode, Body) {
    headers.remove(header::CONTENT_TYPE);
    (StatusCode::NOT_MODIFIED, full(""))
}

/// An answer without the file. It must not be kept in the file's place, however long that may be
/// kept.
fn refuse(status: StatusCode, headers: &mut HeaderMap) -> (StatusCode, Body) {
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_DISPOSITION);
    headers::put(headers, header::CACHE_CONTROL, "no-store".to_owned());
    (status, full(""))
}
