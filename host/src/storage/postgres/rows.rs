//! From a statement to its rows, within bounds.

use super::codec;
use super::conn::Conn;
use super::error::translate;
use super::pool::PostgresPool;
use crate::storage::connection::{Bounds, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow, PgStatement};
use sqlx::{AssertSqlSafe, Column, Either, Executor, Row, SqlSafeStr, Statement, TypeInfo as _};

/// Prepares a statement, or finds it prepared. Statements are kept by their text, and the same text means other tables to another
/// app, so the text begins with the schema.
pub(super) async fn prepare(conn: &mut Conn, sql: &str) -> Result<PgStatement> {
    let schema = conn.schema.as_deref().unwrap_or_default();
    let text = AssertSqlSafe(format!("/*{schema}*/{sql}")).into_sql_str();
    let statement = (&mut conn.link).prepare(text).await.map_err(translate)?;
    conn.prepared.note(sql, has_plain_parameters(&statement));
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

/// Runs a statement and collects its rows. What exceeds the bounds is cancelled on the server, which ends a transaction, or read
/// and forgotten (`drain`). The inner failure is one that the server knows nothing of: the connection is as it was.
pub(super) async fn collect(
    conn: &mut Conn,
    pool: &PostgresPool,
    sql: &str,
    params: &[Value],
    bounds: &Bounds,
    drain: bool,
) -> Result<Result<Outcome>> {
    let statement = prepare(conn, sql).await?;
    let arguments = match arguments(&statement, params) {
        Ok(arguments) => arguments,
        Err(error) => return Ok(Err(error)),
    };
    let rows = Rows { columns: columns(&statement), rows: Vec::new() };
    let mut outcome = Outcome { affected: 0, rows };
    let mut budget = Budget { rows: bounds.rows, bytes: bounds.bytes };
    let mut failed = None;
    let mut stream = (&mut conn.link).fetch_many(statement.query_with(arguments));
    loop {
        match stream.try_next().await {
            Ok(None) => return Ok(failed.map_or(Ok(outcome), Err)),
            Err(error) => return Err(failed.unwrap_or_else(|| translate(error))),
            Ok(Some(Either::Left(done))) => outcome.affected += done.rows_affected(),
            Ok(Some(Either::Right(_))) if failed.is_some() => {}
            Ok(Some(Either::Right(row))) => {
                if let Err(error) = decode_row(&row, &mut outcome.rows, &mut budget) {
                    failed = Some(error);
                    // The rest of the rows has to be read before the connection can be used again.
                    if !drain {
                        pool.cancel(conn.backend).await;
                    }
                }
            }
        }
    }
}

/// Takes at most `count` further rows from a cursor. Rows behind the bound of bytes are not kept in memory: the cursor goes back
/// to before them.
pub(super) async fn fetch(conn: &mut Conn, number: u32, count: u32, bounds: &Bounds) -> Result<Outcome> {
    // Not to be kept prepared: the same text has other columns the next time.
    let text = AssertSqlSafe(format!("fetch forward {count} from c{number}"));
    let mut rows = Rows::default();
    let mut budget = Budget { rows: bounds.rows, bytes: bounds.bytes };
    let (mut received, mut failed) = (0_u32, None);
    let mut stream = (&mut conn.link).fetch_many(sqlx::query(text).persistent(false));
    while let Some(step) = stream.try_next().await.map_err(translate)? {
        let Either::Right(row) = step else { continue };
        received = received.saturating_add(1);
        if failed.is_none() {
            failed = decode_row(&row, &mut rows, &mut budget).err();
        }
    }
    drop(stream);
    let kept = u32::try_from(rows.rows.len()).unwrap_or(u32::MAX);
    match failed {
        Some(error) if kept == 0 || error.code != Code::TooLarge => return Err(error),
        Some(_) => step_back(conn, number, received, kept, count).await?,
        None => {}
    }
    Ok(Outcome { affected: 0, rows })
}

/// Behind the last row there is one more place, where a cursor stands that has found fewer rows than it was asked for.
async fn step_back(conn: &mut Conn, number: u32, received: u32, kept: u32, count: u32) -> Result<()> {
    let behind = u32::from(received < count);
    let steps = received.saturating_sub(kept).saturating_add(behind);
    let text = AssertSqlSafe(format!("move backward {steps} from c{number}"));
    sqlx::raw_sql(text).execute(&mut conn.link).await.map(|_| ()).map_err(translate)
}

struct Budget {
    rows: usize,
    bytes: usize,
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
