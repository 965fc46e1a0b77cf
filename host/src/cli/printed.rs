//! What a command prints: on its way to the terminal, and the last part of it for whoever asks
//! later.

use super::build_process::BuildProcess;
use super::output;
use rustix::process::Signal;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// So much is kept.
const KEPT_BYTES: usize = 64 << 10;
const READ_BYTES: usize = 16 << 10;
/// More than a pipe holds (pipe(7)).
const PIPE_BYTES: usize = 1 << 20;
/// A command that has ended may have left others behind that print. Nobody waits for those: after
/// so much silence nothing more is read.
const SILENCE: Duration = Duration::from_millis(100);
/// Some are never silent. From those nothing more is read so long after the end of the command.
const LONGEST: Duration = Duration::from_secs(1);
/// How long a command that is told to end may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Programs that see no terminal, and are shown on one, have colours all the same.
const COLOURS: [(&str, &str); 3] = [("CLICOLOR_FORCE", "1"), ("FORCE_COLOR", "1"), ("CARGO_TERM_COLOR", "always")];

/// The last part of what a command has printed.
#[derive(Debug, Default)]
pub(super) struct Printed(Vec<u8>);

impl Printed {
    /// Runs a command to its end. All that it prints goes to standard error, in its order. At
    /// `stop` the command and all that it has started are told to end, and have [`PATIENCE`] for
    /// that.
    pub(super) async fn run(&mut self, mut command: Command, stop: &CancellationToken) -> io::Result<ExitStatus> {
        let (reader, writer) = io::pipe()?;
        let mut reader = Receiver::from_owned_fd(OwnedFd::from(reader))?;
        command.stdout(Stdio::from(writer.try_clone()?)).stderr(Stdio::from(writer));
        if output::shows_colours() {
            command.envs(COLOURS);
        }
        // This drops the command, which holds the writing end of the pipe, too.
        let mut process = BuildProcess::start(command)?;
        let status = tokio::select! {
            status = self.follow(&mut process, &mut reader) => status?,
            () = stop.cancelled() => {
                process.signal(Signal::TERM);
                // A process that writes into a closed pipe is killed before it has tidied up. The
                // pipe ends once all that print into it have ended.
                let tidied = async {
                    self.read_to_end(&mut reader).await?;
                    process.ended().await
                };
                match timeout(PATIENCE, tidied).await {
                    Ok(status) => status?,
                    Err(_) => {
                        process.signal(Signal::KILL);
                        process.ended().await?
                    }
                }
            }
        };
        // What a pipe holds is read however long that takes: the descriptor does not block.
        let mut left = PIPE_BYTES;
        let mut buffer = vec![0; READ_BYTES];
        while left > 0
            && let Ok(read @ 1..) = rustix::io::read(&reader, buffer.as_mut_slice())
        {
            self.take(buffer.get(..read).unwrap_or_default());
            left = left.saturating_sub(read);
        }
        let ended = Instant::now();
        while ended.elapsed() < LONGEST
            && let Ok(Ok(read @ 1..)) = timeout(SILENCE, reader.read(&mut buffer)).await
        {
            self.take(buffer.get(..read).unwrap_or_default());
        }
        Ok(status)
    }

    /// Takes what a command prints until it has ended. Dropping the future loses nothing.
    async fn follow(&mut self, process: &mut BuildProcess, reader: &mut Receiver) -> io::Result<ExitStatus> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            tokio::select! {
                status = process.ended() => return status,
                read = reader.read(&mut buffer) => match read? {
                    0 => return process.ended().await,
                    read => self.take(buffer.get(..read).unwrap_or_default()),
                },
            }
        }
    }

    /// Takes what is printed until nobody can print any more.
    async fn read_to_end(&mut self, reader: &mut Receiver) -> io::Result<()> {
        let mut buffer = vec![0; READ_BYTES];
        while let read @ 1.. = reader.read(&mut buffer).await? {
            self.take(buffer.get(..read).unwrap_or_default());
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        output::forward(bytes);
        self.0.extend_from_slice(bytes);
        if self.0.len() > 2 * KEPT_BYTES {
            self.0.drain(..self.0.len() - KEPT_BYTES);
        }
    }

    /// As a text.
    pub(super) fn text(&self) -> String {
        let start = self.0.len().saturating_sub(KEPT_BYTES);
        String::from_utf8_lossy(self.0.get(start..).unwrap_or_default()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).stdin(Stdio::null());
        command
    }

    async fn run(printed: &mut Printed, line: &str) -> io::Result<ExitStatus> {
        printed.run(shell(line), &CancellationToken::new()).await
    }

    #[tokio::test]
    async fn a_command_that_is_stopped_may_tidy_up_and_is_ended_where_it_does_not() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let tidy = ("trap 'echo tidied; exit 4' TERM; : > $READY; sleep 60 & wait", Some(4), "tidied\n");
        // The shell above it ends at once.
        let below = "sh -c 'trap \"sleep 0.5; echo late; exit\" TERM; : > $READY; sleep 60 & wait'; true";
        let stubborn = ("trap '' TERM; : > $READY; sleep 60; true", None, "");
        for (number, (line, code, text)) in [tidy, (below, None, "late\n"), stubborn].into_iter().enumerate() {
            let (mut printed, stop) = (Printed::default(), CancellationToken::new());
            // Once this file is there, the trap is set.
            let ready = folder.path().join(number.to_string());
            let mut command = shell(line);
            command.env("READY", &ready);
            let stopping = async {
                while !ready.exists() {
                    tokio::time::sleep(SILENCE).await;
                }
                stop.cancel();
            };
            let (status, ()) = tokio::join!(printed.run(command, &stop), stopping);
            assert_eq!((status?.code(), printed.text().as_str()), (code, text), "{line}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn both_streams_are_kept_in_their_order_and_nobody_waits_for_what_is_left_behind() -> io::Result<()> {
        let mut printed = Printed::default();
        let status = run(&mut printed, "echo one; echo two >&2; sleep 60 & echo three; exit 3").await?;
        assert_eq!((status.code(), printed.text().as_str()), (Some(3), "one\ntwo\nthree\n"));
        Ok(())
    }

    #[tokio::test]
    async fn nobody_waits_for_what_is_left_behind_and_is_never_silent() -> io::Result<()> {
        let mut printed = Printed::default();
        // It ends by itself once nobody reads what it prints.
        let endless = "(while echo more; do sleep 0.02; done) & exit 3";
        let status = timeout(Duration::from_secs(30), run(&mut printed, endless)).await??;
        assert_eq!(status.code(), Some(3));
        Ok(())
    }

    #[tokio::test]
    async fn of_much_only_the_end_is_kept() -> io::Result<()> {
        let mut printed = Printed::default();
        run(&mut printed, "seq 1 60000; echo the end").await?;
        let text = printed.text();
        assert_eq!(text.len(), KEPT_BYTES);
        assert!(text.ends_with("60000\nthe end\n"));
        Ok(())
    }
}
