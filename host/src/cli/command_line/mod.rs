//! From what was typed to a command: parsing, help, and what was meant where it is no command.

mod meanings;
mod overview;
mod suggestions;

use super::{Cli, output};
use clap::{Command, CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::process::ExitCode;

/// All commands, with the overview of them.
pub(super) fn command() -> Command {
    overview::with_groups(Cli::command())
}

/// All commands that are for people, as completions have them.
pub(super) fn visible_command() -> Command {
    let all = command();
    let shown = all.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    Command::new("innkeeper").version(env!("CARGO_PKG_VERSION")).subcommands(shown)
}

/// The command that was typed. Where there is none, help or an error is printed, and the status is
/// left.
pub(super) fn parse(typed: &[OsString]) -> Result<Cli, ExitCode> {
    let mut command = command();
    // All of it, so that whatever was mistyped can be looked for in it.
    command.build();
    let matches = command.try_get_matches_from_mut(typed);
    let error = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => return Ok(Cli { tip: suggestions::for_an_app(&command, typed), ..cli }),
        Err(error) => suggestions::add(error, &command, typed),
    };
    let printed = error.print();
    if error.use_stderr() {
        output::beside(printed)
    } else {
        output::written(printed)
    }
    Err(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    /// Each command that does something, with the words that lead to it.
    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let path = format!("{path} {}", verb.get_name());
            found.push((path.clone(), verb.clone()));
            leaves(verb, &path, found);
        }
    }

    fn all() -> Vec<(String, Command)> {
        let mut found = Vec::new();
        leaves(&command(), "innkeeper", &mut found);
        found
    }

    #[test]
    fn every_command_has_examples_and_they_are_read_as_that_command() {
        for (path, about) in all() {
            let help = about.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> =
                help.lines().map(str::trim).filter(|line| line.starts_with("innkeeper ")).collect();
            assert!(!examples.is_empty(), "{path} has no example");
            assert!(examples.iter().all(|example| example.starts_with(&path)), "{path}: {examples:?}");
            for example in examples {
                let typed = example.split(['|', '>', '#']).next().unwrap_or_default().split_whitespace();
                let typed = typed.map(|word| word.trim_matches('\'').to_owned());
                let read =
                    command().try_get_matches_from(typed).and_then(|matches| Cli::from_arg_matches(&matches));
                assert!(
                    read.is_ok(),
                    "{example}: {}",
                    read.err().map(|error| error.to_string()).unwrap_or_default()
                );
            }
        }
    }

    #[test]
    fn every_command_that_prints_json_says_what_is_in_it() {
        for (path, about) in all() {
            let has_json = about.get_arguments().any(|argument| argument.get_long() == Some("json"));
            let help = about.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert_eq!(has_json, help.contains("JSON: "), "{path}");
        }
    }

    #[test]
    fn every_command_says_more_in_its_long_help_than_one_line() {
        for (path, about) in all() {
            let line = about.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!line.is_empty() && !line.ends_with('.') && line.len() < 100, "{path}: {line}");
        }
    }
}
