//! Runs the `innkeeper` binary the way a person in a clean shell would.

use std::ffi::OsStr;
use std::fmt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::{COMPILE_DEADLINE, TestDatabase, paths};

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Finished {
    /// This, if the command succeeded; otherwise panics with what it said.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "{self}");
        self
    }

    /// This, if the command failed by itself; a crash or a success panics.
    #[track_caller]
    pub fn failed(self) -> Self {
        let code = self.status.code();
        assert!(code.is_some_and(|code| code != 0 && code != 101), "not a clean failure: {self}");
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}: {self}"))
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\nstdout: {}\nstderr: {}", self.status, self.stdout, self.stderr)
    }
}

/// The binary with these arguments and none of the caller's variables that would decide anything
/// for it.
pub fn innkeeper(arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(paths::binary());
    for (name, _) in std::env::vars_os().filter(|(name, _)| decides(name)) {
        command.env_remove(name);
    }
    command.env("INNKEEPER_LOG_FORMAT", "text").env("INNKEEPER_CODE_CACHE", paths::code_cache());
    // Nearly every test begins with it, while others keep the machine busy.
    if arguments.first().is_some_and(|verb| verb.as_ref() == "deploy") {
        command.env("INNKEEPER_POOL_WAIT", "30s");
    }
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The same command, run by a shell that lets it open no more than so many files and sockets.
pub fn with_descriptors(command: &Command, most: u32) -> Command {
    let inner = command.as_std();
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -n {most} && exec \"$@\"")).arg("sh");
    limited.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        let _ = match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.stdin(Stdio::null()).kill_on_drop(true);
    limited
}

/// Runs a command to its end.
pub async fn finish(mut command: Command, deadline: Duration) -> Finished {
    let output = tokio::time::timeout(deadline, command.output()).await;
    let output = output.unwrap_or_else(|_late| panic!("{command:?} has not ended within {deadline:?}"));
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Finished { status: output.status, stdout, stderr }
}

/// Runs a verb of the binary on a database: `on(&database, &["apps", "--json"])`.
pub async fn on(database: &TestDatabase, arguments: &[&str]) -> Finished {
    let arguments = [arguments, &database.arguments()].concat();
    finish(innkeeper(&arguments), COMPILE_DEADLINE).await
}

/// Runs a verb of the binary without naming a database.
pub async fn run(arguments: &[&str]) -> Finished {
    finish(innkeeper(arguments), COMPILE_DEADLINE).await
}

fn decides(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    let by_prefix = ["DATABASE_", "HEROKU_", "INNKEEPER_", "PG", "RUST_LOG"];
    ["DYNO", "PORT"].contains(&&*name) || by_prefix.iter().any(|prefix| name.starts_with(prefix))
}
