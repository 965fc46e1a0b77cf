//! From a statement to its rows, within bounds.

use super::conn::{Conn, MOST_LOOKS};
use super::error::translate;
use super::values::{self, Kind};
use crate::storage::connection::{Bounds, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use rusqlite::{CachedStatement, Row, Statement};

/// Why a statement was not run to its end.
enum Failure {
    /// It met this while it ran.
    Running(rusqlite::Error),
    /// Anything else.
    Told(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

/// Runs a statement. One that SQLite cannot compile anew in its first step is tried again where the
/// connection remembered other tables: it has changed nothing.
pub(super) fn run(conn: &Conn, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
    let mut looks = 0..MOST_LOOKS;
    loop {
        match attempt(conn, sql, params, bounds) {
            Ok(outcome) => return Ok(outcome),
            Err(Failure::Told(error)) => return Err(error),
            Err(Failure::Running(error)) if conn.was_outdated(&error) && looks.next().is_some() => {}
            Err(Failure::Running(error)) => return Err(conn.running_error(sql, &error)),
        }
    }
}

fn attempt(conn: &Conn, sql: &str, params: &[Value], bounds: &Bounds) -> std::result::Result<Outcome, Failure> {
    let mut statement = conn.prepare(sql).map_err(|e| translate(&e))?;
    bind(&mut statement, params)?;
    let before = conn.link.total_changes();
    let rows = collect(&mut statement, bounds);
    super::work::tell(sql, &statement);
    if conn.watch.is_definition() {
        // Compiled anew each time, for the authorizer has to see what SQLite does besides.
        statement.discard();
        return rows.map(|rows| Outcome { affected: 0, rows });
    }
    let rows = rows?;
    // A query leaves the count of the statement before it.
    let all = conn.link.total_changes().saturating_sub(before);
    let affected = if all == 0 { 0 } else { conn.link.changes() };
    if conn.watch.is_guest() && !statement.readonly() {
        conn.counters.get().note_changes(affected, all);
    }
    Ok(Outcome { affected, rows })
}

/// To SQLite `$2` is a name, numbered by where it stands first in the text; the number in the name
/// is the one that counts.
pub(super) fn bind(statement: &mut CachedStatement<'_>, params: &[Value]) -> Result<()> {
    let mut used = 0;
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).and_then(|name| name.strip_prefix('$'));
        let number: usize = name.and_then(|number| number.parse().ok()).unwrap_or_default();
        let value =
            number.checked_sub(1).and_then(|at| params.get(at)).ok_or_else(|| wrong_count(params, number))?;
        values::check(value)?;
        statement.raw_bind_parameter(index, values::to_sql(value)).map_err(|e| translate(&e))?;
        used = used.max(number);
    }
    if used == params.len() { Ok(()) } else { Err(wrong_count(params, used)) }
}

fn wrong_count(params: &[Value], wanted: usize) -> Error {
    Error::new(Code::BadParameter, format!("{} parameters given, {wanted} wanted", params.len()))
}

/// Columns are known for sure once the first step is done: in it SQLite compiles the statement anew
/// where tables have changed.
fn collect(statement: &mut CachedStatement<'_>, bounds: &Bounds) -> std::result::Result<Rows, Failure> {
    let mut kinds_of_columns = None;
    let mut rows = Vec::new();
    let mut bytes_left = bounds.bytes;
    let mut cursor = statement.raw_query();
    while let Some(row) = cursor.next().map_err(Failure::Running)? {
        if rows.len() >= bounds.rows {
            return Err(too_large("rows").into());
        }
        let kinds = kinds_of_columns.get_or_insert_with(|| kinds(row.as_ref()));
        let (values, size) = decode(row, kinds, bytes_left)?;
        bytes_left = bytes_left.checked_sub(size).ok_or_else(|| too_large("bytes"))?;
        rows.push(values);
    }
    drop(cursor);
    Ok(Rows { columns: columns(statement), rows })
}

/// Names of the columns of a statement that has taken its first step.
pub(super) fn columns(statement: &Statement<'_>) -> Vec<String> {
    statement.column_names().into_iter().map(str::to_owned).collect()
}

/// What the columns of a statement that has taken its first step were declared as.
pub(super) fn kinds(statement: &Statement<'_>) -> Vec<Kind> {
    statement.columns().iter().map(|column| values::kind_of(column.decl_type())).collect()
}

/// The values of a row, and what they count for in the limit of a result. Nothing is copied beyond
/// `most` bytes.
pub(super) fn decode(row: &Row<'_>, kinds: &[Kind], most: usize) -> Result<(Vec<Value>, usize)> {
    let mut size = 0_usize;
    let mut values = Vec::with_capacity(kinds.len());
    for (at, kind) in kinds.iter().enumerate() {
        let stored = row.get_ref(at).map_err(|e| translate(&e))?;
        if size.saturating_add(values::stored_bytes(stored)) > most {
            return Err(too_large("bytes"));
        }
        let value = values::from_sql(stored, *kind)?;
        size = size.saturating_add(value.size());
        values.push(value);
    }
    Ok((values, size))
}

pub(super) fn too_large(what: &str) -> Error {
    Error::new(Code::TooLarge, format!("the result has more {what} than allowed"))
}
