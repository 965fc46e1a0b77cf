//! A file with a key that the process makes for itself.

use super::key::KEY_BYTES;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Owner alone.
const MODE: u32 = 0o600;
const OTHERS: u32 = 0o077;

/// Reads a key, or makes one where there is none. Of several processes that make one at the same
/// time, all get the same.
pub(super) fn open(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(path)?;
            read(path)
        }
        read => read,
    }
}

fn read(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let owners = [rustix::process::geteuid().as_raw(), fs::metadata(folder)?.uid()];
    if about.mode() & OTHERS != 0 {
        return Err(io::Error::other(
            "others can read or write the key: make it readable for its owner alone, and \
             remove the file if they may have read it",
        ));
    }
    if !owners.contains(&about.uid()) {
        return Err(io::Error::other("the key belongs to somebody else"));
    }
    let mut key = Vec::with_capacity(KEY_BYTES);
    file.take(u64::try_from(KEY_BYTES).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut key)?;
    key.try_into().map_err(|_| io::Error::other("it holds no key: remove it, and another is made"))
}

/// The key gets its name in one step, when all of it is there.
fn make(path: &Path) -> io::Result<()> {
    let (mut key, mut number) = ([0u8; KEY_BYTES], [0u8; 8]);
    getrandom::fill(&mut key).and_then(|()| getrandom::fill(&mut number)).map_err(io::Error::other)?;
    let coming = path.with_added_extension(format!("{:016x}", u64::from_ne_bytes(number)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&coming)?;
    let made = file.write_all(&key).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&coming, path));
    // What cannot be removed is no key of anybody.
    let _ = fs::remove_file(&coming);
    match made {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn processes_that_need_a_key_at_the_same_time_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| open(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0] && *key != [0; KEY_BYTES]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        open(&path).unwrap();
        for mode in [0o644, 0o640, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(open(&path).unwrap_err().to_string().contains("others can read"), "{mode:o}");
        }
        for bytes in [&b""[..], &[1; KEY_BYTES - 1], &[1; KEY_BYTES + 1]] {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(MODE)).unwrap();
            assert!(open(&path).unwrap_err().to_string().contains("no key"));
        }
    }
}
