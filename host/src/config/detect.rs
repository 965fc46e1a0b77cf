//! Which database it is, and why: decided once, from plain data.
//!
//! In this order: `--database-url`; the variable that `--database-var` names; SQLite in the
//! directory of `--data`; for `dev` SQLite in the project's folder; the variable that
//! `INNKEEPER_DATABASE_VAR` names; `DATABASE_URL`; the one database among
//! `HEROKU_POSTGRESQL_*_URL`; SQLite in `./innkeeper-data`. Nothing is guessed: several candidates
//! without a rule between them are an error, and so is SQLite on a disk that does not last.

use std::fmt;
use std::path::PathBuf;

use super::candidates;
use super::choice::{self, Choice};
use super::{DatabaseTarget, DatabaseUrl, Environment, Error, PostgresTarget, RootCertificate, pooler};

/// Where SQLite data is kept unless `--data` says otherwise.
pub const DEFAULT_DATA_DIRECTORY: &str = "./innkeeper-data";
const ALLOW_EPHEMERAL: &str = "INNKEEPER_ALLOW_EPHEMERAL";
pub(super) const URL_OPTION: &str = "--database-url";
pub(super) const VAR_OPTION: &str = "--database-var";
pub(super) const DATA_OPTION: &str = "--data";

/// What the command line says about the database. `Debug` hides the URL.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// `--database-url URL`.
    pub database_url: Option<String>,
    /// `--database-var NAME`.
    pub database_var: Option<String>,
    /// `--data DIR`: SQLite in this directory.
    pub data_dir: Option<PathBuf>,
    /// Where `dev` keeps its data unless the command line says otherwise: no variable decides then.
    pub project_dir: Option<PathBuf>,
    /// `--allow-ephemeral`: SQLite even where the disk is lost at each restart.
    pub allow_ephemeral: bool,
}

impl fmt::Debug for DatabaseOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DatabaseOptions")
            .field("database_url", &self.database_url.as_ref().map(|_| "***"))
            .field("data_dir", &self.data_dir)
            .field("project_dir", &self.project_dir)
            .field("allow_ephemeral", &self.allow_ephemeral)
            .finish_non_exhaustive()
    }
}

/// The database that was chosen, for the host to open and for `innkeeper doctor` to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The database.
    pub target: DatabaseTarget,
    /// What named it.
    pub source: Source,
    /// Why this one, as a sentence.
    pub reason: String,
    /// What else was seen, and why it is not used.
    pub notes: Vec<String>,
    /// What the URL asks for and does not get.
    pub url_notes: Vec<String>,
    /// The variables that are set and would have named the database if nothing had gone before
    /// them.
    pub passed_over: Vec<String>,
    /// The same database through a transaction pooler, for guests.
    pub pooler: Option<PostgresTarget>,
    /// Whether the target itself is a transaction pooler: there is no other way to the database.
    pub is_pooler: bool,
}

impl Decision {
    /// Everything that is to be said of it.
    pub fn all_notes(&self) -> impl Iterator<Item = &String> {
        self.url_notes.iter().chain(&self.notes)
    }

    /// One line for a person who is about to change this database: which it is and what named it,
    /// without the password.
    pub fn announcement(&self) -> String {
        let source = match &self.source {
            Source::DataDirectory => self.reason.clone(),
            source => format!("from {source}"),
        };
        format!("database: {}; {source}", self.target.place())
    }
}

/// What named the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--database-url`.
    Option,
    /// A variable, by its name.
    Variable(String),
    /// `--data`.
    DataOption,
    /// Nothing: SQLite in the data directory.
    DataDirectory,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Option => URL_OPTION,
            Self::Variable(name) => name,
            Self::DataOption | Self::DataDirectory => DATA_OPTION,
        })
    }
}

/// Chooses the host's database.
pub fn detect(options: &DatabaseOptions, environment: &Environment) -> Result<Decision, Error> {
    let mut choice = choice::choose(options, environment)?;
    let empty = candidates::empty_names(environment);
    if !empty.is_empty() {
        choice.reason.push_str(&format!(" (empty, so counted as unset: {})", empty.join(", ")));
    }
    let others = choice::others(&choice, options, environment);
    let mut decision = decide(choice, environment, options)?;
    decision.notes.extend(others);
    let source = decision.source.to_string();
    let passed_over = choice::passed_over(environment).into_iter().filter(|name| *name != source);
    decision.passed_over = passed_over.map(str::to_owned).collect();
    pooler::attach(&mut decision, environment)?;
    Ok(decision)
}

/// The database that one app names for itself by the variable `var`; its `target` is what to open.
///
/// The same rules hold as for the host's own. `INNKEEPER_ALLOW_EPHEMERAL` is what allows SQLite on
/// a dyno here.
pub fn app_target(environment: &Environment, var: &str) -> Result<Decision, Error> {
    let reason = format!("the app names {var} as its database");
    let choice = choice::named("--database-var of the app", var, reason, environment)?;
    if candidates::is_pooler(var) {
        let problem = "a transaction pooler, through which the host cannot prepare an app's room; name the variable of the \
                       database itself";
        return Err(Error::DatabaseUrl { name: var.to_owned(), problem: problem.to_owned() });
    }
    decide(choice, environment, &DatabaseOptions::default())
}

/// Reads the URL of a choice and applies the rule about disks.
fn decide(choice: Choice<'_>, environment: &Environment, options: &DatabaseOptions) -> Result<Decision, Error> {
    let Choice { source, url, reason } = choice;
    let authority = RootCertificate::from_environment(environment)?;
    let DatabaseUrl { target, notes } = match url {
        Some(url) => DatabaseUrl::parse(&source.to_string(), url, authority.as_ref())?,
        None => data_directory(options),
    };
    let mut decision = Decision {
        target,
        source,
        reason,
        notes: Vec::new(),
        url_notes: notes,
        passed_over: Vec::new(),
        pooler: None,
        is_pooler: false,
    };
    check_disk(&mut decision, environment, options)?;
    Ok(decision)
}

fn data_directory(options: &DatabaseOptions) -> DatabaseUrl {
    let directory = options.data_dir.as_ref().or(options.project_dir.as_ref()).cloned();
    let directory = directory.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIRECTORY));
    DatabaseUrl { target: DatabaseTarget::Sqlite(directory), notes: Vec::new() }
}

/// The disk of a dyno is new at each restart, at least once a day: SQLite there loses everything
/// without an error.
fn check_disk(decision: &mut Decision, environment: &Environment, options: &DatabaseOptions) -> Result<(), Error> {
    let allowed = environment.flag(ALLOW_EPHEMERAL)?.unwrap_or(false) || options.allow_ephemeral;
    if !environment.is_dyno() || matches!(decision.target, DatabaseTarget::Postgres(_)) {
        return Ok(());
    }
    if !allowed {
        let cause = match &decision.source {
            Source::DataDirectory => decision.reason.clone(),
            source => format!("{source} asks for SQLite"),
        };
        return Err(Error::EphemeralDisk { cause });
    }
    let note = "the disk of a dyno is lost at each restart, and all data with it: this was allowed";
    decision.notes.push(note.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DYNO: (&str, &str) = ("DYNO", "web.1");

    fn chosen(options: &DatabaseOptions, pairs: &[(&str, &str)]) -> Result<Decision, Error> {
        detect(options, &Environment::from_pairs(pairs.iter().copied()))
    }

    fn from_environment(pairs: &[(&str, &str)]) -> Result<Decision, Error> {
        chosen(&DatabaseOptions::default(), pairs)
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        from_environment(pairs).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn sqlite_on_a_dyno_has_to_be_allowed() -> Result<(), Error> {
        assert_eq!(
            refusal(&[DYNO]),
            "no database variable is set, and the disk of a dyno is lost at each restart, with all SQLite data \
             on it: run `heroku addons:create heroku-postgresql:essential-0`, \
             or accept the loss with --allow-ephemeral (INNKEEPER_ALLOW_EPHEMERAL=1)"
        );
        let url = ("DATABASE_URL", "sqlite:data");
        assert!(refusal(&[DYNO, url]).starts_with("DATABASE_URL asks for SQLite, and the disk"));
        assert!(refusal(&[DYNO, (ALLOW_EPHEMERAL, "0")]).starts_with("no database variable"));
        let allowed = DatabaseOptions { allow_ephemeral: true, ..DatabaseOptions::default() };
        for decision in [chosen(&allowed, &[DYNO])?, from_environment(&[DYNO, (ALLOW_EPHEMERAL, "1"), url])?] {
            assert!(decision.notes.iter().any(|note| note.contains("lost at each restart")));
        }
        assert!(from_environment(&[url])?.notes.is_empty());
        Ok(())
    }

    #[test]
    fn an_announcement_says_what_and_why_and_no_password() -> Result<(), Error> {
        let folder = DatabaseOptions { data_dir: Some("/srv/inn".into()), ..DatabaseOptions::default() };
        let project = DatabaseOptions { project_dir: Some("/srv/app/data".into()), ..DatabaseOptions::default() };
        let url = ("DATABASE_URL", "postgres://ada:hunter2@db.example/app?sslmode=require");
        let socket = ("DATABASE_URL", "postgres://ada:hunter2@/app?host=/run/postgresql");
        for (options, pairs, line) in [
            (DatabaseOptions::default(), vec![url], "database: Postgres db.example:5432/app; from DATABASE_URL"),
            (
                DatabaseOptions::default(),
                vec![socket],
                "database: Postgres /app (socket in /run/postgresql, port 5432); from DATABASE_URL",
            ),
            (folder, vec![url], "database: SQLite in /srv/inn; from --data"),
            (project, vec![url], "database: SQLite in /srv/app/data; dev keeps its data with the project"),
        ] {
            assert_eq!(chosen(&options, &pairs)?.announcement(), line);
        }
        let line = from_environment(&[])?.announcement();
        let here = std::path::absolute("innkeeper-data").unwrap_or_default();
        assert_eq!(line, format!("database: SQLite in {}; no database variable is set", here.display()));
        Ok(())
    }

    #[test]
    fn the_data_directory_is_as_told() -> Result<(), Error> {
        let options = DatabaseOptions { data_dir: Some("/srv/inn".into()), ..DatabaseOptions::default() };
        assert_eq!(chosen(&options, &[])?.target, DatabaseTarget::Sqlite("/srv/inn".into()));
        let default = DatabaseTarget::Sqlite(DEFAULT_DATA_DIRECTORY.into());
        assert_eq!(from_environment(&[])?.target, default);
        Ok(())
    }

    #[test]
    fn an_app_may_name_a_database_of_its_own() -> Result<(), Error> {
        let environment = Environment::from_pairs([("LEDGER_URL", "postgresql://l@ledger.example/l")]);
        let decision = app_target(&environment, "LEDGER_URL")?;
        assert_eq!(decision.target.describe(), "postgres://l@ledger.example:5432/l (TLS require)");
        assert_eq!((decision.source, decision.pooler), (Source::Variable("LEDGER_URL".to_owned()), None));
        assert!(app_target(&environment, "OTHER_URL").is_err());
        let dyno = Environment::from_pairs([DYNO, ("LEDGER_URL", "sqlite:ledger")]);
        assert!(matches!(app_target(&dyno, "LEDGER_URL"), Err(Error::EphemeralDisk { .. })));
        Ok(())
    }
}
