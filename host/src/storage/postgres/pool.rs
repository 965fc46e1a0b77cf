//! A last-in-first-out pool with a hard maximum and a bounded wait.
//!
//! A connection remembers for which schema it was made ready. It is reset when it goes to another one, or when its last
//! use ended in any other way than the usual; the common case costs no round trip.

use super::conn::{Conn, Prepared, STATEMENT_CACHE};
use super::error::translate;
use super::lease::PostgresLease;
use crate::storage::{Code, Error, Result};
use crate::telemetry::figures::PoolFigures;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, Row};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

/// A connection idle for longer is asked whether it is still there before it is lent.
const PING_AFTER_IDLE: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(1);

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
    /// Whose connections cancel statements of this pool; none: its own.
    canceller: Option<PostgresPool>,
    /// Whether a transaction pooler stands before the server.
    is_through_pooler: bool,
    settings: PoolSettings,
    idle: Mutex<Vec<Conn>>,
    permits: Arc<Semaphore>,
    /// Requests that wait for a permit.
    waiting: AtomicU64,
    /// Raised when the server is found gone: connections opened before are not lent again.
    epoch: AtomicU64,
    cleaners: TaskTracker,
}

/// Counts as waiting as long as it lives.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicU64) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for PostgresPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresPool").field("size", &self.inner.settings.size).finish_non_exhaustive()
    }
}

impl PostgresPool {
    /// Makes a pool; connects to nothing yet. `canceller` leads to the same server as the same user, and is less busy.
    pub fn new(options: PgConnectOptions, settings: PoolSettings, canceller: Option<Self>) -> Self {
        Self::make(options, settings, canceller, false)
    }

    /// Makes a pool whose connections lead through a transaction pooler (PgBouncer 1.18 or newer): see `scope`. `canceller` leads to the
    /// server itself.
    pub fn through_pooler(options: PgConnectOptions, settings: PoolSettings, canceller: Self) -> Self {
        // Poolers refuse settings at the start that they do not know.
        Self::make(options.extra_float_digits(None), settings, Some(canceller), true)
    }

    fn make(
        options: PgConnectOptions,
        settings: PoolSettings,
        canceller: Option<Self>,
        is_through_pooler: bool,
    ) -> Self {
        let options = options.statement_cache_capacity(STATEMENT_CACHE).disable_statement_logging();
        let permits = Arc::new(Semaphore::new(usize::try_from(settings.size).unwrap_or(1).max(1)));
        Self {
            inner: Arc::new(Inner {
                options,
                canceller,
                is_through_pooler,
                settings,
                idle: Mutex::default(),
                permits,
                waiting: AtomicU64::new(0),
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
        // Most find one at once, and need no timer.
        if let Ok(permit) = Arc::clone(&self.inner.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::begin(&self.inner.waiting);
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

    fn pop_any(&self) -> Option<Conn> {
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
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
        let backend = (!self.inner.is_through_pooler).then_some(backend);
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

    /// Asks the server to cancel what `backend` is running: the statement's own connection is taken up by it. Where the server
    /// cannot be asked, its `statement_timeout` does it later.
    pub(super) async fn cancel(&self, backend: Option<i32>) {
        let Some(backend) = backend else { return };
        let canceller = self.inner.canceller.as_ref().unwrap_or(self);
        let _ = tokio::time::timeout(self.inner.settings.wait, canceller.cancel_here(backend)).await;
    }

    /// Over a connection of this pool, if one can be had at once: the server may take no more of them. Else over one more.
    async fn cancel_here(&self, backend: i32) -> Result<()> {
        let permit = Arc::clone(&self.inner.permits).try_acquire_owned();
        let idle = if permit.is_ok() { self.pop_any() } else { None };
        if let Some(mut conn) = idle
            && conn.cancel(backend).await.is_ok()
        {
            self.give_back(conn);
            return Ok(());
        }
        let mut conn = self.open().await?;
        conn.cancel(backend).await?;
        if permit.is_ok() {
            self.give_back(conn);
        }
        Ok(())
    }

    /// Waits until every lease that ended irregularly has been cleaned up.
    pub async fn close(&self) {
        self.inner.cleaners.close();
        self.inner.cleaners.wait().await;
    }

    /// What the pool is doing.
    pub(in crate::storage) fn figures(&self, name: &'static str) -> PoolFigures {
        let whole = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let size = u64::from(self.inner.settings.size);
        let free = whole(self.inner.permits.available_permits());
        let waiting = self.inner.waiting.load(Ordering::Relaxed);
        PoolFigures { name, size, in_use: size.saturating_sub(free), waiting }
    }

    /// Whether the connections lead through a transaction pooler.
    pub(super) fn is_through_pooler(&self) -> bool {
        self.inner.is_through_pooler
    }

    /// How long a request waits for a connection.
    pub(super) fn wait(&self) -> Duration {
        self.inner.settings.wait
    }

    /// After how long the server cancels a statement.
    pub(super) fn statement_time(&self) -> Duration {
        self.inner.settings.statement_time
    }
}
