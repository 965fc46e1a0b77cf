//! Files, and who may use them: any number of readers, one writer at a time (SQLite documentation, "Write-Ahead Logging").

use super::disk::{Disk, DiskReport, DiskState};
use super::error::translate;
use super::functions::{self, Room};
use super::guard::Watch;
use super::known::Known;
use super::lease::SqliteLease;
use super::threads::{Place, Share};
use crate::storage::{Code, Error, Result};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{CachedStatement, OpenFlags, StatementStatus};
use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Idle connections that a file keeps open for reading.
const IDLE_READERS: usize = 8;
/// Statements that a connection keeps prepared.
const STATEMENT_CACHE: usize = 256;
/// About what they may take together: a compiled statement of two thousand columns has a megabyte.
const STATEMENT_BYTES: usize = 1 << 20;
/// Of each connection, in the unit of `PRAGMA cache_size` (negative: KiB).
const CACHE_KIB: i64 = -4_096;
/// The log ahead of a file keeps so many bytes when it begins anew: what a large transaction took
/// is given back, and small ones find their room taken already, also on a full disk.
const WAL_BYTES: i64 = 4 << 20;
/// No more of a file is written at once.
const CHUNK: u64 = 256 << 10;
/// Bytes of a pattern of LIKE and GLOB: in the largest value they look for one of this length for
/// some seconds, in one step.
const LONGEST_PATTERN: i32 = 250;

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
    /// What SQLite may allocate in this process, over all files: a statement that would need more
    /// fails.
    pub heap_bytes: u64,
}

/// The files of one data folder. Cloning shares them.
#[derive(Debug, Clone)]
pub struct SqliteFiles {
    settings: Arc<SqliteSettings>,
    open: Arc<Mutex<HashMap<PathBuf, Arc<File>>>>,
    disk: Arc<Disk>,
}

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

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// For reading and writing, beside others.
    Usual,
    /// For reading, where nobody can write: there is nothing in the log ahead of the file (SQLite
    /// documentation, "URI Filenames", `immutable`).
    Immutable,
    /// The same, with a log whose index cannot be kept in a file beside it and is kept in memory
    /// ("Use of WAL Without Shared-Memory").
    Alone,
}

/// An open connection with the watch over what runs in it.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) link: rusqlite::Connection,
    pub(super) watch: Arc<Watch>,
    /// Of the disk, when the connection was opened.
    epoch: u64,
    way: Way,
    /// What there is to be known of the statements of guests.
    pub(super) known: Known,
    /// Bytes that a value may have, as our functions are told.
    pub(super) room: Room,
    /// About what the statements that are kept prepared take.
    prepared_bytes: Cell<usize>,
}

/// A connection for a cursor, and the right to a thread.
#[derive(Debug)]
pub struct CursorReader {
    pub(super) lease: SqliteLease,
    pub(super) place: Place,
}

impl Conn {
    /// Prepares a statement, or finds it prepared. Those before it are forgotten when all together
    /// take too much.
    pub(super) fn prepare(&self, text: &str) -> rusqlite::Result<CachedStatement<'_>> {
        let statement = self.link.prepare_cached(text)?;
        if statement.get_status(StatementStatus::Run) == 0 {
            let bytes = usize::try_from(statement.get_status(StatementStatus::MemUsed)).unwrap_or(0);
            let all = self.prepared_bytes.get().saturating_add(bytes);
            if all > STATEMENT_BYTES {
                self.link.flush_prepared_statement_cache();
            }
            self.prepared_bytes.set(if all > STATEMENT_BYTES { bytes } else { all });
        }
        Ok(statement)
    }

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
        let disk = Arc::new(Disk::new(&settings.folder));
        Self { settings: Arc::new(settings), open: Arc::default(), disk }
    }

    /// From now on this process keeps a reserve on the disk, for the time when it is full.
    pub fn keep_reserve(&self) {
        self.disk.keep_reserve();
    }

    /// How the disk of the folder is now. Gives the reserve up or makes it again where that is due.
    pub fn disk(&self) -> Option<DiskReport> {
        self.disk.report()
    }

    /// Whether the file `name` takes so many more bytes of the host's that are no more than useful,
    /// such as an upload. On a full disk it does if it has pages free.
    pub(in crate::storage) fn has_room(&self, name: &str, bytes: u64) -> Result<bool> {
        self.disk.note_written(bytes.min(CHUNK));
        if self.disk.look_now_and_then() != DiskState::Full {
            return Ok(true);
        }
        self.reader(name)?.has_free(bytes)
    }

    /// Moves what is in the logs ahead of the files into the files, and gives the room of large
    /// logs back. On a full disk a log that can begin anew has room for what comes next.
    pub fn empty_logs(&self) {
        let open: Vec<Arc<File>> =
            self.open.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for file in open {
            let is_large = file.log_bytes() > u64::try_from(WAL_BYTES).unwrap_or(u64::MAX);
            if let Some(conn) = file.pop(&file.readers) {
                // Somebody may be reading; the next time it may go.
                let how =
                    if is_large { "pragma wal_checkpoint(truncate)" } else { "pragma wal_checkpoint(passive)" };
                let _ = conn.unguarded(how);
                file.give_back(conn, false);
            }
        }
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
        let conn = match file.pop(&file.readers) {
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
        self.disk.look_now_and_then();
        let conn = match file.pop(&file.writers) {
            Some(conn) => conn,
            None => file.connect(false)?,
        };
        Ok(SqliteLease::new(file, conn, Some(turn)))
    }

    /// Lends a connection for a cursor on the file `name`, with the right to a thread. `Busy` when others kept theirs for too long.
    pub(in crate::storage) async fn cursor_reader(&self, name: &str) -> Result<CursorReader> {
        let file = self.file(name)?;
        let Some(place) = file.cursors.place(self.settings.wait).await else {
            return Err(Error::new(Code::Busy, "other requests have too many cursors open"));
        };
        Ok(CursorReader { lease: self.reader(name)?, place })
    }

    /// The same without a wait for others.
    pub(in crate::storage) fn try_cursor_reader(&self, name: &str) -> Result<Option<CursorReader>> {
        let Some(place) = self.file(name)?.cursors.try_place() else { return Ok(None) };
        Ok(Some(CursorReader { lease: self.reader(name)?, place }))
    }

    fn file(&self, name: &str) -> Result<Arc<File>> {
        let path = self.settings.folder.join(name);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&path) {
            return Ok(Arc::clone(file));
        }
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Code::ReadOnly,
                std::io::ErrorKind::StorageFull => Code::DiskFull,
                _ => Code::Unavailable,
            };
            Error::new(code, format!("cannot make {}: {error}", folder.display()))
        })?;
        let file = Arc::new(File {
            path: path.clone(),
            settings: Arc::clone(&self.settings),
            readers: Mutex::default(),
            writers: Mutex::default(),
            writing: Arc::new(Semaphore::new(1)),
            disk: Arc::clone(&self.disk),
            statements: Share::of_statements(),
            cursors: Share::of_cursors(),
        });
        open.insert(path, Arc::clone(&file));
        Ok(file)
    }
}

impl File {
    fn connect(&self, read_only: bool) -> Result<Conn> {
        let epoch = self.disk.epoch();
        let (link, way) = match self.open(Way::Usual, read_only) {
            Ok(link) => (link, Way::Usual),
            Err(error) => self.open_anyway(read_only).ok_or_else(|| self.cannot_open(&error))?,
        };
        let room = Room::new(AtomicUsize::new(self.longest_value()));
        functions::register(&link, &room).map_err(|e| translate(&e))?;
        let watch = Watch::attach(&link).map_err(|e| translate(&e))?;
        Ok(Conn { link, watch, epoch, way, known: Known::default(), room, prepared_bytes: Cell::new(0) })
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
        // First: switching to WAL takes a lock that another process may hold for a moment.
        link.busy_timeout(Duration::from_millis(500))?;
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
        link.pragma_update(None, "foreign_keys", true)?;
        link.pragma_update(None, "cache_size", CACHE_KIB)?;
        // What does not fit the cache goes to a file: sorting a million rows must not fill the memory.
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
            (Limit::SQLITE_LIMIT_SQL_LENGTH, whole(self.settings.sql_bytes.saturating_add(4096))),
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
        let code = if error.takes_no_writes() { error.code } else { Code::Unavailable };
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
