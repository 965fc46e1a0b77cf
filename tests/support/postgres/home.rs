//! Where a Postgres server of the tests lives: its directory, the installed programs, the user that
//! they run as.

use std::fs::{File, read_to_string};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::keeper::Keeper;

/// The directory of one server, the programs, and the user that they run as.
#[derive(Debug)]
pub(super) struct Home {
    directory: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
}

impl Home {
    /// A new empty directory.
    pub(super) fn new() -> Self {
        let programs = programs();
        let directory = tempfile::Builder::new().prefix("innkeeper-pg-").tempdir_in(parent_directory());
        let directory = directory.expect("a temporary directory").keep();
        let user = unprivileged_user(&directory);
        if let Some((uid, gid)) = user {
            chown(&directory, Some(uid), Some(gid)).expect("root may give its directory away");
        }
        Self { directory, programs, user }
    }

    /// The directory, which is also the programs' current one.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes `data` by `initdb`.
    pub(super) fn initialize(&self) {
        self.run(self.tool("initdb").args(["--pgdata=data", "--username=postgres", "--auth=trust"]).args([
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]));
    }

    /// Makes `data` as a copy of what `initdb` has made once, which is faster. All copies have the
    /// same system identifier.
    pub(super) fn copy_initialized(&self) {
        static INITIALIZED: OnceLock<(Home, Keeper)> = OnceLock::new();
        let (first, _) = INITIALIZED.get_or_init(|| {
            let home = Self::new();
            home.initialize();
            let keeper = home.remover();
            (home, keeper)
        });
        self.run(self.command(Path::new("cp")).arg("-a").arg(first.directory().join("data")).arg("data"));
    }

    /// Gives a file in the directory to the user that the programs run as.
    pub(super) fn give(&self, file: &Path) {
        if let Some((uid, gid)) = self.user {
            chown(file, Some(uid), Some(gid)).expect("root may give its file away");
        }
    }

    /// One of Postgres' programs, run in this directory. `PG…` variables of the caller point to
    /// other servers.
    pub(super) fn tool(&self, name: &str) -> Command {
        self.in_here(Command::new(self.programs.join(name)))
    }

    /// Another program, run in this directory as the same user.
    pub(super) fn command(&self, program: &Path) -> Command {
        self.in_here(Command::new(program))
    }

    fn in_here(&self, mut command: Command) -> Command {
        command.current_dir(&self.directory);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Runs a program; panics with what it said if it fails.
    ///
    /// The server that `pg_ctl start` leaves behind would hold a pipe open for ever: output goes to
    /// a file.
    pub(super) fn run(&self, command: &mut Command) {
        let path = self.directory.join("output");
        let output = File::options().create(true).append(true).open(&path).expect("a file of our own");
        command.stdin(Stdio::null()).stdout(output.try_clone().expect("a second handle")).stderr(output);
        let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said =
            ["output", "server.log"].map(|name| read_to_string(self.directory.join(name)).unwrap_or_default());
        assert!(status.success(), "{command:?}: {status}\n{}", said.concat());
    }

    /// What removes the directory when this process is gone.
    pub(super) fn remover(&self) -> Keeper {
        let directory = self.directory.to_str().expect("a UTF-8 path");
        Keeper::start(Keeper::shell(), r#"rm -rf "$1""#, &[directory])
    }

    /// What stops the server and removes the directory when this process is gone.
    pub(super) fn keeper(&self) -> Keeper {
        // A frozen server would not notice that it is to stop.
        let script = r#"kill -s CONT "$(head -n 1 data/postmaster.pid)"; "$1/pg_ctl" stop --pgdata=data --mode=immediate --wait; rm -rf "$2""#;
        let [programs, directory] =
            [&self.programs, &self.directory].map(|path| path.to_str().expect("a UTF-8 path"));
        Keeper::start(self.in_here(Keeper::shell()), script, &[programs, directory])
    }
}

/// Where the directories are made: in memory, where that has room. A database has three hundred
/// files, and each test makes and drops one. Some file systems take long for that.
fn parent_directory() -> PathBuf {
    const IN_MEMORY: &str = "/dev/shm";
    const ENOUGH: u64 = 4 << 30;
    let has_room = rustix::fs::statvfs(IN_MEMORY).is_ok_and(|disk| disk.f_bavail * disk.f_frsize >= ENOUGH);
    if has_room { IN_MEMORY.into() } else { std::env::temp_dir() }
}

/// Where `initdb` and `pg_ctl` are: what `pg_config` says, Debian's directories from the newest on,
/// then `PATH`.
fn programs() -> PathBuf {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    told.into_iter()
        .chain(debian_directories())
        .chain(std::env::split_paths(&path))
        .find(|directory| directory.join("initdb").is_file() && directory.join("pg_ctl").is_file())
        .unwrap_or_else(|| panic!("no Postgres server is installed; install one: apt-get install postgresql"))
}

fn debian_directories() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<PathBuf> = versions.flatten().map(|version| version.path()).collect();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    versions.into_iter().rev().map(|path| path.join("bin")).collect()
}

/// Postgres refuses to run as root. Who owns what we have just made is who we are.
fn unprivileged_user(ours: &Path) -> Option<(u32, u32)> {
    let owner = ours.metadata().expect("our own directory").uid();
    let users = read_to_string("/etc/passwd").unwrap_or_default();
    let user = |name: &str| {
        let mut fields = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":x:"))?.split(':');
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    (owner == 0).then(|| user("postgres").or_else(|| user("nobody")).expect("a user `postgres` or `nobody`"))
}
