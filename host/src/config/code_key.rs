//! The key by which processes know compiled code that one of them has put into the database.
//!
//! Compiled code is as powerful as the host itself, and whoever can write into the registry could
//! put some there. So it is signed, and what is not signed by this key is never run. The key is
//! something that all hosts of a database and those who deploy to it have, and its tables have not.

use super::{DatabaseTarget, Environment, Error, Secret};
use std::path::PathBuf;

const CODE_KEY: &str = "INNKEEPER_CODE_KEY";
/// Fewer characters could be guessed.
const CHARACTERS: usize = 32;
/// Beside the files of SQLite.
const FILE: &str = "innkeeper.code-key";

/// From where the key comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeKey {
    /// It is made of what `INNKEEPER_CODE_KEY` holds.
    Given(Secret),
    /// It is made of the password in the database's URL.
    Password(Secret),
    /// It lies in a file, and is made where there is none.
    File(PathBuf),
    /// There is none: compiled code is not shared.
    Missing,
}

impl CodeKey {
    /// What is set goes first. A database that asks for no password has no secret to go by.
    pub(super) fn find(target: &DatabaseTarget, environment: &Environment) -> Result<Self, Error> {
        if let Some(text) = environment.get(CODE_KEY) {
            return match text.chars().count() {
                0..CHARACTERS => Err(Error::ShortKey { name: CODE_KEY.to_owned(), characters: CHARACTERS }),
                _ => Ok(Self::Given(Secret::new(text))),
            };
        }
        Ok(match target {
            DatabaseTarget::Sqlite(folder) => Self::File(folder.join(FILE)),
            DatabaseTarget::Postgres(target) => match &target.password {
                Some(password) if !password.expose().is_empty() => Self::Password(password.clone()),
                _ => Self::Missing,
            },
        })
    }

    /// For people, without the key.
    pub fn describe(&self) -> String {
        match self {
            Self::Given(_) => format!("shared between hosts, signed with the key in {CODE_KEY}"),
            Self::Password(_) => {
                "shared between hosts, signed with a key made of the database's password".to_owned()
            }
            Self::File(path) => format!("shared between hosts, signed with the key in {}", path.display()),
            Self::Missing => format!(
                "not shared, each host compiles for itself: the database's URL has no password to make a key of; \
                 set {CODE_KEY} to the same {CHARACTERS} random characters for all hosts and those who deploy"
            ),
        }
    }

    /// Whether there is none.
    pub fn is_missing(&self) -> bool {
        *self == Self::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, DatabaseOptions};
    use super::*;

    const LONG: &str = "0123456789abcdef0123456789abcdef";

    fn key(pairs: &[(&str, &str)]) -> Result<CodeKey, Error> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        Config::load(&DatabaseOptions::default(), &environment).map(|config| config.code_key)
    }

    #[test]
    fn the_key_is_what_all_hosts_of_a_database_have() -> Result<(), Error> {
        let with = ("DATABASE_URL", "postgres://u:hunter2@localhost/d");
        let without = ("DATABASE_URL", "postgres://u@localhost/d");
        let given = CodeKey::Given(Secret::new(LONG));
        assert_eq!(key(&[])?, CodeKey::File("./innkeeper-data/innkeeper.code-key".into()));
        assert_eq!(key(&[with])?, CodeKey::Password(Secret::new("hunter2")));
        assert_eq!(key(&[without])?, CodeKey::Missing);
        assert_eq!(key(&[("DATABASE_URL", "postgres://u:@localhost/d")])?, CodeKey::Missing);
        for pairs in [&[][..], &[with], &[without]] {
            assert_eq!(key(&[pairs, &[(CODE_KEY, LONG)]].concat())?, given);
        }
        Ok(())
    }

    #[test]
    fn a_key_that_could_be_guessed_is_refused_without_being_told() {
        let error = key(&[(CODE_KEY, &LONG[1..])]).err().map(|error| error.to_string()).unwrap();
        assert!(error.starts_with("INNKEEPER_CODE_KEY: at least 32 characters"), "{error}");
        assert!(!error.contains(&LONG[1..]), "{error}");
        // Characters, not bytes.
        assert!(key(&[(CODE_KEY, &"ä".repeat(31))]).is_err() && key(&[(CODE_KEY, &"ä".repeat(32))]).is_ok());
    }

    #[test]
    fn what_is_said_of_a_key_holds_none() -> Result<(), Error> {
        for pair in [("DATABASE_URL", "postgres://u:hunter2@localhost/d"), (CODE_KEY, LONG)] {
            let key = key(&[pair])?;
            let said = format!("{} {key:?}", key.describe());
            assert!(!said.contains("hunter2") && !said.contains(LONG), "{said}");
        }
        Ok(())
    }
}
