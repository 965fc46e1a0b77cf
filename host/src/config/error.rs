//! What can be wrong with the configuration, in words for the person who starts the host.
//!
//! No text here ever holds a database URL or a password: a database is named by the variable or
//! option that holds it.

/// A configuration that the host refuses to start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A setting that is set, but to something that it cannot be.
    #[error("{name}={value}: not {expected}")]
    Value {
        /// The variable.
        name: String,
        /// What it is set to, shortened; `***` where it looks like a URL.
        value: String,
        /// What it should be, to be read after "not".
        expected: String,
    },
    /// A database URL that cannot be used. The URL itself is never part of the text.
    #[error("{name}: {problem}")]
    DatabaseUrl {
        /// The variable or option that holds the URL.
        name: String,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// A host elsewhere that cannot be spoken to so.
    #[error("{name}: {problem}")]
    Remote {
        /// The option or variable.
        name: String,
        /// What is wrong and what to do. Never the value.
        problem: String,
    },
    /// An option or setting that should name a variable and holds something else, perhaps a URL.
    #[error("{name}: not the name of a variable; put the database URL into a variable and give its name here")]
    NotAVariable {
        /// The option or setting.
        name: String,
    },
    /// A variable that was asked for by name and holds nothing.
    #[error("{name} was asked for and is {}; {}", state(.empty), choices(.candidates))]
    Unset {
        /// The variable.
        name: String,
        /// Whether it is there, but empty.
        empty: bool,
        /// The variables that do hold a database URL.
        candidates: Vec<String>,
    },
    /// A token that could be guessed, or that fits into no header.
    #[error(
        "{name}: at least {characters} characters, letters, digits and signs without spaces; for example from `openssl rand -hex 32`"
    )]
    Token {
        /// The variable.
        name: String,
        /// How many it has to have.
        characters: usize,
    },
    /// What should name a variable for an app is no name.
    #[error("not the name of a variable; give the name of the variable that has the value, such as STRIPE_KEY")]
    NoVariable,
    /// A variable that an app reads is not set.
    #[error("the variable {name} is not set where the host runs")]
    NotSetHere {
        /// The variable.
        name: String,
    },
    /// A variable that no app may read.
    #[error("the variable {name} is the host's own or holds a database, and no app may read it")]
    NotForApps {
        /// The variable.
        name: String,
    },
    /// A key that could be guessed.
    #[error("{name}: at least {characters} characters; for example from `openssl rand -hex 32`")]
    ShortKey {
        /// The variable.
        name: String,
        /// How many it has to have.
        characters: usize,
    },
    /// An app is to have a database of its own, and it is the host's.
    #[error(
        "{name} {how}, so nothing would be kept apart; name a variable that holds another database or credential"
    )]
    HostsOwn {
        /// The variable.
        name: String,
        /// In what it is the host's, to be read after the name.
        how: String,
    },
    /// More than one database and nothing that says which.
    #[error(
        "several databases and no DATABASE_URL: {}; choose one with --database-var NAME or INNKEEPER_DATABASE_VAR=NAME",
        .names.join(", ")
    )]
    SeveralDatabases {
        /// The variables that hold different URLs.
        names: Vec<String>,
    },
    /// SQLite on a disk that does not last.
    #[error(
        "{cause}, and the disk of a dyno is lost at each restart, with all SQLite data on it: \
         run `heroku addons:create heroku-postgresql:essential-0`, \
         or accept the loss with --allow-ephemeral (INNKEEPER_ALLOW_EPHEMERAL=1)"
    )]
    EphemeralDisk {
        /// Why it would be SQLite.
        cause: String,
    },
}

impl Error {
    /// A wrong value, kept in a form that may be printed.
    pub(super) fn value(name: &str, value: &str, expected: &str) -> Self {
        Self::Value { name: name.to_owned(), value: shown(value), expected: expected.to_owned() }
    }
}

/// The longest part of a wrong value that an error repeats, in characters.
const SHOWN_CHARACTERS: usize = 40;

/// A URL in the wrong variable is a usual mistake, and the error must not print its password.
fn shown(value: &str) -> String {
    if value.contains("://") || value.contains('@') {
        return "***".to_owned();
    }
    value.chars().take(SHOWN_CHARACTERS).collect()
}

fn state(empty: &bool) -> &'static str {
    if *empty { "empty" } else { "not set" }
}

fn choices(candidates: &[String]) -> String {
    if candidates.is_empty() {
        "no variable here holds a database URL".to_owned()
    } else {
        format!("variables that hold a database URL: {}", candidates.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(value: &str) -> String {
        Error::value("PORT", value, "a port").to_string()
    }

    #[test]
    fn a_wrong_value_is_repeated_shortened_and_never_as_a_url() {
        assert_eq!(value("abc"), "PORT=abc: not a port");
        assert_eq!(value(&"x".repeat(99)), format!("PORT={}: not a port", "x".repeat(40)));
        assert_eq!(value("postgres://u:hunter2@h/d"), "PORT=***: not a port");
    }

    #[test]
    fn an_unset_variable_is_told_with_its_alternatives() {
        let unset = |empty, candidates: &[&str]| Error::Unset {
            name: "ROSE_URL".to_owned(),
            empty,
            candidates: candidates.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(
            unset(false, &["A_URL", "B_URL"]).to_string(),
            "ROSE_URL was asked for and is not set; variables that hold a database URL: A_URL, B_URL"
        );
        assert_eq!(
            unset(true, &[]).to_string(),
            "ROSE_URL was asked for and is empty; no variable here holds a database URL"
        );
    }
}
