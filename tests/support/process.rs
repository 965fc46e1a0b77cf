//! One running `innkeeper serve`: its pid, its output, its memory, its end.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};

use crate::DEADLINE;
use crate::keeper::Keeper;
use crate::logs::Logs;

/// As many lines of what a process has printed are shown where a test fails.
const SHOWN_LINES: usize = 60;

/// Whether a process is there and has not ended. A zombie has ended.
pub fn is_running(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// A process that serves. Killed when this value is dropped, or when the test process ends.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    keeper: Option<Keeper>,
    logs: Logs,
}

impl Serving {
    /// Starts a command that serves.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let pid = child.id().expect("a process that has just been started has an id").to_string();
        let keeper = Some(Keeper::start(Keeper::shell(), r#"kill -KILL "$1""#, &[&pid]));
        let [stdout, stderr] = [child.stdout.take().map(Ok), child.stderr.take().map(Err)];
        let (Some(Ok(stdout)), Some(Err(stderr))) = (stdout, stderr) else { panic!("both streams are pipes") };
        Self { child, keeper, logs: Logs::capture(stdout, stderr) }
    }

    /// Waits for the line that names the address.
    pub async fn address(&self) -> SocketAddr {
        const MARK: &str = "listening on http://";
        let line = self.logs.wait_for(MARK).await;
        let (_, address) = line.split_once(MARK).expect("the line contains its mark");
        let address = address.split(|end: char| !end.is_ascii_digit() && !".:".contains(end)).next();
        address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address in {line:?}"))
    }

    /// What it has printed.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the process has not been waited for")
    }

    /// A line of `/proc/PID/status` that is given in KiB, for example `VmRSS`.
    pub fn status_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a living process");
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name} in {status}"))
    }

    /// Its threads.
    pub fn threads(&self) -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid())).expect("a living process");
        threads.count() as u64
    }

    /// Makes the kernel forget how large the process once was, so that `VmHWM` tells of what comes
    /// next.
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").expect("a process of our own");
    }

    /// Sends a signal by its name, for example `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "signal {name} could not be sent to {pid}");
    }

    /// Whether STOP has reached it.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
    }

    /// Waits until it has ended by itself.
    pub async fn ended(mut self) -> ExitStatus {
        let end = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let Ok(status) = end else {
            panic!("still alive after {DEADLINE:?}; it printed:\n{}", self.logs.so_far())
        };
        self.logs.wait_for_end().await;
        status.expect("a child of our own can be waited for")
    }

    /// Kills it on the spot, as a crash would, and waits until it is gone.
    pub async fn kill9(mut self) {
        self.child.kill().await.expect("a child of our own can be killed");
    }
}

impl Drop for Serving {
    /// Where a test fails, the last lines of the process are shown with it.
    #[expect(clippy::print_stderr, reason = "the test runner shows it with the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server has printed last:\n{}", self.logs.last_lines(SHOWN_LINES));
        }
        let _ended_already = self.child.start_kill();
        self.keeper.take().into_iter().for_each(Keeper::dismiss);
    }
}
