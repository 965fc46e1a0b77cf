//! Suggestions for command lines that are none: what means the same as the word that was typed, and
//! only then what looks like it.

use super::meanings;
use crate::config::nearest;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};
use std::ffi::OsString;

/// Where a command line stops being one.
struct Place<'c> {
    /// The command that it has come to.
    command: &'c Command,
    /// The first word after it that is no verb of it.
    stray: Option<&'c str>,
}

/// Puts suggestions of ours in the place of those that only look alike.
pub(super) fn add(mut error: Error, root: &Command, typed: &[OsString]) -> Error {
    let typed: Vec<&str> = typed.iter().filter_map(|word| word.to_str()).collect();
    // A verb behind a flag is not read as one.
    let place = place(root, &typed, error.kind() == ErrorKind::ArgumentConflict);
    let tips = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) if flag.starts_with('-') => {
            // In front of all commands: clap says whose flag it is.
            if typed.get(1) == Some(&flag.as_str()) {
                return error;
            }
            let flag = flag.split('=').next().unwrap_or(flag);
            let tips = flags(&place, flag);
            error.remove(ContextKind::SuggestedArg);
            if tips.is_empty() {
                return error;
            }
            tips
        }
        // `rollback shop 3`
        (ErrorKind::UnknownArgument, Some(ContextValue::String(word)))
            if word.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            flags(&place, "--number")
        }
        (ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand, _) => commands(root, &place),
        // `config set shop KEY=VALUE`
        (ErrorKind::MissingRequiredArgument, _) if needs_app(place.command) => flags(&place, "--app"),
        (ErrorKind::ArgumentConflict, _) if place.command.has_subcommands() => misplaced(root, &place),
        _ => return error,
    };
    error.remove(ContextKind::SuggestedSubcommand);
    error.remove(ContextKind::Suggested);
    if !tips.is_empty() {
        let tips = tips.into_iter().map(StyledStr::from).collect();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

fn place<'c>(root: &'c Command, typed: &[&'c str], no_verb_behind_flags: bool) -> Place<'c> {
    let (mut command, mut words, mut takes_verbs) = (root, typed.iter().skip(1), true);
    while let Some(word) = words.next() {
        takes_verbs &= !(no_verb_behind_flags && word.starts_with('-'));
        if let Some(flag) = word.strip_prefix("--") {
            let is_it = |argument: &&Arg| argument.get_long() == Some(flag);
            // Its value is the next word, and no verb.
            if command.get_arguments().find(is_it).is_some_and(|argument| argument.get_action().takes_values()) {
                words.next();
            }
        } else if *word == "help" || word.starts_with('-') {
            // `help` stands before the words that it is about.
        } else if let Some(verb) = command.find_subcommand(word).filter(|_| takes_verbs) {
            command = verb;
        } else {
            return Place { command, stray: Some(word) };
        }
    }
    Place { command, stray: None }
}

/// What was most likely meant, where a word that seems to be a verb was read as the name of an app.
pub(super) fn for_an_app(root: &Command, typed: &[OsString]) -> Option<String> {
    let typed: Vec<&str> = typed.iter().filter_map(|word| word.to_str()).collect();
    let place = place(root, &typed, false);
    let is_verb = place.command.has_subcommands() && place.command.get_name() != root.get_name();
    meant(root, &place, place.stray.filter(|_| is_verb)?).into_iter().next()
}

/// What means the same as the word at this place.
fn meant(root: &Command, place: &Place<'_>, word: &str) -> Vec<String> {
    let name = place.command.get_name();
    let verbs = meanings::VERBS.iter().find(|(command, _)| *command == name).map_or(&[][..], |(_, verbs)| verbs);
    let meant = meanings::of(word, if name == root.get_name() { meanings::COMMANDS } else { verbs });
    meant.into_iter().map(|meaning| tip(root, meaning)).collect()
}

fn misplaced(root: &Command, place: &Place<'_>) -> Vec<String> {
    let Some(word) = place.stray else { return Vec::new() };
    let meant = meant(root, place, word);
    if !meant.is_empty() {
        return meant;
    }
    let verbs = place.command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let verbs: Vec<&str> = verbs.map(Command::get_name).filter(|name| *name != "help").collect();
    let name = place.command.get_name();
    vec![format!("a verb stands right behind `innkeeper {name}`, before all else: {}", verbs.join(", "))]
}

fn commands(root: &Command, place: &Place<'_>) -> Vec<String> {
    let Some(word) = place.stray else { return Vec::new() };
    let (name, is_first) = (place.command.get_name(), place.command.get_name() == root.get_name());
    let meant = meant(root, place, word);
    if !meant.is_empty() {
        return meant;
    }
    let shown = |command: &Command| -> Vec<String> {
        let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        verbs.map(|verb| verb.get_name().to_owned()).collect()
    };
    let near = nearest(word, shown(place.command).iter().map(String::as_str)).map(str::to_owned);
    let line = match near {
        Some(verb) if is_first => format!("innkeeper {verb}"),
        Some(verb) => format!("innkeeper {name} {verb}"),
        // A command of its own may stand where a verb is expected.
        None if !is_first && root.find_subcommand(word).is_some() => format!("innkeeper {word}"),
        None => return Vec::new(),
    };
    vec![tip(root, &line)]
}

/// Whether the app is named by a flag alone: the words of the command are something else.
fn needs_app(command: &Command) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some("app") && argument.is_required_set())
}

/// A command with what it does, or a sentence as it is.
fn tip(root: &Command, meaning: &str) -> String {
    let Some(words) = meaning.strip_prefix("innkeeper ") else { return meaning.to_owned() };
    let mut verbs = words.split(' ').take_while(|word| !word.starts_with("--"));
    let command = verbs.try_fold(root, |command, word| command.find_subcommand(word));
    let about = command.and_then(Command::get_about);
    about.map_or_else(|| format!("`{meaning}`"), |about| format!("`{meaning}`: {about}"))
}

fn flags(place: &Place<'_>, flag: &str) -> Vec<String> {
    let arguments = || place.command.get_arguments().filter(|argument| !argument.is_hide_set());
    let find = |name: &str| {
        let name = name.strip_prefix("--")?;
        arguments().find(|argument| argument.get_long() == Some(name))
    };
    let describe = |argument: &Arg| {
        let name = argument.get_long().unwrap_or_default();
        argument.get_help().map_or_else(|| format!("`--{name}`"), |help| format!("`--{name}`: {help}"))
    };
    let meant = meanings::of(flag, meanings::FLAGS);
    let known: Vec<String> = meant.iter().filter_map(|name| find(name)).map(describe).collect();
    if !known.is_empty() {
        return known;
    }
    let sentences: Vec<String> =
        meant.iter().filter(|text| !text.starts_with('-')).map(|text| (*text).to_owned()).collect();
    if !sentences.is_empty() {
        return sentences;
    }
    let near = flag.strip_prefix("--").and_then(|flag| nearest(flag, arguments().filter_map(Arg::get_long)));
    near.and_then(|name| find(&format!("--{name}"))).map(describe).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command_line::command;

    /// What is said of a command line that is none.
    fn said(line: &str) -> String {
        let mut command = command();
        command.build();
        let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let error = command.try_get_matches_from_mut(&typed).expect_err("no command");
        add(error, &command, &typed).to_string()
    }

    #[test]
    fn every_meaning_is_a_command_or_a_sentence() {
        let mut root = command();
        root.build();
        let lists = meanings::VERBS.iter().map(|(_, verbs)| *verbs).chain([meanings::COMMANDS]);
        for meaning in lists.flatten().flat_map(|(_, meanings)| meanings.iter()) {
            let Some(words) = meaning.strip_prefix("innkeeper ") else {
                assert!(meaning.contains(' '), "no sentence: {meaning}");
                continue;
            };
            let mut at = &root;
            for word in words.split(' ') {
                match word.strip_prefix("--") {
                    Some(flag) => assert!(at.get_arguments().any(|arg| arg.get_long() == Some(flag)), "{meaning}"),
                    None => at = at.find_subcommand(word).unwrap_or_else(|| panic!("no command: {meaning}")),
                }
            }
        }
        for (command, _) in meanings::VERBS {
            assert!(root.find_subcommand(command).is_some(), "no command: {command}");
        }
    }

    #[test]
    fn no_word_that_means_something_is_a_command_itself() {
        let mut root = command();
        root.build();
        let of = |command: &Command, list: &[meanings::Meaning]| {
            for word in list.iter().flat_map(|(words, _)| words.iter()) {
                assert!(command.find_subcommand(word).is_none(), "{} {word}", command.get_name());
            }
        };
        of(&root, meanings::COMMANDS);
        for (command, verbs) in meanings::VERBS {
            of(root.find_subcommand(command).expect("a command"), verbs);
        }
    }

    #[test]
    fn what_means_the_same_is_suggested() {
        for (line, tip) in [
            ("innkeeper push", "`innkeeper deploy`: "),
            ("innkeeper PUBLISH", "`innkeeper deploy`: "),
            ("innkeeper help release", "`innkeeper deploy`: "),
            ("innkeeper ps", "`innkeeper apps list`: "),
            ("innkeeper ls", "`innkeeper apps list`: "),
            ("innkeeper up", "`innkeeper serve`: "),
            ("innkeeper revert", "`innkeeper rollback`: "),
            ("innkeeper undo", "`innkeeper rollback`: "),
            ("innkeeper env", "`innkeeper config`: "),
            ("innkeeper secrets", "`innkeeper config`: "),
            ("innkeeper rm", "`innkeeper apps delete`: "),
            ("innkeeper tail", "`innkeeper logs`: "),
            ("innkeeper dynos", "`innkeeper hosts`: "),
            ("innkeeper domains", "`innkeeper apps set --route`: "),
            ("innkeeper apps destroy shop", "`innkeeper apps delete`: "),
            ("innkeeper config delete KEY", "`innkeeper config unset`: "),
            ("innkeeper rollback shop --message x", "`--note`: "),
            ("innkeeper logs shop --tail", "`--follow`: "),
            ("innkeeper releases", "`innkeeper versions`: "),
            ("innkeeper restart", "no restart is needed"),
            ("innkeeper backup", "`innkeeper export`: "),
            ("innkeeper sessions --app x list --usr y", "`--user`: "),
            ("innkeeper keys regenerate", "`innkeeper keys rotate`: "),
            ("innkeeper keys revoke", "`innkeeper keys rotate --revoke`: "),
            ("innkeeper migrate up", "`innkeeper migrate apply`: "),
            ("innkeeper migrate down", "not undone"),
            ("innkeeper apps create", "`innkeeper deploy`: "),
            ("innkeeper apps --data x ls", "`innkeeper apps list`: "),
            ("innkeeper apps --data x list", "before all else: list, show, set, delete"),
            ("innkeeper versions shop list", "before all else: list, get, prune"),
            ("innkeeper versions history shop", "`innkeeper versions list`: "),
            ("innkeeper sessions revoke shop", "`innkeeper sessions end`: "),
            ("innkeeper apps doctor", "`innkeeper doctor`: "),
            ("innkeeper app", "`innkeeper apps`: "),
            ("innkeeper depoly", "`innkeeper deploy`: "),
            ("innkeeper apps --format json", "`--json`: "),
            ("innkeeper serve --port 80", "`--listen`: "),
            ("innkeeper serve --port=80", "`--listen`: "),
            ("innkeeper apps --verbose", "INNKEEPER_LOG"),
            ("innkeeper apps --jsn", "`--json`: "),
            ("innkeeper --json apps", "apps --json"),
            ("innkeeper rollback shop 3", "`--version`: "),
            ("innkeeper rollback shop -v 3", "`--version`: "),
            ("innkeeper config set shop A=1", "`--app`: "),
            ("innkeeper routes", "`innkeeper apps set --route`: Change an app"),
            ("innkeeper token rm 3f2a90c41b7e", "`innkeeper token revoke`: "),
            ("innkeeper token new", "`innkeeper token create`: "),
            ("innkeeper hosts list", "`innkeeper hosts`: "),
        ] {
            let said = said(line);
            assert!(said.contains(tip), "{line}: {said}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_suggested() {
        for (line, other) in [
            ("innkeeper lobs", "`innkeeper deploy`"),
            ("innkeeper envy", "dev"),
            ("innkeeper ps", "`innkeeper deploy`"),
            ("innkeeper xyzzy", "tip"),
            ("innkeeper apps xyzzy", "tip"),
            ("innkeeper apps --xyzzy", "tip"),
            ("innkeeper inspect -v x.wasm", "The app"),
            ("innkeeper apps --data d --to https://blog.example", "a verb stands"),
        ] {
            let said = said(line);
            assert!(!said.contains(other), "{line}: {said}");
        }
    }
}
