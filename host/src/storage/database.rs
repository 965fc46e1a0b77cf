//! The database: which engine, and where in it an app's things are.

use super::connection::Connection;
use super::postgres::{self, PoolSettings, PostgresPool};
use super::sqlite::{SqliteFiles, SqliteLease, SqliteSettings};
use super::{Error, Result, migrations};
use crate::config::{Config, DatabaseTarget, PostgresTarget, SqliteSynchronous};
use std::path::Path;
use std::sync::Arc;

/// The name of the SQLite file of the registry.
const REGISTRY_FILE: &str = "innkeeper.sqlite";

/// The database that was found at start. Cloning shares its connections.
#[derive(Debug, Clone)]
pub enum Database {
    /// A Postgres server: the host's tables in the schema `innkeeper`, each app's in a schema of its own.
    Postgres(PostgresPool),
    /// A folder of SQLite files: one for the registry, one for each app with everything that is its own.
    Sqlite(SqliteFiles),
}

/// Where the things of one app are kept.
#[derive(Debug, Clone)]
pub struct AppSpace {
    database: Database,
    app: Arc<str>,
    /// The schema on Postgres, the file on SQLite.
    place: Arc<str>,
}

impl Database {
    /// The database that `config` has found. Connects to nothing yet.
    pub fn open(config: &Config) -> Result<Self> {
        match &config.database.target {
            DatabaseTarget::Postgres(target) => Self::open_postgres(config, target),
            DatabaseTarget::Sqlite(folder) => Ok(Self::open_sqlite(config, folder)),
        }
    }

    fn open_postgres(config: &Config, target: &PostgresTarget) -> Result<Self> {
        let settings = PoolSettings {
            size: config.pool_size,
            wait: config.limits.pool_wait,
            statement_time: config.limits.statement_time,
        };
        let direct = postgres::options(target)?;
        Ok(Self::Postgres(match &config.database.pooler {
            Some(pooler) => PostgresPool::through_pooler(postgres::options(pooler)?, direct, settings),
            None => PostgresPool::new(direct, settings),
        }))
    }

    fn open_sqlite(config: &Config, folder: &Path) -> Self {
        let whole = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self::Sqlite(SqliteFiles::new(SqliteSettings {
            folder: folder.to_owned(),
            wait: config.limits.pool_wait,
            full_synchronous: config.sqlite_synchronous == SqliteSynchronous::Full,
            value_bytes: whole(config.limits.sql_value_bytes),
            sql_bytes: whole(config.limits.sql_bytes),
        }))
    }

    /// A connection to the host's registry.
    pub async fn registry(&self) -> Result<Connection> {
        match self {
            Self::Postgres(pool) => Ok(Connection::Postgres(pool.lease(&Arc::from("innkeeper")).await?)),
            Self::Sqlite(files) => Ok(Connection::Sqlite(files.writer(REGISTRY_FILE).await?)),
        }
    }

    /// A connection to the host's registry that only reads, without waiting for writers.
    pub async fn registry_reader(&self) -> Result<Connection> {
        match self {
            Self::Postgres(_) => self.registry().await,
            Self::Sqlite(files) => Ok(Connection::Sqlite(files.reader(REGISTRY_FILE)?)),
        }
    }

    /// Brings the host tables up to date. Idempotent; locked against others that do the same. Returns what was applied now.
    pub async fn migrate(&self) -> Result<Vec<String>> {
        let mut connection = self.registry().await?;
        let mut applied = migrations::apply(&mut connection, migrations::Set::Registry).await?;
        if let Self::Postgres(_) = self {
            applied.extend(migrations::apply(&mut connection, migrations::Set::App).await?);
        }
        Ok(applied)
    }

    /// Makes room for an app's things where there is none yet.
    pub async fn make_space(&self, app: &str) -> Result<AppSpace> {
        let space = self.space(app);
        match self {
            Self::Postgres(_) => {
                let mut connection = self.registry().await?;
                connection.script(&format!("create schema if not exists \"{}\"", space.place)).await?;
            }
            Self::Sqlite(_) => {
                let mut connection = space.writer().await?;
                migrations::apply(&mut connection, migrations::Set::App).await?;
            }
        }
        Ok(space)
    }

    /// Where an app's things are. `app` has passed [`super::apps::check_name`].
    pub fn space(&self, app: &str) -> AppSpace {
        let place = match self {
            Self::Postgres(_) => format!("app_{app}"),
            Self::Sqlite(_) => format!("apps/{app}.sqlite"),
        };
        AppSpace { database: self.clone(), app: app.into(), place: place.into() }
    }

    /// Asks the database whether it is there.
    pub async fn ping(&self) -> Result<()> {
        let mut connection = self.registry_reader().await?;
        connection.host(super::host_sql::host_sql!("select 1"), &[]).await.map(|_| ())
    }

    /// What answers: engine and version.
    pub async fn describe(&self) -> Result<String> {
        match self {
            Self::Postgres(pool) => Ok(format!("PostgreSQL {}", pool.check().await?)),
            Self::Sqlite(files) => {
                Ok(format!("SQLite {} in {}", super::sqlite::version(), files.folder().display()))
            }
        }
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub async fn close(&self) {
        if let Self::Postgres(pool) = self {
            pool.close().await;
        }
    }
}

impl AppSpace {
    /// The name of the app.
    pub fn app(&self) -> &Arc<str> {
        &self.app
    }

    /// Whether the engine is SQLite, for the one place where an app may give a text for each (`db.migrate`).
    pub fn is_sqlite(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    /// A connection for reading. On Postgres the same as [`Self::writer`].
    pub async fn reader(&self) -> Result<Connection> {
        match &self.database {
            Database::Postgres(pool) => Ok(Connection::Postgres(pool.lease(&self.place).await?)),
            Database::Sqlite(files) => Ok(Connection::Sqlite(files.reader(&self.place)?)),
        }
    }

    /// A connection for reading a SQLite file; none where the engine is Postgres.
    pub(super) fn sqlite_reader(&self) -> Result<Option<SqliteLease>> {
        match &self.database {
            Database::Postgres(_) => Ok(None),
            Database::Sqlite(files) => files.reader(&self.place).map(Some),
        }
    }

    /// A connection for writing; on SQLite there is one at a time.
    pub async fn writer(&self) -> Result<Connection> {
        match &self.database {
            Database::Postgres(pool) => Ok(Connection::Postgres(pool.lease(&self.place).await?)),
            Database::Sqlite(files) => Ok(Connection::Sqlite(files.writer(&self.place).await?)),
        }
    }

    /// Takes the lock that lets one request at a time change the app's tables, until the transaction ends. On SQLite
    /// the writer has it already.
    pub(super) async fn lock_schema(&self, connection: &mut Connection) -> Result<()> {
        match connection {
            Connection::Postgres(_) => migrations::lock(connection, &self.place).await,
            Connection::Sqlite(_) => Ok(()),
        }
    }
}

/// A failure to find the app's space is the operator's to mend.
pub(super) fn no_such_app(app: &str) -> Error {
    Error::not_found(format!("no app named {app}"))
}
