//! Command lines that clap takes and no command can follow.

/// What is wrong with the command line. It ends the command like what clap finds wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

impl UsageError {
    /// The status of a command line that is wrong, as clap has it.
    pub(super) const STATUS: u8 = 2;
}
