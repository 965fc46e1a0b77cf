//! Answers of the tus protocol 1.0.

use super::checksum::ALGORITHMS;
use super::headers::VERSION;
use crate::storage::blobs::resumable::Resumable;
use crate::web::body::{Body, full};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Response, StatusCode};
use std::time::{Duration, UNIX_EPOCH};

/// Extensions of the protocol that this host knows.
const EXTENSIONS: &str = "creation,creation-with-upload,expiration,checksum,termination";

/// An answer that is being written.
#[derive(Debug)]
pub(super) struct Answer(Box<Response<Body>>);

impl Answer {
    /// An answer without a body.
    pub(super) fn new(status: StatusCode) -> Self {
        let mut response = Response::new(full(""));
        *response.status_mut() = status;
        mark(response.headers_mut());
        Self(Box::new(response))
    }

    /// An answer that says what is wrong.
    pub(super) fn refusal(status: StatusCode, text: &str) -> Self {
        let mut answer = Self::new(status).with(CONTENT_TYPE.as_str(), "text/plain; charset=utf-8");
        *answer.0.body_mut() = full(format!("{text}\n"));
        answer
    }

    /// What the host can do.
    pub(super) fn abilities(most: u64) -> Self {
        Self::new(StatusCode::NO_CONTENT)
            .with("tus-version", VERSION)
            .with("tus-extension", EXTENSIONS)
            .with("tus-max-size", &most.to_string())
            .with("tus-checksum-algorithm", ALGORITHMS)
    }

    /// Adds a header.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    /// Says where the upload is.
    pub(super) fn at(self, place: &str) -> Self {
        self.with(LOCATION.as_str(), place)
    }

    /// Says how far the upload has got, and when it ends if it gets no further: after `lifetime`,
    /// and at `until` (seconds since 1970) whatever happens.
    pub(super) fn about(self, upload: &Resumable, lifetime: Duration, until: i64) -> Self {
        let moved = Duration::from_micros(u64::try_from(upload.moved_at).unwrap_or(0));
        let end = moved.saturating_add(lifetime).min(Duration::from_secs(u64::try_from(until).unwrap_or(0)));
        self.with("upload-offset", &upload.received.to_string())
            .with("upload-expires", &httpdate::fmt_http_date(UNIX_EPOCH + end))
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The response.
    pub(super) fn done(self) -> Response<Body> {
        *self.0
    }
}

/// What every answer bears.
pub(super) fn mark(headers: &mut HeaderMap) {
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
