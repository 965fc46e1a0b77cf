//! What the API says of a request that it does not carry out.

use super::Reply;
use super::auth::Refusal;
use crate::operations::{ErrorKind, OperationError, Scope};
use http::StatusCode;
use http::header::{ALLOW, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Seconds after which a database that was away may be asked again.
const COME_BACK: u64 = 2;
/// And a host that had no place.
const COME_BACK_TO_CROWD: u64 = 5;

/// What the body of an error says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"kind": "not-found", "message": "there is no app shop: innkeeper apps lists them"}))]
pub struct ErrorBody {
    /// `invalid`, `unauthorized`, `forbidden`, `not-found`, `method-not-allowed`, `conflict`,
    /// `too-large`, `unsupported-media-type`, `unfit`, `too-many`, `unavailable` or `internal`.
    pub kind: String,
    /// Which thing is wrong, and what to do.
    pub message: String,
    /// The scope that the token lacks, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// The status and the message of an answer, and the scope that the token lacks.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    message: String,
    scope: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether the message may be kept: it holds nothing of what a client has sent as content.
    is_kept: bool,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let (message, headers) = (message.into(), Vec::new());
        Self { status, message, scope: None, headers, is_kept: true }
    }

    /// What was sent cannot be read. The message may quote it.
    pub(super) fn unreadable(message: impl Into<String>) -> Self {
        Self { is_kept: false, ..Self::new(StatusCode::BAD_REQUEST, message) }
    }

    pub(super) fn no_such_path() -> Self {
        let text = "there is nothing here: GET /_innkeeper/admin/api/openapi.json says what there is";
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// `allowed` is the value of the field Allow.
    pub(super) fn method(allowed: &str) -> Self {
        let text = format!("this path takes {allowed}");
        let mut error = Self::new(StatusCode::METHOD_NOT_ALLOWED, text);
        error.headers.extend(HeaderValue::from_str(allowed).ok().map(|allowed| (ALLOW, allowed)));
        error
    }

    pub(super) fn media_type(wanted: &str) -> Self {
        let text = format!("the body has to be {wanted}, without a Content-Encoding");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
    }

    pub(super) fn too_large(most: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has {most} bytes here at most"))
    }

    pub(super) fn lacks(scope: &Scope) -> Self {
        let text = format!(
            "this token lacks the scope {scope}; one that has it: innkeeper token create --name NAME --scope {scope}"
        );
        let scope = Some(scope.to_string());
        Self { scope, ..Self::new(StatusCode::FORBIDDEN, text) }
    }

    /// Why the scope is needed, before the rest.
    pub(super) fn because(mut self, why: &str) -> Self {
        self.message = format!("{why}, and {}", self.message);
        self
    }

    /// There is no place for it now.
    pub(super) fn crowded(message: &str) -> Self {
        let text = format!("{message}: try again in a moment");
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, text);
        error.with(RETRY_AFTER, COME_BACK_TO_CROWD)
    }

    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!("the admin API: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong here; it has been noted")
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    #[cfg(test)]
    pub(super) fn for_test(&self) -> String {
        self.message.clone()
    }

    /// What the audit log keeps of it.
    pub(super) fn for_audit(&self) -> String {
        let status = self.status.as_u16();
        match self.is_kept {
            true => format!("{status}: {}", self.message),
            false => format!("{status}: the request cannot be read"),
        }
    }

    pub(super) fn with(mut self, name: HeaderName, value: u64) -> Self {
        self.headers.push((name, HeaderValue::from(value)));
        self
    }

    pub(super) fn reply(self) -> Reply {
        let body =
            ErrorBody { kind: kind_of(self.status.as_u16()).to_owned(), message: self.message, scope: self.scope };
        let text = serde_json::to_vec(&body).unwrap_or_default();
        let headers: HeaderMap = self.headers.into_iter().collect();
        Reply { status: self.status, content_type: super::JSON, headers, body: super::full(text) }
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        let status = match error.kind {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::TooMany => {
                let error = Self::new(StatusCode::TOO_MANY_REQUESTS, error.message);
                return error.with(RETRY_AFTER, 60);
            }
            ErrorKind::Unavailable => {
                tracing::warn!("the admin API: {}", error.message);
                let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, error.message);
                return error.with(RETRY_AFTER, COME_BACK);
            }
            ErrorKind::Internal => return Self::internal(&error.message),
        };
        Self::new(status, error.message)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.message();
        match refusal {
            Refusal::Missing | Refusal::Wrong | Refusal::Ended(_) => {
                let mut error = Self::new(StatusCode::UNAUTHORIZED, message);
                error.headers.push((WWW_AUTHENTICATE, super::auth::CHALLENGE));
                error
            }
            Refusal::TooMany(wait) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, message).with(RETRY_AFTER, seconds(wait))
            }
            Refusal::Unavailable => {
                let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, message);
                error.with(RETRY_AFTER, COME_BACK)
            }
        }
    }
}

/// Whole seconds, at least one.
pub(in crate::web) fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// What an error of a status is called in its body.
pub(super) fn kind_of(status: u16) -> &'static str {
    match status {
        400 => "invalid",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not-found",
        405 => "method-not-allowed",
        409 => "conflict",
        413 => "too-large",
        415 => "unsupported-media-type",
        422 => "unfit",
        429 => "too-many",
        503 => "unavailable",
        _ => "internal",
    }
}
