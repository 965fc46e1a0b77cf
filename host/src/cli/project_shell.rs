//! The shell in which a project's command lines run. `innkeeper` is on its PATH and is this very
//! program, so that a build command may call it whatever else is installed.

use crate::config::{own_program, path_variable, temporary_folder};
use crate::guests::compiling::Temporary;
use anyhow::Context;
use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// The variable that names this program.
const PROGRAM: &str = "INNKEEPER";
/// What it is called on the PATH.
const NAME: &str = "innkeeper";

/// Starts a project's command lines. They find the program as long as this value lives.
#[derive(Debug)]
pub(super) struct ProjectShell {
    /// Holds a link to the program, and nothing else.
    _folder: Temporary,
    path: OsString,
    program: PathBuf,
}

impl ProjectShell {
    /// Makes the link in a temporary folder.
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = Temporary::of_process();
        let folder =
            folder.with_context(|| format!("cannot make a folder in {}", temporary_folder().display()))?;
        let program = own_program();
        symlink(&program, folder.path().join(NAME)).context("cannot link to this program")?;
        Ok(Self { path: path_variable(folder.path()), program, _folder: folder })
    }

    /// A command line in a folder. It reads nothing from the terminal.
    pub(super) fn command(&self, line: &str, folder: &Path) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
        command.env("PATH", &self.path).env(PROGRAM, &self.program);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_finds_this_program_by_its_name_and_by_the_variable() -> anyhow::Result<()> {
        let shell = ProjectShell::new()?;
        let line = "readlink -f \"$(command -v innkeeper)\"; readlink -f \"$INNKEEPER\"; pwd";
        let output = shell.command(line, Path::new("/")).output().await?;
        let program = own_program().canonicalize()?.display().to_string();
        assert_eq!(String::from_utf8(output.stdout)?, format!("{program}\n{program}\n/\n"));
        Ok(())
    }
}
