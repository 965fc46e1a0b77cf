//! One connection on loan, to either engine.
//!
//! The closed set of two engines is an enum, not a trait: everyone above speaks [`Value`]s and
//! never learns which engine answers. A connection that is dropped goes home clean or not at all:
//! see `postgres/lease.rs` and `sqlite/lease.rs`.

use super::host_sql::{HostSql, in_schema};
use super::postgres::PostgresLease;
use super::sqlite::{Counters, SqliteLease};
use super::statement::Growth;
use super::value::{Rows, Value};
use super::{Error, Result};
use crate::telemetry::traces::{self, Step};
use std::sync::Arc;
use std::time::Duration;

/// A connection on loan from its pool.
#[derive(Debug)]
pub enum Connection {
    /// To a Postgres server.
    Postgres(PostgresLease),
    /// To a SQLite file.
    Sqlite(SqliteLease),
}

/// What a statement did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows inserted, updated or deleted.
    pub affected: u64,
    /// Rows that the statement returned.
    pub rows: Rows,
}

/// A statement of a guest that may be run.
#[derive(Debug, Clone, Copy)]
pub struct GuestSql<'a> {
    /// What the gate let pass.
    pub text: &'a str,
    /// Whether it is a read in which nothing is left to fail once it is prepared: see
    /// `statement::Checked`.
    pub steady: bool,
    /// How much it may add to the app's rows.
    pub growth: Growth,
    /// How much it may ask for.
    pub bounds: Bounds,
}

/// How much one statement may ask of the database.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Rows of the result.
    pub rows: usize,
    /// Bytes of the result.
    pub bytes: usize,
    /// Time until the statement is cancelled.
    pub time: Duration,
}

/// The host's own statements: their results are bounded by how they are written.
pub(super) const HOST_BOUNDS: Bounds =
    Bounds { rows: usize::MAX, bytes: usize::MAX, time: Duration::from_secs(15) };

/// Beginning and ending of transactions. The names of savepoints are the host's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Begins a transaction that may write.
    Begin(Option<Isolation>),
    /// Begins a transaction that only reads.
    BeginReading(Option<Isolation>),
    /// Keeps what was written.
    Commit,
    /// Undoes what was written.
    Rollback,
    /// Marks a point to which can be rolled back.
    Savepoint(u32),
    /// Forgets a mark, and sets another one here.
    Replace(u32, u32),
    /// Forgets a mark and those after it; what was written since stays.
    Release(u32),
    /// Undoes what was written since a mark; the mark stays.
    RollbackTo(u32),
}

/// What a commit on Postgres waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The disk.
    Waits,
    /// Nothing: a later commit that waits brings this one with it.
    Relaxed,
}

/// How long a cursor of a Postgres server may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CursorLife {
    /// Until its transaction ends.
    Transaction,
    /// Until it is closed. Where its transaction is committed before, the server computes the rest
    /// of the rows and keeps them.
    Connection,
}

/// How far a transaction is kept apart from others. SQLite runs every one as `Serializable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see the same state.
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

impl Connection {
    /// Runs one statement that the host has written. Cancelling leaves the connection unusable; it
    /// is then not reused.
    pub async fn host(&mut self, sql: &HostSql, params: &[Value]) -> Result<Outcome> {
        let step = self.step(sql.postgres());
        let result = match self {
            Self::Postgres(lease) => {
                let schema = lease.host_schema();
                lease.run(&in_schema(schema.as_deref(), sql.postgres()), params, &HOST_BOUNDS).await
            }
            Self::Sqlite(lease) => lease.host(sql.sqlite(), params).await,
        };
        noted(step, result)
    }

    /// Runs one statement whose text the host has put together; host tables are written
    /// `innkeeper.<table>`.
    pub async fn host_text(&mut self, sql: &str, params: &[Value]) -> Result<Outcome> {
        let step = self.step(sql);
        let result = match self {
            Self::Postgres(lease) => {
                let schema = lease.host_schema();
                lease.run(&in_schema(schema.as_deref(), sql), params, &HOST_BOUNDS).await
            }
            Self::Sqlite(lease) => lease.host(&super::host_sql::for_sqlite(sql), params).await,
        };
        noted(step, result)
    }

    /// Runs one statement of a guest, which `statement::check` has let pass. Cancelling as with
    /// [`Self::host`].
    pub async fn guest(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<Outcome> {
        let step = self.step(sql.text);
        let result = match self {
            Self::Postgres(lease) => {
                lease.set_drains(sql.steady);
                let result = lease.run(sql.text, params, &sql.bounds).await;
                lease.set_drains(false);
                result
            }
            Self::Sqlite(lease) => lease.guest(sql, params).await,
        };
        noted(step, result)
    }

    /// One statement on behalf of the request under way, if that is traced.
    fn step(&self, text: &str) -> Step {
        let system = match self {
            Self::Postgres(_) => "postgresql",
            Self::Sqlite(_) => "sqlite",
        };
        traces::statement(system, text)
    }

    /// From now on the connection serves a unit of work with these counters. Nothing on Postgres.
    pub(super) fn count_for(&mut self, counters: &Arc<Counters>) {
        if let Self::Sqlite(lease) = self {
            lease.count_for(counters);
        }
    }

    /// Whether the server has prepared a text before, so that nothing of it is left to be found
    /// wrong, and takes any parameters for it.
    pub(super) fn knows(&self, text: &str) -> bool {
        match self {
            Self::Postgres(lease) => lease.knows(text),
            Self::Sqlite(_) => true,
        }
    }

    /// Whether the open transaction takes no further statement until something is undone.
    pub(super) fn is_aborted(&self) -> bool {
        match self {
            Self::Postgres(lease) => lease.is_aborted(),
            Self::Sqlite(_) => false,
        }
    }

    /// Runs writes of the host and then keeps the transaction: on Postgres all in one round trip.
    pub(super) async fn commit(&mut self, writes: &[(&'static HostSql, Vec<Value>)]) -> Result<()> {
        match self {
            Self::Postgres(lease) => lease.commit(writes, Durability::Waits).await,
            Self::Sqlite(lease) => {
                for (sql, params) in writes {
                    lease.host(sql.sqlite(), params).await?;
                }
                lease.control(Control::Commit).await
            }
        }
    }

    /// The same, but on Postgres without waiting for the disk: what was written is kept together
    /// with what is committed later, or not at all.
    pub(super) async fn commit_relaxed(&mut self, writes: &[(&'static HostSql, Vec<Value>)]) -> Result<()> {
        match self {
            Self::Postgres(lease) => lease.commit(writes, Durability::Relaxed).await,
            Self::Sqlite(_) => self.commit(writes).await,
        }
    }

    /// Opens a cursor inside the open transaction, with whose end it is closed. The outcome has its
    /// columns and no rows.
    pub(super) async fn declare(
        &mut self,
        number: u32,
        life: CursorLife,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<Outcome> {
        let step = self.step(sql.text);
        let result = match self {
            Self::Postgres(lease) => lease.declare(number, life, sql, params).await,
            Self::Sqlite(lease) => lease.declare(number, sql, params).await,
        };
        noted(step, result)
    }

    /// At most `count` further rows of a cursor within `bounds`; none at its end.
    pub(super) async fn fetch(&mut self, number: u32, count: u32, bounds: &Bounds) -> Result<Outcome> {
        match self {
            Self::Postgres(lease) => lease.fetch(number, count, bounds).await,
            Self::Sqlite(lease) => lease.fetch(number, count, bounds).await,
        }
    }

    /// Closes a cursor that is open.
    pub(super) async fn close(&mut self, number: u32) -> Result<()> {
        match self {
            Self::Postgres(lease) => lease.close(number).await,
            Self::Sqlite(lease) => lease.close(number).await,
        }
    }

    /// From now on host tables are looked for in this schema; none: in `innkeeper`. Nothing on
    /// SQLite.
    pub(super) fn set_host_schema(&mut self, schema: Option<Arc<str>>) {
        if let Self::Postgres(lease) = self {
            lease.set_host_schema(schema);
        }
    }

    /// The schema of the host tables, where it is not `innkeeper`.
    pub(super) fn host_schema(&self) -> Option<Arc<str>> {
        match self {
            Self::Postgres(lease) => lease.host_schema(),
            Self::Sqlite(_) => None,
        }
    }

    /// Begins or ends a transaction or a part of one.
    pub async fn control(&mut self, control: Control) -> Result<()> {
        match self {
            Self::Postgres(lease) => lease.control(control).await,
            Self::Sqlite(lease) => lease.control(control).await,
        }
    }

    /// Whether an error inside a transaction leaves it unusable until it is rolled back to a
    /// savepoint (PostgreSQL documentation, "Transactions"; SQLite undoes the failed statement
    /// alone).
    pub(super) fn aborts_on_error(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether the connection can still be spoken to. An error that left it unusable loses the
    /// transaction in it.
    pub(super) fn is_usable(&self) -> bool {
        match self {
            Self::Postgres(lease) => lease.is_usable(),
            Self::Sqlite(lease) => lease.is_usable(),
        }
    }

    /// Whether a transaction is open.
    pub(super) fn is_in_transaction(&self) -> bool {
        match self {
            Self::Postgres(lease) => lease.is_in_transaction(),
            Self::Sqlite(lease) => lease.is_in_transaction(),
        }
    }

    /// Whether a cursor can outlive its transaction here: not where each transaction has another
    /// connection to the server.
    pub(super) fn keeps_cursors(&self) -> bool {
        match self {
            Self::Postgres(lease) => lease.keeps_cursors(),
            Self::Sqlite(_) => false,
        }
    }

    /// Runs one statement that is no part of a transaction and may take `time`.
    pub(super) async fn script_alone(&mut self, text: &str, time: Duration) -> Result<()> {
        match self {
            Self::Postgres(lease) => lease.script_alone(text, time).await,
            Self::Sqlite(lease) => lease.script(text).await,
        }
    }

    /// Ends a connection on which settings were changed, instead of giving it back. Nothing on
    /// SQLite.
    pub(super) async fn forget(&mut self) {
        if let Self::Postgres(lease) = self {
            lease.forget().await;
        }
    }

    /// Runs a definition that the host has written for an app, without parameters. In a
    /// transaction.
    pub(super) async fn define(&mut self, text: &str) -> Result<()> {
        let _step = self.step(text);
        match self {
            Self::Postgres(lease) => lease.define(text).await,
            Self::Sqlite(lease) => lease.script(text).await,
        }
    }

    /// Runs statements from a file of migrations, separated by semicolons, without parameters.
    pub(super) async fn script(&mut self, text: &str) -> Result<()> {
        let _step = self.step(text);
        match self {
            Self::Postgres(lease) => lease.script(text).await,
            Self::Sqlite(lease) => lease.script(text).await,
        }
    }
}

/// Ends the step of a statement with what came of it.
pub(super) fn noted(mut step: Step, result: Result<Outcome>) -> Result<Outcome> {
    match &result {
        Ok(outcome) if outcome.rows.columns.is_empty() => {
            step.note("innkeeper.affected_rows", i64::try_from(outcome.affected).unwrap_or(i64::MAX));
        }
        Ok(outcome) => {
            step.note("db.response.returned_rows", i64::try_from(outcome.rows.rows.len()).unwrap_or(i64::MAX));
        }
        Err(error) => step.failed(|| format!("{:?}", error.code)),
    }
    result
}

/// The cell of a row that the host selected, by position.
pub(super) fn cell(row: &[Value], at: usize) -> Result<&Value> {
    row.get(at).ok_or_else(|| Error::malformed("a column is missing"))
}
