//! The host's own answers: short pages that say what is the matter and give the request's id, never
//! what went wrong inside.

use super::body::{Body, full};
use crate::guests::Ending;
use crate::telemetry::recent;
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// RFC 9457.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// As nginx has it: the client closed the request.
const VISITOR_LEFT: u16 = 499;

/// Seconds after which a disk may have room again: somebody has to make it.
const FULL_RETRY: u16 = 30;

/// An answer of the host, with the reason for the log.
#[derive(Debug)]
pub(super) struct Problem {
    /// The status to answer with.
    pub(super) status: StatusCode,
    /// For the visitor.
    pub(super) text: &'static str,
    /// Seconds after which the visitor may try again.
    pub(super) retry_after: Option<u16>,
    /// For the log.
    pub(super) reason: String,
    /// What else the visitor has to be told.
    pub(super) headers: Box<HeaderMap>,
    /// Whether the version of the app is to blame, and how it failed.
    pub(super) blame: Option<Ending>,
}

impl Problem {
    /// A problem without a hint when to try again.
    pub(super) fn new(status: StatusCode, text: &'static str, reason: impl Into<String>) -> Self {
        Self { status, text, retry_after: None, reason: reason.into(), headers: Box::default(), blame: None }
    }

    /// The same problem, for which the version of the app is to blame.
    pub(super) fn blamed_on_guest(self, ending: Ending) -> Self {
        Self { blame: Some(ending), ..self }
    }

    /// The same problem with further headers.
    pub(super) fn with_headers(mut self, add: impl FnOnce(&mut HeaderMap)) -> Self {
        add(&mut self.headers);
        self
    }

    /// 503: try again in `seconds`.
    pub(super) fn unavailable(text: &'static str, seconds: u16, reason: impl Into<String>) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text, reason) }
    }

    /// 507: the disk under the database is full.
    pub(super) fn disk_full(reason: impl Into<String>) -> Self {
        let text = "There is no room left on this server's disk. Nothing was saved; pages can still be read.";
        Self { retry_after: Some(FULL_RETRY), ..Self::new(StatusCode::INSUFFICIENT_STORAGE, text, reason) }
    }

    /// 503: the database takes no writes for now.
    pub(super) fn read_only(reason: impl Into<String>) -> Self {
        let text = "Nothing can be saved here right now. Pages can still be read.";
        Self::unavailable(text, FULL_RETRY, reason)
    }

    /// 500 without detail.
    pub(super) fn internal(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here. It has been noted.", reason)
    }

    /// How the request ended, for the figures.
    pub(super) fn counted(&self) -> recent::Ending {
        match self.blame {
            Some(_) => recent::Ending::Failed,
            None => recent::Ending::ByHost(self.status.as_u16()),
        }
    }

    /// The answer for the visitor: a page, or the same for a program.
    pub(super) fn answer(&self, request_id: &str, reader: Reader) -> Response<Body> {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut response = match reader {
            Reader::Person => {
                let content = format!("<p>{}</p><p><small>Request {request_id}</small></p>", self.text);
                page(self.status, title, &content)
            }
            Reader::Program => {
                let (status, detail) = (self.status.as_u16(), self.text);
                let problem = serde_json::json!({ "status": status, "title": title, "detail": detail, "request": request_id });
                sent(self.status, PROBLEM, format!("{problem}\n"))
            }
        };
        self.mark(response.headers_mut());
        response
    }

    /// What else the visitor has to be told, beside a page.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        headers.extend(self.headers.as_ref().clone());
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

/// Who reads an answer of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Person,
    /// It asks for JSON, and for no page.
    Program,
}

impl Reader {
    /// Of the answer to a request with these headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let (mut json, mut html) = (false, false);
        accepted(headers).for_each(|kind| {
            json |= kind.eq_ignore_ascii_case("application/json")
                || kind.eq_ignore_ascii_case("application/problem+json");
            html |= kind.eq_ignore_ascii_case("text/html");
        });
        if json && !html { Self::Program } else { Self::Person }
    }
}

/// The kinds of content that a request names among what it takes.
pub(super) fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or_default().trim())
}

/// What nobody reads any more; the log does.
pub(super) fn visitor_left() -> Problem {
    let status = StatusCode::from_u16(VISITOR_LEFT).unwrap_or(StatusCode::BAD_REQUEST);
    Problem::new(status, "The request was given up.", "the visitor left before there was an answer")
        .with_headers(|headers| drop(headers.insert(CONNECTION, HeaderValue::from_static("close"))))
}

/// A plain answer for machines.
pub(super) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    sent(status, HeaderValue::from_static("text/plain; charset=utf-8"), text)
}

fn sent(status: StatusCode, kind: HeaderValue, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// What a registry without apps answers.
pub(super) fn welcome() -> Response<Body> {
    let text = "<p>Innkeeper is running, and no app is deployed yet. Deploy one to the same database:</p>\
        <pre>innkeeper deploy guest.wasm --app NAME</pre>\
        <p>On Heroku: <code>DATABASE_URL=$(heroku config:get DATABASE_URL) innkeeper deploy guest.wasm --app NAME</code></p>\
        <p>It goes live here by itself.</p>";
    page(StatusCode::NOT_FOUND, "The rooms are ready", text)
}

fn page(status: StatusCode, title: &str, content: &str) -> Response<Body> {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:38rem;margin:15vh auto;padding:0 1rem;\
         color-scheme:light dark}}pre{{padding:1rem;overflow:auto;background:#8882;border-radius:.4rem}}</style>\
         <h1>{title}</h1>{content}"
    );
    sent(status, HTML, html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_asks_for_json_and_no_page_gets_it() {
        let of =
            |accept: &str| Reader::of(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).unwrap())]));
        for accept in ["application/json", "Application/JSON; q=0.9, */*", "application/problem+json"] {
            assert_eq!(of(accept), Reader::Program, "{accept}");
        }
        for accept in ["*/*", "text/html,application/json;q=0.1", "application/jsonp", ""] {
            assert_eq!(of(accept), Reader::Person, "{accept}");
        }
        assert_eq!(Reader::of(&HeaderMap::new()), Reader::Person);
    }
}
