//! One request while its app is being developed.

use super::super::body::Body;
use super::super::pages::{self, Problem, Reader};
use super::super::router::Route;
use super::failed_page::{self, FailedRequest, ShownAnswer};
use super::{BuildFailure, Development, State, ignored_failure, private_name, reload};
use crate::guests::{Guest, Overheard};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use std::cmp::Reverse;
use std::sync::Arc;

/// What a browser does with an answer (Fetch Metadata Request Headers).
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// What it shows as a document.
const DOCUMENTS: [&str; 5] = ["document", "iframe", "frame", "embed", "object"];
/// So much of an answer is shown.
const SHOWN_BYTES: usize = 256 << 10;
/// Shorter settings are no secrets, and stand in any text.
const SECRET_BYTES: usize = 8;

/// What is remembered of a request until it has been answered.
#[derive(Debug)]
pub(in crate::web) struct PageVisit {
    development: Arc<Development>,
    /// As it was when the request came. What answers is no older, so no page is taken for newer
    /// than it is.
    state: State,
    method: Method,
    target: String,
    /// Whether a browser shows the answer as a document, where it says so.
    may_be_document: bool,
    asks_for_page: bool,
    /// Whether no other site can read the answer.
    is_private: bool,
    ignores_failure: bool,
    /// What the guest prints.
    overheard: Overheard,
}

/// The page of an app that could not be built.
#[derive(Debug)]
pub(in crate::web) struct NotBuilt {
    failure: Arc<BuildFailure>,
    mark: String,
    /// What was asked for, where the last good version would answer.
    target: Option<String>,
}

impl NotBuilt {
    /// The page.
    pub(in crate::web) fn answer(&self) -> Response<Body> {
        failed_page::of_build(&self.failure, &self.mark, self.target.as_deref())
    }
}

impl PageVisit {
    /// Takes what is for the host alone out of a request.
    pub(in crate::web) fn begin<B>(development: &Arc<Development>, request: &mut Request<B>) -> Self {
        let state = development.state.borrow().clone();
        let mark = development.mark(&state);
        let ignored = ignored_failure::take(request.headers_mut());
        let destination = request.headers().get(FETCH_DEST).and_then(|value| value.to_str().ok());
        let host = request.headers().get(HOST).and_then(|value| value.to_str().ok());
        Self {
            method: request.method().clone(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            may_be_document: destination.is_none_or(|destination| DOCUMENTS.contains(&destination)),
            asks_for_page: asks_for_page(request.headers()),
            is_private: host.is_some_and(private_name::is_private),
            ignores_failure: ignored.contains(&mark),
            overheard: Overheard::default(),
            development: Arc::clone(development),
            state,
        }
    }

    /// Hears what the guest prints to standard error.
    pub(in crate::web) fn overheard(&self) -> &Overheard {
        &self.overheard
    }

    /// Why the last build failed, for whoever asks for a page of this app and does not want to see
    /// the last good version. `guest` is that, if there is one.
    pub(in crate::web) fn not_built(&self, guest: Option<&Guest>) -> Option<NotBuilt> {
        let failure = self.state.failure.clone()?;
        let is_other_app = guest.is_some_and(|guest| guest.app.space.app().as_ref() != self.development.app);
        if is_other_app || self.ignores_failure || self.method != Method::GET || !self.shows_page() {
            return None;
        }
        let target = guest.map(|_| self.target.clone());
        Some(NotBuilt { failure, mark: self.development.mark(&self.state), target })
    }

    /// What the author sees of an answer.
    pub(in crate::web) async fn show(
        &self,
        answered: Result<Response<Body>, Problem>,
        found: &Result<Arc<Guest>, Route>,
        request_id: &str,
        reader: Reader,
    ) -> Response<Body> {
        let usual = |problem: Problem| problem.answer(request_id, reader);
        let response = match (answered, found) {
            (Ok(response), Ok(guest)) => self.of_answer(response, guest, request_id).await,
            (Err(problem), Ok(guest)) => {
                self.of_problem(&problem, guest, request_id).unwrap_or_else(|| usual(problem))
            }
            (answered, Err(Route::NotBuilt(_) | Route::Absent(_) | Route::Closed(_))) => {
                answered.unwrap_or_else(usual)
            }
            (answered, Err(_)) => return answered.unwrap_or_else(usual),
        };
        match self.development.reloads && self.may_be_document {
            true => reload::add_to(response, &self.method, &self.development.mark(&self.state)),
            false => response,
        }
    }

    /// What is shown in place of a guest's answer that says that something failed.
    async fn of_answer(&self, response: Response<Body>, guest: &Guest, request_id: &str) -> Response<Body> {
        if !response.status().is_server_error() || !self.shows_page() {
            return response;
        }
        let (parts, body) = response.into_parts();
        let answer = shown(&parts.headers, body).await;
        let failed = FailedRequest {
            status: parts.status,
            request_id,
            reason: None,
            stderr: without_settings(&self.overheard.text(), guest),
            answer,
        };
        let mut page = failed_page::of_request(&failed);
        for cookie in parts.headers.get_all(SET_COOKIE) {
            page.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        page
    }

    /// What is shown where a guest has not answered; none: what visitors see.
    fn of_problem(&self, problem: &Problem, guest: &Guest, request_id: &str) -> Option<Response<Body>> {
        if !problem.status.is_server_error() {
            return None;
        }
        tell(guest, request_id, &problem.reason);
        if !self.shows_page() {
            return None;
        }
        let failed = FailedRequest {
            status: problem.status,
            request_id,
            reason: Some(without_settings(&problem.reason, guest)),
            stderr: without_settings(&self.overheard.text(), guest),
            answer: None,
        };
        let mut page = failed_page::of_request(&failed);
        problem.mark(page.headers_mut());
        Some(page)
    }

    fn shows_page(&self) -> bool {
        self.may_be_document && self.asks_for_page && self.is_private && self.method != Method::HEAD
    }
}

/// Whether a request names pages among what it takes. Programs that take anything do not.
fn asks_for_page(headers: &HeaderMap) -> bool {
    pages::accepted(headers).any(|kind| kind.eq_ignore_ascii_case("text/html"))
}

/// Where a guest failed, a line in the log for each line: it has the guest's own functions.
fn tell(guest: &Guest, request_id: &str, reason: &str) {
    let app = guest.app.space.app();
    if reason.lines().nth(1).is_some() {
        for line in reason.lines() {
            tracing::warn!(target: "guest", app = %app, request_id, "{line}");
        }
    }
}

/// What a guest has answered, up to a bound; none where that is nothing.
async fn shown(headers: &HeaderMap, mut body: Body) -> Option<ShownAnswer> {
    let mut bytes = Vec::new();
    while bytes.len() <= SHOWN_BYTES
        && let Some(Ok(frame)) = body.frame().await
    {
        bytes.extend_from_slice(frame.data_ref().map(AsRef::as_ref).unwrap_or_default());
    }
    if bytes.is_empty() {
        return None;
    }
    let is_cut = bytes.len() > SHOWN_BYTES;
    bytes.truncate(SHOWN_BYTES);
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let kind = header(CONTENT_TYPE).unwrap_or("text/plain").split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let encoding = header(CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    let is_text = kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml");
    if !is_text || encoding.is_some() {
        let more = if is_cut { "more than " } else { "" };
        let encoding = encoding.map(|encoding| format!(", {encoding}")).unwrap_or_default();
        return Some(ShownAnswer::Other(format!("{more}{} bytes of {kind}{encoding}", bytes.len())));
    }
    // What is cut off may end in the middle of a sign.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Some(if kind == "text/html" { ShownAnswer::Page(text) } else { ShownAnswer::Text(text) })
}

/// What the app is set to may be secret, and a page is easily shown to others. One setting may be
/// part of another, so the longest goes first.
fn without_settings(text: &str, guest: &Guest) -> String {
    let mut secrets: Vec<_> = guest.app.config.iter().filter(|(_, value)| value.len() >= SECRET_BYTES).collect();
    secrets.sort_by_key(|(_, value)| Reverse(value.len()));
    let hide =
        |text: String, (key, value): &(String, String)| text.replace(value, &format!("(the setting {key})"));
    secrets.into_iter().fold(text.to_owned(), hide)
}

#[cfg(test)]
mod tests {
    use super::super::super::body::full;
    use super::*;

    #[tokio::test]
    async fn an_answer_is_shown_as_what_it_is() {
        let page = |text: &str| Some(ShownAnswer::Page(text.to_owned()));
        let text = |text: &str| Some(ShownAnswer::Text(text.to_owned()));
        let other = |what: &str| Some(ShownAnswer::Other(what.to_owned()));
        // Its last sign would be cut in two.
        let long = format!("x{}", "\u{e4}".repeat(SHOWN_BYTES / 2));
        let start = format!("x{}\u{fffd}", "\u{e4}".repeat(SHOWN_BYTES / 2 - 1));
        let plain = "text/plain";
        for (kind, encoding, body, shown_as) in [
            ("Text/HTML; charset=utf-8", "identity", "<b>", page("<b>")),
            ("application/problem+json", "identity", "{}", text("{}")),
            ("image/png", "identity", "abc", other("3 bytes of image/png")),
            (plain, "gzip", "abc", other("3 bytes of text/plain, gzip")),
            (plain, "identity", long.as_str(), text(&start)),
            ("image/png", "identity", long.as_str(), other("more than 262144 bytes of image/png")),
            (plain, "identity", "", None),
        ] {
            let headers = [(CONTENT_TYPE, kind), (CONTENT_ENCODING, encoding)];
            let headers: HeaderMap =
                headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
            assert!(shown(&headers, full(body.to_owned())).await == shown_as, "{kind}, {encoding}");
        }
    }
}
