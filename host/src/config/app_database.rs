//! The databases that apps name for themselves, each by a variable of the environment.

use super::{Config, Decision, Error, Source, app_target};

impl Config {
    /// The database that an app names by the variable `var`. Connects to nothing.
    pub fn app_database(&self, var: &str) -> Result<Decision, Error> {
        app_target(&self.environment, var)
    }

    /// The same for an app that is to live there from now on: it has to be another database than
    /// the host's.
    pub fn new_app_database(&self, var: &str) -> Result<Decision, Error> {
        let same = |how: &str| Error::HostsOwn { name: var.to_owned(), how: how.to_owned() };
        if self.database.source == Source::Variable(var.to_owned()) {
            return Err(same("is the variable of the host's own database"));
        }
        let decision = self.app_database(var)?;
        if decision.target.is_same(&self.database.target) {
            return Err(same("names the host's own database with the host's own credential"));
        }
        Ok(decision)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DatabaseOptions, Environment};
    use super::*;

    fn refusal(var: &str) -> Option<String> {
        let environment = Environment::from_pairs([
            ("DATABASE_URL", "postgres://u:hunter2@db.example/d"),
            ("SAME_URL", "postgresql://u:hunter2@db.example:5432/d?application_name=x"),
            ("ROLE_URL", "postgres://blog:hunter2@db.example/d"),
            ("FILE_URL", "sqlite:data"),
            ("LEDGER_CONNECTION_POOL_URL", "postgres://u:hunter2@ledger.example/d"),
            ("EMPTY_URL", " "),
        ]);
        let config = Config::load(&DatabaseOptions::default(), &environment).ok()?;
        config.new_app_database(var).err().map(|error| error.to_string())
    }

    #[test]
    fn another_database_or_credential_is_taken() {
        assert_eq!((refusal("ROLE_URL"), refusal("FILE_URL")), (None, None));
    }

    #[test]
    fn the_hosts_own_database_and_what_is_none_are_refused_by_name() {
        for (var, text) in [
            ("DATABASE_URL", "DATABASE_URL is the variable of the host's own database"),
            ("SAME_URL", "SAME_URL names the host's own database with the host's own credential"),
            ("NO_URL", "NO_URL was asked for and is not set"),
            ("EMPTY_URL", "EMPTY_URL was asked for and is empty"),
            ("LEDGER_CONNECTION_POOL_URL", "LEDGER_CONNECTION_POOL_URL: a transaction pooler"),
            ("postgres://u:hunter2@h/d", "--database-var of the app: not the name of a variable"),
            ("1A", "--database-var of the app: not the name of a variable"),
        ] {
            let refusal = refusal(var);
            assert!(refusal.as_deref().is_some_and(|said| said.starts_with(text)), "{var}: {refusal:?}");
            assert!(!refusal.is_some_and(|said| said.contains("hunter2")), "{var}");
        }
    }
}
