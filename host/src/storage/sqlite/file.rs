//! One database file: how it is opened, and its idle connections.

use super::conn::{Conn, Way};
use super::disk::{Disk, DiskState};
use super::error::translate;
use super::files::SqliteSettings;
use super::retry::{RETRY_EVERY, retry_while_busy};
use super::threads::Share;
use crate::storage::{Code, Error, Result};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Idle connections that a file keeps open for reading.
const IDLE_READERS: usize = 8;
/// Statements that a connection keeps prepared.
const STATEMENT_CACHE: usize = 256;
/// Of each connection, in the unit of `PRAGMA cache_size` (negative: KiB).
const CACHE_KIB: i64 = -4_096;
/// The log ahead of a file keeps so many bytes when it begins anew: what a large transaction took
/// is given back, and small ones find their room taken already, also on a full disk.
const WAL_BYTES: i64 = 4 << 20;
/// A commit that leaves so many pages in that log moves them into the file: SQLite's own number,
/// and fewer where the disk is small.
const WAL_PAGES: u64 = 1000;
/// Of a page, unless a file was made with others.
const PAGE_BYTES: u64 = 4096;
/// Bytes of a pattern of LIKE and GLOB: in the largest value they look for one of this length for
/// some seconds, in one step.
const LONGEST_PATTERN: i32 = 250;

/// One database file with its connections.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    settings: Arc<SqliteSettings>,
    readers: Mutex<Vec<Conn>>,
    writers: Mutex<Vec<Conn>>,
    writing: Arc<Semaphore>,
    disk: Arc<Disk>,
    /// Threads for statements that may take long.
    statements: Share,
    cursors: Share,
}

impl File {
    /// Opens nothing yet.
    pub(super) fn new(path: PathBuf, settings: Arc<SqliteSettings>, disk: Arc<Disk>) -> Self {
        Self {
            path,
            settings,
            readers: Mutex::default(),
            writers: Mutex::default(),
            writing: Arc::new(Semaphore::new(1)),
            disk,
            statements: Share::of_statements(),
            cursors: Share::of_cursors(),
        }
    }

    /// A connection, if possible an idle one. Waits until `deadline` for another process that has
    /// the file locked, as the first one that opens it does. Cancel-safe.
    pub(super) async fn conn(&self, read_only: bool, deadline: Instant) -> Result<Conn> {
        retry_while_busy(deadline, || self.try_conn(read_only)).await
    }

    /// The same without a wait for others.
    pub(super) fn try_conn(&self, read_only: bool) -> Result<Conn> {
        match self.pop(if read_only { &self.readers } else { &self.writers }) {
            Some(conn) => Ok(conn),
            None => self.connect(read_only),
        }
    }

    /// Waits until nobody else of this process writes. None: that took too long. Cancel-safe.
    pub(super) async fn turn_to_write(&self) -> Option<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(self.settings.wait, Arc::clone(&self.writing).acquire_owned());
        turn.await.ok()?.ok()
    }

    /// Moves what is in the log ahead of the file into the file, and gives the room of a large log
    /// back. Does nothing where no connection is idle.
    pub(super) fn empty_log(&self) {
        let is_large = self.log_bytes() > u64::try_from(WAL_BYTES).unwrap_or(u64::MAX);
        if let Some(conn) = self.pop(&self.readers) {
            let how = if is_large { "pragma wal_checkpoint(truncate)" } else { "pragma wal_checkpoint(passive)" };
            // Somebody may be reading; the next time it may go.
            let _ = conn.unguarded(how);
            self.give_back(conn, false);
        }
    }

    fn connect(&self, read_only: bool) -> Result<Conn> {
        let epoch = self.disk.epoch();
        let (link, way) = match self.open(Way::Usual, read_only) {
            Ok(link) => (link, Way::Usual),
            Err(error) => self.open_anyway(read_only).ok_or_else(|| self.cannot_open(&error))?,
        };
        Conn::new(link, way, epoch, self.longest_value()).map_err(|e| translate(&e))
    }

    /// Opens the file where its folder takes no writes, or the disk has no room for what is kept
    /// beside it.
    fn open_anyway(&self, read_only: bool) -> Option<(rusqlite::Connection, Way)> {
        let state = self.disk.look();
        if state == DiskState::Roomy || !self.path.is_file() {
            return None;
        }
        // The reserve may just have been given up.
        if state == DiskState::Full
            && let Ok(link) = self.open(Way::Usual, read_only)
        {
            return Some((link, Way::Usual));
        }
        let way = if self.log_bytes() == 0 { Way::Immutable } else { Way::Alone };
        self.open(way, true).ok().map(|link| (link, way))
    }

    fn open(&self, way: Way, read_only: bool) -> rusqlite::Result<rusqlite::Connection> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let link = match way {
            Way::Usual => {
                let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
                rusqlite::Connection::open_with_flags(&self.path, flags)?
            }
            Way::Immutable | Way::Alone => {
                let how = if way == Way::Immutable { "immutable=1" } else { "vfs=unix-none" };
                let path = percent_encoding::percent_encode(
                    self.path.as_os_str().as_encoded_bytes(),
                    percent_encoding::NON_ALPHANUMERIC,
                );
                let flags = flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                rusqlite::Connection::open_with_flags(format!("file:{path}?mode=ro&{how}"), flags)?
            }
        };
        // First: switching to WAL takes a lock that another process may hold for a moment. Whoever
        // waits for longer does so without holding a thread (`conn`).
        link.busy_timeout(RETRY_EVERY)?;
        match way {
            Way::Usual => link.pragma_update(None, "journal_mode", "wal")?,
            Way::Immutable => {}
            Way::Alone => link.pragma_update(None, "locking_mode", "exclusive")?,
        }
        self.configure(&link, read_only)?;
        if way != Way::Usual {
            // Nothing has been read yet.
            link.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
        }
        Ok(link)
    }

    /// Bytes of the log ahead of the file.
    fn log_bytes(&self) -> u64 {
        let mut path = self.path.clone().into_os_string();
        path.push("-wal");
        std::fs::metadata(path).map_or(0, |about| about.len())
    }

    /// An idle connection. Those from before the folder took writes again see it as it was, and
    /// make others of this process do so, since they share the index of the log: all of them are
    /// closed.
    fn pop(&self, home: &Mutex<Vec<Conn>>) -> Option<Conn> {
        let epoch = self.disk.epoch();
        let conn = home.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        if conn.epoch == epoch {
            return Some(conn);
        }
        drop(conn);
        self.close_idle();
        None
    }

    fn configure(&self, link: &rusqlite::Connection, read_only: bool) -> rusqlite::Result<()> {
        link.pragma_update(None, "synchronous", if self.settings.full_synchronous { "full" } else { "normal" })?;
        link.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
        let pages = (self.disk.most_log_bytes() / PAGE_BYTES).min(WAL_PAGES);
        link.pragma_update(None, "wal_autocheckpoint", i64::try_from(pages).unwrap_or(i64::MAX))?;
        link.pragma_update(None, "foreign_keys", true)?;
        link.pragma_update(None, "cache_size", CACHE_KIB)?;
        // What does not fit the cache goes to a file: sorting a million rows must not fill the
        // memory.
        link.pragma_update(None, "temp_store", "file")?;
        link.pragma_update(None, "hard_heap_limit", i64::try_from(self.settings.heap_bytes).unwrap_or(i64::MAX))?;
        link.pragma_update(None, "query_only", read_only)?;
        // Waiting for other processes is done by the caller, without holding a thread.
        link.busy_timeout(Duration::ZERO)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        // Otherwise a statement with `limit $1` is compiled each time it runs (SQLite
        // documentation, "The Query Planner Stability Guarantee").
        link.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
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
            (Limit::SQLITE_LIMIT_LENGTH, whole(self.longest_value())),
            // The gate puts words in.
            (
                Limit::SQLITE_LIMIT_SQL_LENGTH,
                whole(self.settings.sql_bytes.saturating_mul(2).saturating_add(4096)),
            ),
            (Limit::SQLITE_LIMIT_COLUMN, 2000),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
            (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 64),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LONGEST_PATTERN),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 20),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            link.set_limit(limit, most)?;
        }
        Ok(())
    }

    /// Bytes of a value or of a row. A row may have something besides its largest value.
    fn longest_value(&self) -> usize {
        self.settings.value_bytes.saturating_add(1 << 20)
    }

    fn cannot_open(&self, error: &rusqlite::Error) -> Error {
        let error = self.disk.judge(translate(error));
        let code = match error.code {
            Code::Busy => Code::Busy,
            code if error.takes_no_writes() => code,
            _ => Code::Unavailable,
        };
        Error::new(code, format!("cannot open {}: {}", self.path.display(), error.message))
    }

    /// The disk that it is on.
    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Bytes of the file.
    pub(super) fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |about| about.len())
    }

    /// Threads for cursors.
    pub(super) fn cursors(&self) -> &Share {
        &self.cursors
    }

    /// Threads for statements that may take long.
    pub(super) fn statements(&self) -> &Share {
        &self.statements
    }

    /// The name of the app, for the log.
    pub(super) fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How long the holder of the write lock waits for another process.
    pub(super) fn wait(&self) -> Duration {
        self.settings.wait
    }

    /// Whether a commit waits for the disk.
    pub(super) fn full_synchronous(&self) -> bool {
        self.settings.full_synchronous
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close_idle(&self) {
        for home in [&self.readers, &self.writers] {
            let idle = std::mem::take(&mut *home.lock().unwrap_or_else(PoisonError::into_inner));
            // Closing may move the log into the file: not under the lock.
            drop(idle);
        }
    }

    pub(super) fn give_back(&self, conn: Conn, writer: bool) {
        // On a full disk the next one may be opened as usual.
        let is_outdated = conn.epoch != self.disk.epoch();
        if is_outdated || (conn.way != Way::Usual && self.disk.state() != DiskState::ReadOnly) {
            return;
        }
        let home = if writer { &self.writers } else { &self.readers };
        let mut home = home.lock().unwrap_or_else(PoisonError::into_inner);
        if home.len() < IDLE_READERS {
            home.push(conn);
        }
    }
}
