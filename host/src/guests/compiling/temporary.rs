//! Folders that last no longer than their process.

use crate::config::temporary_folder;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the names of temporary folders begin.
const PREFIX: &str = "innkeeper-code-";
/// Held as long as the process lives to which the folder belongs.
const LOCK: &str = "lock";
const COMING_LOCK: &str = "lock.coming";
/// A folder that is younger may have no lock yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder that nobody else can read, removed when this is dropped. Where the process is killed,
/// the next one that makes such a folder removes it.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    _lock: File,
}

impl Temporary {
    /// A new one where the system keeps what is temporary.
    pub fn of_process() -> io::Result<Self> {
        Self::new(&temporary_folder())
    }

    pub(in crate::guests) fn new(beside: &Path) -> io::Result<Self> {
        let beside = beside.canonicalize()?;
        sweep(&beside);
        let number = getrandom::u64().map_err(io::Error::other)?;
        let path = beside.join(format!("{PREFIX}{number:016x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        // It has its name only once it is held: whoever sweeps meanwhile finds a folder that is
        // young and has none.
        let coming = path.join(COMING_LOCK);
        let lock = File::create_new(&coming)?;
        lock.lock()?;
        fs::rename(coming, path.join(LOCK))?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed now is swept later.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes folders whose processes are gone. What cannot be removed belongs to somebody else.
fn sweep(beside: &Path) {
    let Ok(entries) = fs::read_dir(beside) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_left(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_left(folder: &Path) -> bool {
    if let Ok(lock) = File::open(folder.join(LOCK)) {
        return lock.try_lock().is_ok();
    }
    let changed = fs::metadata(folder).and_then(|folder| folder.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > YOUNG))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_lasts_as_long_as_its_process_and_is_swept_when_that_was_killed() -> io::Result<()> {
        let beside = Temporary::new(&crate::config::temporary_folder())?;
        let [alive, killed] = [Temporary::new(beside.path())?, Temporary::new(beside.path())?];
        assert_eq!(fs::metadata(alive.path())?.permissions().mode() & 0o777, 0o700);
        let left = killed.path().to_owned();
        let Temporary { path: _, _lock: lock } = &killed;
        lock.unlock()?;
        let other = Temporary::new(beside.path())?;
        assert!(alive.path().is_dir() && other.path().is_dir() && !left.exists());
        let path = other.path().to_owned();
        drop(other);
        assert!(!path.exists());
        Ok(())
    }
}
