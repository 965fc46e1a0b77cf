//! A disk that a test can fill, and that can be made read-only: a tmpfs of its own.
//!
//! Mounting takes rights. A test that has none runs itself again in a user and mount namespace of
//! its own, where it has them. Where that is not permitted either it fails: it is never left out in
//! silence.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::keeper::Keeper;

/// Set in a test that has been run again in a namespace.
const INSIDE: &str = "INNKEEPER_TEST_IN_NAMESPACE";

/// See the module. Unmounted when this value is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
    _keeper: Keeper,
}

impl SmallDisk {
    /// Mounts a disk of so many MiB. None where `test` has run, and passed, in a namespace instead:
    /// then there is nothing more to do.
    pub fn mount(mebibytes: u32, test: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("innkeeper-disk-").tempdir().expect("a temporary directory");
        let options = format!("size={mebibytes}m,mode=0777");
        let mounted = run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", path(folder.path())]);
        match mounted {
            Ok(()) => {
                let script = r#"umount --lazy "$1"; rmdir "$1""#;
                let keeper = Keeper::start(Keeper::shell(), script, &[path(folder.path())]);
                Some(Self { folder, _keeper: keeper })
            }
            Err(why) if std::env::var_os(INSIDE).is_some() => {
                panic!("no disk can be mounted in a namespace: {why}")
            }
            Err(why) => {
                in_namespace(test, &why);
                None
            }
        }
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file until there is no room left. Returns the file.
    pub fn fill(&self, name: &str) -> PathBuf {
        let path = self.folder().join(name);
        let mut file = File::create(&path).expect("a file can be made");
        for size in [64 << 10, 4 << 10, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
        path
    }

    /// From now on it takes writes or none. Nobody may have a file open for writing where it is to
    /// take none.
    pub fn remount(&self, writable: bool) {
        let option = if writable { "remount,rw" } else { "remount,ro" };
        let mounted = run("mount", &["-o", option, path(self.folder())]);
        mounted.unwrap_or_else(|why| panic!("{option}: {why}"));
    }
}

/// Unmounts; the directory goes after it.
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _is_told_by_the_next_test = run("umount", &["--lazy", path(self.folder.path())]);
    }
}

fn in_namespace(test: &str, why: &str) {
    let this = std::env::current_exe().expect("the path of the test is known");
    let again = Command::new("unshare")
        .args(["--map-root-user", "--mount", "--"])
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let again = again.unwrap_or_else(|error| panic!("a disk cannot be mounted ({why}), nor unshare run: {error}"));
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(
        again.status.success() && said.contains("1 passed"),
        "a disk cannot be mounted here ({why}), and in a namespace of its own the test says:\n{said}{}",
        String::from_utf8_lossy(&again.stderr)
    );
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}
