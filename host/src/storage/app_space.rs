//! Where in a database the things of one app are, and how to reach them.

use super::connection::{Connection, Control, Isolation};
use super::database::Database;
use super::postgres::{PostgresLease, PostgresPool, Tenant};
use super::sqlite::CursorReader;
use super::{Code, Engine, Error, Follower, Result, RowRoom, migrations};
use std::sync::Arc;
use std::time::Duration;

/// Where the things of one app are kept.
#[derive(Debug, Clone)]
pub struct AppSpace {
    database: Database,
    app: Arc<str>,
    /// The schema on Postgres, the file on SQLite.
    place: Arc<str>,
    /// The schema of the host tables on Postgres, where it is not `innkeeper`.
    host_schema: Option<Arc<str>>,
    /// The app as the guests' pool knows it; none on SQLite.
    tenant: Option<Arc<Tenant>>,
    /// The follower that may answer what only reads, and how far it may be behind.
    follower: Option<(Follower, Duration)>,
    /// What the app's rows take up.
    rows: Arc<RowRoom>,
}

impl AppSpace {
    /// `tenant` is none on SQLite.
    pub(super) fn new(database: Database, app: &str, place: Arc<str>, tenant: Option<Arc<Tenant>>) -> Self {
        let app = app.into();
        Self { database, app, place, host_schema: None, tenant, follower: None, rows: Arc::default() }
    }

    /// In a database of the app's own, whose host tables are in a schema of that name.
    pub(super) fn with_host_schema(self, host_schema: Option<Arc<str>>) -> Self {
        Self { host_schema, ..self }
    }

    /// The name of the app.
    pub fn app(&self) -> &Arc<str> {
        &self.app
    }

    /// The same place where a follower may answer what only reads, as long as it is no further
    /// behind than that.
    pub fn with_follower(self, follower: Option<(Follower, Duration)>) -> Self {
        Self { follower, ..self }
    }

    /// How far a follower may be behind that answers what only reads, where there is one.
    pub fn follower_lag(&self) -> Option<Duration> {
        self.follower.as_ref().map(|(_, lag)| *lag)
    }

    /// The follower that may answer what only reads.
    pub(super) fn follower(&self) -> Option<&(Follower, Duration)> {
        self.follower.as_ref()
    }

    /// A connection to the follower with a transaction begun that only reads; none where the
    /// primary has to answer.
    pub(super) async fn begin_at_follower(&self, isolation: Option<Isolation>) -> Option<Connection> {
        let (follower, bound) = self.follower.as_ref()?;
        // A follower knows no such transactions (PostgreSQL documentation, "Hot Standby").
        if isolation == Some(Isolation::Serializable) {
            return None;
        }
        let lease = follower.lease(&self.place, *bound).await?;
        let mut connection = self.connection(lease);
        match connection.control(Control::BeginReading(isolation)).await {
            Ok(()) => Some(connection),
            Err(error) => {
                follower.note_failure(&error);
                None
            }
        }
    }

    /// What the app's rows take up, and whether it may add to them.
    pub fn rows(&self) -> &Arc<RowRoom> {
        &self.rows
    }

    /// The app's schema on Postgres, its file on SQLite.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The schema of the host tables on Postgres, where it is not `innkeeper`.
    pub(super) fn host_schema(&self) -> Option<&str> {
        self.host_schema.as_deref()
    }

    /// The database that has the app's things.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Whose SQL the app's statements are.
    pub fn engine(&self) -> Engine {
        match self.database {
            Database::Postgres(_) => Engine::Postgres,
            Database::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// Whether the engine is SQLite, for the one place where an app may give a text for each
    /// (`db.migrate`).
    pub fn is_sqlite(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    /// A connection for reading. On Postgres the same as [`Self::writer`].
    pub async fn reader(&self) -> Result<Connection> {
        match &self.database {
            Database::Postgres(pools) => self.lease(&pools.guests).await,
            Database::Sqlite(files) => Ok(Connection::Sqlite(files.reader(&self.place).await?)),
        }
    }

    /// On SQLite a connection for a cursor in a thread of its own, with the right to it. Who holds
    /// such a thread waits for no other: none where all are taken.
    pub(super) async fn cursor_reader(&self, holds: bool) -> Result<Option<CursorReader>> {
        match &self.database {
            Database::Postgres(_) => Ok(None),
            Database::Sqlite(files) if holds => files.try_cursor_reader(&self.place),
            Database::Sqlite(files) => files.cursor_reader(&self.place).await.map(Some),
        }
    }

    /// A connection for writing; on SQLite there is one at a time.
    pub async fn writer(&self) -> Result<Connection> {
        match &self.database {
            Database::Postgres(pools) => self.lease(&pools.guests).await,
            Database::Sqlite(files) => {
                let mut lease = files.writer(&self.place).await?;
                lease.bound_by(&self.rows);
                Ok(Connection::Sqlite(lease))
            }
        }
    }

    /// A connection for writing with a transaction begun. One that had died in its pool is replaced
    /// by another.
    pub(super) async fn begin(&self, isolation: Option<Isolation>) -> Result<Connection> {
        let mut connection = self.writer().await?;
        match connection.control(Control::Begin(isolation)).await {
            Err(error) if error.code == Code::Unavailable => {
                drop(connection);
                connection = self.writer().await?;
                connection.control(Control::Begin(isolation)).await?;
            }
            begun => begun?,
        }
        Ok(connection)
    }

    /// The same without a wait for other requests; none where no connection is free at once. Also
    /// none behind a pooler, which may have none to lend.
    pub(super) async fn try_begin(&self, isolation: Option<Isolation>) -> Result<Option<Connection>> {
        let Some(mut connection) = self.try_writer().await? else { return Ok(None) };
        match connection.control(Control::Begin(isolation)).await {
            Err(error) if error.code == Code::Unavailable => {
                drop(connection);
                let Some(another) = self.try_writer().await? else { return Ok(None) };
                connection = another;
                connection.control(Control::Begin(isolation)).await?;
            }
            begun => begun?,
        }
        Ok(Some(connection))
    }

    /// A connection for reading or writing on Postgres, if one is free at once. On SQLite a reader
    /// never waits, and the holder of one waits for the writer alone, who waits for nobody.
    pub(super) async fn try_writer(&self) -> Result<Option<Connection>> {
        match (&self.database, &self.tenant) {
            (Database::Postgres(pools), Some(tenant)) if !pools.guests.is_through_pooler() => {
                Ok(pools.guests.try_lease(tenant).await?.map(|lease| self.connection(lease)))
            }
            (Database::Postgres(_), _) => Ok(None),
            (Database::Sqlite(_), _) => self.writer().await.map(Some),
        }
    }

    /// Refuses bytes of a file where the disk is full.
    pub(super) fn check_room(&self, bytes: u64) -> Result<()> {
        match &self.database {
            Database::Sqlite(files) if !files.has_room(&self.place, bytes)? => Err(Error::disk_full()),
            _ => Ok(()),
        }
    }

    /// A connection for what the host does here by itself, such as sweeping. In the host's database
    /// guests cannot use these up.
    pub async fn upkeep(&self) -> Result<Connection> {
        match &self.database {
            Database::Postgres(pools) => {
                let lease = pools.host.lease_to_host(&self.place).await?;
                Ok(self.connection(lease))
            }
            Database::Sqlite(_) => self.writer().await,
        }
    }

    /// How many requests of the app wait for a connection.
    pub fn connections_waited_for(&self) -> u64 {
        self.tenant.as_ref().map_or(0, |tenant| tenant.waiting())
    }

    async fn lease(&self, pool: &PostgresPool) -> Result<Connection> {
        let tenant = self.tenant.as_ref().ok_or_else(|| Error::unavailable("no pool of connections"))?;
        pool.lease(tenant).await.map(|lease| self.connection(lease))
    }

    fn connection(&self, mut lease: PostgresLease) -> Connection {
        lease.set_host_schema(self.host_schema.clone());
        Connection::Postgres(lease)
    }

    /// Takes the lock that lets one request at a time change the app's tables, until the
    /// transaction ends. On SQLite the writer has it already.
    pub(super) async fn lock_schema(&self, connection: &mut Connection) -> Result<()> {
        match connection {
            Connection::Postgres(_) => migrations::lock(connection, &self.place).await,
            Connection::Sqlite(_) => Ok(()),
        }
    }
}
