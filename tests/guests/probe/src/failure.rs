//! What went wrong in a step, as JSON.

use std::fmt::Debug;

use guest::bindings::innkeeper::storage::blob_upload::BlobError;
use guest::bindings::innkeeper::storage::db::DbError;
use guest::bindings::innkeeper::storage::session::SessionError;
use guest::bindings::wasi::config::store;
use guest::bindings::wasi::http::types::HeaderError;
use serde_json::{Value as Json, json};

/// A failed step. Every result names every member, so that a test can compare whole errors.
#[derive(Default)]
pub struct Failure {
    code: String,
    message: String,
    sqlstate: Option<String>,
    constraint: Option<String>,
    retryable: Option<bool>,
    field: Option<String>,
}

impl Failure {
    /// The step itself is wrong: the host has not been asked.
    pub fn bad_step(message: &str) -> Failure {
        Failure::new("bad-step", message)
    }

    /// No operation has that name.
    pub fn unknown_op() -> Failure {
        Failure::new("unknown-op", "there is no such operation")
    }

    /// A failure with a code of the probe's own.
    pub fn new(code: &str, message: &str) -> Failure {
        Failure { code: code.to_owned(), message: message.to_owned(), ..Failure::default() }
    }

    /// The inside of `{"error":...}`.
    pub fn to_json(&self) -> Json {
        json!({
            "code": self.code,
            "message": self.message,
            "sqlstate": self.sqlstate,
            "constraint": self.constraint,
            "retryable": self.retryable,
            "field": self.field,
        })
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Failure {
        Failure {
            code: kebab(error.code),
            message: error.message,
            sqlstate: Some(error.sqlstate),
            constraint: error.constraint,
            retryable: Some(error.retryable),
            field: None,
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Failure {
        Failure { retryable: Some(error.retryable), ..Failure::new(&kebab(error.code), &error.message) }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Failure {
        let (retryable, field) = (Some(error.retryable), error.field);
        Failure { retryable, field, ..Failure::new(&kebab(error.code), &error.message) }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Failure {
        match error {
            store::Error::Upstream(message) => Failure::new("upstream", &message),
            store::Error::Io(message) => Failure::new("io", &message),
        }
    }
}

impl From<HeaderError> for Failure {
    fn from(error: HeaderError) -> Failure {
        Failure::new(&kebab(error), "the host refuses a header")
    }
}

/// The name of an enum's case in the contract. The bindings keep it in another spelling only:
/// `DbErrorCode::TooLarge`.
fn kebab(case: impl Debug) -> String {
    let debug = format!("{case:?}");
    let name = debug.rsplit("::").next().unwrap_or_default();
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;
    use guest::bindings::innkeeper::storage::db::DbErrorCode;

    #[test]
    fn codes_are_spelt_as_in_the_contract() {
        assert_eq!(kebab(DbErrorCode::ForeignKeyViolation), "foreign-key-violation");
        assert_eq!(kebab(HeaderError::InvalidSyntax), "invalid-syntax");
    }
}
