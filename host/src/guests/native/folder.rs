//! The folder of this machine where compiled code is kept: whoever starts again finds it there.
//!
//! The folder has a key of its own, since several hosts of different databases may share it. The
//! signature finds out what a disk has changed; who can read the key is the host itself.

use super::code::Packed;
use super::key::SigningKey;
use super::sealed::{self, Refusal};
use crate::guests::compiling::Temporary;
use crate::storage::hex;
use crate::storage::registry::native_code::CodeId;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

const KEY: &str = "key";
const ENDING: &str = "code";
/// What is being written.
pub(super) const COMING: &str = "coming";
/// What has been coming for so long does not come any more.
const LONGEST_COMING: Duration = Duration::from_secs(3600);
/// Beyond this, code that was used longest ago goes.
const MOST_BYTES: u64 = 1 << 30;
/// How many bytes come until it is looked again whether there is too much.
const CLEAR_EVERY: u64 = 64 << 20;
/// What is larger is no code.
const MOST_FILE_BYTES: u64 = 256 << 20;
/// Below this lay the code of earlier releases, one folder for each version of wasmtime.
const FORMER: &str = "modules";
const FORMER_VERSIONS: &str = "wasmtime-";

/// Where the code of all components is kept.
#[derive(Debug)]
pub struct CodeFolder {
    path: PathBuf,
    key: SigningKey,
    /// Bytes that this process has put there.
    written: AtomicU64,
    /// Set where the folder lasts no longer than the process.
    _temporary: Option<Temporary>,
}

/// What a folder has of a component.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// Its code.
    Code(Packed),
    /// What is no file of code, as a machine may leave it that lost its power. It is removed.
    Damaged(String),
    /// Something that must not be run. It is removed.
    Refused(String),
}

impl CodeFolder {
    /// The folder that was given. Where there is none, or it takes no files, a temporary one for
    /// this process.
    pub fn open(given: Option<&Path>, temporary: &Path) -> io::Result<Self> {
        match given.map(|path| (path, Self::writable(path))) {
            Some((_, Ok(folder))) => {
                folder.clear_former();
                return Ok(folder);
            }
            Some((path, Err(error))) => {
                let folder = path.display();
                tracing::warn!(%folder, "compiled code is not kept, so each start loads or compiles again: {error}");
            }
            None => {}
        }
        let folder = Temporary::new(temporary)?;
        let key = SigningKey::in_file(&folder.path().join(KEY))?;
        Ok(Self { path: folder.path().to_owned(), key, written: AtomicU64::new(0), _temporary: Some(folder) })
    }

    /// A folder in which a file could be made.
    fn writable(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        try_file_in(folder)?;
        let path = folder.canonicalize()?;
        let key = SigningKey::in_file(&path.join(KEY))?;
        Ok(Self { path, key, written: AtomicU64::new(0), _temporary: None })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Blocks.
    pub(super) fn find(&self, id: &CodeId) -> Found {
        let path = self.file_of(id);
        let Ok(file) = File::open(&path) else { return Found::Nothing };
        // It is used now: others go before it.
        let _ = file.set_modified(SystemTime::now());
        let told = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
        let found = match sealed::read(BufReader::new(file.take(MOST_FILE_BYTES))) {
            Ok(code) => match sealed::open(&self.key, id, code) {
                Ok(packed) => return Found::Code(packed),
                Err(refusal @ (Refusal::AnotherKey | Refusal::Forged)) => Found::Refused(told(&refusal)),
            },
            Err(error) => Found::Damaged(told(&error)),
        };
        self.remove(id);
        found
    }

    /// In one step, because others may be reading. Blocks.
    pub(super) fn keep(&self, id: &CodeId, packed: &Packed) -> io::Result<()> {
        self.clear_now_and_then(packed);
        let number = getrandom::u64().map_err(io::Error::other)?;
        let (path, coming) = (self.file_of(id), self.path.join(format!("{number:016x}.{COMING}")));
        let code = sealed::seal(&self.key, id, packed);
        let written = File::create_new(&coming).and_then(|mut file| {
            sealed::write(&code, &mut file)?;
            // Else a machine that loses its power may keep the name and not the bytes.
            file.sync_all()
        });
        let kept = written.and_then(|()| fs::rename(&coming, path));
        if kept.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&coming);
        }
        kept
    }

    /// What cannot be removed is found again, and refused again.
    pub(super) fn remove(&self, id: &CodeId) {
        let _ = fs::remove_file(self.file_of(id));
    }

    fn file_of(&self, id: &CodeId) -> PathBuf {
        self.path.join(format!("{}-{}.{ENDING}", hex(&id.component), hex(&id.engine)))
    }

    /// Looking through the folder takes the longer the more is in it.
    fn clear_now_and_then(&self, coming: &Packed) {
        let size = u64::try_from(coming.bytes().len()).unwrap_or(u64::MAX);
        let before = self.written.fetch_add(size, Ordering::Relaxed);
        if before == 0 || before / CLEAR_EVERY != before.saturating_add(size) / CLEAR_EVERY {
            self.clear();
        }
    }

    /// Removes what was used longest ago where there is too much, and what others have left half
    /// written.
    fn clear(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let mut files = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            let Ok(about) = fs::metadata(&path) else { continue };
            let Ok(used) = about.modified() else { continue };
            match path.extension().and_then(|ending| ending.to_str()) {
                Some(ENDING) => files.push((used, about.len(), path)),
                Some(COMING) if used.elapsed().is_ok_and(|age| age > LONGEST_COMING) => {
                    let _ = fs::remove_file(path);
                }
                _ => {}
            }
        }
        files.sort_unstable();
        let mut bytes: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if bytes <= MOST_BYTES {
                return;
            }
            let _ = fs::remove_file(path);
            bytes = bytes.saturating_sub(size);
        }
    }

    /// Earlier releases kept code in another form. The folder may hold what is not the host's, so
    /// only what has their names goes.
    fn clear_former(&self) {
        let former = self.path.join(FORMER);
        for entry in fs::read_dir(&former).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(FORMER_VERSIONS)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        // Goes only where nothing else is in it.
        let _ = fs::remove_dir(&former);
    }
}

fn try_file_in(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".innkeeper-{:016x}", getrandom::u64().map_err(io::Error::other)?));
    File::create_new(&path)?;
    fs::remove_file(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_at(path: &Path) -> CodeFolder {
        CodeFolder::open(Some(path), &crate::config::temporary_folder()).unwrap()
    }

    fn id(number: u8) -> CodeId {
        CodeId { component: vec![number; 32], engine: vec![7; 32] }
    }

    fn packed(bytes: &'static [u8]) -> Packed {
        Packed::trusted(5, bytes.into())
    }

    #[test]
    fn code_is_found_by_whoever_opens_the_folder_next() {
        let place = tempfile::tempdir().unwrap();
        folder_at(place.path()).keep(&id(1), &packed(b"packed")).unwrap();
        let folder = folder_at(place.path());
        let Found::Code(found) = folder.find(&id(1)) else { panic!("it was kept") };
        assert_eq!((found.size(), &found.bytes()[..]), (5, &b"packed"[..]));
        assert!(matches!(folder.find(&id(2)), Found::Nothing));
    }

    #[test]
    fn what_was_changed_is_refused_once_and_gone() {
        let place = tempfile::tempdir().unwrap();
        let folder = folder_at(place.path());
        folder.keep(&id(1), &packed(b"packed")).unwrap();
        let good = fs::read(folder.file_of(&id(1))).unwrap();
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(folder.file_of(&id(1)), &changed).unwrap();
        assert!(matches!(folder.find(&id(1)), Found::Refused(_)));
        assert!(matches!(folder.find(&id(1)), Found::Nothing));
        for bytes in [&good[..20], b""] {
            fs::write(folder.file_of(&id(1)), bytes).unwrap();
            assert!(matches!(folder.find(&id(1)), Found::Damaged(_)));
            assert!(matches!(folder.find(&id(1)), Found::Nothing));
        }
        // That of another component.
        fs::write(folder.file_of(&id(2)), &good).unwrap();
        assert!(matches!(folder.find(&id(2)), Found::Refused(_)));
        // The key of another folder.
        fs::remove_file(place.path().join(KEY)).unwrap();
        fs::write(folder.file_of(&id(1)), &good).unwrap();
        assert!(matches!(folder_at(place.path()).find(&id(1)), Found::Refused(_)));
    }

    #[test]
    fn code_that_was_used_longest_ago_makes_room() {
        let place = tempfile::tempdir().unwrap();
        let folder = folder_at(place.path());
        for (number, age) in [(1, 20), (2, 30), (3, 10)] {
            folder.keep(&id(number), &packed(b"packed")).unwrap();
            // Its size without its bytes.
            let file = File::options().write(true).open(folder.file_of(&id(number))).unwrap();
            file.set_len(MOST_BYTES / 2 - 1).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        let left = place.path().join(format!("0.{COMING}"));
        let file = File::create(&left).unwrap();
        file.set_modified(SystemTime::now() - LONGEST_COMING - Duration::from_secs(1)).unwrap();
        folder_at(place.path()).keep(&id(4), &packed(b"packed")).unwrap();
        let there = [1, 2, 3, 4].map(|number| folder.file_of(&id(number)).exists());
        assert_eq!((there, left.exists()), ([true, false, true, true], false));
    }

    #[test]
    fn what_earlier_releases_have_left_goes_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let modules = place.path().join(FORMER);
        fs::create_dir_all(modules.join("wasmtime-48.0.8")).unwrap();
        fs::create_dir_all(modules.join("lodash")).unwrap();
        fs::write(modules.join("wasmtime-48.0.8/x"), "x").unwrap();
        folder_at(place.path());
        assert!(!modules.join("wasmtime-48.0.8").exists() && modules.join("lodash").exists());
        fs::remove_dir(modules.join("lodash")).unwrap();
        folder_at(place.path());
        assert!(!modules.exists());
    }
}
