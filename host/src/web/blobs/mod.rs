//! Sending files: status, headers and bytes of a blob, with ranges and conditional requests (RFC 9110, sections 13 and 14).
//!
//! Bytes go from the database to the socket and touch no guest. A stored file never runs as a page of the app: its type is not guessed
//! again, script in it is sandboxed, and what could be a page is offered for saving.

mod disposition;
mod range;
mod stream;

use super::body::{Body, full};
use crate::interfaces::Pending;
use crate::storage::AppSpace;
use crate::storage::blobs::Blob;
use crate::storage::hex;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use range::Choice;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the request asks of a file.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    is_head: bool,
    is_get: bool,
    range: Option<HeaderValue>,
    if_range: Option<HeaderValue>,
    if_match: Option<HeaderValue>,
    if_none_match: Option<HeaderValue>,
    if_modified_since: Option<HeaderValue>,
    if_unmodified_since: Option<HeaderValue>,
}

impl Wanted {
    /// Reads method and headers of a request.
    pub(super) fn new(method: &Method, headers: &HeaderMap) -> Self {
        let get = |name: HeaderName| headers.get(name).cloned();
        Self {
            is_head: *method == Method::HEAD,
            is_get: *method == Method::GET,
            range: get(header::RANGE),
            if_range: get(header::IF_RANGE),
            if_match: get(header::IF_MATCH),
            if_none_match: get(header::IF_NONE_MATCH),
            if_modified_since: get(header::IF_MODIFIED_SINCE),
            if_unmodified_since: get(header::IF_UNMODIFIED_SINCE),
        }
    }
}

/// Answers with a blob. `guests` are the headers of a response that named it; the host's own count more.
pub(super) fn respond(
    space: &AppSpace,
    pending: Pending,
    wanted: &Wanted,
    guests: Option<http::response::Parts>,
) -> Response<Body> {
    let blob = &pending.blob;
    let mut headers = guests.map(|parts| parts.headers).unwrap_or_default();
    for name in [header::CONTENT_LENGTH, header::CONTENT_RANGE, header::CONTENT_ENCODING] {
        headers.remove(name);
    }
    let etag = format!("\"{}\"", hex(&blob.sha256));
    let modified = UNIX_EPOCH + Duration::from_secs(u64::try_from(blob.created_at / 1_000_000).unwrap_or(0));
    describe(&mut headers, &pending, &etag, modified);
    let (status, body) = match conditional(wanted, &etag, modified) {
        Some(status) => (status, full("")),
        None => content(space, blob, wanted, &etag, modified, &mut headers),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn content(
    space: &AppSpace,
    blob: &Blob,
    wanted: &Wanted,
    etag: &str,
    modified: SystemTime,
    headers: &mut HeaderMap,
) -> (StatusCode, Body) {
    let range = wanted.range.as_ref().filter(|_| wanted.is_get && range_holds(wanted, etag, modified));
    let (status, first, length) = match range::choose(range, blob.size) {
        Choice::Whole => (StatusCode::OK, 0, blob.size),
        Choice::Part(first, last) => {
            put(headers, header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", blob.size));
            (StatusCode::PARTIAL_CONTENT, first, last.saturating_sub(first).saturating_add(1))
        }
        Choice::Unsatisfiable => {
            put(headers, header::CONTENT_RANGE, format!("bytes */{}", blob.size));
            return (StatusCode::RANGE_NOT_SATISFIABLE, full(""));
        }
    };
    if wanted.is_head {
        put(headers, header::CONTENT_LENGTH, length.to_string());
        return (status, full(""));
    }
    (status, stream::BlobStream::body(space.clone(), blob.id.clone(), first, length))
}

/// Headers that a file has however it is asked for.
fn describe(headers: &mut HeaderMap, pending: &Pending, etag: &str, modified: SystemTime) {
    let blob = &pending.blob;
    let name = pending.options.name.as_ref().or(blob.name.as_ref());
    let inline = !pending.options.download && disposition::may_show(&blob.content_type);
    let cache = match pending.options.max_age {
        Some(seconds) => format!("private, max-age={seconds}"),
        None => "private, no-cache".to_owned(),
    };
    if !headers.contains_key(header::CACHE_CONTROL) || pending.options.max_age.is_some() {
        put(headers, header::CACHE_CONTROL, cache);
    }
    put(headers, header::CONTENT_TYPE, blob.content_type.clone());
    put(headers, header::CONTENT_DISPOSITION, disposition::header(inline, name.map(String::as_str)));
    put(headers, header::ETAG, etag.to_owned());
    put(headers, header::LAST_MODIFIED, httpdate::fmt_http_date(modified));
    put(headers, header::ACCEPT_RANGES, "bytes".to_owned());
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned());
    put(headers, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned());
    put(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin".to_owned());
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// The order of preconditions is that of RFC 9110, section 13.2.2.
fn conditional(wanted: &Wanted, etag: &str, modified: SystemTime) -> Option<StatusCode> {
    let lists = |value: &HeaderValue| value.to_str().is_ok_and(|list| matches_etag(list, etag));
    match (&wanted.if_match, &wanted.if_unmodified_since) {
        (Some(value), _) if !lists(value) => return Some(StatusCode::PRECONDITION_FAILED),
        (None, Some(since)) if date(since).is_some_and(|since| modified > since) => {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        _ => {}
    }
    let unchanged = match (&wanted.if_none_match, &wanted.if_modified_since) {
        (Some(value), _) => lists(value),
        (None, Some(since)) => date(since).is_some_and(|since| modified <= since),
        (None, None) => false,
    };
    match unchanged {
        true if wanted.is_get || wanted.is_head => Some(StatusCode::NOT_MODIFIED),
        true => Some(StatusCode::PRECONDITION_FAILED),
        false => None,
    }
}

/// Whether `If-Range` lets the range through (RFC 9110, section 13.1.5): the same strong ETag, or exactly the same date.
fn range_holds(wanted: &Wanted, etag: &str, modified: SystemTime) -> bool {
    let Some(value) = &wanted.if_range else { return true };
    value.to_str().is_ok_and(|text| text == etag) || date(value) == Some(modified)
}

fn matches_etag(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}
