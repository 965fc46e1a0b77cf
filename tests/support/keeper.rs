//! Ends what a test started, even when the test process is killed and can run no code of its own
//! any more.
//!
//! A keeper is a tiny shell whose standard input is a pipe from this process. However this process
//! ends, the pipe is closed then, and the shell does what it was started for. It is in a process
//! group of its own, so that Ctrl-C in a terminal reaches the tests but not the keeper.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// A shell that waits for this process to end, then runs a script.
#[derive(Debug)]
pub struct Keeper(Child);

impl Keeper {
    /// Starts a keeper. `command` is the shell itself, for example with another user set;
    /// `arguments` are `$1`, `$2`, … in `script`.
    pub fn start(mut command: Command, script: &str, arguments: &[&str]) -> Self {
        let script = format!("while read -r _; do :; done\n{script}");
        command.args(["-c", &script, "keeper"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Self(command.spawn().expect("the shell of a keeper starts"))
    }

    /// A plain shell, to hand to [`Keeper::start`].
    pub fn shell() -> Command {
        Command::new("sh")
    }

    /// Ends the keeper without running its script: what it watched over has ended by itself.
    pub fn dismiss(mut self) {
        let _already_gone = self.0.kill();
    }
}

/// Closes the pipe and waits until the script is through.
impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _status = self.0.wait();
    }
}
