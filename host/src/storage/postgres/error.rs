//! The one translation of Postgres' errors into ours (PostgreSQL documentation, appendix A,
//! "PostgreSQL Error Codes").

use crate::storage::{Code, Error};
use sqlx::postgres::PgDatabaseError;
use std::borrow::Cow;

/// What a driver's error means. Never contains the connection string.
pub(super) fn translate(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => from_server(error),
            None => Error::new(Code::Other, "the database reported an error"),
        },
        sqlx::Error::Io(error) => Error::unavailable(format!("cannot reach the database: {}", error.kind())),
        sqlx::Error::Tls(error) => Error::unavailable(format!("no TLS connection to the database: {error}")),
        sqlx::Error::Protocol(text) => Error::unavailable(format!("the database broke the protocol: {text}")),
        sqlx::Error::Configuration(error) => Error::unavailable(format!("bad database settings: {error}")),
        other => Error::new(Code::Other, format!("database driver: {other}")),
    }
}

/// Whether an error of [`translate`] means that the connection is gone, so that nothing more can be
/// said over it.
pub(super) fn is_lost(error: &Error) -> bool {
    error.code == Code::Unavailable
}

fn from_server(error: &PgDatabaseError) -> Error {
    let constraint = error.constraint().or_else(|| error.column());
    server_error(error.code(), error.message(), constraint)
}

/// The error that the fields of a server's message describe. They may be cut off (PostgreSQL
/// documentation, "Error and Notice Message Fields").
pub(super) fn from_fields(fields: &[u8]) -> Error {
    let field = |wanted: u8| {
        let mut fields = fields.split(|byte| *byte == 0);
        let text = fields.find_map(|field| field.strip_prefix(&[wanted]))?;
        Some(whole_characters(text))
    };
    let constraint = field(b'n').or_else(|| field(b'c'));
    server_error(&field(b'C').unwrap_or_default(), &field(b'M').unwrap_or_default(), constraint.as_deref())
}

/// A text without the character at its end that was cut.
fn whole_characters(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(text.get(..error.valid_up_to()).unwrap_or_default())
        }
        _ => String::from_utf8_lossy(text),
    }
}

fn server_error(sqlstate: &str, message: &str, constraint: Option<&str>) -> Error {
    let mut error = Error {
        code: code_of(sqlstate),
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
        constraint: constraint.map(str::to_owned),
    };
    // A table changed since the statement was prepared: the next attempt prepares it anew.
    if error.is_stale_plan() && error.sqlstate == "0A000" {
        error.code = Code::Serialization;
    }
    error.with_type_of_column()
}

fn code_of(sqlstate: &str) -> Code {
    match sqlstate {
        "23505" | "23P01" => Code::UniqueViolation,
        "23503" | "23001" => Code::ForeignKeyViolation,
        "23502" => Code::NotNullViolation,
        "23514" => Code::CheckViolation,
        "40001" | "40P01" => Code::Serialization,
        "25006" => Code::ReadOnly,
        "25P03" | "25P04" => Code::Unavailable,
        "57014" => Code::Timeout,
        "55P03" | "53300" => Code::Busy,
        "53100" => Code::DiskFull,
        "42501" => Code::Denied,
        "25P02" => Code::Closed,
        _ => code_of_class(sqlstate.get(..2).unwrap_or_default()),
    }
}

fn code_of_class(class: &str) -> Code {
    match class {
        "08" | "28" | "3D" | "57" => Code::Unavailable,
        "22" => Code::BadParameter,
        "42" | "3F" | "0A" => Code::Syntax,
        "54" => Code::TooLarge,
        _ => Code::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_an_error_are_read_also_where_they_are_cut_off() {
        let fields = b"SERROR\0VERROR\0C23505\0Mduplicate key\0Ddetail\0sapp_x\0tnotes\0nnotes_pkey\0\0";
        let error = from_fields(fields);
        assert_eq!((error.code, error.sqlstate.as_str()), (Code::UniqueViolation, "23505"));
        assert_eq!((error.message.as_str(), error.constraint.as_deref()), ("duplicate key", Some("notes_pkey")));
        let error = from_fields("C22P02\0Mvalue \u{20ac}".as_bytes().split_last().unwrap().1);
        assert_eq!((error.sqlstate.as_str(), error.message.as_str()), ("22P02", "value "));
    }
}
