//! From a statement to its rows, within bounds.

use super::codec;
use super::conn::Conn;
use super::error::translate;
use super::pool::PostgresPool;
use super::relay::Next;
use crate::storage::connection::{Bounds, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use sqlx::postgres::{PgArguments, PgRow, PgStatement};
use sqlx::{AssertSqlSafe, Column, Either, Executor, Row, SqlSafeStr, Statement, TypeInfo as _};
use std::sync::OnceLock;

/// A row that has more bytes is never read into memory, whatever else its statement may ask for: as
/// much as an export takes.
const MOST_ROW_BYTES: usize = 64 << 20;
/// What a row has beside the contents of its values: four bytes for each of at most 1,664 columns,
/// and some.
const ROW_OVERHEAD: usize = 64 << 10;

/// The bytes of one row that may be read into memory.
fn row_limit(bounds: &Bounds) -> usize {
    bounds.bytes.min(MOST_ROW_BYTES).saturating_add(ROW_OVERHEAD)
}

/// Prepares a statement, or finds it prepared. Statements are kept by their text, and the same text means other tables to another
/// app, so the text begins with the schema.
pub(super) async fn prepare(conn: &mut Conn, sql: &str) -> Result<PgStatement> {
    let schema = conn.schema.as_deref().unwrap_or_default();
    let text = AssertSqlSafe(format!("/*{schema}*/{sql}")).into_sql_str();
    let statement = conn.relay.carry((&mut conn.link).prepare(text)).await?;
    conn.prepared.note(sql, statement.columns().len(), has_plain_parameters(&statement));
    Ok(statement)
}

/// Whether whatever can be written for the parameters is taken by the server without a further look: JSON, for one, it reads first.
fn has_plain_parameters(statement: &PgStatement) -> bool {
    const PLAIN: [&str; 16] = [
        "BOOL",
        "INT2",
        "INT4",
        "INT8",
        "FLOAT4",
        "FLOAT8",
        "NUMERIC",
        "TEXT",
        "VARCHAR",
        "BYTEA",
        "UUID",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "INTERVAL",
    ];
    match statement.parameters() {
        Some(Either::Left(wanted)) => wanted.iter().all(|info| PLAIN.contains(&info.name())),
        _ => true,
    }
}

/// The parameters as the statement takes them.
pub(super) fn arguments(statement: &PgStatement, params: &[Value]) -> Result<PgArguments> {
    let encoded = match statement.parameters() {
        Some(Either::Left(wanted)) => codec::arguments(params, wanted),
        _ => codec::arguments(params, &[]),
    };
    encoded.map_err(|error| codec_error(&error))
}

/// Names of the columns; they come from the prepared statement, so they are there when no row is.
pub(super) fn columns(statement: &PgStatement) -> Vec<String> {
    statement.columns().iter().map(|column| column.name().to_owned()).collect()
}

/// What becomes of a result that exceeds its bounds. The rest of it has to be read before the
/// connection can be used again.
pub(super) struct Excess<'a> {
    /// Whether the rest is read and forgotten, which disturbs no transaction, instead of being
    /// cancelled.
    pub(super) drain: bool,
    /// What is wrong with the result.
    pub(super) failure: &'a OnceLock<Error>,
}

/// Runs a statement and collects its rows. What exceeds the bounds is cancelled on the server,
/// which ends a transaction, or read and forgotten. The inner failure is one that the server knows
/// nothing of: the connection is as it was.
pub(super) async fn collect(
    conn: &mut Conn,
    pool: &PostgresPool,
    sql: &str,
    params: &[Value],
    bounds: &Bounds,
    excess: &Excess<'_>,
) -> Result<Result<Outcome>> {
    let statement = prepare(conn, sql).await?;
    let arguments = match arguments(&statement, params) {
        Ok(arguments) => arguments,
        Err(error) => return Ok(Err(error)),
    };
    let rows = Rows { columns: columns(&statement), rows: Vec::new() };
    let mut outcome = Outcome { affected: 0, rows };
    let mut budget = Budget { rows: bounds.rows, bytes: bounds.bytes };
    let failure = excess.failure;
    conn.relay.set_row_limit(Some(row_limit(bounds)));
    let mut steps = (&mut conn.link).fetch_many(statement.query_with(arguments));
    loop {
        let exceeds = match conn.relay.next(&mut steps).await {
            Ok(Next::End) => break,
            Err(error) => return Err(failure.get().cloned().unwrap_or(error)),
            Ok(Next::LeftOut) => failure.set(too_large("bytes")).is_ok(),
            Ok(Next::Item(Either::Left(done))) => {
                outcome.affected += done.rows_affected();
                false
            }
            Ok(Next::Item(Either::Right(row))) => take_row(&row, &mut outcome.rows, &mut budget, failure),
        };
        if exceeds && !excess.drain {
            pool.cancel(conn.backend).await;
        }
    }
    drop(steps);
    conn.let_go().await?;
    if conn.relay.left_out() > 0 {
        let _ = failure.set(too_large("bytes"));
    }
    Ok(failure.get().cloned().map_or(Ok(outcome), Err))
}

/// What to take from which cursor.
pub(super) struct Piece<'a> {
    pub(super) number: u32,
    pub(super) count: u32,
    pub(super) bounds: &'a Bounds,
    /// What is wrong with the rows.
    pub(super) failure: &'a OnceLock<Error>,
}

/// Takes at most `count` further rows from a cursor. Rows behind the bound of bytes are not kept in memory: the cursor goes back
/// to before them.
pub(super) async fn fetch(conn: &mut Conn, pool: &PostgresPool, piece: &Piece<'_>) -> Result<Outcome> {
    let Piece { number, count, bounds, failure } = *piece;
    // Not to be kept prepared: the same text has other columns the next time.
    let text = AssertSqlSafe(format!("fetch forward {count} from c{number}"));
    let mut rows = Rows::default();
    let mut budget = Budget { rows: bounds.rows, bytes: bounds.bytes };
    let (mut received, mut is_cut) = (0_u32, false);
    conn.relay.set_row_limit(Some(row_limit(bounds)));
    let mut steps = (&mut conn.link).fetch_many(sqlx::query(text).persistent(false));
    loop {
        let exceeds = match conn.relay.next(&mut steps).await {
            Ok(Next::End) => break,
            Err(error) => return Err(failure.get().cloned().unwrap_or(error)),
            Ok(Next::LeftOut) => {
                is_cut = true;
                false
            }
            Ok(Next::Item(Either::Left(_))) => false,
            Ok(Next::Item(Either::Right(row))) => {
                received = received.saturating_add(1);
                take_row(&row, &mut rows, &mut budget, failure)
            }
        };
        // Those before the first one that was left out may still be on their way.
        let is_last = is_cut && u64::from(received) == conn.relay.let_in();
        let exceeds = exceeds || (is_last && failure.set(too_large("bytes")).is_ok());
        // Without a row to hand out the cursor ends here.
        if exceeds && rows.rows.is_empty() {
            pool.cancel(conn.backend).await;
        }
    }
    drop(steps);
    conn.let_go().await?;
    let left_out = u32::try_from(conn.relay.left_out()).unwrap_or(u32::MAX);
    if left_out > 0 {
        received = received.saturating_add(left_out);
        let _ = failure.set(too_large("bytes"));
    }
    let kept = u32::try_from(rows.rows.len()).unwrap_or(u32::MAX);
    match failure.get() {
        Some(error) if kept == 0 || error.code != Code::TooLarge => return Err(error.clone()),
        Some(_) => step_back(conn, number, received, kept, count).await?,
        None => {}
    }
    Ok(Outcome { affected: 0, rows })
}

/// Behind the last row there is one more place, where a cursor stands that has found fewer rows than it was asked for.
async fn step_back(conn: &mut Conn, number: u32, received: u32, kept: u32, count: u32) -> Result<()> {
    let behind = u32::from(received < count);
    let steps = received.saturating_sub(kept).saturating_add(behind);
    conn.script(&format!("move backward {steps} from c{number}")).await
}

struct Budget {
    rows: usize,
    bytes: usize,
}

/// Adds a row to those before it, or notes why it cannot be kept. None is kept after one that could
/// not be. Returns whether this is the first of those.
fn take_row(row: &PgRow, rows: &mut Rows, budget: &mut Budget, failure: &OnceLock<Error>) -> bool {
    failure.get().is_none() && decode_row(row, rows, budget).is_err_and(|error| failure.set(error).is_ok())
}

fn decode_row(row: &PgRow, rows: &mut Rows, budget: &mut Budget) -> Result<()> {
    let mut values = Vec::with_capacity(rows.columns.len());
    for at in 0..row.len() {
        let cell = row.try_get_raw(at).map_err(translate)?;
        let value = codec::value(cell).map_err(|e| codec_error(&e))?;
        budget.bytes = budget.bytes.checked_sub(value.size()).ok_or_else(|| too_large("bytes"))?;
        values.push(value);
    }
    budget.rows = budget.rows.checked_sub(1).ok_or_else(|| too_large("rows"))?;
    rows.rows.push(values);
    Ok(())
}

fn too_large(what: &str) -> Error {
    Error::new(Code::TooLarge, format!("the result has more {what} than allowed"))
}

fn codec_error(error: &codec::CodecError) -> Error {
    let code = match error {
        codec::CodecError::BadParameter { .. } | codec::CodecError::Unsupported { .. } => Code::BadParameter,
        codec::CodecError::TooLarge { .. } => Code::TooLarge,
        codec::CodecError::Malformed { .. } => Code::Other,
    };
    Error::new(code, error.to_string())
}
