//! One dyno: a process group with a port, which the platform starts and stops.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{DynoId, Rules};
use crate::LOOK_AGAIN;
use crate::keeper::Keeper;
use crate::logs::Logs;
use crate::port::free_address;

/// A line of the Procfile at work. Killed when this value is dropped or the test process ends.
#[derive(Debug)]
pub struct Dyno {
    /// Under which the router knows it.
    pub id: DynoId,
    child: Child,
    /// The leader of the group, and its number.
    pid: u32,
    address: SocketAddr,
    started: Instant,
    logs: Logs,
    keeper: Option<Keeper>,
}

/// How a dyno ended.
#[derive(Debug)]
pub struct Ending {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// From the first SIGTERM to the end.
    pub took: Duration,
    /// Whether it was killed because its time was over (`R12`).
    pub was_killed: bool,
    /// All that it has printed.
    pub logs: String,
}

impl Dyno {
    /// Starts a line with nothing in its environment but what the platform puts there.
    pub(super) fn start(tree: &Path, line: &str, name: &str, more: &[(String, String)], id: DynoId) -> Self {
        let address = free_address();
        let mut command = Command::new("bash");
        command.arg("-c").arg(line).current_dir(tree).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", tree);
        command.env("PORT", address.port().to_string()).env("DYNO", name);
        command.envs(more.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let pid = child.id().expect("a process that has just been started has an id");
        let keeper = Some(Keeper::start(Keeper::shell(), r#"kill -s KILL -- "-$1""#, &[pid.to_string().as_str()]));
        let streams = (child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = streams else { panic!("both streams are pipes") };
        let logs = Logs::capture(stdout, stderr);
        Self { id, child, pid, address, started: Instant::now(), logs, keeper }
    }

    /// Where it is to listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process that leads the group: the shell, or the program that it has become.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it has printed.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// How many threads its leading process has now.
    pub fn threads(&self) -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let count = status.lines().find_map(|line| line.strip_prefix("Threads:")?.trim().parse().ok());
        count.unwrap_or_else(|| panic!("no threads in {status:?}"))
    }

    /// Waits until it has bound its port, and returns how long that took since its start. None
    /// where it did not in time or ended (`R10`): then it is killed.
    pub async fn boots(&mut self, rules: &Rules) -> Option<Duration> {
        loop {
            if TcpStream::connect(self.address).await.is_ok() {
                return Some(self.started.elapsed());
            }
            let has_ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            if has_ended || self.started.elapsed() > rules.boot {
                self.signal("KILL");
                return None;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Sends a signal to every process of the dyno.
    pub fn signal(&self, name: &str) {
        let group = format!("-{}", self.pid);
        // None is left where it has ended already.
        let _ = std::process::Command::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status();
    }

    /// Stops it as the platform does: SIGTERM to all, so many times, and SIGKILL to who is left.
    pub async fn stop(mut self, times: u32, rules: &Rules) -> Ending {
        let began = Instant::now();
        for time in 0..times {
            if time > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            self.signal("TERM");
        }
        let ended = timeout(rules.exit, self.child.wait()).await;
        let (took, was_killed) = (began.elapsed(), ended.is_err());
        let status = match ended {
            Ok(status) => status,
            Err(_late) => {
                self.signal("KILL");
                self.child.wait().await
            }
        };
        self.logs.wait_for_end().await;
        let code = status.expect("a child of our own can be waited for").code();
        Ending { code, took, was_killed, logs: self.logs.so_far() }
    }

    /// Ends it as a failing machine does.
    pub async fn kill(mut self) {
        self.signal("KILL");
        let _ = self.child.wait().await;
    }
}

impl Drop for Dyno {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            self.signal("KILL");
        }
        self.keeper.take().into_iter().for_each(Keeper::dismiss);
    }
}
