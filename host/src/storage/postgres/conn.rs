//! An open connection, and how it is made ready for an app.

use super::relay::Relay;
use crate::storage::Result;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Statements that a connection keeps prepared. One app has a few dozen.
pub(super) const STATEMENT_CACHE: usize = 256;

/// Of these, some are the driver's own: it looks types up that it does not know.
const STATEMENTS_KNOWN: usize = STATEMENT_CACHE - 32;
/// About what they may take here; on the server it is a multiple.
const STATEMENT_BYTES: usize = 2 << 20;
/// About what a column of a prepared statement takes.
const COLUMN_BYTES: usize = 256;

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
    pub(super) relay: Relay,
    /// The server process, to cancel what runs in it; none while a pooler may have given it to somebody else.
    pub(super) backend: Option<Backend>,
    /// For which app's tables it was made ready.
    pub(super) schema: Option<Arc<str>>,
    /// Texts that the server has prepared.
    pub(super) prepared: Prepared,
    /// Of the pool, when the connection was opened.
    pub(super) epoch: u64,
    /// How often the server had been found away when it was last used.
    pub(super) outages: u64,
    /// When it was last used.
    pub(super) since: Instant,
}

/// Texts of statements that the driver has in its cache; never one that it has dropped from there.
#[derive(Default)]
pub(super) struct Prepared {
    /// Hashes, since a text may have 100 KB, and whether the server takes any parameters for it.
    texts: HashMap<u64, bool>,
    hasher: RandomState,
    /// About what the driver's cache takes, or more.
    bytes: usize,
}

impl Prepared {
    /// Whether a text is prepared and the server takes any parameters for it.
    pub(super) fn takes_any(&self, text: &str) -> bool {
        self.texts.get(&self.hasher.hash_one(text)).copied().unwrap_or(false)
    }

    /// The driver drops the text that was not used for the longest time, once it has more than
    /// [`STATEMENT_CACHE`]. So every text that it keeps is counted here, also one whose parameters
    /// the server reads first.
    pub(super) fn note(&mut self, text: &str, columns: usize, takes_any: bool) {
        let hash = self.hasher.hash_one(text);
        if self.texts.contains_key(&hash) {
            return;
        }
        if self.texts.len() >= STATEMENTS_KNOWN {
            self.texts.clear();
        }
        self.texts.insert(hash, takes_any);
        self.bytes = self.bytes.saturating_add(text.len() + columns * COLUMN_BYTES);
    }

    /// Whether the statements take so much that they are to be forgotten.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > STATEMENT_BYTES
    }

    pub(super) fn forget_texts(&mut self) {
        self.texts.clear();
    }

    pub(super) fn clear(&mut self) {
        self.forget_texts();
        self.bytes = 0;
    }
}

impl Conn {
    /// Runs statements separated by semicolons, whose rows nobody wants.
    pub(super) async fn script(&mut self, text: &str) -> Result<()> {
        let running = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut self.link);
        self.relay.carry(running).await.map(|_| ())
    }

    /// Gives back the memory of long messages that were received. The driver keeps the last buffer
    /// as long as a few bytes are free at its end: a message that does not fit there ends that.
    pub(super) async fn let_go(&mut self) -> Result<()> {
        if !self.relay.take_has_long() {
            return Ok(());
        }
        let asking = sqlx::raw_sql("select pg_catalog.repeat('-', 16384)").fetch_all(&mut self.link);
        match self.relay.carry(asking).await {
            // In a transaction that has failed nothing is answered.
            Err(error) if error.sqlstate.is_empty() => return Err(error),
            _ => self.link.shrink_buffers(),
        }
        Ok(())
    }

    /// Gives back the memory of long messages that were sent before the connection is idle.
    pub(super) fn rest(&mut self) {
        if self.relay.rest() {
            self.link.shrink_buffers();
        }
    }

    /// Forgets every prepared statement, here and on the server.
    pub(super) async fn forget_statements(&mut self) -> Result<()> {
        self.prepared.clear();
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

    /// Undoes whatever the last user may have left, and lets unqualified names mean tables of `schema`. (`DISCARD ALL` would break the
    /// driver's cache of prepared statements.) Through a pooler nothing is left, and each transaction sets the schema: see `scope`.
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
        // The same text means other tables now. The driver still has what it had.
        self.prepared.forget_texts();
        self.schema = Some(Arc::clone(schema));
        Ok(())
    }
}
