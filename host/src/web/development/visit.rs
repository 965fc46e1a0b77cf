//! One request while its app is being developed.

use super::super::body::Body;
use super::super::pages::{Problem, Reader};
use super::super::router::Route;
use super::failed_page::{self, Answered, FailedRequest};
use super::{BuildFailure, Development, State, ignored_failure, reload};
use crate::guests::{Guest, Overheard};
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use std::sync::Arc;

/// What a browser does with an answer (Fetch Metadata Request Headers).
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// What it shows as a document.
const DOCUMENTS: [&str; 5] = ["document", "iframe", "frame", "embed", "object"];
/// So much of an answer is shown.
const SHOWN_BYTES: usize = 256 << 10;
/// Shorter settings are no secrets, and stand in any text.
const SECRET_BYTES: usize = 8;

/// See the module.
#[derive(Debug)]
pub(in crate::web) struct PageVisit {
    development: Arc<Development>,
    /// As it was when the request came: what is answered is no newer.
    state: State,
    method: Method,
    target: String,
    /// Whether a browser shows the answer as a document, where it says so.
    may_be_document: bool,
    asks_for_page: bool,
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
        Self {
            method: request.method().clone(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            may_be_document: destination.is_none_or(|destination| DOCUMENTS.contains(&destination)),
            asks_for_page: asks_for_page(request.headers()),
            ignores_failure: ignored.contains(&mark),
            overheard: Overheard::default(),
            development: Arc::clone(development),
            state,
        }
    }

    /// Hears what the guest prints to standard error.
    pub(in crate::web) fn overheard(&self) -> Overheard {
        self.overheard.clone()
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
        let failed = FailedRequest {
            status: problem.status,
            request_id,
            reason: Some(without_settings(&problem.reason, guest)),
            stderr: without_settings(&self.overheard.text(), guest),
            answer: None,
        };
        self.shows_page().then(|| {
            let mut page = failed_page::of_request(&failed);
            problem.mark(page.headers_mut());
            page
        })
    }

    fn shows_page(&self) -> bool {
        self.may_be_document && self.asks_for_page && self.method != Method::HEAD
    }
}

/// Whether a request names pages among what it takes. Programs that take anything do not.
fn asks_for_page(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    kinds
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html"))
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

/// What a guest has answered; none where that is nothing.
async fn shown(headers: &HeaderMap, mut body: Body) -> Option<Answered> {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        bytes.extend_from_slice(frame.data_ref().map(AsRef::as_ref).unwrap_or_default());
        if bytes.len() > SHOWN_BYTES {
            bytes.truncate(SHOWN_BYTES);
            break;
        }
    }
    if bytes.is_empty() {
        return None;
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let kind = text(CONTENT_TYPE).unwrap_or("text/plain").split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let is_text = kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml");
    Some(match String::from_utf8(bytes) {
        Ok(page) if kind == "text/html" => Answered::Page(page),
        Ok(text) if is_text => Answered::Text(text),
        Ok(text) => Answered::Other(format!("{} bytes of {kind}", text.len())),
        Err(other) => {
            let encoding = text(CONTENT_ENCODING).map(|it| format!(", {it}")).unwrap_or_default();
            Answered::Other(format!("{} bytes of {kind}{encoding}", other.as_bytes().len()))
        }
    })
}

/// What the app is set to may be secret, and a page is easily shown to others.
fn without_settings(text: &str, guest: &Guest) -> String {
    let secrets = guest.app.config.iter().filter(|(_, value)| value.len() >= SECRET_BYTES);
    secrets.fold(text.to_owned(), |text, (key, value)| text.replace(value, &format!("(the setting {key})")))
}
