//! From a statement to its rows, within bounds.

use super::codec::{self, Parameters};
use super::conn::Conn;
use super::folding;
use super::pool::PostgresPool;
use super::prepared::Prepared;
use super::relay::{Statement, Step};
use crate::storage::connection::{Bounds, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use sqlx::postgres::PgTypeInfo;
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

/// The parameters as the statement takes them.
pub(super) fn parameters(statement: &Prepared, params: &[Value]) -> Result<Parameters> {
    codec::parameters(params, &statement.parameters).map_err(|error| codec_error(&error))
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
    let mut statement = conn.prepare(sql).await?;
    if statement.folded.is_some() && statement.columns.is_empty() && folding::is_definition(sql) {
        match conn.define_folded(&statement).await? {
            Some(affected) => return Ok(Ok(Outcome { affected, rows: Rows::default() })),
            None => statement = conn.prepare_plain(sql).await?,
        }
    }
    let parameters = match parameters(&statement, params) {
        Ok(parameters) => parameters,
        Err(error) => return Ok(Err(error)),
    };
    let rows = Rows { columns: statement.columns.clone(), rows: Vec::new() };
    let mut outcome = Outcome { affected: 0, rows };
    let mut budget = Budget { rows: bounds.rows, bytes: bounds.bytes };
    let failure = excess.failure;
    conn.relay.execute(Statement::Prepared(&statement.name), &parameters, row_limit(bounds));
    // They have been copied, and may be large.
    drop(parameters);
    loop {
        let exceeds = match conn.relay.step().await {
            Ok(Step::End) => break,
            Err(error) => return Err(failure.get().cloned().unwrap_or(error)),
            Ok(Step::LeftOut) => failure.set(too_large("bytes")).is_ok(),
            Ok(Step::Done(rows)) => {
                outcome.affected += rows;
                false
            }
            Ok(Step::Row(row)) => take_row(row, &statement.types, &mut outcome.rows, &mut budget, failure),
        };
        if exceeds && !excess.drain {
            pool.cancel(conn.backend).await;
        }
    }
    Ok(failure.get().cloned().map_or(Ok(outcome), Err))
}

/// Runs a statement whose rows nobody wants.
pub(super) async fn run(conn: &mut Conn, statement: &Prepared, params: &[Value]) -> Result<()> {
    conn.relay.execute(Statement::Prepared(&statement.name), &parameters(statement, params)?, 0);
    while conn.relay.step().await? != Step::End {}
    Ok(())
}

/// What to take from which cursor.
pub(super) struct Piece<'a> {
    pub(super) number: u32,
    pub(super) count: u32,
    pub(super) bounds: &'a Bounds,
    /// What is wrong with the rows.
    pub(super) failure: &'a OnceLock<Error>,
}

/// Takes at most `count` further rows from a cursor. Rows behind the bound of bytes are not kept in
/// memory: the cursor goes back to before them.
pub(super) async fn fetch(conn: &mut Conn, pool: &PostgresPool, piece: &Piece<'_>) -> Result<Outcome> {
    let Piece { number, count, bounds, failure } = *piece;
    // Not to be kept prepared: the same text has other columns the next time.
    let text = format!("fetch forward {count} from c{number}");
    let types = conn.cursors.get(&number).cloned();
    let types = types.as_ref().map_or(&[][..], |statement| &statement.types);
    let mut rows = Rows::default();
    let mut budget = Budget { rows: bounds.rows, bytes: bounds.bytes };
    let mut received = 0;
    conn.relay.execute(Statement::Text(&text), &Parameters::default(), row_limit(bounds));
    loop {
        let exceeds = match conn.relay.step().await {
            Ok(Step::End) => break,
            Err(error) => return Err(failure.get().cloned().unwrap_or(error)),
            Ok(Step::LeftOut) => failure.set(too_large("bytes")).is_ok(),
            // Those that were left out count.
            Ok(Step::Done(rows)) => {
                received = u32::try_from(rows).unwrap_or(u32::MAX);
                false
            }
            Ok(Step::Row(row)) => take_row(row, types, &mut rows, &mut budget, failure),
        };
        // Without a row to hand out the cursor ends here.
        if exceeds && rows.rows.is_empty() {
            pool.cancel(conn.backend).await;
        }
    }
    let kept = u32::try_from(rows.rows.len()).unwrap_or(u32::MAX);
    match failure.get() {
        Some(error) if kept == 0 || error.code != Code::TooLarge => return Err(error.clone()),
        Some(_) => step_back(conn, number, received, kept, count).await?,
        None => {}
    }
    Ok(Outcome { affected: 0, rows })
}

/// Behind the last row there is one more place, where a cursor stands that has found fewer rows
/// than it was asked for.
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
fn take_row(
    row: &[u8],
    types: &[PgTypeInfo],
    rows: &mut Rows,
    budget: &mut Budget,
    failure: &OnceLock<Error>,
) -> bool {
    failure.get().is_none() && decode_row(row, types, rows, budget).is_err_and(|error| failure.set(error).is_ok())
}

fn decode_row(row: &[u8], types: &[PgTypeInfo], rows: &mut Rows, budget: &mut Budget) -> Result<()> {
    let mut cells = Cells::of(row);
    let mut values = Vec::with_capacity(types.len());
    for info in types {
        let cell = cells.next().ok_or_else(malformed)?;
        let value = codec::value(info, cell).map_err(|e| codec_error(&e))?;
        budget.bytes = budget.bytes.checked_sub(value.size()).ok_or_else(|| too_large("bytes"))?;
        values.push(value);
    }
    budget.rows = budget.rows.checked_sub(1).ok_or_else(|| too_large("rows"))?;
    rows.rows.push(values);
    Ok(())
}

/// The cells of a row, of which none is NULL (PostgreSQL documentation, "Message Formats",
/// DataRow).
struct Cells<'a> {
    rest: &'a [u8],
}

impl<'a> Cells<'a> {
    fn of(row: &'a [u8]) -> Self {
        // The number of cells is that of the statement's columns.
        Self { rest: row.get(2..).unwrap_or_default() }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.rest = rest;
            return Some(None);
        };
        let (cell, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(cell))
    }
}

fn malformed() -> Error {
    Error::new(Code::Other, "the database sent a malformed row")
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
