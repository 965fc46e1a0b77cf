//! A build command together with all that it starts.

use rustix::process::{Pid, Signal, kill_process};
use std::io;
use std::process::ExitStatus;
use tokio::process::{Child, Command};

/// A build command that has been started. Where this is dropped before the command has ended, the
/// command and all that it has started are sent SIGTERM.
///
/// The command has no process group of its own: it may ask for a password at the terminal, and
/// whoever signals the group of this process reaches it.
#[derive(Debug)]
pub(super) struct BuildProcess {
    child: Child,
    /// None once the command has ended.
    id: Option<Pid>,
}

impl BuildProcess {
    /// Starts a command.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        // SIGKILL could leave a half-written file: `make` deletes it when it gets SIGTERM.
        let child = command.kill_on_drop(false).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, id })
    }

    /// How the command ends. What it has left behind goes on. Dropping the future loses nothing.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.id = None;
        Ok(status)
    }

    /// Sends a signal to the command and to all that it has started, unless it has ended.
    pub(super) fn signal(&self, signal: Signal) {
        let Some(id) = self.id else { return };
        // All are found before the first ends: its children then have another parent.
        for process in with_descendants(id) {
            // It may have ended by itself.
            let _ = kill_process(process, signal);
        }
    }
}

impl Drop for BuildProcess {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
    }
}

/// A process, and the processes that it and those have started (proc(5)); without a `/proc` the
/// process alone.
fn with_descendants(process: Pid) -> Vec<Pid> {
    let all: Vec<(Pid, Pid)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let id = pid(entry.file_name().to_str()?)?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((id, parent(&stat)?))
        })
        .collect();
    let mut found = vec![process];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(all.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    found
}

fn pid(text: &str) -> Option<Pid> {
    text.parse().ok().and_then(Pid::from_raw)
}

/// The parent in a line such as `7 (name) S 1 …`. A name may contain blanks and brackets.
fn parent(stat: &str) -> Option<Pid> {
    pid(stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        for (stat, id) in [("7 (sh) S 5 7 7", Some(5)), ("7 (a) S 1 (b) c) R 6 7", Some(6)), ("7 (sh", None)] {
            assert_eq!(parent(stat), id.and_then(Pid::from_raw), "{stat}");
        }
        assert_eq!(parent("1 (init) S 0 1"), None);
    }
}
