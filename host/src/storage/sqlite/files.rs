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
use std::time::{Duration, Instant};

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
        self.try_reader(name)?.has_free(bytes)
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

    /// Lends a connection for reading the file `name` (a path below the folder). Does not wait for
    /// writers. Cancel-safe.
    pub async fn reader(&self, name: &str) -> Result<SqliteLease> {
        let file = self.file(name)?;
        let conn = file.conn(true, Instant::now() + self.settings.wait).await?;
        Ok(SqliteLease::new(file, conn, None))
    }

    /// The same without a wait for another process that opens the file.
    pub(super) fn try_reader(&self, name: &str) -> Result<SqliteLease> {
        let file = self.file(name)?;
        let conn = file.try_conn(true)?;
        Ok(SqliteLease::new(file, conn, None))
    }

    /// Lends the connection for writing the file `name`. `Busy` when others kept it for too long.
    /// Cancel-safe.
    pub async fn writer(&self, name: &str) -> Result<SqliteLease> {
        let (file, deadline) = (self.file(name)?, Instant::now() + self.settings.wait);
        let Some(turn) = file.turn_to_write().await else {
            return Err(Error::new(Code::Busy, "another request kept the database locked for too long"));
        };
        self.disk.look_now_and_then();
        let conn = file.conn(false, deadline).await?;
        Ok(SqliteLease::new(file, conn, Some(turn)))
    }

    /// Lends a connection for a cursor on the file `name`, with the right to a thread. `Busy` when
    /// others kept theirs for too long.
    pub(in crate::storage) async fn cursor_reader(&self, name: &str) -> Result<CursorReader> {
        let file = self.file(name)?;
        let Some(place) = file.cursors().place(self.settings.wait).await else {
            return Err(Error::new(Code::Busy, "other requests have too many cursors open"));
        };
        Ok(CursorReader { lease: self.reader(name).await?, place })
    }

    /// The same without a wait for others.
    pub(in crate::storage) fn try_cursor_reader(&self, name: &str) -> Result<Option<CursorReader>> {
        let Some(place) = self.file(name)?.cursors().try_place() else { return Ok(None) };
        match self.try_reader(name) {
            Ok(lease) => Ok(Some(CursorReader { lease, place })),
            Err(error) if error.code == Code::Busy => Ok(None),
            Err(error) => Err(error),
        }
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

#[cfg(test)]
impl SqliteFiles {
    /// A folder of its own, which goes with the first value.
    pub(super) fn temporary(wait: Duration) -> (tempfile::TempDir, Self) {
        let folder = tempfile::tempdir().unwrap();
        let files = Self::new(SqliteSettings {
            folder: folder.path().to_owned(),
            wait,
            full_synchronous: false,
            value_bytes: 1 << 20,
            sql_bytes: 100_000,
            heap_bytes: 256 << 20,
        });
        (folder, files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Locked as by a process that opens the file for the first time.
    fn locked(files: &SqliteFiles) -> rusqlite::Connection {
        let other = rusqlite::Connection::open(files.folder().join("app.sqlite")).unwrap();
        other.execute_batch("begin exclusive").unwrap();
        other
    }

    #[tokio::test]
    async fn a_file_that_another_process_has_locked_is_opened_later() {
        let (_folder, files) = SqliteFiles::temporary(Duration::from_secs(60));
        let other = locked(&files);
        let unlock = async {
            // Longer than one attempt takes.
            tokio::time::sleep(Duration::from_secs(1)).await;
            other.execute_batch("commit").unwrap();
        };
        let (reader, writer, ()) = tokio::join!(files.reader("app.sqlite"), files.writer("app.sqlite"), unlock);
        assert!(reader.unwrap().is_usable() && writer.unwrap().is_usable());
    }

    #[tokio::test]
    async fn a_file_that_stays_locked_is_busy() {
        let (_folder, files) = SqliteFiles::temporary(Duration::from_millis(100));
        let _other = locked(&files);
        let errors = [
            files.reader("app.sqlite").await.unwrap_err(),
            files.writer("app.sqlite").await.unwrap_err(),
            files.try_reader("app.sqlite").unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.code, error.message.contains("database is locked")), (Code::Busy, true), "{error}");
        }
    }
}
