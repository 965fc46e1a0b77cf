//! Transaction poolers: each transaction has another connection to the server.
//!
//! Whatever outlives a transaction on the server belongs to nobody then: prepared statements,
//! settings, the process that could be cancelled. So everything runs inside a transaction here,
//! also a statement by itself, and each transaction begins by making the server connection ready:
//! it forgets prepared statements (those of earlier transactions, whoever prepared them), sets the
//! schema and the times for this transaction alone, and asks which process it is. Costs some round
//! trips more than the direct way. PgBouncer older than 1.21 knows no prepared statements at all
//! (PgBouncer documentation, "FAQ"), so none are kept. Newer ones keep account of them where
//! `max_prepared_statements` is set, and notice that all are forgotten from 1.22 on (its change
//! log); 1.21 with that setting does not.

use super::conn::Backend;
use super::error::translate;
use super::lease::PostgresLease;
use super::transaction::text_of;
use crate::storage::connection::{Bounds, Control, Outcome};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};
use sqlx::{AssertSqlSafe, Row};

impl PostgresLease {
    /// Begins a transaction; if possible together with its first statement.
    pub(super) async fn begin(&mut self, control: Control) -> Result<()> {
        let text = text_of(control);
        if !self.pool.is_through_pooler() {
            return if self.begins_with_next(control) { Ok(()) } else { self.simple(&text).await };
        }
        // The transaction first: the server would have an isolation level chosen before anything
        // else.
        let time = self.pool.statement_time();
        let schema = self.conn.as_ref().and_then(|conn| conn.schema.clone()).unwrap_or_default();
        let script = format!(
            "{text}; deallocate all; set local search_path to \"{schema}\"; set local statement_timeout = {}; \
             set local lock_timeout = {}; set local idle_in_transaction_session_timeout = 60000; select pg_backend_pid()",
            time.as_millis(),
            time.as_millis() / 2,
        );
        let beginning = async |conn: &mut super::conn::Conn, pool: &super::PostgresPool| {
            conn.forget_statements().await?;
            let asking = sqlx::raw_sql(AssertSqlSafe(script)).fetch_all(&mut conn.link);
            let rows = conn.relay.carry(asking).await?;
            let pid = rows.last().map(|row| row.try_get(0)).transpose().map_err(translate)?;
            let pid = pid.filter(|_| pool.can_ask_beside());
            conn.backend = pid.map(|pid| Backend { pid, started: None });
            Ok(())
        };
        // Here the pooler waits for a connection of its own.
        let wait = self.pool.wait();
        self.fly_for(wait, || Error::new(Code::Busy, "the pooler has no connection to lend"), beginning).await
    }

    /// Before the transaction ends: from then on the process works for others, so it must not be
    /// cancelled any more.
    pub(super) fn before_end(&mut self) {
        if let Some(conn) = self.conn.as_mut().filter(|_| self.pool.is_through_pooler()) {
            conn.backend = None;
        }
    }

    /// Runs one statement by itself.
    pub(super) async fn run_in_scope(&mut self, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        self.control(Control::Begin(None)).await?;
        match self.attempt(sql, params, bounds).await {
            Ok(outcome) => self.control(Control::Commit).await.map(|()| outcome),
            Err(error) => self.give_up(error).await,
        }
    }

    async fn give_up(&mut self, error: Error) -> Result<Outcome> {
        if self.is_usable() {
            // The first error is the one to report; a rollback that fails too costs the connection.
            let _ = self.control(Control::Rollback).await;
        }
        Err(error)
    }
}
