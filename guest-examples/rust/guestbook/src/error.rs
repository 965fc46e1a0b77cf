//! Why a request is answered with something else than it asked for.

use crate::bindings::innkeeper::storage::blob_upload::{BlobError, BlobErrorCode};
use crate::bindings::innkeeper::storage::db::DbError;
use crate::bindings::innkeeper::storage::session::SessionError;
use crate::form::Refusal;
use crate::http::Response;
use crate::page;

/// How a request can fail.
pub enum Error {
    /// There is nothing by that name.
    NotFound,
    /// The path exists, for these methods.
    MethodNotAllowed(&'static str),
    /// The address contains something that is no number.
    BadNumber,
    /// A form was not accepted; the visitor may try again.
    Refused(Refusal),
    /// The database has no time for us at the moment.
    Unavailable,
    /// Something that should not happen; the text is for the log.
    Internal(String),
}

impl Error {
    /// A short page that says what is wrong. What belongs into the log goes there.
    pub fn into_response(self) -> Response {
        match self {
            Error::NotFound => page::short(404, "There is nothing here."),
            Error::MethodNotAllowed(allow) => {
                page::short(405, "This address does not take that method.").with_header("allow", allow)
            }
            Error::BadNumber => page::short(400, "The address contains something that is no number."),
            Error::Refused(refusal) => page::short(refusal.status, &refusal.reason),
            Error::Unavailable => {
                page::short(503, "The book is in use just now. Please try again.").with_header("retry-after", "2")
            }
            Error::Internal(message) => {
                eprintln!("{message}");
                page::short(500, "Something went wrong. Nothing was changed.")
            }
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Error {
        unexpected(error.retryable, format!("db: {} {}", error.sqlstate, error.message))
    }
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Error {
        unexpected(error.retryable, format!("session: {}", error.message))
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Error {
        match error.code {
            BlobErrorCode::NotFound => Error::NotFound,
            _ => unexpected(error.retryable, format!("blob-upload: {}", error.message)),
        }
    }
}

fn unexpected(retryable: bool, message: String) -> Error {
    if retryable { Error::Unavailable } else { Error::Internal(message) }
}
