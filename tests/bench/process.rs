//! A contender's process: started in a folder of its own, watched through `/proc`, ended with
//! everything that it left.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::client::Connection;
use crate::keeper::Keeper;
use crate::visitor;

const START_DEADLINE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Looks without growth after which memory counts as settled.
const SETTLED_LOOKS: u32 = 50;
/// Linux counts a process's time in hundredths of a second, whatever its own clock does (`man 5
/// proc`, `USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
const STDERR: &str = "stderr";

/// A running contender. Killed, and its folder removed, when this value is dropped or this process
/// ends.
#[derive(Debug)]
pub struct Process {
    child: Child,
    keeper: Option<Keeper>,
    folder: PathBuf,
}

/// A command that gets none of the caller's variables that could decide anything for it.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    let kept = ["PATH", "HOME", "TMPDIR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(kept).stdin(Stdio::null());
    command
}

/// A port that nobody listens at.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    ensure!(output.status.success(), "{command:?}: {}\n{}", output.status, said.concat());
    Ok(said.concat())
}

impl Process {
    /// Starts a command. Its output is thrown away: a log that is kept would make the disk busy
    /// while others are measured.
    pub fn start(mut command: Command, folder: TempDir) -> anyhow::Result<Self> {
        let stderr = File::create(folder.path().join(STDERR))?;
        command.stdout(Stdio::null()).stderr(stderr);
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        let folder = folder.keep();
        let script = r#"kill -KILL "$1"; rm -rf "$2" || { sleep 1; rm -rf "$2"; }"#;
        let arguments = [&child.id().to_string(), folder.to_str().unwrap_or_default()];
        let keeper = Some(Keeper::start(Keeper::shell(), script, &arguments));
        Ok(Self { child, keeper, folder })
    }

    /// Waits until it answers a request for `path` with 200.
    pub async fn wait_until_ready(&mut self, address: SocketAddr, path: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        let request = visitor::get(address, path, None);
        while !is_answered(address, &request).await {
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let said = std::fs::read_to_string(self.folder.join(STDERR)).unwrap_or_default();
                bail!("it does not answer (ended: {ended:?}):\n{said}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Processor time that it has used so far, user and system.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is the program's name in brackets and may contain blanks.
        let (_, fields) = stat.rsplit_once(") ").context("no fields in /proc/PID/stat")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }

    /// A line of `/proc/PID/status` that is given in KiB, such as `VmRSS`, in MiB.
    pub fn memory_mib(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib: f64 = line.context("no such line in /proc/PID/status")?.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    /// The same line once it has not grown for a while.
    pub async fn settled_memory_mib(&self, name: &str) -> anyhow::Result<f64> {
        let mut most = self.memory_mib(name)?;
        let mut looks = 0;
        while looks < SETTLED_LOOKS {
            tokio::time::sleep(LOOK_AGAIN).await;
            let now = self.memory_mib(name)?;
            looks = if now > most { 0 } else { looks + 1 };
            most = most.max(now);
        }
        Ok(most)
    }

    /// From now on `VmHWM` is the most memory held since now.
    pub fn forget_peak(&self) -> anyhow::Result<()> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }
}

async fn is_answered(address: SocketAddr, request: &[u8]) -> bool {
    let asking = async {
        let mut connection = Connection::open(address).await?;
        connection.ask(request, &mut Vec::new()).await
    };
    matches!(asking.await, Ok(head) if head.status == 200)
}

/// The keeper first: it knows the process by its id, which is free for others once it has been
/// waited for.
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.keeper.take());
        let _status = self.child.wait();
    }
}
