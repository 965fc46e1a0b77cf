//! The one error of this crate.

mod code;

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

pub use code::Code;

use crate::Response;
use crate::bindings::innkeeper::storage::blob_upload::BlobError;
use crate::bindings::innkeeper::storage::db::DbError;
use crate::bindings::innkeeper::storage::session::SessionError;

type BoxedError = Box<dyn StdError + Send + Sync>;

/// After this time, a visitor is told, what was refused for the moment may be tried again.
const RETRY_AFTER_SECONDS: &str = "2";

/// Why a call failed, or why a request is answered otherwise than it asked for.
///
/// `?` makes one of an error of the three interfaces and of the usual errors of the standard
/// library; [`Error::other`] takes any.
pub struct Error(Box<Inner>);

struct Inner {
    interface: Option<&'static str>,
    code: Code,
    status: u16,
    message: String,
    retryable: bool,
    constraint: Option<String>,
    sqlstate: Option<String>,
    field: Option<String>,
    allow: Option<String>,
    source: Option<BoxedError>,
    location: Option<&'static Location<'static>>,
}

impl Error {
    /// An answer with this status; below 500 the visitor is shown the message, and what the request
    /// has written is kept.
    ///
    /// ```
    /// # use innkeeper_sdk::Error;
    /// let error = Error::new(403, "This entry is somebody else's.");
    /// assert_eq!(error.status(), 403);
    /// ```
    #[track_caller]
    pub fn new(status: u16, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            interface: None,
            code: Code::Other,
            status,
            message: message.into(),
            retryable: false,
            constraint: None,
            sqlstate: None,
            field: None,
            allow: None,
            source: None,
            location: Some(Location::caller()),
        }))
    }

    /// 404: there is nothing at this address.
    #[track_caller]
    pub fn not_found() -> Error {
        Error::new(404, text_for(404))
    }

    /// Any other error, or a text for the log: the visitor is answered with 500.
    #[track_caller]
    pub fn other(error: impl Into<BoxedError>) -> Error {
        Error::from(error.into())
    }

    /// 405: the address takes only the methods that `allow` lists.
    #[track_caller]
    pub(crate) fn method_not_allowed(allow: String) -> Error {
        let mut error = Error::new(405, text_for(405));
        error.0.allow = Some(allow);
        error
    }

    pub(crate) fn from_boxed(error: BoxedError, location: Option<&'static Location<'static>>) -> Error {
        let error = match error.downcast::<Error>() {
            Ok(error) => return *error,
            Err(error) => error,
        };
        let mut made = Error::new(500, error.to_string());
        let mut behind = error.source();
        while let Some(error) = behind {
            if error.downcast_ref::<Error>().is_some_and(Error::retryable) {
                made.0.status = 503;
                made.0.retryable = true;
            }
            behind = error.source();
        }
        made.0.source = Some(error);
        made.0.location = location;
        made
    }

    /// What went wrong, to be compared; [`Code::Other`] where no interface of the host said it.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What went wrong, for a person to read. That of `db` may quote the statement or a value.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The interface of the host that reported it: `db`, `blob-upload` or `session`.
    pub fn interface(&self) -> Option<&str> {
        self.0.interface
    }

    /// Whether the same request may well succeed if it is made again.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// The constraint or column that was violated, where it is known.
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    /// The SQLSTATE, where the database gave one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// The form field to blame, where there is one.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The error of the app's own that was made one of these, if it is of this type.
    pub fn downcast_ref<T: StdError + 'static>(&self) -> Option<&T> {
        self.0.source.as_deref().and_then(|source| source.downcast_ref())
    }

    /// Where in the app it happened, where that is known.
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.0.location
    }

    /// The status to answer with: 503 for what may be tried again, what the contract says for a
    /// form that was not accepted, 404 for a blob that is not there, and 500 for the rest.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Answers with a page of plain text. Like [`Error::respond_with`].
    pub fn into_response(self) -> Response {
        self.respond_with(|_, text| Response::text(format!("{text}\n")))
    }

    /// Answers with a page of the app's own, made of the status and a text for the visitor. What
    /// the visitor is not shown goes to stderr; the headers that belong to the status are added.
    pub fn respond_with(self, page: impl FnOnce(u16, &str) -> Response) -> Response {
        let status = self.status();
        if status >= 500 {
            eprintln!("{self:?}");
        }
        let text = if status < 500 { self.message() } else { text_for(status) };
        let mut response = page(status, text).with_status(status);
        if let Some(allow) = &self.0.allow {
            response = response.with_header("allow", allow);
        }
        if status == 503 {
            response = response.with_header("retry-after", RETRY_AFTER_SECONDS);
        }
        response
    }
}

/// What a visitor is told where the app has no words of its own.
fn text_for(status: u16) -> &'static str {
    match status {
        404 => "There is nothing here.",
        405 => "This address does not take that method.",
        503 => "This page is in use just now. Please try again.",
        507 => "There is no room left for files.",
        _ => "Something went wrong. Nothing was changed.",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        if let Some(interface) = self.0.interface {
            write!(out, "{interface}: {}", self.0.code)?;
            if let Some(sqlstate) = &self.0.sqlstate {
                write!(out, " ({sqlstate})")?;
            }
            out.write_str(": ")?;
        }
        out.write_str(&self.0.message)
    }
}

/// As the log has it: the message, where in the app it happened, and what lies behind it.
impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{self}")?;
        if let Some(location) = self.0.location {
            write!(out, "\n  at {location}")?;
        }
        let mut source = self.source();
        while let Some(error) = source {
            write!(out, "\n  caused by: {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // Its own text is the message already.
        self.0.source.as_deref().and_then(StdError::source)
    }
}

impl From<DbError> for Error {
    #[track_caller]
    fn from(error: DbError) -> Error {
        let mut made = Error::new(if error.retryable { 503 } else { 500 }, error.message);
        made.0.interface = Some("db");
        made.0.code = error.code.into();
        made.0.retryable = error.retryable;
        made.0.constraint = error.constraint;
        made.0.sqlstate = Some(error.sqlstate).filter(|sqlstate| !sqlstate.is_empty());
        made
    }
}

impl From<BlobError> for Error {
    #[track_caller]
    fn from(error: BlobError) -> Error {
        let code = Code::from(error.code);
        let status = match code {
            _ if error.retryable => 503,
            Code::NotFound => 404,
            Code::TooLarge => 413,
            Code::UnsupportedType => 415,
            Code::BadForm | Code::Interrupted => 400,
            Code::QuotaExceeded => 507,
            _ => 500,
        };
        let mut made = Error::new(status, error.message);
        made.0.interface = Some("blob-upload");
        made.0.code = code;
        made.0.retryable = error.retryable;
        made.0.field = error.field;
        made
    }
}

impl From<SessionError> for Error {
    #[track_caller]
    fn from(error: SessionError) -> Error {
        let mut made = Error::new(if error.retryable { 503 } else { 500 }, error.message);
        made.0.interface = Some("session");
        made.0.code = error.code.into();
        made.0.retryable = error.retryable;
        made
    }
}

/// An [`Error`] inside is taken out again; one that lies behind another error still decides whether
/// to try again.
impl From<BoxedError> for Error {
    #[track_caller]
    fn from(error: BoxedError) -> Error {
        Error::from_boxed(error, Some(Location::caller()))
    }
}

/// What a [`blobs::Writer`](crate::blobs::Writer) or a `Reader` has put inside is taken out again.
impl From<std::io::Error> for Error {
    #[track_caller]
    fn from(error: std::io::Error) -> Error {
        error.downcast::<Error>().unwrap_or_else(Error::other)
    }
}

macro_rules! from_other_errors {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Error {
            #[track_caller]
            fn from(error: $error) -> Error {
                Error::other(error)
            }
        }
    )+};
}

from_other_errors! {
    String,
    &str,
    fmt::Error,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::ParseBoolError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
    std::time::SystemTimeError,
}

#[cfg(feature = "json")]
from_other_errors!(serde_json::Error);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Result;
    use crate::bindings::innkeeper::storage::blob_upload::BlobErrorCode;
    use crate::bindings::innkeeper::storage::db::DbErrorCode;

    fn violation(retryable: bool) -> DbError {
        DbError {
            code: DbErrorCode::UniqueViolation,
            sqlstate: "23505".to_owned(),
            message: "duplicate key".to_owned(),
            constraint: Some("entries_pkey".to_owned()),
            retryable,
        }
    }

    #[test]
    fn an_error_of_the_database_keeps_everything() {
        let error = Error::from(violation(false));
        assert_eq!((error.code(), error.status()), (Code::UniqueViolation, 500));
        assert_eq!((error.interface(), error.sqlstate()), (Some("db"), Some("23505")));
        assert_eq!(error.constraint(), Some("entries_pkey"));
        assert_eq!(error.to_string(), "db: unique-violation (23505): duplicate key");
        let response = error.into_response();
        assert_eq!(response.body(), b"Something went wrong. Nothing was changed.\n");
    }

    #[test]
    fn what_may_be_tried_again_is_unavailable_for_a_while() {
        let response = Error::from(violation(true)).into_response();
        assert_eq!((response.status(), response.header("retry-after")), (503, Some("2")));
    }

    #[test]
    fn a_form_that_is_not_accepted_has_the_status_of_the_contract() {
        for (code, status) in [
            (BlobErrorCode::TooLarge, 413),
            (BlobErrorCode::UnsupportedType, 415),
            (BlobErrorCode::BadForm, 400),
            (BlobErrorCode::QuotaExceeded, 507),
            (BlobErrorCode::NotFound, 404),
            (BlobErrorCode::Closed, 500),
        ] {
            let error = BlobError { code, message: String::new(), field: None, retryable: false };
            assert_eq!(Error::from(error).status(), status, "{code:?}");
        }
    }

    #[test]
    fn any_error_can_be_passed_on_and_says_where() {
        fn number() -> Result<i64> {
            Ok("x".parse::<i64>()?)
        }
        let error = number().unwrap_err();
        assert_eq!(error.status(), 500);
        assert!(error.location().unwrap().file().ends_with("error.rs"));
        let boxed: BoxedError = Error::new(403, "no").into();
        assert_eq!(Error::from(boxed).status(), 403);
    }

    #[test]
    fn an_error_behind_another_one_decides_whether_to_try_again() {
        #[derive(Debug)]
        struct Outer(Error);
        impl fmt::Display for Outer {
            fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("outer")
            }
        }
        impl StdError for Outer {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        let error = Error::other(Outer(violation(true).into()));
        assert_eq!((error.status(), error.retryable()), (503, true));
        assert!(format!("{error:?}").contains("caused by: db: unique-violation"), "{error:?}");
    }
}
