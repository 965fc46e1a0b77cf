//! Files, and who may use them: any number of readers, one writer at a time (SQLite documentation,
//! "Write-Ahead Logging").

use super::disk::{Disk, DiskReport, DiskState};
use super::file::File;
use super::lease::SqliteLease;
use super::threads::Place;
use crate::storage::{Code, Error, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// No more of a file is written at once.
const CHUNK: u64 = 256 << 10;

/// How SQLite files are used.
#[derive(Debug, Clone)]
pub struct SqliteSettings {
    /// The folder of the files; made when missing.
    pub folder: PathBuf,
    /// How long a request waits for the write lock.
    pub wait: Duration,
    /// Whether a commit waits for the disk (`synchronous = FULL`), so that it outlives a loss of
    /// power.
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

/// A connection for a cursor, and the right to a thread.
#[derive(Debug)]
pub struct CursorReader {
    pub(super) lease: SqliteLease,
    pub(super) place: Place,
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
            file.empty_log();
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
        let conn = file.conn(true)?;
        Ok(SqliteLease::new(file, conn, None))
    }

    /// Lends the connection for writing the file `name`. `Busy` when others kept it for too long.
    /// Cancel-safe.
    pub async fn writer(&self, name: &str) -> Result<SqliteLease> {
        let file = self.file(name)?;
        let Some(turn) = file.turn_to_write().await else {
            return Err(Error::new(Code::Busy, "another request kept the database locked for too long"));
        };
        self.disk.look_now_and_then();
        let conn = file.conn(false)?;
        Ok(SqliteLease::new(file, conn, Some(turn)))
    }

    /// Lends a connection for a cursor on the file `name`, with the right to a thread. `Busy` when
    /// others kept theirs for too long.
    pub(in crate::storage) async fn cursor_reader(&self, name: &str) -> Result<CursorReader> {
        let file = self.file(name)?;
        let Some(place) = file.cursors().place(self.settings.wait).await else {
            return Err(Error::new(Code::Busy, "other requests have too many cursors open"));
        };
        Ok(CursorReader { lease: self.reader(name)?, place })
    }

    /// The same without a wait for others.
    pub(in crate::storage) fn try_cursor_reader(&self, name: &str) -> Result<Option<CursorReader>> {
        let Some(place) = self.file(name)?.cursors().try_place() else { return Ok(None) };
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
        let file = Arc::new(File::new(path.clone(), Arc::clone(&self.settings), Arc::clone(&self.disk)));
        open.insert(path, Arc::clone(&file));
        Ok(file)
    }
}
