//! Functions that were compiled before, in a file: the compiler takes them from there. Between two
//! builds of an app in Python or JavaScript nearly all of its code, the interpreter, is the same.
//!
//! Only `innkeeper dev` has one. What is in the file is believed without a signature, since only
//! the author can write into its folder; and what an author has compiled with it is kept apart from
//! code that goes to other hosts (`native::EngineId`), which is compiled as a whole.
//!
//! The file grows by one segment for each component that had new functions: their code, then an
//! index. The head says how far it is whole, and is written last, so that a process that is killed
//! leaves nothing half written. One process at a time adds to it; others only read. What is broken
//! is thrown away. A file that has become too large is written anew with the functions of the last
//! component.

use rustix::process::geteuid;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wasmtime::CacheStore;

/// The file in its folder.
const FILE: &str = "functions";
/// The file that is to replace it.
const COMING: &str = "functions.coming";
const MAGIC: &[u8; 16] = b"innkeeper func 1";
/// The magic, how far the file is whole, and the sum of both.
const HEAD_BYTES: usize = 16 + 8 + 8;
/// Where the first segment begins.
const FIRST: u64 = HEAD_BYTES as u64;
/// Bytes of code, number of functions, and the sum of the index.
const SEGMENT_HEAD_BYTES: usize = 8 + 8 + 8;
/// The key, the place, the length, and the sum of the code.
const ENTRY_BYTES: usize = 32 + 8 + 4 + 8;
const BUFFER: usize = 1 << 20;
/// The interpreters of two languages and the code of many apps. Beyond it the file is written anew.
const MOST_BYTES: u64 = 256 << 20;

type Key = [u8; 32];
type Sum = [u8; 8];

/// See the module.
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

/// A function in the file.
#[derive(Debug)]
struct Known {
    at: u64,
    length: u32,
    sum: Sum,
    is_used: AtomicBool,
}

/// What is being added.
#[derive(Debug)]
struct Segment {
    start: u64,
    end: u64,
    file: BufWriter<File>,
    added: HashMap<Key, Known>,
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
        if read_head(&self.file)? > self.most_bytes { self.write_anew(&added) } else { Ok(()) }
    }

    /// Only what the compiler has asked for this time, or made.
    fn write_anew(&self, added: &HashMap<Key, Known>) -> io::Result<()> {
        let coming = self.folder.join(COMING);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&coming)?;
        write_head(&file, FIRST)?;
        let mut segment = Segment::new(&file, FIRST)?;
        let used = self.known.iter().filter(|(_, known)| known.is_used.load(Ordering::Relaxed));
        for (key, known) in used.chain(added) {
            segment.add(*key, &known.read(&self.file)?)?;
        }
        segment.finish(&file)?;
        fs::rename(&coming, self.folder.join(FILE))
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

impl Known {
    fn read(&self, file: &File) -> io::Result<Vec<u8>> {
        let mut code = vec![0; usize::try_from(self.length).map_err(|_| broken())?];
        file.read_exact_at(&mut code, self.at)?;
        if sum(&code) == self.sum { Ok(code) } else { Err(broken()) }
    }

    fn write(&self, key: &Key, mut into: impl Write) -> io::Result<()> {
        into.write_all(key)?;
        into.write_all(&self.at.to_le_bytes())?;
        into.write_all(&self.length.to_le_bytes())?;
        into.write_all(&self.sum)
    }
}

impl Segment {
    /// A segment that begins at the end of what is whole.
    fn new(file: &File, start: u64) -> io::Result<Self> {
        let mut file = file.try_clone()?;
        file.set_len(start)?;
        let end = start + SEGMENT_HEAD_BYTES as u64;
        file.seek(SeekFrom::Start(end))?;
        Ok(Self { start, end, file: BufWriter::with_capacity(BUFFER, file), added: HashMap::new() })
    }

    fn add(&mut self, key: Key, code: &[u8]) -> io::Result<()> {
        if self.added.contains_key(&key) {
            return Ok(());
        }
        let length = u32::try_from(code.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.file.write_all(code)?;
        let known = Known { at: self.end, length, sum: sum(code), is_used: AtomicBool::new(true) };
        self.end += u64::from(length);
        self.added.insert(key, known);
        Ok(())
    }

    /// Writes the index, and says in the head that the file is whole as far as that.
    fn finish(mut self, file: &File) -> io::Result<HashMap<Key, Known>> {
        let mut index = Vec::with_capacity(self.added.len() * ENTRY_BYTES);
        for (key, known) in &self.added {
            known.write(key, &mut index)?;
        }
        self.file.write_all(&index)?;
        self.file.flush()?;
        let bytes = self.end - self.start - SEGMENT_HEAD_BYTES as u64;
        let count = self.added.len() as u64;
        let head = [bytes.to_le_bytes(), count.to_le_bytes(), sum(&index)].concat();
        file.write_all_at(&head, self.start)?;
        write_head(file, self.end + index.len() as u64)?;
        Ok(self.added)
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

fn write_head(file: &File, end: u64) -> io::Result<()> {
    let said = [&MAGIC[..], &end.to_le_bytes()].concat();
    file.write_all_at(&[&said[..], &sum(&said)].concat(), 0)
}

/// How far the file is whole.
fn read_head(file: &File) -> io::Result<u64> {
    let mut head = [0; HEAD_BYTES];
    file.read_exact_at(&mut head, 0).map_err(|_| broken())?;
    let (said, proof) = head.split_at(MAGIC.len() + size_of::<u64>());
    let (magic, end) = said.split_at(MAGIC.len());
    let end = u64::from_le_bytes(end.try_into().map_err(|_| broken())?);
    let is_whole = magic == MAGIC && proof == sum(said) && file.metadata()?.len() >= end;
    if is_whole { Ok(end) } else { Err(broken()) }
}

fn read_segments(file: &File, end: u64) -> io::Result<HashMap<Key, Known>> {
    let mut known = HashMap::new();
    let mut start = FIRST;
    while start < end {
        let mut head = [0; SEGMENT_HEAD_BYTES];
        file.read_exact_at(&mut head, start).map_err(|_| broken())?;
        let mut rest = &head[..];
        let (bytes, count): (u64, u64) = (number(&mut rest)?, number(&mut rest)?);
        let at = start
            .checked_add(SEGMENT_HEAD_BYTES as u64)
            .and_then(|at| at.checked_add(bytes))
            .ok_or_else(broken)?;
        let length = count.checked_mul(ENTRY_BYTES as u64).ok_or_else(broken)?;
        let next = at.checked_add(length).filter(|next| *next <= end).ok_or_else(broken)?;
        let mut index = vec![0; usize::try_from(length).map_err(|_| broken())?];
        file.read_exact_at(&mut index, at).map_err(|_| broken())?;
        if sum(&index) != rest {
            return Err(broken());
        }
        for entry in index.chunks_exact(ENTRY_BYTES) {
            let (key, entry) = read_entry(entry)?;
            known.insert(key, entry);
        }
        start = next;
    }
    Ok(known)
}

fn read_entry(mut entry: &[u8]) -> io::Result<(Key, Known)> {
    let (mut key, mut length, mut sum) = ([0; 32], [0; 4], [0; 8]);
    entry.read_exact(&mut key)?;
    let at = number(&mut entry)?;
    entry.read_exact(&mut length)?;
    entry.read_exact(&mut sum)?;
    Ok((key, Known { at, length: u32::from_le_bytes(length), sum, is_used: AtomicBool::new(false) }))
}

fn number(bytes: &mut &[u8]) -> io::Result<u64> {
    let mut number = [0; 8];
    bytes.read_exact(&mut number)?;
    Ok(u64::from_le_bytes(number))
}

fn sum(bytes: &[u8]) -> Sum {
    let mut sum = Sum::default();
    sum.iter_mut().zip(Sha256::digest(bytes)).for_each(|(sum, byte)| *sum = byte);
    sum
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the file is broken")
}

#[cfg(test)]
mod tests {
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
