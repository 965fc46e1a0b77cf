//! The files of a project at one moment, compared by what is in them.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Of a larger file only the size and the time count.
const MOST_BYTES: u64 = 16 << 20;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    /// Device, file, size and times: while these are the same, so is what is in it.
    about: [i64; 7],
    size: u64,
    hash: [u8; 32],
}

/// The files of a project as they are at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli) struct Snapshot {
    files: BTreeMap<PathBuf, Stamp>,
    folders: BTreeSet<PathBuf>,
}

impl Snapshot {
    /// Notes a folder in which sources are.
    pub(super) fn add_folder(&mut self, path: PathBuf) {
        self.folders.insert(path);
    }

    /// The folders in which sources are.
    pub(in crate::cli) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }

    /// The files, in the order of their paths.
    #[cfg(test)]
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.keys().cloned().collect()
    }

    /// Notes a file, if it is there.
    pub(super) fn look_at(&mut self, path: &Path, before: &Self) {
        if let Some(stamp) = stamp(path, before) {
            self.files.insert(path.to_owned(), stamp);
        }
    }

    /// Files that are not the same in both, or in one only.
    pub(super) fn differences(&self, other: &Self) -> BTreeSet<PathBuf> {
        let hash = |snapshot: &Self, path: &PathBuf| snapshot.files.get(path).map(|stamp| stamp.hash);
        let paths: BTreeSet<&PathBuf> = self.files.keys().chain(other.files.keys()).collect();
        paths.into_iter().filter(|path| hash(self, path) != hash(other, path)).cloned().collect()
    }

    /// Whether a file begins as it was before, and goes on.
    pub(super) fn is_longer_than(&self, before: &Self, path: &Path) -> bool {
        let (Some(old), Some(new)) = (before.files.get(path), self.files.get(path)) else { return false };
        let start = || hash(File::open(path).ok()?.take(old.size)).ok();
        new.size > old.size && (old.size > MOST_BYTES || start() == Some(old.hash))
    }
}

/// None where there is no such file any more.
fn stamp(path: &Path, before: &Snapshot) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    let (device, number) = (about.dev().cast_signed(), about.ino().cast_signed());
    let times = [about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec()];
    let [modified, nanos, changed, changed_nanos] = times;
    let size = about.len();
    let marks = [device, number, size.cast_signed(), modified, nanos, changed, changed_nanos];
    if let Some(known) = before.files.get(path).filter(|known| known.about == marks) {
        return Some(known.clone());
    }
    let hash = if size <= MOST_BYTES {
        hash(File::open(path).ok()?).ok()?
    } else {
        Sha256::digest(marks.map(i64::to_be_bytes).concat()).into()
    };
    Some(Stamp { about: marks, size, hash })
}

fn hash(mut file: impl Read) -> std::io::Result<[u8; 32]> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
