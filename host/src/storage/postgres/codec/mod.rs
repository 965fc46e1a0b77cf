//! Values on their way to Postgres and back, in its binary format.
//!
//! Every parameter is sent and every column is asked for in binary, so each type has to be known
//! here: [`value`] reads one cell, [`parameters`] writes those of one statement for the types that
//! the server inferred. All of it is by hand, because the conversions of sqlx panic on dates that
//! Postgres can hold and chrono cannot (`infinity`, 294276-12-31). The formats are those of the
//! `*_send` and `*_recv` functions in PostgreSQL's `src/backend/utils/adt`.
//!
//! Start with `decode` and `encode`. A type without a variant of [`crate::storage::value::Value`]
//! is read as Postgres writes it (`text`, `nested`); the text assumes the settings of our sessions:
//! `DateStyle` ISO, `IntervalStyle` postgres, `TimeZone` UTC, `bytea_output` hex,
//! `extra_float_digits` 1.

mod decode;
mod encode;
mod fit;
mod float;
mod moment;
mod nested;
mod network;
mod numeric;
mod scalar;
#[cfg(test)]
mod tests;
mod text;
mod types;

pub(in crate::storage) use decode::value;
pub(in crate::storage) use encode::{Parameters, parameters};

/// Why a value cannot pass between Postgres and us. No text contains a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::storage) enum CodecError {
    /// A parameter, or the number of them, does not fit the statement.
    #[error("{message}")]
    BadParameter {
        /// Names the parameter by its number.
        message: String,
    },
    /// A column has a type whose text form only the server can produce.
    #[error("values of type {type_name} cannot be returned as they are: cast the column, for example `col::text`")]
    Unsupported {
        /// The server's name of the type.
        type_name: String,
    },
    /// The text of an array, a range or a row has become longer than any value may be.
    #[error("a value of type {type_name} is too large")]
    TooLarge {
        /// The server's name of the type.
        type_name: String,
    },
    /// The bytes are not what the type's binary format prescribes.
    #[error("the database sent a malformed value of type {type_name}")]
    Malformed {
        /// The server's name of the type.
        type_name: String,
    },
}
