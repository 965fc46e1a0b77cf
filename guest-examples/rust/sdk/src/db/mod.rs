//! Rows: SQL over the app's own tables, in Postgres or in SQLite.
//!
//! Parameters are written `$1` to `$n` and given as a tuple; an array does for parameters of one
//! type. A row becomes a tuple, a single value, a struct made by [`row!`](crate::row!), or a
//! [`Row`] whose columns are read by name.
//!
//! ```no_run
//! # use innkeeper_sdk::{Result, db};
//! # fn example(name: &str) -> Result<()> {
//! db::execute("insert into guests (name, age) values ($1, $2)", (name, 36))?;
//! let adults: Vec<String> = db::query("select name from guests where age >= $1", [18])?;
//! let count: i64 = db::query_one("select count(*) from guests", ())?.unwrap_or(0);
//! # Ok(()) }
//! ```
//!
//! | Rust | value of the contract |
//! |---|---|
//! | `Option<T>` | `null` or that of `T` |
//! | `bool` | `boolean`; reads `integer` 0 and 1 too, SQLite's results of conditions |
//! | `i8` to `i64`, `u8` to `u64`, `usize` | `integer`; reads a whole `decimal` too, Postgres' sums |
//! | `f64`; `f32` only as a parameter | `float`; reads an `integer` of at most 53 bits too |
//! | [`Decimal`] | `decimal`; reads `integer` too |
//! | `String`, `&str` | `text` |
//! | `Vec<u8>`, `&[u8]` | `bytes` |
//! | [`Uuid`], [`Date`], [`Time`] | `uuid`, `date`, `time` |
//! | [`DateTime`], [`Instant`] | `datetime`, `instant` |
//! | `Json<T>`, `serde_json::Value` | `json` |
//! | [`Value`] | any, also `other` with the name of its type |
//!
//! What would lose something is an error, for example a number that is too large for its type.

mod convert;
mod cursor;
mod decimal;
mod instant;
#[cfg(feature = "json")]
mod json;
mod migration;
mod params;
mod row;
mod table;
mod time;
mod transaction;
mod uuid;

pub use convert::{FromValue, ToValue};
pub use cursor::{Cursor, cursor};
pub use decimal::Decimal;
pub use instant::Instant;
#[cfg(feature = "json")]
pub use json::Json;
pub use migration::{Migration, migrate, migration};
pub use params::Params;
pub use row::{FromRow, Row};
pub use table::{Column, Table, table};
pub use time::NotATime;
pub use transaction::{Transaction, TransactionOptions, begin, begin_with, transaction};
pub use uuid::Uuid;

pub use crate::bindings::innkeeper::storage::db::{
    ColumnType, Date, Datetime as DateTime, Isolation, OnDelete, OtherValue, Time, Value,
};

use crate::Result;
use crate::bindings::innkeeper::storage::db as wit;

/// Runs a statement and returns all its rows: SELECT, or INSERT, UPDATE, DELETE with RETURNING.
#[track_caller]
pub fn query<T: FromRow>(sql: &str, params: impl Params) -> Result<Vec<T>> {
    row::all(wit::query(sql, &params.to_values()?)?)
}

/// Runs a statement and returns its first row, if there is one.
#[track_caller]
pub fn query_one<T: FromRow>(sql: &str, params: impl Params) -> Result<Option<T>> {
    row::first(wit::query(sql, &params.to_values()?)?)
}

/// Runs a statement and returns the number of rows that it inserted, updated or deleted.
#[track_caller]
pub fn execute(sql: &str, params: impl Params) -> Result<u32> {
    Ok(wit::execute(sql, &params.to_values()?)?)
}

/// A statement with its parameters, for [`batch`].
pub struct Statement(wit::Statement);

/// A statement for [`batch`].
#[track_caller]
pub fn statement(sql: &str, params: impl Params) -> Result<Statement> {
    Ok(Statement(wit::Statement { sql: sql.to_owned(), params: params.to_values()? }))
}

/// What one statement of a [`batch`] did.
pub struct Outcome {
    /// Rows inserted, updated or deleted.
    pub affected: u32,
    /// Rows of a query or of a RETURNING clause.
    pub rows: Vec<Row>,
}

/// Runs up to 1,000 statements one after the other, all or none.
#[track_caller]
pub fn batch(statements: impl IntoIterator<Item = Statement>) -> Result<Vec<Outcome>> {
    let statements: Vec<_> = statements.into_iter().map(|statement| statement.0).collect();
    let mut outcomes = Vec::new();
    for outcome in wit::batch(&statements)? {
        outcomes.push(Outcome { affected: outcome.affected, rows: row::all(outcome.rows)? });
    }
    Ok(outcomes)
}

/// Keeps everything that this request has written so far, and begins a new unit of work.
#[track_caller]
pub fn commit() -> Result<()> {
    Ok(wit::commit()?)
}

/// Undoes everything that this request has written since it began or since the last [`commit`], in
/// rows, files and session.
#[track_caller]
pub fn rollback() -> Result<()> {
    Ok(wit::rollback()?)
}
