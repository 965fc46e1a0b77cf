//! Functions that were compiled before, in a file: the compiler takes them from there. Between two
//! builds of an app in Python or JavaScript nearly all of its code, the interpreter, is the same.
//!
//! Only `innkeeper dev` and `innkeeper test` have one. What is in the file is believed without a
//! signature, since only the author can write into its folder; and what an author has compiled with
//! it is kept apart from code that goes to other hosts (`native::EngineId`), which is compiled as a
//! whole.
//!
//! The file grows by one segment for each component that had new functions: their code, then an
//! index. The head says how far it is whole, and is written last, so that a process that is killed
//! leaves nothing half written. One process at a time adds to it; others only read. What is broken
//! is thrown away. A file that has become too large is written anew with the functions of the last
//! component.

mod file_format;

use file_format::{FIRST, Key, Known, Segment, read_head, read_segments, write_head};
use rustix::process::geteuid;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wasmtime::CacheStore;

/// The file in its folder.
const FILE: &str = "functions";
/// The file that is to replace it.
const COMING: &str = "functions.coming";
/// The interpreters of two languages and the code of many apps. Beyond it the file is written anew.
const MOST_BYTES: u64 = 256 << 20;

/// The file, while one component is compiled.
#[derive(Debug)]
pub(super) struct FunctionCache {
    folder: PathBuf,
    file: File,
    known: HashMap<Key, Known>,
    most_bytes: u64,
    /// None where another process adds to the file, or it cannot be written.
    segment: Mutex<Option<Segment>>,
    is_broken: AtomicBool,
}

impl FunctionCache {
    /// The cache in a folder that nobody else can write into. The folder is made where it is
    /// missing.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Self::open_with(folder, MOST_BYTES)
    }

    fn open_with(folder: &Path, most_bytes: u64) -> io::Result<Self> {
        make_private(folder)?;
        let path = folder.join(FILE);
        match Self::read(folder, &path, most_bytes) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                fs::remove_file(&path)?;
                Self::read(folder, &path, most_bytes)
            }
            read => read,
        }
    }

    fn read(folder: &Path, path: &Path, most_bytes: u64) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let may_add = file.try_lock().is_ok();
        if may_add && file.metadata()?.len() == 0 {
            write_head(&file, FIRST)?;
        }
        let end = read_head(&file)?;
        let known = read_segments(&file, end)?;
        let segment = if may_add { Some(Segment::new(&file, end)?) } else { None };
        Ok(Self {
            folder: folder.to_owned(),
            file,
            known,
            most_bytes,
            segment: Mutex::new(segment),
            is_broken: AtomicBool::new(false),
        })
    }

    /// Keeps the functions that were compiled. To be called once the compiler is done.
    pub(super) fn keep(&self) -> io::Result<()> {
        let Some(segment) = self.segment().take() else { return Ok(()) };
        if self.is_broken.load(Ordering::Relaxed) {
            return fs::remove_file(self.folder.join(FILE));
        }
        if segment.added.is_empty() {
            return Ok(());
        }
        let added = segment.finish(&self.file)?;
        if read_head(&self.file)? <= self.most_bytes {
            return Ok(());
        }
        let coming = self.folder.join(COMING);
        self.write_anew(&coming, &added).inspect_err(|_| {
            let _ = fs::remove_file(&coming);
        })
    }

    /// Only what the compiler has asked for this time, or made.
    fn write_anew(&self, coming: &Path, added: &HashMap<Key, Known>) -> io::Result<()> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(coming)?;
        write_head(&file, FIRST)?;
        let mut segment = Segment::new(&file, FIRST)?;
        let used = self.known.iter().filter(|(_, known)| known.is_used.load(Ordering::Relaxed));
        // First what was made: where the compiler could not use what it found, that is newer.
        for (key, known) in added.iter().chain(used) {
            segment.add(*key, &known.read(&self.file)?)?;
        }
        segment.finish(&file)?;
        fs::rename(coming, self.folder.join(FILE))
    }

    fn segment(&self) -> MutexGuard<'_, Option<Segment>> {
        self.segment.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheStore for FunctionCache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let known = self.known.get(key)?;
        match known.read(&self.file) {
            Ok(code) => {
                known.is_used.store(true, Ordering::Relaxed);
                Some(Cow::Owned(code))
            }
            Err(_) => {
                self.is_broken.store(true, Ordering::Relaxed);
                None
            }
        }
    }

    fn insert(&self, key: &[u8], code: Vec<u8>) -> bool {
        let Ok(key) = Key::try_from(key) else { return false };
        let mut segment = self.segment();
        let added = segment.as_mut().map(|segment| segment.add(key, &code));
        if let Some(Err(_)) = added {
            // The disk is full, most likely: what is half written is not named in the head.
            *segment = None;
        }
        matches!(added, Some(Ok(())))
    }
}

/// A folder of this user's alone: whoever can write into it decides what the host runs.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let about = fs::metadata(folder)?;
    let others_may_write = about.mode() & 0o022 != 0;
    if others_may_write || about.uid() != geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write into it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::file_format::{ENTRY_BYTES, HEAD_BYTES, SEGMENT_HEAD_BYTES};
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn key(number: u8) -> Key {
        [number; 32]
    }

    fn code(number: u8) -> Vec<u8> {
        vec![number; 1000 + usize::from(number)]
    }

    fn open(folder: &Path) -> FunctionCache {
        FunctionCache::open_with(folder, 10_000).unwrap()
    }

    /// Compiles what is not there yet, and says what was.
    fn compile(folder: &Path, numbers: &[u8]) -> Vec<u8> {
        let cache = open(folder);
        let found = numbers.iter().copied().filter(|number| match cache.get(&key(*number)) {
            Some(found) => {
                assert_eq!(found, code(*number));
                true
            }
            None => {
                assert!(cache.insert(&key(*number), code(*number)));
                false
            }
        });
        let found = found.collect();
        cache.keep().unwrap();
        found
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("deep/functions");
        (place, folder)
    }

    #[test]
    fn what_was_compiled_once_is_found() {
        let (_place, folder) = place();
        assert_eq!(compile(&folder, &[1, 2]), [0; 0]);
        assert_eq!(compile(&folder, &[1, 2, 3]), [1, 2]);
        let size = fs::metadata(folder.join(FILE)).unwrap().len();
        assert_eq!(compile(&folder, &[3, 2, 1]), [3, 2, 1]);
        assert_eq!(fs::metadata(folder.join(FILE)).unwrap().len(), size, "nothing was added");
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn one_process_adds_and_others_read() {
        let (_place, folder) = place();
        compile(&folder, &[1]);
        let (first, second) = (open(&folder), open(&folder));
        assert!(second.get(&key(1)).is_some() && !second.insert(&key(2), code(2)));
        second.keep().unwrap();
        assert!(first.insert(&key(3), code(3)));
        first.keep().unwrap();
        drop((first, second));
        assert_eq!(compile(&folder, &[1, 2, 3]), [1, 3]);
    }

    #[test]
    fn who_is_killed_leaves_nothing_half_written() {
        let (_place, folder) = place();
        compile(&folder, &[1]);
        let killed = open(&folder);
        (2..100).for_each(|number| assert!(killed.insert(&key(number), vec![number; 50_000])));
        drop(killed);
        assert_eq!(compile(&folder, &[1, 2]), [1]);
        assert_eq!(compile(&folder, &[1, 2]), [1, 2]);
    }

    #[test]
    fn what_is_broken_is_thrown_away() {
        let (_place, folder) = place();
        let path = folder.join(FILE);
        compile(&folder, &[1, 2]);
        let whole = fs::read(&path).unwrap();
        let in_index = whole.len() - ENTRY_BYTES;
        for at in [0, 17, 25, HEAD_BYTES, HEAD_BYTES + 9, in_index] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            assert_eq!(compile(&folder, &[1, 2]), [0; 0], "{at}");
            assert_eq!(compile(&folder, &[1, 2]), [1, 2], "{at}");
        }
        for length in [1, HEAD_BYTES, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(compile(&folder, &[1, 2]), [0; 0], "{length}");
        }
        // In the code of one function.
        let mut changed = whole;
        changed[HEAD_BYTES + SEGMENT_HEAD_BYTES + 500] ^= 1;
        fs::write(&path, changed).unwrap();
        assert_eq!(compile(&folder, &[1, 2]).len(), 1);
        assert!(!path.exists());
        assert_eq!(compile(&folder, &[1, 2]), [0; 0]);
    }

    #[test]
    fn a_file_that_is_too_large_keeps_what_was_used_last() {
        let (_place, folder) = place();
        compile(&folder, &[1, 2, 3, 4]);
        compile(&folder, &[1, 2, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(compile(&folder, &[1, 2, 5]), [1, 2, 5]);
        assert_eq!(compile(&folder, &[3, 4, 9]), [9]);
        assert!(!folder.join(COMING).exists());
    }

    #[test]
    fn a_folder_into_which_others_may_write_is_not_believed() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let refused = FunctionCache::open(place.path()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    }
}
