//! A server whose processes stand still: it holds its connections, and says nothing.

use std::path::Path;
use std::process::Command;

/// Stopped processes of a server. They go on when this value is dropped.
#[derive(Debug)]
#[must_use = "the server goes on when this is dropped"]
pub struct Frozen(Vec<String>);

impl Frozen {
    /// Stops the postmaster first, so that it starts no process that is not stopped.
    pub(super) fn new(pid_file: &Path) -> Self {
        let text = std::fs::read_to_string(pid_file).expect("a running server");
        let postmaster = text.lines().next().expect("a pid in the first line").trim().to_owned();
        signal("STOP", std::slice::from_ref(&postmaster));
        let children = children(&postmaster);
        signal("STOP", &children);
        Self([vec![postmaster], children].concat())
    }
}

impl Frozen {
    /// Stops one process of a server.
    pub(super) fn process(pid: &str) -> Self {
        let pids = vec![pid.to_owned()];
        signal("STOP", &pids);
        Self(pids)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

fn children(parent: &str) -> Vec<String> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    children.split_whitespace().map(str::to_owned).collect()
}

/// One of them may have ended on the way, which is no harm.
fn signal(name: &str, pids: &[String]) {
    let _ended_already = Command::new("kill").args(["-s", name]).args(pids).output();
}
