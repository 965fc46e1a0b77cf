//! The database: which engine, and what the host itself asks it.

use super::app_space::AppSpace;
use super::connection::Connection;
use super::indexes::Looked;
use super::postgres::{self, CONNECT_TIME, PoolSettings, PostgresPool};
use super::sqlite::{DiskReport, SqliteFiles, SqliteSettings};
use super::{Code, Error, Result, migrations, own_space};
use crate::config::{Config, DatabaseTarget, HOST_POOL_SIZE, POOL_URL, PostgresTarget, SqliteSynchronous};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// The name of the SQLite file of the registry.
const REGISTRY_FILE: &str = "innkeeper.sqlite";

/// The database that was found at start. Cloning shares its connections.
#[derive(Debug, Clone)]
pub enum Database {
    /// A Postgres server: the host's tables in the schema `innkeeper`, each app's in a schema of
    /// its own.
    Postgres(PostgresPools),
    /// A folder of SQLite files: one for the registry, one for each app with everything that is its
    /// own.
    Sqlite(SqliteFiles),
}

/// The connections to one Postgres database.
#[derive(Debug, Clone)]
pub struct PostgresPools {
    /// For the host's own needs, which guests cannot use up.
    pub(super) host: PostgresPool,
    /// For guests. In an app's own database the only ones.
    pub(super) guests: PostgresPool,
    /// Whether apps have named this database for themselves: then the registry is elsewhere.
    is_apps_own: bool,
    /// Where this process has looked for indexes that are missing.
    pub(super) indexes: Looked,
}

impl Database {
    /// The database that `config` has found. Connects to nothing yet.
    pub fn open(config: &Config) -> Result<Self> {
        match &config.database.target {
            DatabaseTarget::Postgres(target) => Self::open_postgres(config, target),
            DatabaseTarget::Sqlite(folder) => Ok(Self::open_sqlite(config, folder)),
        }
    }

    /// A database that apps have named for themselves by the variable `var`. Connects to nothing
    /// yet.
    pub fn open_for_apps(config: &Config, target: &DatabaseTarget, var: &str) -> Result<Self> {
        let is_pooled = config.leads_through_pooler(target);
        match target {
            DatabaseTarget::Postgres(target) => {
                let access = postgres::Access::new(target, var)?;
                let settings = settings(config, config.app_pool_size);
                let pool = match is_pooled {
                    true => PostgresPool::through_pooler(access, settings, None),
                    false => PostgresPool::new(access, settings, None),
                };
                Ok(Self::Postgres(PostgresPools {
                    host: pool.clone(),
                    guests: pool,
                    is_apps_own: true,
                    indexes: Looked::default(),
                }))
            }
            DatabaseTarget::Sqlite(folder) => Ok(Self::open_sqlite(config, folder)),
        }
    }

    fn open_postgres(config: &Config, target: &PostgresTarget) -> Result<Self> {
        // What the host does needs connections that are a session; guests can do without.
        let name = config.database.source.to_string();
        let access = || postgres::Access::new(target, &name).map_err(|error| error.about(&name));
        if config.database.is_pooler {
            let host = PostgresPool::through_pooler(access()?, settings(config, HOST_POOL_SIZE), None);
            let of_guests = settings(config, config.pool_size);
            let guests = PostgresPool::through_pooler(access()?, of_guests, Some(host.clone()));
            return Ok(Self::Postgres(PostgresPools {
                host,
                guests,
                is_apps_own: false,
                indexes: Looked::default(),
            }));
        }
        let host = PostgresPool::new(access()?, settings(config, HOST_POOL_SIZE), None);
        let guests = match &config.database.pooler {
            Some(pooler) => {
                let settings = settings(config, config.pool_size);
                let access = postgres::Access::new(pooler, POOL_URL).map_err(|error| error.about(POOL_URL))?;
                PostgresPool::through_pooler(access, settings, Some(host.clone()))
            }
            None => PostgresPool::new(access()?, settings(config, config.pool_size), Some(host.clone())),
        };
        Ok(Self::Postgres(PostgresPools { host, guests, is_apps_own: false, indexes: Looked::default() }))
    }

    fn open_sqlite(config: &Config, folder: &Path) -> Self {
        let whole = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self::Sqlite(SqliteFiles::new(SqliteSettings {
            folder: folder.to_owned(),
            wait: config.limits.pool_wait,
            full_synchronous: config.sqlite_synchronous == SqliteSynchronous::Full,
            value_bytes: whole(config.limits.sql_value_bytes),
            sql_bytes: whole(config.limits.sql_bytes),
            heap_bytes: config.sqlite_heap_bytes(),
        }))
    }

    /// A connection to the host's registry.
    pub async fn registry(&self) -> Result<Connection> {
        match self {
            Self::Postgres(pools) => {
                Ok(Connection::Postgres(pools.host.lease_to_host(&Arc::from(migrations::HOST_SCHEMA)).await?))
            }
            Self::Sqlite(files) => Ok(Connection::Sqlite(files.writer(REGISTRY_FILE).await?)),
        }
    }

    /// A connection to the host's registry that only reads, without waiting for writers.
    pub async fn registry_reader(&self) -> Result<Connection> {
        match self {
            Self::Postgres(_) => self.registry().await,
            Self::Sqlite(files) => Ok(Connection::Sqlite(files.reader(REGISTRY_FILE).await?)),
        }
    }

    /// Brings the host tables up to date. Idempotent; locked against others that do the same.
    /// Returns what was applied now.
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
        let mut space = self.space(app);
        match self {
            Self::Postgres(pools) if pools.is_apps_own => {
                let mut connection = self.registry().await?;
                let host_schema = own_space::make(&mut connection, app, space.place()).await?;
                space = space.with_host_schema(host_schema);
            }
            Self::Postgres(_) => {
                let mut connection = self.registry().await?;
                connection.script(&format!("create schema if not exists \"{}\"", space.place())).await?;
            }
            Self::Sqlite(_) => {
                let mut connection = space.writer().await?;
                match migrations::apply(&mut connection, migrations::Set::App).await {
                    // What is there can be read.
                    Err(error) if error.takes_no_writes() && migrations::is_begun(&mut connection).await => {}
                    applied => drop(applied?),
                }
            }
        }
        Ok(space)
    }

    /// Where an app's things are in the host's own database, where there are any; makes nothing.
    pub fn space_that_is_there(&self, app: &str) -> Option<AppSpace> {
        let space = self.space(app);
        match self {
            Self::Postgres(_) => Some(space),
            Self::Sqlite(files) => files.folder().join(space.place()).is_file().then_some(space),
        }
    }

    /// Where an app's things are. `app` has passed [`super::registry::check_name`].
    fn space(&self, app: &str) -> AppSpace {
        let place = match self {
            Self::Postgres(_) => format!("app_{app}"),
            Self::Sqlite(_) => format!("apps/{app}.sqlite"),
        };
        let place: Arc<str> = place.into();
        let tenant = match self {
            Self::Postgres(pools) => Some(pools.guests.tenant(&place)),
            Self::Sqlite(_) => None,
        };
        AppSpace::new(self.clone(), app, place, tenant)
    }

    /// Whether there may be a registry. On SQLite opening the file would make it.
    /// A folder in which nobody can look is an error: there may be apps in it.
    pub(super) fn has_registry(&self) -> Result<bool> {
        match self {
            Self::Postgres(_) => Ok(true),
            Self::Sqlite(files) => is_file(&files.folder().join(REGISTRY_FILE)),
        }
    }

    /// Whether everything leads through a transaction pooler, so that no session lasts longer than
    /// its transaction.
    pub(super) fn is_behind_pooler(&self) -> bool {
        matches!(self, Self::Postgres(pools) if pools.host.is_through_pooler())
    }

    /// Whether it is SQLite, which has no followers.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Asks the database whether it is there. A connection that died while nobody used it says
    /// nothing of that.
    pub async fn ping(&self) -> Result<()> {
        match self.ping_once().await {
            Err(error) if error.code == Code::Unavailable => self.ping_once().await,
            answer => answer,
        }
    }

    async fn ping_once(&self) -> Result<()> {
        let mut connection = self.registry_reader().await?;
        connection.host(super::host_sql::host_sql!("select 1"), &[]).await.map(|_| ())
    }

    /// What answers: engine and version.
    pub async fn describe(&self) -> Result<String> {
        match self {
            Self::Postgres(pools) => Ok(format!("PostgreSQL {}", pools.host.check().await?)),
            Self::Sqlite(files) => {
                Ok(format!("SQLite {} in {}", super::sqlite::version(), files.folder().display()))
            }
        }
    }

    /// From now on this process keeps a reserve on the disk of SQLite's files.
    pub fn keep_reserve(&self) {
        if let Self::Sqlite(files) = self {
            files.keep_reserve();
        }
    }

    /// The folder of SQLite's files and how its disk is; none on Postgres, whose disk is the
    /// server's.
    pub fn disk(&self) -> Option<(String, DiskReport)> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(files) => Some((files.folder().display().to_string(), files.disk()?)),
        }
    }

    /// Gives back what logs ahead of SQLite's files take up. Blocks.
    pub fn empty_logs(&self) {
        if let Self::Sqlite(files) = self {
            files.empty_logs();
        }
    }

    /// Refuses what would take up the last room of a full disk.
    pub fn check_room(&self, bytes: u64) -> Result<()> {
        match self {
            Self::Sqlite(files) if !files.has_room(REGISTRY_FILE, bytes)? => Err(Error::disk_full()),
            _ => Ok(()),
        }
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub async fn close(&self) {
        if let Self::Postgres(pools) = self {
            tokio::join!(pools.host.close(), pools.guests.close());
        }
    }
}

fn settings(config: &Config, size: u32) -> PoolSettings {
    PoolSettings {
        size,
        wait: config.limits.pool_wait,
        connect: CONNECT_TIME,
        statement_time: config.limits.statement_time,
    }
}

/// Whether a file is there.
fn is_file(path: &Path) -> Result<bool> {
    let wrong = |problem: &dyn std::fmt::Display| {
        let text = format!(
            "cannot read {}: {problem}; --data names a folder that this user may read and write",
            path.display()
        );
        Err(Error::new(Code::Unavailable, text))
    };
    match path.metadata() {
        Ok(about) if about.is_file() => Ok(true),
        Ok(_) => wrong(&"it is no file"),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => wrong(&error),
    }
}

/// A failure to find the app's space is the operator's to mend.
pub(super) fn no_such_app(app: &str) -> Error {
    Error::not_found(format!("no app named {app}"))
}
