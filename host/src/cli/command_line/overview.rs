//! The overview of all commands, in groups by what somebody wants to do.

use anstyle::{Effects, Style};
use clap::Command;

const TITLE: Style = Style::new().effects(Effects::BOLD.insert(Effects::UNDERLINE));
const NAME: Style = Style::new().effects(Effects::BOLD);

/// Every command that is shown, once.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Write an app", &["new", "dev", "test", "wrap", "inspect", "wit"]),
    ("Serve apps", &["serve", "migrate", "doctor", "hosts", "token"]),
    ("Put apps live and go back", &["deploy", "rollback", "promote", "abort", "versions"]),
    ("Look after apps", &["apps", "config", "logs", "audit"]),
    ("Look after data", &["blobs", "sessions", "keys", "export", "import"]),
    ("This command line", &["completions", "help"]),
];

const END: &str = "\
`innkeeper COMMAND --help` says all about a command, with examples; --json prints JSON for scripts.
The status is 0 where a command has done its work, 1 where it could not, 2 where it was mistyped.";

/// Shows the commands in groups.
pub(super) fn with_groups(command: Command) -> Command {
    let about = |name: &str| {
        let verb = command.get_subcommands().find(|verb| verb.get_name() == name);
        // clap adds `help` by itself, later.
        verb.and_then(|verb| verb.get_about())
            .map_or_else(|| "Show this, or the help of a command".to_owned(), ToString::to_string)
    };
    let width = GROUPS.iter().flat_map(|(_, names)| names.iter()).map(|name| name.len()).max().unwrap_or(0);
    let mut groups = String::new();
    for (title, names) in GROUPS {
        groups.push_str(&format!("{TITLE}{title}:{TITLE:#}\n"));
        for name in names {
            groups.push_str(&format!("  {NAME}{name:<width$}{NAME:#}  {}\n", about(name)));
        }
        groups.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{TITLE}Options:{TITLE:#}\n{{options}}{{after-help}}"
    );
    command.help_template(template).after_help(END)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_is_in_one_group() {
        let command = crate::cli::Cli::command();
        let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set()).map(Command::get_name);
        let mut shown: Vec<&str> = shown.chain(["help"]).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(shown, grouped);
    }
}
