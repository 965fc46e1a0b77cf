//! An open connection, and how it is made ready for an app.

use super::prepared::{Prepared, Statements};
use super::relay::Relay;
use crate::storage::{Error, Result};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A process of the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backend {
    pub(super) pid: i32,
    /// When it was started, in microseconds since 1970 by the server's clock; none behind a pooler.
    pub(super) started: Option<i64>,
}

/// An open connection and what the pool knows about it.
pub(super) struct Conn {
    /// What is awaited on it is awaited through `relay`.
    pub(super) link: PgConnection,
    pub(super) relay: Box<Relay>,
    /// The server process, to cancel what runs in it; none while a pooler may have given it to
    /// somebody else.
    pub(super) backend: Option<Backend>,
    /// For which app's tables it was made ready.
    pub(super) schema: Option<Arc<str>>,
    /// What is prepared.
    pub(super) statements: Statements,
    /// Counts the statements that were only described.
    pub(super) described: u64,
    /// The statements of the cursors that were opened, which say what their rows are.
    pub(super) cursors: HashMap<u32, Arc<Prepared>>,
    /// The collation by which `lower` and `upper` fold, quoted.
    pub(super) folding: Option<&'static str>,
    /// Whether a transaction is open.
    pub(super) in_transaction: bool,
    /// Of the pool, when the connection was opened.
    pub(super) epoch: u64,
    /// How often the server had been found away when it was last used.
    pub(super) outages: u64,
    /// When it was last used.
    pub(super) since: Instant,
}

impl Conn {
    /// Runs statements separated by semicolons, whose rows nobody wants.
    pub(super) async fn script(&mut self, text: &str) -> Result<()> {
        let running = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut self.link);
        self.relay.carry(running).await.map(|_| ())
    }

    /// A statement that is prepared.
    pub(super) fn find_prepared(&self, sql: &str) -> Option<Arc<Prepared>> {
        self.statements.get(self.schema.as_deref().unwrap_or_default(), sql).map(Arc::clone)
    }

    /// Prepares a statement, or what stands for it, under its own text.
    pub(super) async fn prepare_as(&mut self, sql: &str, folded: Option<&str>) -> Result<Arc<Prepared>> {
        let schema = self.schema.clone().unwrap_or_default();
        if self.statements.is_full() {
            self.forget_statements().await?;
        }
        // The driver keeps statements by their text, and the same text means other tables to
        // another app.
        let text = format!("/*{schema}*/{}", folded.unwrap_or(sql));
        for _ in 0..2 {
            let _of_another = self.relay.take_prepared();
            let preparing = (&mut self.link).prepare(AssertSqlSafe(text.clone()).into_sql_str());
            let statement = self.relay.carry(preparing).await?;
            if let Some(name) = self.relay.take_prepared() {
                let prepared = Arc::new(Prepared::new(name, &statement, folded));
                self.statements.add(&schema, sql, Arc::clone(&prepared));
                return Ok(prepared);
            }
            // The driver had it, under a name that is not known: it was given up while it was
            // prepared.
            self.forget_statements().await?;
        }
        Err(Error::unavailable("the driver has prepared a statement without a name"))
    }

    /// What a statement is by the tables as they are. One that is prepared already may have had
    /// other columns then.
    pub(super) async fn describe(&mut self, sql: &str) -> Result<Arc<Prepared>> {
        self.described = self.described.wrapping_add(1);
        let text = format!("/*{}*/{sql}", self.described);
        self.prepare(&text).await
    }

    /// Gives back the memory of long messages that were sent before the connection is idle.
    pub(super) fn rest(&mut self) {
        if self.relay.rest() {
            self.link.shrink_buffers();
        }
    }

    /// Forgets every prepared statement, here and on the server.
    pub(super) async fn forget_statements(&mut self) -> Result<()> {
        self.statements.clear();
        self.relay.carry(self.link.clear_cached_statements()).await
    }

    /// Forgets for whom the connection was made ready, so that its next use begins with a reset.
    pub(super) fn forget_schema(&mut self) {
        self.schema = None;
    }

    /// Ends the transaction and forgets everything else when it is next used.
    pub(super) async fn reset(&mut self) -> Result<()> {
        self.forget_schema();
        self.forget_statements().await?;
        self.script("rollback; close all; deallocate all").await
    }

    /// Undoes whatever the last user may have left, and lets unqualified names mean tables of
    /// `schema`. (`DISCARD ALL` would break the driver's cache of prepared statements.) Through a
    /// pooler nothing is left, and each transaction sets the schema: see `scope`.
    pub(super) async fn make_ready(
        &mut self,
        schema: &Arc<str>,
        time: Duration,
        through_pooler: bool,
    ) -> Result<()> {
        if through_pooler {
            self.schema = Some(Arc::clone(schema));
            return Ok(());
        }
        let script = format!(
            "rollback; close all; set session authorization default; reset all; unlisten *; \
             select pg_advisory_unlock_all(); discard plans; discard temp; discard sequences; \
             set search_path to \"{schema}\"; set statement_timeout = {}; set lock_timeout = {}; \
             set idle_in_transaction_session_timeout = 60000; set timezone to 'UTC'",
            time.as_millis(),
            time.as_millis() / 2,
        );
        self.script(&script).await?;
        self.cursors.clear();
        self.schema = Some(Arc::clone(schema));
        Ok(())
    }
}
