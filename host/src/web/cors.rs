//! Which pages of other origins may use the host's own routes for files: signed downloads, and
//! uploads by ticket.
//!
//! Whoever holds such a URL may use it, so what a browser keeps from other pages is only to see the
//! answers. Pages of the origins that an app trusts see them, refusals included. No answer allows
//! credentials: a signed URL needs none. The rules are those of the Fetch standard, "CORS
//! protocol".

use super::body::{Body, full};
use super::{cross_origin, signed};
use crate::guests::Registry;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};

/// Seconds for which a browser need not ask again. Browsers have lower bounds of their own.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The host's own routes for files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Signed downloads.
    Downloads,
    /// Uploads by ticket.
    Uploads,
}

/// What is said to whoever asks about a file of an app that trusts other origins.
#[derive(Debug)]
pub(super) struct Cors {
    endpoint: Endpoint,
    /// The origin that asks, where the app trusts it.
    origin: Option<HeaderValue>,
}

impl Endpoint {
    fn methods(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Downloads => "GET, HEAD",
            Self::Uploads => "OPTIONS, POST, HEAD, PATCH, DELETE",
        })
    }

    /// What a page may send: what the endpoint reads, and what clients add by themselves.
    fn requests(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Downloads => {
                "range, if-range, if-match, if-none-match, if-modified-since, if-unmodified-since, cache-control, \
                 x-request-id, x-requested-with"
            }
            Self::Uploads => {
                "content-type, tus-resumable, upload-length, upload-offset, upload-metadata, upload-checksum, \
                 upload-concat, upload-defer-length, x-http-method-override, x-request-id, x-requested-with"
            }
        })
    }

    /// What a page may see.
    fn answers(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Downloads => {
                "accept-ranges, content-disposition, content-length, content-range, etag, last-modified, retry-after"
            }
            Self::Uploads => {
                "location, retry-after, tus-resumable, tus-version, tus-extension, tus-max-size, \
                 tus-checksum-algorithm, upload-expires, upload-length, upload-metadata, upload-offset"
            }
        })
    }
}

impl Cors {
    /// What to say to a request about a file. None where its app trusts nobody, and where there is
    /// no such app.
    ///
    /// The app is the one that the path names. The signature is not looked at: a page may well see
    /// that its link has expired.
    pub(super) fn of<B>(endpoint: Endpoint, request: &Request<B>, registry: &Registry) -> Option<Self> {
        let app = signed::app_in(request.uri().path())?;
        let guest = signed::guest(registry, app, request.headers()).ok()?;
        if guest.origins.trusted.is_empty() {
            return None;
        }
        let mut origins = request.headers().get_all(header::ORIGIN).iter();
        let origin = origins.next().filter(|origin| cross_origin::is_trusted(origin, &guest.origins));
        Some(Self { endpoint, origin: origin.filter(|_| origins.next().is_none()).cloned() })
    }

    /// The answer to a browser that asks what a trusted page may do. None for any other request.
    pub(super) fn preflight<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if self.origin.is_none() || !asks {
            return None;
        }
        let mut response = Response::new(full(""));
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.endpoint.methods());
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.endpoint.requests());
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        Some(response)
    }

    /// Marks any answer about the file. Where the origin decides, a cache has to know it, whoever
    /// asked first.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = &self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.endpoint.answers());
        }
    }
}
