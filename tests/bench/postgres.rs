//! A Postgres server of our own, as a deployer would run one: with fsync, on loopback.
//!
//! The programs are taken from an installed server; nothing is downloaded and no server that
//! already runs is touched.

use std::fs::{File, read_to_string};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::keeper::Keeper;
use crate::process::{self, free_address};

/// What is not as the server comes. No checkpoint falls into one contender's round and not into
/// another's.
pub const SETTINGS: [&str; 3] = ["shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=1h"];

/// The server. It ends and its data are removed when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Postgres {
    home: Home,
    port: u16,
    _keeper: Keeper,
}

impl Postgres {
    /// Makes a new server and waits until it takes connections.
    pub fn start() -> anyhow::Result<Self> {
        let home = Home::new()?;
        let keeper = home.keeper();
        home.run("initdb", &["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8"])?;
        let port = free_address()?.port();
        let settings = SETTINGS.map(|setting| format!(" -c {setting}")).concat();
        let options = format!("-p {port} -h 127.0.0.1 -k '{}'{settings}", home.folder.display());
        home.run("pg_ctl", &["start", "--pgdata=data", "--wait", "--log=server.log", "--options", &options])?;
        Ok(Self { home, port, _keeper: keeper })
    }

    /// A new database, as a URL.
    pub async fn database(&self, name: &str) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await?;
        Ok(self.url(name))
    }

    /// What the server says of itself.
    pub fn version(&self) -> String {
        let asked = process::finish(Command::new(self.home.programs.join("postgres")).arg("--version"));
        asked.unwrap_or_default().trim().to_owned()
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

/// The folder of the server, the programs, and the user that they run as.
#[derive(Debug)]
struct Home {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
}

impl Home {
    fn new() -> anyhow::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("innkeeper-bench-pg-").tempdir()?.keep();
        let user = unprivileged_user(&folder)?;
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid))?;
        }
        Ok(Self { folder, programs, user })
    }

    fn in_here(&self, mut command: Command) -> Command {
        command.current_dir(&self.folder);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// The server that `pg_ctl start` leaves behind would hold a pipe open for ever: output goes to
    /// a file.
    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let path = self.folder.join("output");
        let output = File::create(&path)?;
        let mut command = self.in_here(process::command(&self.programs.join(program)));
        let status = command.args(arguments).stdout(output.try_clone()?).stderr(output).status()?;
        let said = [path, self.folder.join("server.log")].map(|path| read_to_string(path).unwrap_or_default());
        ensure!(status.success(), "{program}: {status}\n{}", said.concat());
        Ok(())
    }

    fn keeper(&self) -> Keeper {
        let script = r#""$1/pg_ctl" stop --pgdata=data --mode=immediate --wait; cd / && rm -rf "$2""#;
        let [programs, folder] = [&self.programs, &self.folder].map(|path| path.to_str().unwrap_or_default());
        Keeper::start(self.in_here(Keeper::shell()), script, &[programs, folder])
    }
}

/// Where `initdb` and `pg_ctl` are: what `pg_config` says, Debian's folders from the newest on,
/// then `PATH`.
fn programs() -> anyhow::Result<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok();
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let on_path = crate::paths::program("pg_ctl").and_then(|path| path.parent().map(Path::to_owned));
    let debian = (10..40).rev().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let mut found = told.into_iter().chain(debian).chain(on_path);
    found
        .find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file()))
        .context("no Postgres server is installed; install one: apt-get install postgresql")
}

/// Postgres refuses to run as root. Who owns what we have just made is who we are.
fn unprivileged_user(ours: &Path) -> anyhow::Result<Option<(u32, u32)>> {
    if ours.metadata()?.uid() != 0 {
        return Ok(None);
    }
    let users = read_to_string("/etc/passwd")?;
    let user = |name: &str| {
        let mut fields = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":x:"))?.split(':');
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Ok(Some(user("postgres").or_else(|| user("nobody")).context("a user `postgres` or `nobody`")?))
}
