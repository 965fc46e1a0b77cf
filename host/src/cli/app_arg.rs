//! The app that a command is about: `innkeeper versions shop`, or `innkeeper versions --app shop`.

use super::UsageError;
use clap::error::{Error, ErrorKind};
use clap::{Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches};

const BARE: &str = "bare_app";
const FLAG: &str = "app";

/// One app, without which the command cannot do anything.
#[derive(Debug, Clone)]
pub(super) struct OneApp {
    pub(super) name: String,
}

/// One app, for commands with verbs, where it is missing if a verb is there, and for those that
/// mean every app without it.
#[derive(Debug, Clone)]
pub(super) struct MaybeApp {
    pub(super) name: Option<String>,
}

impl MaybeApp {
    /// The app's name, where the command cannot do without.
    pub(super) fn required(&self) -> Result<&str, UsageError> {
        let missing =
            || UsageError("which app? Name it: NAME or --app NAME; `innkeeper apps` lists them".to_owned());
        self.name.as_deref().ok_or_else(missing)
    }
}

fn augment(command: Command, is_required: bool) -> Command {
    let bare = Arg::new(BARE).value_name("APP").help("The app");
    let flag = Arg::new(FLAG).short('a').long(FLAG).value_name("NAME").help("The app, as a flag");
    let group = ArgGroup::new("one_app").args([BARE, FLAG]).multiple(true).required(is_required);
    command.arg(bare).arg(flag).group(group)
}

fn read(matches: &ArgMatches) -> Result<Option<String>, Error> {
    let [bare, flag] = [BARE, FLAG].map(|id| matches.get_one::<String>(id));
    match (bare, flag) {
        (Some(one), Some(other)) if one != other => Err(Error::raw(
            ErrorKind::ArgumentConflict,
            format!("two apps are named, `{one}` and `--app {other}`: name one\n"),
        )),
        (one, other) => Ok(one.or(other).cloned()),
    }
}

impl Args for OneApp {
    fn augment_args(command: Command) -> Command {
        augment(command, true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        augment(command, false)
    }
}

impl FromArgMatches for OneApp {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let missing = || Error::raw(ErrorKind::MissingRequiredArgument, "which app? Name it: --app NAME\n");
        Ok(Self { name: read(matches)?.ok_or_else(missing)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for MaybeApp {
    fn augment_args(command: Command) -> Command {
        augment(command, false)
    }

    fn augment_args_for_update(command: Command) -> Command {
        augment(command, false)
    }
}

impl FromArgMatches for MaybeApp {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { name: read(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
