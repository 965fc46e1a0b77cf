//! What SQLite does by itself, asked of a connection that knows no function of ours.

use super::too_big;
use rusqlite::functions::{Context, SubType};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Params, Result};
use std::cell::RefCell;

/// Marks a text as a JSON document to other functions for JSON (SQLite: `JSON_SUBTYPE` in
/// `src/json.c`).
const JSON: u32 = 74;

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// The one value that a query without tables gives.
fn ask<T: rusqlite::types::FromSql>(sql: &str, params: impl Params) -> Result<T> {
    CONNECTION.with_borrow_mut(|slot| {
        let connection = match slot {
            Some(connection) => connection,
            None => slot.insert(Connection::open_in_memory()?),
        };
        connection.prepare_cached(sql)?.query_row(params, |row| row.get(0))
    })
}

/// A number as SQLite writes it.
pub(super) fn print_float(number: f64) -> Result<Vec<u8>> {
    ask::<String>("select cast(?1 as text)", [number]).map(String::into_bytes)
}

/// `json_patch` and `jsonb_patch`, for documents whose lengths multiplied are `most` at most.
pub(super) fn patch(context: &Context<'_>, name: &str, most: usize) -> Result<(Value, SubType)> {
    let length = |at: usize| match context.get_raw(at) {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        _ => 0,
    };
    if length(0).saturating_mul(length(1)) > most {
        return Err(too_big());
    }
    let documents = [0, 1].map(|at| ToSqlOutput::Borrowed(context.get_raw(at)));
    let patched: Value = ask(&format!("select {name}(?1, ?2)"), documents)?;
    let subtype = (name == "json_patch" && patched != Value::Null).then_some(JSON);
    Ok((patched, subtype))
}
