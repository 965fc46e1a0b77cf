//! Which variables of the environment hold a database.

use super::{Environment, Error};

/// The variable of an app's first database on Heroku, and of nearly every other platform.
pub(super) const DATABASE_URL: &str = "DATABASE_URL";
/// The variable of Heroku's server-side pooling for `DATABASE_URL`.
pub const POOL_URL: &str = "DATABASE_CONNECTION_POOL_URL";

/// Setting: the name of the variable that holds the database URL.
pub(super) const DATABASE_VAR: &str = "INNKEEPER_DATABASE_VAR";

/// The variables `HEROKU_POSTGRESQL_*_URL` with their values, sorted by name.
///
/// Poolers are left out: migrations and notifications need a connection that is one session.
pub(super) fn attached(environment: &Environment) -> Vec<(&str, &str)> {
    let names = environment.names().filter(|name| is_attached(name) && !is_pooler(name));
    names.filter_map(|name| Some((name, environment.get(name)?))).collect()
}

/// The names of all variables that hold a Postgres URL, for the error that offers a choice.
pub(super) fn database_names(environment: &Environment) -> Vec<String> {
    let is_database = |name: &&str| {
        let value = environment.get(name).unwrap_or_default();
        !is_pooler(name) && (value.starts_with("postgres://") || value.starts_with("postgresql://"))
    };
    environment.names().filter(is_database).map(str::to_owned).collect()
}

/// The database variables that are there, but empty.
pub(super) fn empty_names(environment: &Environment) -> Vec<&str> {
    let concerns = |name: &&str| [DATABASE_URL, DATABASE_VAR].contains(name) || is_attached(name);
    environment.names().filter(concerns).filter(|name| environment.is_empty(name)).collect()
}

/// Whether a variable holds the URL of a transaction pooler, by the names that Heroku gives.
pub(super) fn is_pooler(name: &str) -> bool {
    name.ends_with("_CONNECTION_POOL_URL")
}

/// Refuses what cannot be the name of a variable, such as a URL that was put in the wrong place,
/// without repeating it.
pub(super) fn check_name(named_by: &str, name: &str) -> Result<(), Error> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.starts_with(|first: char| !first.is_ascii_digit()) && name.bytes().all(is_word) {
        return Ok(());
    }
    Err(Error::NotAVariable { name: named_by.to_owned() })
}

fn is_attached(name: &str) -> bool {
    let rest = name.strip_prefix("HEROKU_POSTGRESQL_");
    rest.is_some_and(|rest| rest.len() > "_URL".len() && rest.ends_with("_URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment::from_pairs([
            ("HEROKU_POSTGRESQL_ROSE_URL", "postgres://rose"),
            ("HEROKU_POSTGRESQL_BLUE_URL", "postgres://blue"),
            ("HEROKU_POSTGRESQL_BLUE_CONNECTION_POOL_URL", "postgres://pool"),
            ("HEROKU_POSTGRESQL_GRAY_URL", ""),
            ("HEROKU_POSTGRESQL__URL", "postgres://odd"),
            ("HEROKU_POSTGRESQL_ROSE", "postgres://other"),
            ("LEDGER_URL", "postgresql://ledger"),
            ("HOME", "/app"),
            (DATABASE_URL, " "),
        ])
    }

    #[test]
    fn attached_databases_are_found_by_their_names() {
        let environment = environment();
        let names: Vec<&str> = attached(&environment).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["HEROKU_POSTGRESQL_BLUE_URL", "HEROKU_POSTGRESQL_ROSE_URL"]);
        assert_eq!(empty_names(&environment), [DATABASE_URL, "HEROKU_POSTGRESQL_GRAY_URL"]);
    }

    #[test]
    fn every_variable_with_a_postgres_url_is_offered() {
        let names = database_names(&environment());
        assert!(names.contains(&"LEDGER_URL".to_owned()), "{names:?}");
        assert!(!names.iter().any(|name| is_pooler(name) || name == "HOME"), "{names:?}");
    }

    #[test]
    fn a_url_is_no_name() {
        assert_eq!(check_name("--database-var", "LEDGER_URL"), Ok(()));
        for name in ["", "postgres://u:hunter2@h/d", "A B"] {
            let text = check_name("--database-var", name).err().map(|error| error.to_string());
            assert!(text.is_some_and(|text| !text.contains("hunter2")), "{name}");
        }
    }
}
