//! The command that tests an app.

use super::no_command;
use crate::cli::project::Project;
use crate::cli::project_shell::ProjectShell;
use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Child;

/// The variable that says where the app is.
const URL: &str = "INNKEEPER_URL";
/// How long a command that is told to end may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Runs what stands behind it as it is.
const AS_IT_IS: &str = "exec \"$@\"";

/// A command line of the project, or a command as it was typed.
#[derive(Debug)]
pub(super) struct TestCommand {
    shell: ProjectShell,
    line: String,
    /// With its arguments; empty: the line is for a shell.
    typed: Vec<OsString>,
    folder: PathBuf,
}

/// A command that has been started. It and what it has started is a process group of its own, so
/// that all of it can be ended.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    group: Option<Pid>,
}

impl TestCommand {
    /// What was typed, else what the project says.
    pub(super) fn find(typed: &[OsString], project: &Project) -> anyhow::Result<Self> {
        let words: Vec<_> = typed.iter().map(|word| word.to_string_lossy()).collect();
        let line = match words.is_empty() {
            true => project.test.clone().ok_or_else(no_command)?,
            false => words.join(" "),
        };
        let shell = ProjectShell::new()?;
        Ok(Self { shell, line, typed: typed.to_vec(), folder: project.home() })
    }

    /// As a person would type it.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// Starts it in the project's folder.
    pub(super) fn start(&self, url: &str) -> anyhow::Result<Running> {
        let mut command = match self.typed.is_empty() {
            true => self.shell.command(&self.line, &self.folder),
            false => {
                let mut command = self.shell.command(AS_IT_IS, &self.folder);
                command.arg("sh").args(&self.typed);
                command
            }
        };
        command.env(URL, url).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot run the test command `{}`", self.line))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Running { child, group })
    }
}

impl Running {
    /// How it ends by itself.
    pub(super) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.group = None;
        Ok(status)
    }

    /// Ends it, by force where it does not end by itself.
    pub(super) async fn stop(mut self) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
        // What it has left behind.
        self.signal(Signal::KILL);
        self.group = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Nobody may be there any more.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
