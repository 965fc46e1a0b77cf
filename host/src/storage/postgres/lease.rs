//! One Postgres connection on loan.
//!
//! A request can be dropped at any await (trap, deadline, visitor gone), and a dropped query goes on running on the
//! server. So everything that is about to be awaited is noted first (`in_flight`, `in_transaction`), and `Drop`
//! decides by these notes: go home as it is, roll back first, or cancel on the server and throw the connection away.

use super::codec;
use super::error::{is_lost, translate};
use super::pool::{Conn, PostgresPool};
use crate::storage::connection::{Bounds, Control, Isolation, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use futures_util::TryStreamExt;
use sqlx::postgres::{PgRow, PgStatement};
use sqlx::{AssertSqlSafe, Column, Connection as _, Either, Executor, Row, SqlSafeStr, Statement};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How much longer than the server we wait before the connection counts as lost.
const GRACE: Duration = Duration::from_secs(2);
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that goes back to its pool when dropped.
pub struct PostgresLease {
    pool: PostgresPool,
    /// None once it has been lost.
    conn: Option<Conn>,
    permit: Option<OwnedSemaphorePermit>,
    in_flight: bool,
    in_transaction: bool,
    /// A statement of the transaction has failed: until a rollback the server answers everything with an error, and would turn
    /// COMMIT into ROLLBACK without saying so.
    aborted: bool,
    /// A prepared statement no longer fits: all are forgotten before the next one.
    stale: bool,
}

impl std::fmt::Debug for PostgresLease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresLease").field("in_transaction", &self.in_transaction).finish_non_exhaustive()
    }
}

impl PostgresLease {
    pub(super) fn new(pool: PostgresPool, conn: Conn, permit: OwnedSemaphorePermit) -> Self {
        Self {
            pool,
            conn: Some(conn),
            permit: Some(permit),
            in_flight: false,
            in_transaction: false,
            aborted: false,
            stale: false,
        }
    }

    /// See [`Conn::make_ready`].
    pub(super) async fn make_ready(&mut self, schema: &Arc<str>) -> Result<()> {
        let time = self.pool.statement_time();
        self.in_flight = true;
        let ready = match &mut self.conn {
            Some(conn) => tokio::time::timeout(GRACE, conn.make_ready(schema, time)).await,
            None => Ok(Err(lost())),
        };
        self.in_flight = ready.is_err();
        self.settle(ready.unwrap_or_else(|_| Err(lost())))
    }

    /// Whether statements can still be run.
    pub(in crate::storage) fn is_usable(&self) -> bool {
        self.conn.is_some() && !self.in_flight
    }

    /// Runs one statement and collects its rows within `bounds`.
    pub(in crate::storage) async fn run(
        &mut self,
        sql: &str,
        params: &[Value],
        bounds: &Bounds,
    ) -> Result<Outcome> {
        let result = self.attempt(sql, params, bounds).await;
        match result {
            // Preparing it again is all it takes; inside a transaction the unit of work has to undo it first.
            Err(error) if error.is_stale_plan() && !self.in_transaction => self.attempt(sql, params, bounds).await,
            result => result,
        }
    }

    async fn attempt(&mut self, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        if self.stale && !self.aborted {
            self.forget_statements().await?;
        }
        let pool = self.pool.clone();
        let conn = self.begin_flight()?;
        let running = collect(conn, &pool, sql, params, bounds);
        let result = tokio::time::timeout(bounds.time + GRACE, running).await;
        self.in_flight = result.is_err();
        self.settle(result.unwrap_or_else(|_| Err(timed_out())))
    }

    async fn forget_statements(&mut self) -> Result<()> {
        let conn = self.begin_flight()?;
        let cleared = conn.link.clear_cached_statements().await.map_err(translate);
        self.in_flight = false;
        self.stale = false;
        self.settle(cleared)
    }

    /// Begins or ends a transaction or a part of one.
    pub(in crate::storage) async fn control(&mut self, control: Control) -> Result<()> {
        if control == Control::Commit && self.aborted {
            self.simple("rollback").await?;
            self.in_transaction = false;
            self.aborted = false;
            return Err(Error::closed("a statement of the transaction has failed: nothing was kept"));
        }
        if matches!(control, Control::Begin(_)) {
            self.in_transaction = true;
        }
        let result = self.simple(&text_of(control)).await;
        match (control, &result) {
            (Control::Commit, Err(error)) if error.code == Code::Unavailable => {
                return Err(Error::new(Code::CommitUnknown, "the connection was lost during the commit"));
            }
            (Control::Commit | Control::Rollback, _) if self.is_usable() => {
                self.in_transaction = false;
                self.aborted = false;
            }
            (Control::RollbackTo(_), Ok(())) => self.aborted = false,
            _ => {}
        }
        result
    }

    /// Runs statements separated by semicolons.
    pub(in crate::storage) async fn script(&mut self, text: &str) -> Result<()> {
        self.simple(text).await
    }

    async fn simple(&mut self, text: &str) -> Result<()> {
        let conn = self.begin_flight()?;
        let text = AssertSqlSafe(text.to_owned());
        let running = sqlx::raw_sql(text).execute(&mut conn.link);
        let result = tokio::time::timeout(ROLLBACK_TIMEOUT + GRACE, running).await;
        self.in_flight = result.is_err();
        self.settle(match result {
            Ok(done) => done.map(|_| ()).map_err(translate),
            Err(_) => Err(lost()),
        })
    }

    fn begin_flight(&mut self) -> Result<&mut Conn> {
        if self.in_flight {
            return Err(lost());
        }
        let conn = self.conn.as_mut().ok_or_else(lost)?;
        self.in_flight = true;
        Ok(conn)
    }

    /// Notes what an error means for the connection.
    fn settle<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.aborted = self.in_transaction;
            self.stale |= error.is_stale_plan();
            if is_lost(error) {
                self.conn = None;
                self.pool.server_went_away();
            } else if let Some(conn) = &mut self.conn {
                conn.forget_schema_after(error);
            }
        }
        result
    }
}

impl Conn {
    /// A statement that failed oddly may have left oddities: the next user gets a fresh session.
    fn forget_schema_after(&mut self, error: &Error) {
        if matches!(error.code, Code::Timeout | Code::Denied | Code::Other) {
            self.forget_schema();
        }
    }
}

impl Drop for PostgresLease {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        let permit = self.permit.take();
        let pool = self.pool.clone();
        if self.in_flight {
            self.pool.clean_up(async move {
                pool.cancel(conn.backend).await;
                let _ = tokio::time::timeout(ROLLBACK_TIMEOUT, conn.link.close_hard()).await;
                drop(permit);
            });
        } else if self.in_transaction {
            self.pool.clean_up(async move {
                let rollback = sqlx::raw_sql("rollback").execute(&mut conn.link);
                if let Ok(Ok(_)) = tokio::time::timeout(ROLLBACK_TIMEOUT, rollback).await {
                    pool.give_back(conn);
                }
                drop(permit);
            });
        } else if !self.stale {
            pool.give_back(conn);
        }
    }
}

async fn collect(
    conn: &mut Conn,
    pool: &PostgresPool,
    sql: &str,
    params: &[Value],
    bounds: &Bounds,
) -> Result<Outcome> {
    // Statements are kept prepared by their text, and the same text means other tables to another app.
    let schema = conn.schema.as_deref().unwrap_or_default();
    let text = AssertSqlSafe(format!("/*{schema}*/{sql}")).into_sql_str();
    let statement = (&mut conn.link).prepare(text).await.map_err(translate)?;
    let arguments = match statement.parameters() {
        Some(Either::Left(wanted)) => codec::arguments(params, wanted).map_err(|e| codec_error(&e))?,
        _ => codec::arguments(params, &[]).map_err(|e| codec_error(&e))?,
    };
    let mut outcome = Outcome { affected: 0, rows: empty_rows(&statement) };
    let mut budget = Budget { rows: bounds.rows, bytes: bounds.bytes };
    let mut failed = None;
    let mut stream = (&mut conn.link).fetch_many(statement.query_with(arguments));
    loop {
        match stream.try_next().await {
            Ok(None) => return failed.map_or(Ok(outcome), Err),
            Err(error) => return Err(failed.unwrap_or_else(|| translate(error))),
            Ok(Some(Either::Left(done))) => outcome.affected += done.rows_affected(),
            Ok(Some(Either::Right(_))) if failed.is_some() => {}
            Ok(Some(Either::Right(row))) => {
                if let Err(error) = decode_row(&row, &mut outcome.rows, &mut budget) {
                    failed = Some(error);
                    // The rest of the rows would have to be read before the connection can be used again.
                    pool.cancel(conn.backend).await;
                }
            }
        }
    }
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

/// Columns come from the prepared statement, so they are there when no row is.
fn empty_rows(statement: &PgStatement) -> Rows {
    let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
    Rows { columns, rows: Vec::new() }
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

fn lost() -> Error {
    Error::unavailable("the connection to the database was lost")
}

fn timed_out() -> Error {
    Error::new(Code::Timeout, "the statement took too long and was cancelled")
}

fn text_of(control: Control) -> String {
    match control {
        Control::Begin(None) => "begin".into(),
        Control::Begin(Some(Isolation::ReadCommitted)) => "begin isolation level read committed".into(),
        Control::Begin(Some(Isolation::RepeatableRead)) => "begin isolation level repeatable read".into(),
        Control::Begin(Some(Isolation::Serializable)) => "begin isolation level serializable".into(),
        Control::Commit => "commit".into(),
        Control::Rollback => "rollback".into(),
        Control::Savepoint(n) => format!("savepoint s{n}"),
        Control::Renew(n) => format!("release savepoint s{n}; savepoint s{n}"),
        Control::Release(n) => format!("release savepoint s{n}"),
        Control::RollbackTo(n) => format!("rollback to savepoint s{n}"),
    }
}
