//! The one translation of Postgres' errors into ours (PostgreSQL documentation, appendix A, "PostgreSQL Error Codes").

use crate::storage::{Code, Error};
use sqlx::postgres::PgDatabaseError;

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

/// Whether an error of [`translate`] means that the connection is gone, so that nothing more can be said over it.
pub(super) fn is_lost(error: &Error) -> bool {
    error.code == Code::Unavailable
}

fn from_server(error: &PgDatabaseError) -> Error {
    let constraint = error.constraint().or_else(|| error.column()).map(str::to_owned);
    let mut translated = Error {
        code: code_of(error.code()),
        sqlstate: error.code().to_owned(),
        message: error.message().to_owned(),
        constraint,
    };
    // A table changed since the statement was prepared: the next attempt prepares it anew.
    if translated.is_stale_plan() && translated.sqlstate == "0A000" {
        translated.code = Code::Serialization;
    }
    translated.with_type_of_column()
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
