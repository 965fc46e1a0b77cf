//! The admin API below `/_innkeeper/admin/api`: what an operator does to apps, over HTTP.
//!
//! `endpoints` is the one list of what there is. By it a request is found (`call`), its caller's
//! scopes are checked (`need`), and the OpenAPI document (`document`) is written, so that the three
//! cannot differ. `auth` knows who calls, `body` and `query` read what is asked for, `acts` does it
//! by calling [`crate::operations`]. What is refused is written down (`web::refusals`).

mod acts;
pub(super) mod auth;
mod body;
mod call;
mod document;
mod endpoint;
mod endpoints;
mod error;
mod need;
mod query;
mod types;

pub(super) use endpoint::Act;
pub(super) use endpoints::rules_of;
pub use error::ErrorBody;
pub(super) use error::seconds;
pub use types::{CurrentToken, KeyRotation, NoteRequest, PruneRequest};

use super::body::{Body, full};
use super::refusals::Refused;
use crate::guests::Registry;
use crate::operations::shares::Shares;
use crate::operations::{DeployQueue, Operations};
use auth::{Authenticator, Authority};
use bytes::Bytes;
use call::Call;
use endpoint::{Endpoint, Verb};
use error::ApiError;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use need::Need;
use query::Query;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Where the API is, below the host's own routes.
pub(super) const BELOW: &str = "/admin/api";
/// Where it is for clients.
pub const PATH: &str = "/_innkeeper/admin/api";
/// Says where a piece belongs, and how far an upload is.
pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// Says how large the whole is.
pub const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// The same key twice means the same deployment.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Pieces of components that arrive at once, and those by one token: each is held in memory.
const PIECES: usize = 4;
const PIECES_OF_ONE: usize = 2;
/// Components that are sent at once, and those to one token: each is held in memory.
const DOWNLOADS: usize = 2;
const DOWNLOADS_OF_ONE: usize = 1;

/// Answers the requests of the admin API.
pub(super) struct Admin {
    pub(super) auth: Authenticator,
    operations: Operations,
    /// The dashboard deploys by it, too.
    pub(super) queue: DeployQueue,
    pieces: Shares,
    downloads: Shares,
    document: OnceLock<Bytes>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("auth", &self.auth).finish_non_exhaustive()
    }
}

/// What an act answers with.
struct Reply {
    status: StatusCode,
    content_type: HeaderValue,
    headers: HeaderMap,
    body: Body,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Reply {
    fn json(status: StatusCode, value: &impl serde::Serialize) -> Result<Self, ApiError> {
        let text = serde_json::to_vec(value).map_err(|error| ApiError::internal(&error))?;
        Ok(Self { status, content_type: JSON, headers: HeaderMap::new(), body: full(text) })
    }

    fn with(mut self, name: HeaderName, value: u64) -> Self {
        self.headers.insert(name, HeaderValue::from(value));
        self
    }

    fn done(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        *headers = self.headers;
        headers.insert(CONTENT_TYPE, self.content_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

/// A request that may be carried out.
struct Admitted<'a> {
    call: &'a Call,
    authority: &'a Authority,
    head: &'a Parts,
    query: Query,
}

impl Admin {
    /// `tasks` waits for what goes on behind requests; once `stop` is cancelled no deployment
    /// begins.
    pub(super) fn new(
        registry: Arc<Registry>,
        auth: Authenticator,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let operations = Operations::new(registry);
        Self {
            auth,
            queue: DeployQueue::new(operations.clone(), tasks, stop),
            operations,
            pieces: Shares::new(PIECES, PIECES_OF_ONE),
            downloads: Shares::new(DOWNLOADS, DOWNLOADS_OF_ONE),
            document: OnceLock::new(),
        }
    }

    /// Answers a request whose path, below the host's own routes, is `path`.
    pub(super) async fn answer(&self, path: &str, request: Request<Incoming>, address: IpAddr) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = path.strip_prefix(BELOW).unwrap_or_default();
        match self.reply(path, &head, body, address).await {
            Ok(reply) => reply.done(),
            Err(error) => error.reply().done(),
        }
    }

    async fn reply(&self, path: &str, head: &Parts, body: Incoming, address: IpAddr) -> Result<Reply, ApiError> {
        let call = call::find(&head.method, path)?;
        if call.endpoint.need == Need::Nothing {
            return Ok(self.document());
        }
        let authority = self.auth.by_headers(&head.headers, address).await.inspect_err(|refusal| {
            self.auth.refusals().not_let_in(refusal, address, &describe(head, path));
        })?;
        let result = self.admitted(&call, &authority, head, body).await;
        if let Err(error) = &result
            && (call.endpoint.changes() || error.status() == StatusCode::FORBIDDEN)
        {
            let (action, app) = (call.endpoint.action, call.app.as_deref());
            let (asked, result) = (describe(head, path), error.for_audit());
            let refused = Refused { action, app, asked: &asked, result: &result };
            self.auth.refusals().note(&authority.actor, refused);
        }
        result
    }

    async fn admitted(
        &self,
        call: &Call,
        authority: &Authority,
        head: &Parts,
        body: Incoming,
    ) -> Result<Reply, ApiError> {
        call.endpoint.need.check(&authority.scopes, call.app.as_deref())?;
        let query = Query::read(head.uri.query(), call.endpoint.query)?;
        self.act(Admitted { call, authority, head, query }, body).await
    }

    /// The OpenAPI document.
    fn document(&self) -> Reply {
        let text = self.document.get_or_init(|| document::json().into());
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Reply { status, content_type: JSON, headers, body: full(text.clone()) }
    }
}

impl Endpoint {
    /// Whether it changes something.
    fn changes(&self) -> bool {
        self.method != Verb::Get
    }
}

/// What was asked for, without its query.
fn describe(head: &Parts, path: &str) -> String {
    let path: String = path.chars().take(200).collect();
    format!("{} {path}", head.method)
}
