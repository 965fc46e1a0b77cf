//! What can go wrong in storage, in the words of the `db` interface.
//!
//! Both engines translate their own errors into these codes once (`postgres/error.rs`,
//! `sqlite/error.rs`); everyone above reads codes and never a driver's error.

use super::statement::{Refusal, RefusalCode};
use std::fmt;

/// The kind of a failure. The same names as `db-error-code` in `wit/db.wit`, where each is
/// explained; `DiskFull` has none of its own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The database cannot be reached.
    Unavailable,
    /// Connections or the write lock stayed taken for too long.
    Busy,
    /// The statement ran out of time and was cancelled.
    Timeout,
    /// No SQL, or an unknown table, column or function.
    Syntax,
    /// A unique constraint was violated.
    UniqueViolation,
    /// A foreign key was violated.
    ForeignKeyViolation,
    /// A NULL where none may stand.
    NotNullViolation,
    /// A check constraint was violated.
    CheckViolation,
    /// Another transaction got in between.
    Serialization,
    /// The database takes no writes.
    ReadOnly,
    /// The disk under the database has no room. Guests know it as `read-only`.
    DiskFull,
    /// Not allowed to a guest.
    Denied,
    /// A parameter does not fit.
    BadParameter,
    /// The thing asked for is not there.
    NotFound,
    /// A limit is exceeded.
    TooLarge,
    /// Contradicts what was done before.
    Conflict,
    /// The transaction has ended.
    Closed,
    /// The connection was lost while a commit was under way.
    CommitUnknown,
    /// Anything else.
    Other,
}

/// A failure of the database, with what a guest may know of it.
#[derive(Debug, Clone)]
pub struct Error {
    /// What kind of failure it is.
    pub code: Code,
    /// Five characters, or empty where the database gave none.
    pub sqlstate: String,
    /// For a person to read; holds no value of a parameter.
    pub message: String,
    /// The constraint or column that was violated, where known.
    pub constraint: Option<String>,
}

impl Error {
    /// A failure that the host itself found.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, sqlstate: String::new(), message: message.into(), constraint: None }
    }

    /// The database cannot be reached.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// The same with the variable or option that it is about in front.
    pub fn about(self, name: &str) -> Self {
        Self { message: format!("{name}: {}", self.message), ..self }
    }

    /// The unit of work or transaction has ended.
    pub fn closed(message: impl Into<String>) -> Self {
        Self::new(Code::Closed, message)
    }

    /// The thing named is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// A row of a host table does not look as the host wrote it.
    pub(crate) fn malformed(what: &str) -> Self {
        Self::new(Code::Other, format!("malformed row: {what}"))
    }

    /// Whether the same request may succeed if it is made again.
    pub fn retryable(&self) -> bool {
        matches!(self.code, Code::Unavailable | Code::Busy | Code::Serialization)
    }

    /// A check that keeps values of other types out of a column is the same to a guest as a
    /// parameter that does not fit its type.
    pub(super) fn with_type_of_column(mut self) -> Self {
        let name = self.constraint.as_deref().and_then(|name| name.strip_prefix(super::schema::TYPE_CONSTRAINT));
        if let (Code::CheckViolation, Some(column)) = (self.code, name) {
            self.message = format!("column {column}: the value is not of the column's type");
            self.code = Code::BadParameter;
        }
        self
    }

    /// Whether a prepared statement no longer fits a table that has changed since: "cached plan
    /// must not change result type" (`plancache.c`), or parameters that were given other types
    /// (`datatype_mismatch`).
    pub(super) fn is_stale_plan(&self) -> bool {
        self.sqlstate == "42804" || (self.sqlstate == "0A000" && self.message.contains("cached plan"))
    }

    /// Whether the server has found something wrong with the text of a statement (PostgreSQL
    /// documentation, "PostgreSQL Error Codes", class 42).
    pub(super) fn is_about_the_text(&self) -> bool {
        self.sqlstate.starts_with("42")
    }

    /// The disk under the database has no room.
    pub(crate) fn disk_full() -> Self {
        Self::new(Code::DiskFull, "the disk of the database is full: rows can be read and deleted, not added")
    }

    /// Whether nothing can be written for now, while reading goes on.
    pub fn takes_no_writes(&self) -> bool {
        matches!(self.code, Code::ReadOnly | Code::DiskFull)
    }

    /// Whether what the host asks of its own database may succeed later without a change to it.
    pub fn is_transient(&self) -> bool {
        let may_pass = matches!(self.code, Code::Timeout | Code::CommitUnknown);
        may_pass || self.retryable() || self.takes_no_writes()
    }

    /// Whether it is of use to know that this has undone what a request wrote: trying again helps,
    /// or room has to be made.
    pub(super) fn is_telling(&self) -> bool {
        self.retryable() || self.takes_no_writes() || self.code == Code::TooLarge
    }

    /// Whether this is about the database and not about the app that uses it. An app that has used
    /// up its own connections, or waits for its own locks, is busy by its own doing; where the
    /// server has no connection for anybody, or another process has SQLite's file, it is not.
    pub fn is_fault_of_database(&self) -> bool {
        match self.code {
            // The server ends a transaction in which nothing is done for too long.
            Code::Unavailable => !matches!(self.sqlstate.as_str(), "25P03" | "25P04"),
            Code::CommitUnknown => true,
            Code::Busy => self.sqlstate == "53300" || self.message.contains("database is locked"),
            _ => self.takes_no_writes(),
        }
    }

    /// Whether the connection or server is at fault rather than the statement: answered with 503.
    pub fn is_outage(&self) -> bool {
        matches!(self.code, Code::Unavailable | Code::Busy)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.code {
            RefusalCode::Denied => Code::Denied,
            RefusalCode::Syntax => Code::Syntax,
            RefusalCode::BadParameter => Code::BadParameter,
            RefusalCode::TooLarge => Code::TooLarge,
        };
        Self::new(code, refusal.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sqlstate.as_str() {
            "" => f.write_str(&self.message),
            state => write!(f, "{} (SQLSTATE {state})", self.message),
        }
    }
}

impl std::error::Error for Error {}

/// What storage functions return.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: Code, sqlstate: &str, message: &str) -> Error {
        Error { sqlstate: sqlstate.to_owned(), ..Error::new(code, message) }
    }

    #[test]
    fn what_an_app_does_to_itself_is_no_fault_of_the_database() {
        for (code, sqlstate, message, expected) in [
            (Code::Unavailable, "57P01", "terminating connection", true),
            (Code::Unavailable, "25P03", "idle-in-transaction timeout", false),
            (Code::Busy, "", "all database connections are in use", false),
            (Code::Busy, "55P03", "lock timeout", false),
            (Code::Busy, "53300", "too many clients", true),
            (Code::Busy, "", "database is locked", true),
            (Code::ReadOnly, "25006", "cannot execute INSERT in a read-only transaction", true),
            (Code::DiskFull, "", "", true),
            (Code::UniqueViolation, "23505", "", false),
            (Code::Timeout, "57014", "", false),
        ] {
            assert_eq!(error(code, sqlstate, message).is_fault_of_database(), expected, "{code:?} {message}");
        }
    }
}
