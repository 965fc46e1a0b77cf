//! A fresh database for each test, on either engine, and a look into its tables from outside the
//! host.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tempfile::TempDir;

use crate::postgres;

/// The two databases that Innkeeper stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Postgres, a real server.
    Postgres,
    /// SQLite, files in a data directory.
    Sqlite,
}

/// A database that nobody else uses. Gone when this value is dropped.
#[derive(Debug)]
pub struct TestDatabase(Place);

#[derive(Debug)]
enum Place {
    Postgres {
        /// For the host.
        url: String,
        /// For the test, past a pooler.
        direct: String,
        name: String,
    },
    Elsewhere {
        url: String,
    },
    Sqlite(TempDir),
    Folder(PathBuf),
}

impl TestDatabase {
    /// A new and empty database.
    pub async fn fresh(engine: Engine) -> Self {
        Self(match engine {
            Engine::Postgres => Place::from_url(postgres::fresh_database().await),
            Engine::Sqlite => Place::Sqlite(tempfile::tempdir().expect("a temporary directory")),
        })
    }

    /// A Postgres database that the test has made itself, for example on a server of its own, or
    /// none at all.
    pub fn at(url: &str) -> Self {
        Self(Place::Elsewhere { url: url.to_owned() })
    }

    /// SQLite files in a folder that the test has made, for example on a disk of its own.
    pub fn in_folder(folder: &Path) -> Self {
        Self(Place::Folder(folder.to_owned()))
    }

    /// The arguments that lead the binary here.
    pub fn arguments(&self) -> [&str; 2] {
        match &self.0 {
            Place::Postgres { url, .. } | Place::Elsewhere { url } => ["--database-url", url],
            Place::Sqlite(_) | Place::Folder(_) => {
                ["--data", self.directory().and_then(Path::to_str).expect("a UTF-8 path")]
            }
        }
    }

    /// The URL that leads here, for a variable.
    pub fn url(&self) -> String {
        match &self.0 {
            Place::Postgres { url, .. } | Place::Elsewhere { url } => url.clone(),
            Place::Sqlite(directory) => format!("sqlite:{}", directory.path().display()),
            Place::Folder(folder) => format!("sqlite:{}", folder.display()),
        }
    }

    /// The data directory of SQLite.
    pub fn directory(&self) -> Option<&Path> {
        match &self.0 {
            Place::Sqlite(directory) => Some(directory.path()),
            Place::Folder(folder) => Some(folder),
            Place::Postgres { .. } | Place::Elsewhere { .. } => None,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory().expect("a data directory").join(format!("{name}.sqlite"))
    }

    /// Rows of the host's own tables, each value as text, NULL as `NULL`.
    pub async fn host_rows(&self, sql: &str) -> Vec<Vec<String>> {
        match &self.0 {
            Place::Postgres { direct: url, .. } | Place::Elsewhere { url } => {
                postgres_rows(url, "innkeeper", sql).await
            }
            Place::Sqlite(_) | Place::Folder(_) => sqlite_rows(self.file("innkeeper"), sql),
        }
    }

    /// The server's processes for those who are connected; none on SQLite.
    pub async fn connected(&self) -> Vec<Vec<String>> {
        if self.directory().is_some() {
            return Vec::new();
        }
        let others = "select pid from pg_stat_activity where datname = current_database() \
                      and backend_type = 'client backend' and pid <> pg_backend_pid()";
        self.host_rows(others).await
    }

    /// Waits until the server has noticed that these have gone: none of them holds a lock any more,
    /// or commits.
    pub async fn left_by(&self, processes: &[Vec<String>]) {
        let gone = async || {
            let connected = self.connected().await;
            (!processes.iter().any(|process| connected.contains(process))).then_some(())
        };
        crate::until("they have gone", gone).await;
    }

    /// Rows of an app's tables. On SQLite its file also holds the app's blobs and sessions; on
    /// Postgres the host's schema is searched behind the app's.
    pub async fn app_rows(&self, app: &str, sql: &str) -> Vec<Vec<String>> {
        match &self.0 {
            Place::Postgres { direct: url, .. } | Place::Elsewhere { url } => {
                postgres_rows(url, &format!("app_{app}, innkeeper"), sql).await
            }
            Place::Sqlite(_) | Place::Folder(_) => sqlite_rows(self.file(&format!("apps/{app}")), sql),
        }
    }

    /// How many rows a table of the host's holds that belongs to an app, for example `blobs`.
    pub async fn count(&self, app: &str, host_table: &str) -> u32 {
        let count = self.app_value(app, &format!("select count(*) from {}", self.host_table(host_table))).await;
        count.parse().expect("a count is a number")
    }

    /// The full name of a table of the host's that stands beside an app's tables, for SQL over
    /// [`Self::app_rows`].
    pub fn host_table(&self, name: &str) -> String {
        let prefix = if self.directory().is_some() { "innkeeper_" } else { "innkeeper." };
        format!("{prefix}{name}")
    }

    /// Waits until no connection keeps a transaction open in which nothing runs, and on SQLite
    /// nobody reads the app's file. The host itself has some now and then.
    pub async fn has_no_open_transaction(&self, app: &str) {
        let sql = match &self.0 {
            Place::Sqlite(_) | Place::Folder(_) => "pragma wal_checkpoint(truncate)",
            _ => {
                "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'"
            }
        };
        let none = async || {
            let rows = self.app_rows(app, sql).await;
            (rows.first().and_then(|row| row.first()).expect("one value") == "0").then_some(())
        };
        crate::until("no transaction is open", none).await;
    }

    /// The one value of the one row of a query over an app's tables.
    pub async fn app_value(&self, app: &str, sql: &str) -> String {
        let rows = self.app_rows(app, sql).await;
        let [row] = &rows[..] else { panic!("{sql}: one row expected, not {rows:?}") };
        let [value] = &row[..] else { panic!("{sql}: one column expected, not {row:?}") };
        value.clone()
    }
}

impl Place {
    fn from_url(direct: String) -> Self {
        let name = direct.rsplit('/').next().unwrap_or_default().to_owned();
        Self::Postgres { url: postgres::pooled::url(&direct), direct, name }
    }
}

/// A database of a test is some megabytes on a disk that may be small.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Postgres { name, .. } = &self.0 {
            postgres::shared().drop_database(name);
        }
    }
}

/// A connection of the test's own, past the host. Its tables are in `public` or in a file of their
/// own.
pub enum Direct {
    /// To Postgres.
    Postgres(Box<PgConnection>),
    /// To SQLite.
    Sqlite(rusqlite::Connection),
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Direct")
    }
}

impl Direct {
    /// Connects.
    pub async fn to(database: &TestDatabase) -> Self {
        match &database.0 {
            Place::Postgres { direct: url, .. } | Place::Elsewhere { url } => {
                let mut connection = PgConnection::connect(url).await.expect("the test's database answers");
                let zone = sqlx::raw_sql("set timezone to 'UTC'").execute(&mut connection).await;
                zone.expect("a time zone can be set");
                Self::Postgres(Box::new(connection))
            }
            Place::Sqlite(_) | Place::Folder(_) => {
                let connection = rusqlite::Connection::open(database.file("direct"));
                Self::Sqlite(connection.expect("a file can be made"))
            }
        }
    }

    /// Connects, and keeps an app's table from being dropped as long as it lives; on SQLite the
    /// whole file of the app from being written.
    pub async fn holding(database: &TestDatabase, app: &str, table: &str) -> Self {
        match Self::to(database).await {
            Self::Postgres(mut connection) => {
                let lock = format!("begin; lock table app_{app}.{table} in access share mode");
                sqlx::raw_sql(AssertSqlSafe(lock)).execute(connection.as_mut()).await.expect("nobody drops it");
                Self::Postgres(connection)
            }
            Self::Sqlite(_) => {
                let file = database.file(&format!("apps/{app}"));
                let connection = rusqlite::Connection::open(file).expect("the app's file");
                connection.busy_timeout(crate::DEADLINE).expect("a timeout can be set");
                connection.execute_batch("begin immediate").expect("the lock");
                Self::Sqlite(connection)
            }
        }
    }

    /// Runs one statement; each value of its rows as text, NULL as `NULL`.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        match self {
            Self::Postgres(connection) => {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection.as_mut()).await;
                Ok(rows.map_err(|error| error.to_string())?.iter().map(postgres_texts).collect())
            }
            Self::Sqlite(connection) => sqlite_query(connection, sql).map_err(|error| error.to_string()),
        }
    }
}

fn sqlite_query(connection: &rusqlite::Connection, sql: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement
        .query_map([], |row| (0..columns).map(|column| row.get_ref(column).map(sqlite_text)).collect())?;
    rows.collect()
}

async fn postgres_rows(url: &str, schemas: &str, sql: &str) -> Vec<Vec<String>> {
    let mut connection = PgConnection::connect(url).await.expect("the test's database answers");
    let search = format!("set search_path to {schemas}");
    sqlx::raw_sql(AssertSqlSafe(search)).execute(&mut connection).await.expect("a search path can be set");
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await;
    rows.unwrap_or_else(|error| panic!("{sql}: {error}")).iter().map(postgres_texts).collect()
}

/// Without parameters Postgres answers in its text format: every value is readable as it is.
fn postgres_texts(row: &PgRow) -> Vec<String> {
    let text = |column| {
        let value = row.try_get_raw(column).expect("the row has this column");
        value.as_str().map_or_else(|_null| "NULL".to_owned(), str::to_owned)
    };
    (0..row.len()).map(text).collect()
}

fn sqlite_rows(file: PathBuf, sql: &str) -> Vec<Vec<String>> {
    assert!(file.is_file(), "there is no {}", file.display());
    let connection = rusqlite::Connection::open(&file).expect("the test's database opens");
    connection.busy_timeout(crate::DEADLINE).expect("a timeout can be set");
    sqlite_query(&connection, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn sqlite_text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
