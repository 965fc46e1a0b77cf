//! What `innkeeper dev` adds to the pages of the app that it builds: why the last build failed and
//! what a guest has printed before it failed, for whoever looks at a page; and a script by which
//! pages load themselves again once there is another version.
//!
//! A page here is what a browser shows as a document. Programs, and scripts of pages, get what the
//! app answers, as everywhere else.

mod events;
mod failed_page;
mod ignored_failure;
mod plain_text;
mod policy;
mod private_name;
mod reload;
mod visit;

use super::body::Body;
use super::pages;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
pub(super) use visit::{NotBuilt, PageVisit};

/// What is served here lies below this path, itself below the host's own.
pub(super) const BELOW: &str = "/dev/";
/// The same as pages name it.
const FULL_PATH: &str = "/_innkeeper/dev/";
const SCRIPT: &str = include_str!("reload.js");

/// How the development of one app stands. What builds it says so, and pages show it.
#[derive(Debug)]
pub struct Development {
    app: String,
    /// Whether pages load themselves again.
    reloads: bool,
    /// Keeps the marks of this process apart from those of the one before.
    process: u32,
    state: watch::Sender<State>,
}

/// What pages show from one build to the next.
#[derive(Debug, Clone, Default)]
struct State {
    /// How often what pages show has changed.
    number: u64,
    /// The version that answers.
    version: Option<i64>,
    failure: Option<Arc<BuildFailure>>,
}

/// Why there is no new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFailure {
    /// What is wrong, with what to do about it.
    pub reason: String,
    /// The last part of what the build has printed.
    pub output: String,
}

impl Development {
    /// Nothing has been built yet.
    pub fn new(app: String, reloads: bool) -> Self {
        let process = getrandom::u32().unwrap_or_else(|_| std::process::id());
        Self { app, reloads, process, state: watch::Sender::default() }
    }

    /// From now on this version answers.
    pub fn note_live(&self, version: i64) {
        self.state.send_if_modified(|state| {
            let is_another = state.failure.is_some() || state.version != Some(version);
            if is_another {
                *state = State { number: state.number.saturating_add(1), version: Some(version), failure: None };
            }
            is_another
        });
    }

    /// The version before goes on, and pages say why.
    pub fn note_failure(&self, failure: BuildFailure) {
        self.state.send_modify(|state| {
            state.number = state.number.saturating_add(1);
            state.failure = Some(Arc::new(failure));
        });
    }

    /// Names what a page shows: pages with another mark are out of date.
    fn mark(&self, state: &State) -> String {
        format!("{:08x}-{}", self.process, state.number)
    }

    /// Answers what pages ask for. `stop` ends what goes on.
    pub(super) fn answer<B>(self: &Arc<Self>, request: &Request<B>, stop: CancellationToken) -> Response<Body> {
        match request.uri().path().strip_prefix(FULL_PATH).unwrap_or_default() {
            "reload.js" if self.reloads => script(),
            "events" if self.reloads => events::stream(self, stop),
            "last-good" => ignored_failure::go_on(request.uri().query().unwrap_or_default()),
            _ => pages::plain(StatusCode::NOT_FOUND, "no such route of the host\n"),
        }
    }
}

fn script() -> Response<Body> {
    let mut response = pages::plain(StatusCode::OK, SCRIPT);
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
