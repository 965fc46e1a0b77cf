//! The one translation of SQLite's errors into ours (SQLite documentation, "Result and Error
//! Codes").

use crate::storage::schema::names;
use crate::storage::{Code, Error};
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Beginnings of the messages about limits of the engine, which has no code for them (SQLite's
/// `src/parse.y`, `src/expr.c`, `src/select.c`).
const LIMITS: [&str; 5] = [
    "too many columns",
    "too many terms in compound SELECT",
    "too many arguments on function",
    "too many SQL variables",
    "Expression tree is too large",
];

/// Beginning of what it says of a function that the authorizer denies (SQLite: `src/resolve.c`).
const DENIED: &str = "not authorized to use function";

/// Messages about rows that come without a code of their own: from RESTRICT, which is a trigger to
/// SQLite, and from ALTER TABLE, where rows do not meet what is added (SQLite: `src/fkey.c`,
/// `src/alter.c`).
const ABOUT_ROWS: [(&str, Code); 5] = [
    ("FOREIGN KEY constraint failed", Code::ForeignKeyViolation),
    ("CHECK constraint failed", Code::CheckViolation),
    ("NOT NULL constraint failed", Code::NotNullViolation),
    ("Cannot add a NOT NULL column with default value NULL", Code::NotNullViolation),
    ("type mismatch on DEFAULT", Code::BadParameter),
];

/// What a driver's error means.
pub(super) fn translate(error: &rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => from_engine(*failure, message.as_deref()),
        rusqlite::Error::SqlInputError { error, msg, .. } => from_engine(*error, Some(msg)),
        rusqlite::Error::InvalidParameterCount(given, wanted) => {
            Error::new(Code::BadParameter, format!("{given} parameters given, {wanted} wanted"))
        }
        rusqlite::Error::Utf8Error(..) => Error::new(Code::BadParameter, "a text in the database is not UTF-8"),
        other => Error::new(Code::Other, format!("database driver: {other}")),
    }
}

/// What an error means that a statement met while it ran: its text has been found good before, so a
/// value is at fault (an overflow, JSON that is none), unless tables have changed meanwhile.
pub(super) fn translate_running(error: &rusqlite::Error) -> Error {
    let error = translate(error);
    match error.code {
        Code::Syntax if !error.message.starts_with("no such ") => Error { code: Code::BadParameter, ..error },
        _ => error,
    }
}

fn from_engine(failure: ffi::Error, message: Option<&str>) -> Error {
    let message = message.map_or_else(|| failure.to_string(), str::to_owned);
    let about_rows = ABOUT_ROWS.iter().find(|(told, _)| message == *told).map(|(_, code)| *code);
    let is_limit = LIMITS.iter().any(|limit| message.starts_with(limit));
    let is_denied = message.starts_with(DENIED);
    let told = message.split_once("constraint failed: ").map(|(_, told)| told);
    let constraint = told.map(|told| constraint_name(failure.extended_code, told));
    // A check that stands in a trigger, because its table was there before it.
    let by_trigger = failure.extended_code == ffi::SQLITE_CONSTRAINT_TRIGGER && told.is_some();
    let code = match about_rows {
        Some(code) => code,
        None if is_limit => Code::TooLarge,
        None if is_denied => Code::Denied,
        None if by_trigger => Code::CheckViolation,
        None => code_of(failure),
    };
    Error { code, sqlstate: String::new(), message, constraint }.with_type_of_column()
}

/// What Postgres would call the constraint. SQLite tells the columns of a key, `people.name,
/// people.born`, and the name of a check.
fn constraint_name(extended: i32, told: &str) -> String {
    let mut columns = told.split(", ").filter_map(|column| column.split_once('.')).peekable();
    let Some((table, column)) = columns.peek().copied() else { return told.to_owned() };
    match extended {
        ffi::SQLITE_CONSTRAINT_NOTNULL => column.to_owned(),
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => names::primary_key(table),
        ffi::SQLITE_CONSTRAINT_UNIQUE => {
            names::unique(table, &columns.map(|(_, column)| column).collect::<Vec<_>>())
        }
        _ => told.to_owned(),
    }
}

fn code_of(failure: ffi::Error) -> Code {
    match failure.code {
        ErrorCode::ConstraintViolation => constraint_code(failure.extended_code),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Code::Busy,
        ErrorCode::OperationInterrupted => Code::Timeout,
        ErrorCode::TooBig | ErrorCode::OutOfMemory => Code::TooLarge,
        ErrorCode::AuthorizationForStatementDenied => Code::Denied,
        ErrorCode::ReadOnly => Code::ReadOnly,
        ErrorCode::CannotOpen
        | ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::PermissionDenied => Code::Unavailable,
        ErrorCode::DiskFull => Code::DiskFull,
        ErrorCode::TypeMismatch | ErrorCode::ParameterOutOfRange => Code::BadParameter,
        // Others are for collations that are missing, and for what SQLite tries again by itself.
        ErrorCode::Unknown if failure.extended_code & 0xff == ffi::SQLITE_ERROR => Code::Syntax,
        _ => Code::Other,
    }
}

fn constraint_code(extended: i32) -> Code {
    match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            Code::UniqueViolation
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Code::ForeignKeyViolation,
        ffi::SQLITE_CONSTRAINT_NOTNULL => Code::NotNullViolation,
        ffi::SQLITE_CONSTRAINT_CHECK => Code::CheckViolation,
        ffi::SQLITE_CONSTRAINT_DATATYPE => Code::BadParameter,
        _ => Code::Other,
    }
}
