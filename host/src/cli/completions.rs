//! `innkeeper completions`

use super::{command_line, output};
use clap::Args;
use clap_complete::Shell;

/// Print a script by which a shell completes commands and flags
///
/// Prints a script by which a shell completes what is typed after `innkeeper`: commands, verbs,
/// flags and the values that some flags have. It is made anew with each release.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper completions bash > /etc/bash_completion.d/innkeeper
  innkeeper completions zsh > ~/.zfunc/_innkeeper
  innkeeper completions fish > ~/.config/fish/completions/innkeeper.fish")]
pub(super) struct Options {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(options: &Options) {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command_line::visible_command(), "innkeeper", &mut script);
    output::write_bytes(&script);
}
