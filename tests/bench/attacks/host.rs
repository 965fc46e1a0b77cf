//! A host that may use 512 MiB, with twenty apps.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::client::Connection;
use crate::contender::Server;
use crate::paths;
use crate::probe::Probe;
use crate::process::{self, Process, free_address};
use crate::setup::Setup;
use crate::visitor;

const MEMORY: u64 = 512 << 20;
/// Where the control groups for memory are, by their version.
const GROUPS: [(&str, &str); 2] =
    [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
/// Apps that nobody asks.
const QUIET_APPS: usize = 14;
/// The host names of the apps that are attacked.
pub const HOSTILE: &str = "hostile.example";
pub const PROBE: &str = "probe.example";
/// A host that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// The file that is downloaded: so many pieces of so many bytes.
static PIECE: [u8; 64 << 10] = [7; 64 << 10];
const PIECES: usize = 32;

/// The host, its process, and how to start it again.
#[derive(Debug)]
pub struct Host {
    program: PathBuf,
    folder: TempDir,
    database: [String; 2],
    group: Option<Group>,
    server: Server,
}

impl Host {
    /// Deploys the apps and serves. Without a URL on SQLite.
    pub async fn start(setup: &Setup, url: Option<String>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("innkeeper-attacks-").tempdir()?;
        let database = match url {
            Some(url) => ["--database-url".to_owned(), url],
            None => ["--data".to_owned(), folder.path().join("data").display().to_string()],
        };
        let group = Group::new();
        if group.is_none() {
            eprintln!("no control group can be made: the host is told of 512 MiB and not held to it");
        }
        let program = setup.innkeeper.clone();
        for (app, guest, route) in apps() {
            let mut deploy = command(&program, &folder, &database, "deploy", None);
            process::finish(deploy.arg(paths::guest(guest)?).args(["--app", &app, "--route", &route]))?;
        }
        let server = serve(&program, &folder, &database, group.as_ref()).await?;
        Ok(Self { program, folder, database, group, server })
    }

    /// Starts the host again after it has ended.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.server = serve(&self.program, &self.folder, &self.database, self.group.as_ref()).await?;
        Ok(())
    }

    /// Keeps the file that is downloaded. Returns its id.
    pub async fn upload(&self) -> anyhow::Result<String> {
        Probe::at(&self.server, "/files").await?.upload(&PIECE, PIECES).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What has become of it: `alive`, or why it does not serve any more.
    pub async fn condition(&mut self) -> &'static str {
        if !self.server.process.is_alive() {
            return "KILLED";
        }
        let request = visitor::get(self.server.address, "/_innkeeper/live", None);
        let asking = async {
            let mut connection = Connection::open(self.server.address).await?;
            connection.ask(&request, &mut Vec::new()).await
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(head)) if head.status == 200 => "alive",
            _ => "HANGS",
        }
    }

    /// Memory that it holds; nothing once it has ended.
    pub fn rss_mib(&self) -> Option<f64> {
        self.server.process.memory_mib("VmRSS").ok()
    }
}

/// Names, guests and routes. The first three have well-behaved visitors, the next two are attacked
/// and look at the whole path, so they have host names.
fn apps() -> Vec<(String, &'static str, String)> {
    let named = [
        ("hello", "hello", "/hello"),
        ("read", "queries", "/read"),
        ("files", "probe", "/files"),
        ("hostile", "hostile", HOSTILE),
        ("probe", "probe", PROBE),
        ("quiet", "hello", "/quiet"),
    ];
    let quiet = (0..QUIET_APPS).map(|number| (format!("quiet-{number}"), "hello", format!("/quiet-{number}")));
    let named = named.into_iter().map(|(app, guest, route)| (app.to_owned(), guest, route.to_owned()));
    named.chain(quiet).collect()
}

async fn serve(
    program: &Path,
    folder: &TempDir,
    database: &[String; 2],
    group: Option<&Group>,
) -> anyhow::Result<Server> {
    let address = free_address()?;
    let mut serve = command(program, folder, database, "serve", group);
    serve.args(["--listen", &address.to_string()]);
    let mut process = Process::start(serve, tempfile::tempdir()?)?;
    process.wait_until_ready(address, "/_innkeeper/ready").await?;
    process.wait_until_ready(address, "/read/?rows=1").await?;
    Ok(Server { process, address })
}

fn command(
    program: &Path,
    folder: &TempDir,
    database: &[String; 2],
    verb: &str,
    group: Option<&Group>,
) -> Command {
    let mut command = match group {
        Some(group) => {
            let mut shell = process::command(Path::new("/bin/sh"));
            shell.args(["-c", r#"echo $$ > "$1" && shift && exec "$@""#, "sh"]);
            shell.arg(group.folder.join("cgroup.procs")).arg(program);
            shell
        }
        None => process::command(program),
    };
    command.current_dir(folder.path()).env("INNKEEPER_CODE_CACHE", folder.path().join("code"));
    command.env("INNKEEPER_MEMORY", format!("{}MiB", MEMORY >> 20));
    command.arg(verb).args(database);
    command
}

/// A control group that bounds memory. Removed when this value is dropped.
#[derive(Debug)]
struct Group {
    folder: PathBuf,
}

impl Group {
    /// None where this user may not make one.
    fn new() -> Option<Self> {
        GROUPS.iter().find_map(|(root, limit)| {
            let folder = Path::new(root).join(format!("innkeeper-bench-{}", std::process::id()));
            std::fs::create_dir(&folder).ok()?;
            let group = Self { folder };
            std::fs::write(group.folder.join(limit), MEMORY.to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _still_in_use = std::fs::remove_dir(&self.folder);
    }
}
