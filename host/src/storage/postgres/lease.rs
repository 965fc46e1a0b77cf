//! One Postgres connection on loan.
//!
//! A request can be dropped at any await (trap, deadline, visitor gone), and a dropped query goes
//! on running on the server. So everything that is about to be awaited is noted first (`in_flight`,
//! `in_transaction`), and `Drop` decides by these notes: go home as it is, roll back first, or
//! cancel on the server and throw the connection away.

use super::conn::Conn;
use super::error::is_lost;
use super::health::{Waited, away};
use super::pool::{CONNECT_TIME, PostgresPool};
use super::rows::{self, Excess};
use super::share::Place;
use crate::storage::connection::{Bounds, Outcome};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};
use crate::telemetry::host_work;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How much longer than the server we wait before the connection counts as lost.
pub(super) const GRACE: Duration = Duration::from_secs(1);
/// For making a connection ready.
const READY_TIME: Duration = CONNECT_TIME;
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that goes back to its pool when dropped.
pub struct PostgresLease {
    pub(super) pool: PostgresPool,
    /// None once it has been lost.
    pub(super) conn: Option<Conn>,
    place: Option<Place>,
    pub(super) in_flight: bool,
    pub(super) in_transaction: bool,
    /// A statement of the transaction has failed: until a rollback the server answers everything
    /// with an error, and would turn COMMIT into ROLLBACK without saying so.
    pub(super) aborted: bool,
    /// A prepared statement no longer fits: all are forgotten before the next one.
    stale: bool,
    /// Cursors may be open that outlive their transaction.
    pub(super) keeps: Keeps,
    drains: bool,
    /// Where host tables are, if not in the schema `innkeeper`.
    pub(super) host_schema: Option<Arc<str>>,
}

/// What a lease knows of its cursors that outlive their transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    Nothing,
    /// Declared in the open transaction.
    IfCommitted,
    /// Their transaction has been committed.
    Cursors,
}

impl std::fmt::Debug for PostgresLease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresLease").field("in_transaction", &self.in_transaction).finish_non_exhaustive()
    }
}

impl PostgresLease {
    pub(super) fn new(pool: PostgresPool, conn: Conn, place: Option<Place>) -> Self {
        Self {
            pool,
            conn: Some(conn),
            place,
            in_flight: false,
            in_transaction: false,
            aborted: false,
            stale: false,
            keeps: Keeps::Nothing,
            drains: false,
            host_schema: None,
        }
    }

    /// Where host tables are, if not in the schema `innkeeper`.
    pub(in crate::storage) fn host_schema(&self) -> Option<Arc<str>> {
        self.host_schema.clone()
    }

    /// Says where host tables are.
    pub(in crate::storage) fn set_host_schema(&mut self, schema: Option<Arc<str>>) {
        self.host_schema = schema;
    }

    /// See [`Conn::make_ready`].
    pub(super) async fn make_ready(&mut self, schema: &Arc<str>) -> Result<()> {
        if self.conn.as_ref().is_some_and(|conn| conn.schema.as_ref() == Some(schema)) {
            return Ok(());
        }
        let time = self.pool.statement_time();
        self.in_flight = true;
        let pool = self.pool.clone();
        let through_pooler = pool.is_through_pooler();
        let conn = self.conn.as_mut().ok_or_else(lost)?;
        let ready = {
            let making = std::pin::pin!(conn.make_ready(schema, time, through_pooler));
            pool.patiently(READY_TIME, making).await
        };
        self.land(ready, lost)
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
        if self.pool.is_through_pooler() && !self.in_transaction {
            return self.run_in_scope(sql, params, bounds).await;
        }
        let result = self.attempt(sql, params, bounds).await;
        match result {
            // Preparing it again is all it takes; inside a transaction the unit of work has to undo
            // it first.
            Err(error) if error.is_stale_plan() && !self.in_transaction => self.attempt(sql, params, bounds).await,
            result => result,
        }
    }

    pub(super) async fn attempt(&mut self, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        let anew = self.stale && !self.aborted;
        if anew || self.has_too_many_statements(sql) {
            self.forget_statements().await?;
        }
        // Outside of a transaction there is nothing to disturb, and cancelling saves reading the
        // rest.
        let drain = self.drains && self.in_transaction;
        let failure = OnceLock::new();
        let excess = Excess { drain, failure: &failure };
        let running = async |conn: &mut Conn, pool: &PostgresPool| {
            host_work::counted_polls(rows::collect(conn, pool, sql, params, bounds, &excess)).await
        };
        let result = self.fly_for(bounds.time + GRACE, || late(&failure), running).await;
        // What fails in the same way once it has been prepared anew was never stale.
        self.stale &= !anew;
        result?
    }

    /// Whether a statement of the transaction has failed on the server.
    pub(in crate::storage) fn is_aborted(&self) -> bool {
        self.aborted
    }

    /// Whether rows beyond the bounds are read to their end, which disturbs nothing, instead of
    /// being cancelled.
    pub(in crate::storage) fn set_drains(&mut self, drains: bool) {
        self.drains = drains;
    }

    /// Runs something on the connection that has `time`, and notes what its failure means.
    pub(super) async fn fly<T>(
        &mut self,
        time: Duration,
        work: impl AsyncFnOnce(&mut Conn, &PostgresPool) -> Result<T>,
    ) -> Result<T> {
        self.fly_for(time + GRACE, timed_out, work).await
    }

    /// The same, with an error of its own where the time is over.
    pub(super) async fn fly_for<T>(
        &mut self,
        time: Duration,
        late: impl FnOnce() -> Error,
        work: impl AsyncFnOnce(&mut Conn, &PostgresPool) -> Result<T>,
    ) -> Result<T> {
        let pool = self.pool.clone();
        let conn = self.begin_flight()?;
        let result = {
            let working = std::pin::pin!(work(conn, &pool));
            pool.patiently(time, working).await
        };
        self.land(result, late)
    }

    /// Notes whether what was under way has ended. What has not stays under way: `Drop` sees to it.
    fn land<T>(&mut self, waited: Waited<Result<T>>, late: impl FnOnce() -> Error) -> Result<T> {
        match waited {
            Waited::Done(result) => {
                self.in_flight = false;
                self.settle(result)
            }
            Waited::Late => self.leave(late()),
            Waited::Away => self.leave(away()),
        }
    }

    fn leave<T>(&mut self, error: Error) -> Result<T> {
        self.aborted = self.in_transaction;
        Err(error)
    }

    /// Whether a text has been prepared on this connection.
    pub(in crate::storage) fn knows(&self, sql: &str) -> bool {
        let prepared = self.conn.as_ref().and_then(|conn| conn.statements.get(conn.schema.as_deref()?, sql));
        prepared.is_some_and(|prepared| prepared.takes_any)
    }

    /// Whether prepared statements are to be forgotten before `sql` runs. Not where it runs without
    /// a mark because it is known, see `UnitOfWork::needs_mark`.
    pub(super) fn has_too_many_statements(&self, sql: &str) -> bool {
        let is_full = self.conn.as_ref().is_some_and(|conn| conn.statements.is_full());
        is_full && !self.aborted && !(self.in_transaction && self.drains && self.knows(sql))
    }

    pub(super) async fn forget_statements(&mut self) -> Result<()> {
        let wait = self.pool.wait();
        self.fly_for(wait, lost, async |conn, _| conn.forget_statements().await).await?;
        self.stale = false;
        Ok(())
    }

    /// Whether a transaction is open.
    pub(in crate::storage) fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Whether a cursor can outlive its transaction.
    pub(in crate::storage) fn keeps_cursors(&self) -> bool {
        !self.pool.is_through_pooler()
    }

    /// Runs a definition of the host's for an app, in the open transaction.
    pub(in crate::storage) async fn define(&mut self, sql: &str) -> Result<()> {
        let time = self.pool.statement_time();
        self.fly(time, async |conn: &mut Conn, _: &PostgresPool| conn.define(sql).await).await
    }

    /// Runs statements separated by semicolons.
    pub(in crate::storage) async fn script(&mut self, text: &str) -> Result<()> {
        self.simple(text).await
    }

    pub(super) async fn simple(&mut self, text: &str) -> Result<()> {
        // COMMIT and definitions have as long as any statement.
        let limit = ROLLBACK_TIMEOUT.max(self.pool.statement_time()) + GRACE;
        let running = async |conn: &mut Conn, _: &PostgresPool| conn.script(text).await;
        self.fly_for(limit, lost, running).await
    }

    fn begin_flight(&mut self) -> Result<&mut Conn> {
        if self.in_flight {
            return Err(lost());
        }
        let conn = self.conn.as_mut().ok_or_else(lost)?;
        conn.in_transaction = self.in_transaction;
        self.in_flight = true;
        Ok(conn)
    }

    /// Notes what an error means for the connection.
    fn settle<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.aborted = self.in_transaction;
            self.stale |= error.is_stale_plan();
            if is_lost(error) {
                self.lose(error);
            } else if let Some(conn) = self.conn.as_mut().filter(|_| !self.pool.is_through_pooler()) {
                // Through a pooler each transaction sets its schema, and nothing else is left.
                conn.forget_schema_after(error);
            }
        }
        result
    }
}

impl PostgresLease {
    /// The connection is gone. Where the server has not said so itself, its process may still be at
    /// work.
    fn lose(&mut self, error: &Error) {
        let (conn, place) = (self.conn.take(), self.place.take());
        self.pool.server_went_away();
        if let Some(conn) = conn.filter(|_| error.sqlstate.is_empty()) {
            self.pool.retire(conn, place, true);
        }
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
        let place = self.place.take();
        let pool = self.pool.clone();
        if self.in_flight || self.stale {
            self.pool.retire(conn, place, false);
        } else if (self.in_transaction && conn.relay.take_begin().is_none()) || self.keeps == Keeps::Cursors {
            let text = if self.keeps == Keeps::Cursors { "rollback; close all" } else { "rollback" };
            self.pool.clean_up(async move {
                match tokio::time::timeout(ROLLBACK_TIMEOUT, conn.script(text)).await {
                    Ok(Ok(())) => pool.give_back(conn),
                    ended => pool.retire(conn, place, ended.is_ok()),
                }
            });
        } else {
            pool.give_back(conn);
        }
    }
}

fn lost() -> Error {
    Error::unavailable("the connection to the database was lost")
}

/// The error of a statement whose time is over: what was found wrong before counts.
pub(super) fn late(failure: &OnceLock<Error>) -> Error {
    failure.get().cloned().unwrap_or_else(timed_out)
}

fn timed_out() -> Error {
    Error::new(Code::Timeout, "the statement took too long and was cancelled")
}
