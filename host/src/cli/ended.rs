//! The end of another program, as the end of this one.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Ends the command with the status of a program that it has run.
#[derive(Debug, thiserror::Error)]
#[error("{what} ({how})")]
pub(super) struct Ended {
    what: String,
    how: String,
    code: u8,
}

impl Ended {
    /// What a shell reports for a program that a signal has ended, without the signal's number.
    const BY_SIGNAL: i32 = 128;

    /// `what` says which program has failed.
    pub(super) fn with(what: String, status: ExitStatus) -> Self {
        let by_signal = || Self::BY_SIGNAL.saturating_add(status.signal().unwrap_or_default());
        let code = status.code().unwrap_or_else(by_signal);
        Self { what, how: status.to_string(), code: u8::try_from(code).unwrap_or(u8::MAX) }
    }

    /// By a signal to this process.
    pub(super) fn by_signal(what: &str, name: &str, number: i32) -> Self {
        let code = u8::try_from(Self::BY_SIGNAL.saturating_add(number)).unwrap_or(u8::MAX);
        Self { what: what.to_owned(), how: name.to_owned(), code }
    }

    /// The status of this process.
    pub(super) fn code(&self) -> u8 {
        self.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_that_of_the_other_program() {
        for (raw, code) in [(3 << 8, 3), (255 << 8, 255), (9, 137), (15, 143)] {
            assert_eq!(Ended::with(String::new(), ExitStatus::from_raw(raw)).code(), code, "{raw}");
        }
    }
}
