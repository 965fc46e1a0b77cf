//! Runs the `innkeeper` binary the way a person in a clean shell would.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::{COMPILE_DEADLINE, TestDatabase, paths, postgres};

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
    innkeeper_at(&paths::binary(), arguments)
}

/// The same with another build of the binary.
pub fn innkeeper_at(binary: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os().filter(|(name, _)| decides(name)) {
        command.env_remove(name);
    }
    command.env("INNKEEPER_LOG_FORMAT", "text").env("INNKEEPER_CODE_CACHE", paths::code_cache());
    if postgres::pooled::is_on() {
        command.env("INNKEEPER_POOLER", "all");
    }
    // Nearly every test begins with it, while others keep the machine busy.
    if arguments.first().is_some_and(|verb| verb.as_ref() == "deploy") {
        command.env("INNKEEPER_POOL_WAIT", "30s");
    }
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The same command, run by a shell that lets it open no more than so many files and sockets.
pub fn with_descriptors(command: &Command, most: u32) -> Command {
    after(command, &format!("ulimit -n {most}"), &[])
}

/// The same command in a control group: `entrances` are the files that say who is in it.
pub fn in_group(command: &Command, entrances: &[PathBuf]) -> Command {
    let entering = r#"while [ "$1" != -- ]; do echo $$ > "$1" || exit 1; shift; done; shift"#;
    let mut entrances: Vec<&OsStr> = entrances.iter().map(|file| file.as_os_str()).collect();
    entrances.push(OsStr::new("--"));
    after(command, entering, &entrances)
}

/// The same command, run by a shell once it has done something else, which may take arguments away.
fn after(command: &Command, first: &str, arguments: &[&OsStr]) -> Command {
    let inner = command.as_std();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{first} && exec \"$@\"")).arg("sh").args(arguments);
    shell.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        let _ = match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::null()).kill_on_drop(true);
    shell
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
