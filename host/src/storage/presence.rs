//! Whether a host serves from a database: for whoever is about to change it from elsewhere.
//!
//! A process that serves holds a lock, which ends with it however it ends: on Postgres an advisory
//! lock that every reading of the generation takes again, because a connection that goes to another
//! schema gives it up; on SQLite one of the operating system on a file beside the registry. Any
//! number of hosts share it.

use super::database::Database;
use super::host_sql::host_sql;
use super::migrations::RegistryState;
use super::registry::Host;
use super::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::time::Duration;

const LOCK_FILE: &str = "serving.lock";
/// How often Postgres is asked, and with which pause: longer together than a host takes to come
/// back to the lock.
const LOOKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(700);

/// Says that this process serves, as long as it lives.
#[derive(Debug)]
pub struct Presence {
    _lock: Option<File>,
}

impl Database {
    /// Says from now on that this process serves. On Postgres [`Self::generation`] does, which a
    /// host that serves reads every second. Where nothing can be written nothing is said: that is
    /// no reason not to serve.
    pub fn announce(&self) -> Presence {
        let Self::Sqlite(files) = self else { return Presence { _lock: None } };
        let open = || {
            std::fs::create_dir_all(files.folder())?;
            let path = files.folder().join(LOCK_FILE);
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            // Whoever looks holds the lock for a moment only.
            file.lock_shared()?;
            Ok::<_, std::io::Error>(file)
        };
        let lock = open().inspect_err(|error| {
            tracing::debug!("cannot say in {} that this process serves: {error}", files.folder().display());
        });
        Presence { _lock: lock.ok() }
    }

    /// Whether another process serves from this database now. Makes nothing.
    pub async fn is_served(&self) -> Result<bool> {
        match self {
            // A host makes its tables before it serves.
            Self::Postgres(_) if self.registry_state().await? == RegistryState::Missing => Ok(false),
            Self::Sqlite(files) => {
                let Ok(file) = File::open(files.folder().join(LOCK_FILE)) else { return Ok(false) };
                Ok(matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
            }
            // Behind a pooler no session holds a lock; what hosts say of themselves is a bit late.
            Self::Postgres(_) if self.is_behind_pooler() => Ok(self.hosts().await?.iter().any(Host::is_live)),
            Self::Postgres(_) => {
                for look in 0..LOOKS {
                    if look > 0 {
                        tokio::time::sleep(PAUSE).await;
                    }
                    if self.is_locked().await? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    async fn is_locked(&self) -> Result<bool> {
        let mut connection = self.registry().await?;
        let sql = host_sql!(
            "select count(*) from pg_locks where locktype = 'advisory' and classid = 7211 and objid = 1 and objsubid = 2 \
             and granted and pid <> pg_backend_pid() \
             and database = (select oid from pg_database where datname = current_database())"
        );
        let outcome = connection.host(sql, &[]).await?;
        let count = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
        count.map(|count| count > 0).ok_or_else(|| Error::malformed("a count of locks"))
    }
}
