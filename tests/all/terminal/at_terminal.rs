//! Runs commands at a terminal of their own.

use std::process::Stdio;

use support::command::{self, Finished};
use support::{DEADLINE, TestDatabase};
use tokio::io::AsyncWriteExt;

/// Someone who sits at a terminal.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Person<'a> {
    /// How wide the terminal is.
    pub(super) columns: u32,
    /// Whether the variable NO_COLOR is set.
    pub(super) no_color: bool,
    /// What the person types, a line.
    pub(super) types: &'a str,
}

impl Person<'_> {
    /// Runs a command. What it prints comes in one piece, the question and the typed answer
    /// included.
    pub(super) async fn runs(self, database: &TestDatabase, arguments: &[&str]) -> Finished {
        let inner = command::innkeeper(&[arguments, &database.arguments()].concat());
        let inner = inner.as_std();
        let mut words = vec![inner.get_program().to_str().unwrap()];
        words.extend(inner.get_args().map(|word| word.to_str().unwrap()));
        let line = format!("stty rows 40 cols {} -echo; exec {}", self.columns.max(80), words.join(" "));
        let mut terminal = tokio::process::Command::new("script");
        terminal.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm");
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            terminal.env_remove(variable);
        }
        if self.no_color {
            terminal.env("NO_COLOR", "1");
        }
        terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = terminal.spawn().unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(format!("{}\n", self.types).as_bytes()).await.unwrap();
        let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.unwrap().unwrap();
        drop(keyboard);
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Finished { status: output.status, stdout, stderr }
    }
}
