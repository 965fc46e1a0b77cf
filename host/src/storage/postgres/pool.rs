//! A last-in-first-out pool with a hard maximum and a bounded wait.
//!
//! A connection remembers for which schema it was made ready. It is reset when it goes to another one, or when its last
//! use ended in any other way than the usual; the common case costs no round trip.

use super::error::translate;
use super::lease::PostgresLease;
use crate::storage::{Code, Error, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

/// A connection idle for longer is asked whether it is still there before it is lent.
const PING_AFTER_IDLE: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// Statements that a connection keeps prepared. One app has a few dozen.
const STATEMENT_CACHE: usize = 256;

/// How a pool behaves.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Connections at most, over all apps.
    pub size: u32,
    /// How long a request waits for a connection, connecting included.
    pub wait: Duration,
    /// After how long the server cancels a statement.
    pub statement_time: Duration,
}

/// Connections to one Postgres database. Cloning shares them.
#[derive(Clone)]
pub struct PostgresPool {
    inner: Arc<Inner>,
}

struct Inner {
    /// Holds the password: never printed (its `Debug` would).
    options: PgConnectOptions,
    /// How to reach the server itself, where `options` lead to a transaction pooler before it.
    direct: Option<PgConnectOptions>,
    settings: PoolSettings,
    idle: Mutex<Vec<Conn>>,
    permits: Arc<Semaphore>,
    /// Raised when the server is found gone: connections opened before are not lent again.
    epoch: AtomicU64,
    cleaners: TaskTracker,
}

/// An open connection and what the pool knows about it.
pub(super) struct Conn {
    pub(super) link: PgConnection,
    /// The server process, to cancel what runs in it; none while a pooler may have given it to somebody else.
    pub(super) backend: Option<i32>,
    /// For which app's tables it was made ready.
    pub(super) schema: Option<Arc<str>>,
    /// Texts that the server has prepared.
    pub(super) prepared: Prepared,
    epoch: u64,
    since: Instant,
}

/// Texts of statements that the driver has in its cache; never one that it has dropped from there.
#[derive(Default)]
pub(super) struct Prepared {
    texts: HashSet<String>,
}

impl Prepared {
    pub(super) fn contains(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// The driver drops the text that was not used for the longest time, once it has more than [`STATEMENT_CACHE`].
    pub(super) fn note(&mut self, text: &str) {
        if self.contains(text) {
            return;
        }
        if self.texts.len() >= STATEMENT_CACHE {
            self.texts.clear();
        }
        self.texts.insert(text.to_owned());
    }

    pub(super) fn clear(&mut self) {
        self.texts.clear();
    }
}

impl std::fmt::Debug for PostgresPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresPool").field("size", &self.inner.settings.size).finish_non_exhaustive()
    }
}

impl PostgresPool {
    /// Makes a pool; connects to nothing yet.
    pub fn new(options: PgConnectOptions, settings: PoolSettings) -> Self {
        Self::make(options, None, settings)
    }

    /// Makes a pool whose connections lead through a transaction pooler (PgBouncer 1.18 or newer): see `scope`.
    pub fn through_pooler(pooler: PgConnectOptions, direct: PgConnectOptions, settings: PoolSettings) -> Self {
        // Poolers refuse settings at the start that they do not know.
        Self::make(pooler.extra_float_digits(None), Some(direct), settings)
    }

    fn make(options: PgConnectOptions, direct: Option<PgConnectOptions>, settings: PoolSettings) -> Self {
        let options = options.statement_cache_capacity(STATEMENT_CACHE).disable_statement_logging();
        let permits = Arc::new(Semaphore::new(usize::try_from(settings.size).unwrap_or(1).max(1)));
        Self {
            inner: Arc::new(Inner {
                options,
                direct,
                settings,
                idle: Mutex::default(),
                permits,
                epoch: AtomicU64::new(0),
                cleaners: TaskTracker::new(),
            }),
        }
    }

    /// Lends a connection whose unqualified names mean tables of `schema`. `Busy` when none came free in time,
    /// `Unavailable` when the server cannot be reached. Cancel-safe.
    pub async fn lease(&self, schema: &Arc<str>) -> Result<PostgresLease> {
        let deadline = Instant::now() + self.inner.settings.wait;
        let permit = self.permit().await?;
        let conn = match self.take_idle(schema).await {
            Some(conn) => conn,
            None => self.connect(deadline).await?,
        };
        let mut lease = PostgresLease::new(self.clone(), conn, permit);
        lease.make_ready(schema).await?;
        Ok(lease)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        let wait = self.inner.settings.wait;
        let permit = tokio::time::timeout(wait, Arc::clone(&self.inner.permits).acquire_owned());
        match permit.await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::new(Code::Busy, "all database connections are in use")),
        }
    }

    /// An idle connection, one that is ready for `schema` if there is one; those that have died are dropped on the way.
    async fn take_idle(&self, schema: &Arc<str>) -> Option<Conn> {
        loop {
            let mut conn = self.pop_idle(schema)?;
            if conn.since.elapsed() < PING_AFTER_IDLE {
                return Some(conn);
            }
            match tokio::time::timeout(PING_TIMEOUT, conn.link.ping()).await {
                Ok(Ok(())) => return Some(conn),
                _ => self.server_went_away(),
            }
        }
    }

    fn pop_idle(&self, schema: &Arc<str>) -> Option<Conn> {
        let epoch = self.inner.epoch.load(Ordering::Acquire);
        let mut idle = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|conn| conn.epoch == epoch);
        let ready = idle.iter().rposition(|conn| conn.schema.as_ref() == Some(schema));
        match ready {
            Some(at) => Some(idle.remove(at)),
            None => idle.pop(),
        }
    }

    /// Opens a connection before `deadline`. A follower is refused: it would take no writes.
    async fn connect(&self, deadline: Instant) -> Result<Conn> {
        let opening = tokio::time::timeout_at(deadline.into(), self.open());
        opening.await.unwrap_or_else(|_| Err(Error::unavailable("the database did not answer in time")))
    }

    async fn open(&self) -> Result<Conn> {
        let epoch = self.inner.epoch.load(Ordering::Acquire);
        let mut link = self.inner.options.connect().await.map_err(translate)?;
        let row = sqlx::raw_sql("select pg_backend_pid(), pg_is_in_recovery()")
            .fetch_one(&mut link)
            .await
            .map_err(translate)?;
        let backend = row.try_get::<i32, _>(0).map_err(translate)?;
        if row.try_get::<bool, _>(1).map_err(translate)? {
            return Err(Error::unavailable(
                "the database is a follower, which takes no writes: name the primary instead",
            ));
        }
        let backend = self.inner.direct.is_none().then_some(backend);
        Ok(Conn { link, backend, schema: None, prepared: Prepared::default(), epoch, since: Instant::now() })
    }

    /// Connects once, without the pool, and says whether that works and to what.
    pub async fn check(&self) -> Result<String> {
        let mut conn = self.connect(Instant::now() + self.inner.settings.wait).await?;
        let row = sqlx::raw_sql("show server_version").fetch_one(&mut conn.link).await;
        let version: String = row.and_then(|row| row.try_get(0)).map_err(translate)?;
        let _ = conn.link.close().await;
        Ok(version)
    }

    /// Takes a connection back. Only for connections with no transaction and nothing under way.
    pub(super) fn give_back(&self, mut conn: Conn) {
        if conn.epoch != self.inner.epoch.load(Ordering::Acquire) {
            return;
        }
        conn.since = Instant::now();
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }

    /// Notes that connections opened until now are likely dead.
    pub(super) fn server_went_away(&self) {
        self.inner.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Runs the end of a lease that could not be ended on the spot. The permit is held until it is done.
    pub(super) fn clean_up(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.inner.cleaners.spawn_on(work, &runtime);
        }
    }

    /// Asks the server to cancel what `backend` is running, through a connection of its own: the statement's own connection is
    /// taken up by it. Where no further connection is to be had, the server's `statement_timeout` does it later.
    pub(super) async fn cancel(&self, backend: Option<i32>) {
        let Some(backend) = backend else { return };
        let cancelling = async {
            let mut link = self.inner.direct.as_ref().unwrap_or(&self.inner.options).connect().await?;
            sqlx::query("select pg_cancel_backend($1)").bind(backend).execute(&mut link).await?;
            link.close().await
        };
        let _ = tokio::time::timeout(self.inner.settings.wait, cancelling).await;
    }

    /// Waits until every lease that ended irregularly has been cleaned up.
    pub async fn close(&self) {
        self.inner.cleaners.close();
        self.inner.cleaners.wait().await;
    }
}

impl Conn {
    /// Forgets for whom the connection was made ready, so that its next use begins with a reset.
    pub(super) fn forget_schema(&mut self) {
        self.schema = None;
    }

    /// Undoes whatever the last user may have left, except through a pooler, where nothing is left (`DISCARD ALL` would break the driver's cache of prepared statements) and lets
    /// unqualified names mean tables of `schema`.
    pub(super) async fn make_ready(
        &mut self,
        schema: &Arc<str>,
        time: Duration,
        through_pooler: bool,
    ) -> Result<()> {
        if self.schema.as_ref() == Some(schema) {
            return Ok(());
        }
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
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut self.link).await.map_err(translate)?;
        // The same text means other tables now.
        self.prepared.clear();
        self.schema = Some(Arc::clone(schema));
        Ok(())
    }
}

impl PostgresPool {
    /// Whether the connections lead through a transaction pooler.
    pub(super) fn is_through_pooler(&self) -> bool {
        self.inner.direct.is_some()
    }

    /// After how long the server cancels a statement.
    pub(super) fn statement_time(&self) -> Duration {
        self.inner.settings.statement_time
    }
}
