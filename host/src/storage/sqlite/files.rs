//! Files, and who may use them: any number of readers, one writer at a time (SQLite documentation, "Write-Ahead Logging").

use super::error::translate;
use super::guard::Watch;
use super::lease::SqliteLease;
use crate::storage::{Code, Error, Result};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Half of the runtime's threads for what blocks (`BLOCKING_THREADS` in `main.rs`): commits and compiling need the others.
const CURSOR_THREADS: usize = 16;
/// Idle connections that a file keeps open for reading.
const IDLE_READERS: usize = 8;
/// Statements that a connection keeps prepared.
const STATEMENT_CACHE: usize = 256;
/// Of each connection, in the unit of `PRAGMA cache_size` (negative: KiB).
const CACHE_KIB: i64 = -4_096;
/// What SQLite may allocate in this process, over all files: a statement that would need more fails.
const HEAP_BYTES: i64 = 256 << 20;

/// How SQLite files are used.
#[derive(Debug, Clone)]
pub struct SqliteSettings {
    /// The folder of the files; made when missing.
    pub folder: PathBuf,
    /// How long a request waits for the write lock.
    pub wait: Duration,
    /// Whether a commit waits for the disk (`synchronous = FULL`), so that it outlives a loss of power.
    pub full_synchronous: bool,
    /// Bytes of one value at most.
    pub value_bytes: usize,
    /// Bytes of a guest's statement at most.
    pub sql_bytes: usize,
}

/// The files of one data folder. Cloning shares them.
#[derive(Debug, Clone)]
pub struct SqliteFiles {
    settings: Arc<SqliteSettings>,
    open: Arc<Mutex<HashMap<PathBuf, Arc<File>>>>,
    /// Threads that cursors may hold.
    cursors: Arc<Semaphore>,
}

/// One database file with its connections.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    settings: Arc<SqliteSettings>,
    readers: Mutex<Vec<Conn>>,
    writers: Mutex<Vec<Conn>>,
    writing: Arc<Semaphore>,
}

/// An open connection with the watch over what runs in it.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) link: rusqlite::Connection,
    pub(super) watch: Arc<Watch>,
}

impl Conn {
    /// Runs a statement of the host while one of a guest is watched.
    pub(super) fn unguarded(&self, text: &str) -> rusqlite::Result<()> {
        let guest = self.watch.pause_guard();
        let result = self.link.prepare_cached(text).and_then(|mut statement| statement.raw_execute());
        self.watch.resume_guard(guest);
        result.map(|_| ())
    }
}

impl SqliteFiles {
    /// Opens nothing yet.
    pub fn new(settings: SqliteSettings) -> Self {
        let cursors = Arc::new(Semaphore::new(CURSOR_THREADS));
        Self { settings: Arc::new(settings), open: Arc::default(), cursors }
    }

    /// The folder of the files.
    pub fn folder(&self) -> &Path {
        &self.settings.folder
    }

    /// Whether a commit waits for the disk.
    pub fn full_synchronous(&self) -> bool {
        self.settings.full_synchronous
    }

    /// Lends a connection for reading the file `name` (a path below the folder). Does not wait.
    pub fn reader(&self, name: &str) -> Result<SqliteLease> {
        let file = self.file(name)?;
        let conn = match pop(&file.readers) {
            Some(conn) => conn,
            None => file.connect(true)?,
        };
        Ok(SqliteLease::new(file, conn, None))
    }

    /// Lends the connection for writing the file `name`. `Busy` when others kept it for too long. Cancel-safe.
    pub async fn writer(&self, name: &str) -> Result<SqliteLease> {
        let file = self.file(name)?;
        let turn = tokio::time::timeout(self.settings.wait, Arc::clone(&file.writing).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(Error::new(Code::Busy, "another request kept the database locked for too long"));
        };
        let conn = match pop(&file.writers) {
            Some(conn) => conn,
            None => file.connect(false)?,
        };
        Ok(SqliteLease::new(file, conn, Some(turn)))
    }

    /// Lends a connection for a cursor on the file `name`, with the right to a thread. `Busy` when others kept theirs for too long.
    pub(in crate::storage) async fn cursor_reader(
        &self,
        name: &str,
    ) -> Result<(SqliteLease, OwnedSemaphorePermit)> {
        let turn = tokio::time::timeout(self.settings.wait, Arc::clone(&self.cursors).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(Error::new(Code::Busy, "other requests have too many cursors open"));
        };
        Ok((self.reader(name)?, turn))
    }

    /// The same without a wait for others.
    pub(in crate::storage) fn try_cursor_reader(
        &self,
        name: &str,
    ) -> Result<Option<(SqliteLease, OwnedSemaphorePermit)>> {
        let Ok(turn) = Arc::clone(&self.cursors).try_acquire_owned() else { return Ok(None) };
        Ok(Some((self.reader(name)?, turn)))
    }

    fn file(&self, name: &str) -> Result<Arc<File>> {
        let path = self.settings.folder.join(name);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&path) {
            return Ok(Arc::clone(file));
        }
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::unavailable(format!("cannot make {}: {error}", folder.display())))?;
        let file = Arc::new(File {
            path: path.clone(),
            settings: Arc::clone(&self.settings),
            readers: Mutex::default(),
            writers: Mutex::default(),
            writing: Arc::new(Semaphore::new(1)),
        });
        open.insert(path, Arc::clone(&file));
        Ok(file)
    }
}

impl File {
    fn connect(&self, read_only: bool) -> Result<Conn> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let link = rusqlite::Connection::open_with_flags(&self.path, flags).map_err(|e| self.cannot_open(&e))?;
        self.configure(&link, read_only).map_err(|e| self.cannot_open(&e))?;
        let watch = Watch::attach(&link).map_err(|e| translate(&e))?;
        Ok(Conn { link, watch })
    }

    fn configure(&self, link: &rusqlite::Connection, read_only: bool) -> rusqlite::Result<()> {
        // The busy timeout first: switching to WAL takes a lock that another process may hold for a moment.
        link.busy_timeout(Duration::from_millis(500))?;
        link.pragma_update(None, "journal_mode", "wal")?;
        link.pragma_update(None, "synchronous", if self.settings.full_synchronous { "full" } else { "normal" })?;
        link.pragma_update(None, "foreign_keys", true)?;
        link.pragma_update(None, "cache_size", CACHE_KIB)?;
        // What does not fit the cache goes to a file: sorting a million rows must not fill the memory.
        link.pragma_update(None, "temp_store", "file")?;
        link.pragma_update(None, "hard_heap_limit", HEAP_BYTES)?;
        link.pragma_update(None, "query_only", read_only)?;
        // Waiting for other processes is done by the caller, without holding a thread.
        link.busy_timeout(Duration::ZERO)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        // As Postgres compares.
        link.pragma_update(None, "case_sensitive_like", true)?;
        super::collations::register(link)?;
        link.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        self.limit(link)
    }

    /// Limits that SQLite checks itself (SQLite documentation, "Defense Against The Dark Arts").
    fn limit(&self, link: &rusqlite::Connection) -> rusqlite::Result<()> {
        let whole = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
        for (limit, most) in [
            (Limit::SQLITE_LIMIT_LENGTH, whole(self.settings.value_bytes.saturating_add(1 << 20))),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, whole(self.settings.sql_bytes.saturating_add(4096))),
            (Limit::SQLITE_LIMIT_COLUMN, 2000),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
            (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 64),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 20),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            link.set_limit(limit, most)?;
        }
        Ok(())
    }

    fn cannot_open(&self, error: &rusqlite::Error) -> Error {
        Error::unavailable(format!("cannot open {}: {error}", self.path.display()))
    }

    /// How long the holder of the write lock waits for another process.
    pub(super) fn wait(&self) -> Duration {
        self.settings.wait
    }

    /// Whether a commit waits for the disk.
    pub(super) fn full_synchronous(&self) -> bool {
        self.settings.full_synchronous
    }

    pub(super) fn give_back(&self, conn: Conn, writer: bool) {
        let home = if writer { &self.writers } else { &self.readers };
        let mut home = home.lock().unwrap_or_else(PoisonError::into_inner);
        if home.len() < IDLE_READERS {
            home.push(conn);
        }
    }
}

fn pop(home: &Mutex<Vec<Conn>>) -> Option<Conn> {
    home.lock().unwrap_or_else(PoisonError::into_inner).pop()
}
