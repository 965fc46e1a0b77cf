//! A last-in-first-out pool with a hard maximum and a bounded wait.
//!
//! A connection remembers for which schema it was made ready. It is reset when it goes to another
//! one, or when its last use ended in any other way than the usual; the common case costs no round
//! trip.

use super::conn::{Backend, Conn};
use super::error::translate;
use super::folding;
use super::health::{Health, SharedHealth, Waited, away};
use super::lease::PostgresLease;
use super::options::Access;
use super::prepared::{STATEMENT_CACHE, Statements};
use super::relay::{self, Relay, Server};
use super::share::{Place, Tenant};
use crate::storage::{Code, Error, Result};
use crate::telemetry::figures::PoolFigures;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

/// A connection idle for longer is asked whether it is still there before it is lent.
const PING_AFTER_IDLE: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// How long connecting may take at least: a server that is silent for some seconds is still there.
pub(in crate::storage) const CONNECT_TIME: Duration = Duration::from_secs(5);
/// PostgreSQL documentation, "PostgreSQL Error Codes": `too_many_connections`.
const TOO_MANY_CONNECTIONS: &str = "53300";
/// For what was given up, when the pool is closed.
const CLEAN_UP_TIME: Duration = Duration::from_secs(3);

/// How a pool behaves.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Connections at most, over all apps.
    pub size: u32,
    /// How long a request waits for a connection.
    pub wait: Duration,
    /// How long connecting may take at least, whatever is left of the wait.
    pub connect: Duration,
    /// After how long the server cancels a statement.
    pub statement_time: Duration,
}

/// Connections to one Postgres database. Cloning shares them.
#[derive(Clone)]
pub struct PostgresPool {
    inner: Arc<Inner>,
}

struct Inner {
    access: Access,
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
    /// Apps that use the pool.
    tenants: Mutex<HashMap<Arc<str>, Weak<Tenant>>>,
    /// Whether the server answers: shared with the canceller.
    health: SharedHealth,
    cleaners: TaskTracker,
    /// Notified when the server has no more connections to give.
    crowded: Notify,
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
    /// Makes a pool; connects to nothing yet. `canceller` leads to the same server as the same
    /// user, and is less busy.
    pub(in crate::storage) fn new(access: Access, settings: PoolSettings, canceller: Option<Self>) -> Self {
        Self::make(access, settings, canceller, false)
    }

    /// Makes a pool whose connections lead through a transaction pooler (PgBouncer 1.18 or newer):
    /// see `scope`. `canceller` leads to the server itself, or, where there is no way but the
    /// pooler, through it too: then nothing is cancelled.
    pub(in crate::storage) fn through_pooler(
        mut access: Access,
        settings: PoolSettings,
        canceller: Option<Self>,
    ) -> Self {
        access.server = access.server.through_pooler();
        // A pooler that does not let anybody in waits for its server by itself.
        let settings = PoolSettings { connect: Duration::ZERO, ..settings };
        Self::make(access, settings, canceller, true)
    }

    /// Where the server is, for a connection that is none of the pool.
    pub(super) fn server(&self) -> &Server {
        &self.inner.access.server
    }

    fn make(mut access: Access, settings: PoolSettings, canceller: Option<Self>, is_through_pooler: bool) -> Self {
        access.driver = access.driver.statement_cache_capacity(STATEMENT_CACHE).disable_statement_logging();
        let permits = Arc::new(Semaphore::new(usize::try_from(settings.size).unwrap_or(1).max(1)));
        let health =
            canceller.as_ref().map_or_else(|| Arc::new(Health::default()), |main| main.inner.health.clone());
        Self {
            inner: Arc::new(Inner {
                access,
                canceller,
                is_through_pooler,
                settings,
                idle: Mutex::default(),
                permits,
                waiting: AtomicU64::new(0),
                epoch: AtomicU64::new(0),
                tenants: Mutex::default(),
                health,
                cleaners: TaskTracker::new(),
                crowded: Notify::new(),
            }),
        }
    }

    /// The app whose tables are in `schema`, as this pool knows it.
    pub(in crate::storage) fn tenant(&self, schema: &Arc<str>) -> Arc<Tenant> {
        let mut tenants = self.inner.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tenants.get(schema).and_then(Weak::upgrade) {
            return known;
        }
        // Now and then, so that it costs little for each.
        if tenants.len().is_power_of_two() {
            tenants.retain(|_, tenant| tenant.strong_count() > 0);
        }
        let tenant = Arc::new(Tenant::new(schema, usize::try_from(self.inner.settings.size).unwrap_or(1)));
        tenants.insert(Arc::clone(schema), Arc::downgrade(&tenant));
        tenant
    }

    /// Lends a connection whose unqualified names mean tables of the app. `Busy` when none came
    /// free in time, or when others of the app hang; `Unavailable` when the server cannot be
    /// reached. Cancel-safe.
    pub(in crate::storage) async fn lease(&self, tenant: &Arc<Tenant>) -> Result<PostgresLease> {
        let deadline = Instant::now() + self.inner.settings.wait;
        let place = self.place(tenant, deadline).await?;
        self.lease_in(place, &tenant.schema, deadline).await
    }

    /// The same without a wait for others: none where no connection is free.
    pub(in crate::storage) async fn try_lease(&self, tenant: &Arc<Tenant>) -> Result<Option<PostgresLease>> {
        tenant.check()?;
        self.check_answering()?;
        let of_share = Arc::clone(&tenant.share).try_acquire_owned().ok();
        if of_share.is_none() && !self.is_alone(tenant) {
            return Ok(None);
        }
        let Ok(of_pool) = Arc::clone(&self.inner.permits).try_acquire_owned() else { return Ok(None) };
        let place = Place { _of_pool: of_pool, _of_share: of_share, tenant: Some(Arc::clone(tenant)) };
        let deadline = Instant::now() + self.inner.settings.wait;
        self.lease_in(place, &tenant.schema, deadline).await.map(Some)
    }

    /// Lends a connection to the host itself.
    pub async fn lease_to_host(&self, schema: &Arc<str>) -> Result<PostgresLease> {
        let deadline = Instant::now() + self.inner.settings.wait;
        self.check_answering()?;
        let of_pool = self.permit(&self.inner.permits, None, deadline).await?;
        self.lease_in(Place { _of_pool: of_pool, _of_share: None, tenant: None }, schema, deadline).await
    }

    async fn lease_in(&self, place: Place, schema: &Arc<str>, deadline: Instant) -> Result<PostgresLease> {
        let mut place = Some(place);
        let conn = match self.take_idle(schema, &mut place).await? {
            Some(conn) => conn,
            None => self.connect(deadline).await?,
        };
        let mut lease = PostgresLease::new(self.clone(), conn, place);
        lease.make_ready(schema).await?;
        Ok(lease)
    }

    /// The right to a connection: first in the app's share, then in the pool.
    async fn place(&self, tenant: &Arc<Tenant>, deadline: Instant) -> Result<Place> {
        tenant.check()?;
        self.check_answering()?;
        let of_share = match Arc::clone(&tenant.share).try_acquire_owned() {
            Ok(of_share) => Some(of_share),
            Err(_) if self.is_alone(tenant) => None,
            Err(_) => Some(self.permit(&tenant.share, Some(tenant), deadline).await?),
        };
        let of_pool = self.permit(&self.inner.permits, Some(tenant), deadline).await?;
        // It may have waited.
        tenant.check()?;
        self.check_answering()?;
        Ok(Place { _of_pool: of_pool, _of_share: of_share, tenant: Some(Arc::clone(tenant)) })
    }

    /// Whether no other app uses the pool. Only asked where a share is used up.
    fn is_alone(&self, tenant: &Tenant) -> bool {
        let tenants = self.inner.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        !tenants.iter().any(|(schema, other)| *schema != tenant.schema && other.strong_count() > 0)
    }

    /// A permit, for which a request of the app may have to wait.
    async fn permit(
        &self,
        permits: &Arc<Semaphore>,
        tenant: Option<&Arc<Tenant>>,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit> {
        // Most find one at once, and need no timer.
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::begin(&self.inner.waiting);
        let _of_app = tenant.map(|tenant| Waiting::begin(&tenant.waiting));
        let permit = tokio::time::timeout_at(deadline.into(), Arc::clone(permits).acquire_owned());
        match permit.await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::new(Code::Busy, "all database connections are in use")),
        }
    }

    /// A place for the host's own short questions, if there is one at once.
    pub(super) fn place_at_once(&self) -> Option<Place> {
        let of_pool = Arc::clone(&self.inner.permits).try_acquire_owned().ok()?;
        Some(Place { _of_pool: of_pool, _of_share: None, tenant: None })
    }

    /// An idle connection, one that is ready for `schema` if there is one; those that have died are
    /// dropped on the way. One that does not answer, because nothing does, keeps the place.
    async fn take_idle(&self, schema: &Arc<str>, place: &mut Option<Place>) -> Result<Option<Conn>> {
        let outages = self.main().health().outages();
        loop {
            let Some(mut conn) = self.pop_idle(schema) else { return Ok(None) };
            if conn.since.elapsed() < PING_AFTER_IDLE && conn.outages == outages {
                return Ok(Some(conn));
            }
            let answer = {
                let ping = std::pin::pin!(conn.relay.carry(conn.link.ping()));
                self.patiently(PING_TIMEOUT, ping).await
            };
            match answer {
                Waited::Done(Ok(())) => return Ok(Some(conn)),
                Waited::Away => {
                    self.retire(conn, place.take(), false);
                    return Err(away());
                }
                _ => self.server_went_away(),
            }
        }
    }

    pub(super) fn pop_any(&self) -> Option<Conn> {
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

    /// Opens a connection before `deadline`, or a little later. A follower is refused: it would
    /// take no writes.
    async fn connect(&self, deadline: Instant) -> Result<Conn> {
        let time = deadline.saturating_duration_since(Instant::now()).max(self.inner.settings.connect);
        let time = self.inner.access.time.map_or(time, |most| most.min(time));
        let opening = std::pin::pin!(self.open());
        match self.patiently(time, opening).await {
            Waited::Done(opened) => opened,
            Waited::Late => Err(Error::unavailable("the database did not answer in time")),
            Waited::Away => Err(away()),
        }
    }

    /// Opens a connection, unless the server has refused the login a moment ago.
    async fn open(&self) -> Result<Conn> {
        self.inner.access.refusals.check()?;
        self.open_now().await
    }

    /// Opens a connection. Whoever finds out whether the server answers has to ask it.
    pub(super) async fn open_now(&self) -> Result<Conn> {
        let epoch = self.inner.epoch.load(Ordering::Acquire);
        let outages = self.main().health().outages();
        let (mut link, mut relay) = self.reach_server().await?;
        let question = format!(
            "select pid, pg_is_in_recovery(), (extract(epoch from backend_start) * 1000000)::bigint, {}, \
             current_setting('transaction_read_only') = 'on' from pg_stat_get_activity(pg_backend_pid())",
            folding::known_collations()
        );
        let asking = sqlx::raw_sql(AssertSqlSafe(question)).fetch_one(&mut link);
        let row = relay.carry(asking).await?;
        let (pid, started) = (row.try_get(0).map_err(translate)?, row.try_get(2).map_err(translate)?);
        match (row.try_get::<bool, _>(1).map_err(translate)?, self.inner.access.wants_follower) {
            (true, false) => {
                return Err(Error::unavailable(
                    "the database is a follower, which takes no writes: name the primary instead",
                ));
            }
            (false, true) => return Err(Error::unavailable("it is no follower: it takes writes of its own")),
            _ => {}
        }
        if self.inner.access.wants_writable && row.try_get(4).map_err(translate)? {
            return Err(Error::unavailable(
                "the database takes no writes for now, and target_session_attrs=read-write in the URL asks for one that does",
            ));
        }
        let backend = (!self.inner.is_through_pooler).then_some(Backend { pid, started });
        let folding = folding::choose(row.try_get(3).map_err(translate)?);
        Ok(Conn {
            link,
            relay,
            backend,
            schema: None,
            statements: Statements::default(),
            described: 0,
            cursors: HashMap::new(),
            folding,
            in_transaction: false,
            epoch,
            outages,
            since: Instant::now(),
        })
    }

    /// Connects once, without the pool, and says whether that works and to what.
    pub async fn check(&self) -> Result<String> {
        let mut conn = self.connect(Instant::now() + self.inner.settings.wait).await?;
        let asking = sqlx::raw_sql("show server_version").fetch_one(&mut conn.link);
        let version: String = conn.relay.carry(asking).await?.try_get(0).map_err(translate)?;
        let _ = relay::close(conn.link, conn.relay).await;
        Ok(version)
    }

    /// Takes a connection back. Only for connections with no transaction and nothing under way.
    pub(super) fn give_back(&self, mut conn: Conn) {
        if conn.epoch != self.inner.epoch.load(Ordering::Acquire) {
            return;
        }
        if self.inner.is_through_pooler {
            // The process works for others now.
            conn.backend = None;
        }
        conn.rest();
        conn.since = Instant::now();
        conn.outages = self.main().health().outages();
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }

    /// Notes that connections opened until now are likely dead.
    pub(super) fn server_went_away(&self) {
        self.inner.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Runs the end of a lease that could not be ended on the spot. The permit is held until it is
    /// done.
    pub(in crate::storage) fn clean_up(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.inner.cleaners.spawn_on(work, &runtime);
        }
    }

    /// Asks the server to cancel what `backend` is running: the statement's own connection is taken
    /// up by it. Where the server cannot be asked, its `statement_timeout` does it later.
    pub(super) async fn cancel(&self, backend: Option<Backend>) {
        if let Some(backend) = backend {
            self.stop(backend, false).await;
        }
    }

    /// Waits until every lease that ended irregularly has been cleaned up.
    pub async fn close(&self) {
        self.inner.cleaners.close();
        // What hangs on the server would hold up the end of this process for as long.
        let _ = tokio::time::timeout(CLEAN_UP_TIME, self.inner.cleaners.wait()).await;
    }

    /// What the pool is doing.
    pub(in crate::storage) fn figures(&self, name: &'static str) -> PoolFigures {
        let whole = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let size = u64::from(self.inner.settings.size);
        let free = whole(self.inner.permits.available_permits());
        let waiting = self.inner.waiting.load(Ordering::Relaxed);
        let tenants = self.inner.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let hanging = tenants.values().filter_map(Weak::upgrade).map(|tenant| u64::from(tenant.hanging())).sum();
        PoolFigures { name, size, in_use: size.saturating_sub(free), waiting, hanging }
    }

    /// The pool that the host asks its own questions over: this one, unless guests have it to
    /// themselves.
    pub(super) fn main(&self) -> &Self {
        self.inner.canceller.as_ref().unwrap_or(self)
    }

    pub(super) fn health(&self) -> &Health {
        &self.inner.health
    }

    /// Connects, and asks for nothing.
    pub(super) async fn reach_server(&self) -> Result<(PgConnection, Box<Relay>)> {
        let access = &self.inner.access;
        let reached = relay::connect(&access.driver, &access.server).await;
        access.refusals.note(reached.as_ref().err());
        if reached.as_ref().is_err_and(|error| error.sqlstate == TOO_MANY_CONNECTIONS) {
            self.main().inner.crowded.notify_waiters();
        }
        reached
    }

    /// Ends when the server has refused a connection because it has no more to give.
    pub(super) async fn crowded(&self) {
        self.main().inner.crowded.notified().await;
    }

    /// An error where the server has refused the login a moment ago.
    pub(super) fn check_refusals(&self) -> Result<()> {
        self.inner.access.refusals.check()
    }

    pub(super) fn cleaners(&self) -> &TaskTracker {
        &self.inner.cleaners
    }

    /// Whether the connections lead through a transaction pooler.
    pub(in crate::storage) fn is_through_pooler(&self) -> bool {
        self.inner.is_through_pooler
    }

    /// Whether the server can be asked beside all statements. A pooler would keep the question
    /// waiting behind the statement that it is about.
    pub(super) fn can_ask_beside(&self) -> bool {
        !self.main().inner.is_through_pooler
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
