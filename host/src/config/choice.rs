//! Which of several variables and options names the database: the order of the rules, before any
//! URL is read.

use super::candidates::{self, DATABASE_URL, DATABASE_VAR};
use super::detect::{DATA_OPTION, URL_OPTION, VAR_OPTION};
use super::{DatabaseOptions, Environment, Error, Source};

/// A database that was chosen and not yet read.
pub(super) struct Choice<'a> {
    pub(super) source: Source,
    /// None for SQLite in the data directory.
    pub(super) url: Option<&'a str>,
    pub(super) reason: String,
}

impl<'a> Choice<'a> {
    fn variable(name: &str, url: &'a str, reason: String) -> Self {
        Self { source: Source::Variable(name.to_owned()), url: Some(url), reason }
    }
}

/// Applies the order of the rules, without looking into any URL.
pub(super) fn choose<'a>(options: &'a DatabaseOptions, environment: &'a Environment) -> Result<Choice<'a>, Error> {
    if let Some(url) = &options.database_url {
        let reason = format!("{URL_OPTION} was given");
        return Ok(Choice { source: Source::Option, url: Some(url), reason });
    }
    if let Some(name) = options.database_var.as_deref() {
        return named(VAR_OPTION, name, format!("{VAR_OPTION} asks for {name}"), environment);
    }
    if options.data_dir.is_some() {
        let reason = format!("{DATA_OPTION} was given");
        return Ok(Choice { source: Source::DataOption, url: None, reason });
    }
    if options.project_dir.is_some() {
        let reason = "dev keeps its data with the project".to_owned();
        return Ok(Choice { source: Source::DataDirectory, url: None, reason });
    }
    if let Some(name) = environment.get(DATABASE_VAR) {
        return named(DATABASE_VAR, name, format!("{DATABASE_VAR} asks for {name}"), environment);
    }
    if let Some(url) = environment.get(DATABASE_URL) {
        return Ok(Choice::variable(DATABASE_URL, url, format!("{DATABASE_URL} is set")));
    }
    only_attached(environment)
}

/// The variables that are set and would name the database if the command line did not.
pub(super) fn passed_over(environment: &Environment) -> Vec<&str> {
    let names = [DATABASE_VAR, DATABASE_URL].into_iter().filter(|name| environment.get(name).is_some());
    names.chain(candidates::attached(environment).into_iter().map(|(name, _)| name)).collect()
}

/// What names a variable, and the name.
fn requested<'a>(options: &'a DatabaseOptions, environment: &'a Environment) -> Option<(&'static str, &'a str)> {
    let by_option = options.database_var.as_deref().map(|name| (VAR_OPTION, name));
    by_option.or_else(|| environment.get(DATABASE_VAR).map(|name| (DATABASE_VAR, name)))
}

/// The choice of a variable that was asked for: it must be there. `named_by` is who asks, for the
/// error.
pub(super) fn named<'a>(
    named_by: &str,
    name: &str,
    reason: String,
    environment: &'a Environment,
) -> Result<Choice<'a>, Error> {
    candidates::check_name(named_by, name)?;
    let unset = || Error::Unset {
        name: name.to_owned(),
        empty: environment.is_empty(name),
        candidates: candidates::database_names(environment),
    };
    let url = environment.get(name).ok_or_else(unset)?;
    Ok(Choice::variable(name, url, reason))
}

fn only_attached(environment: &Environment) -> Result<Choice<'_>, Error> {
    let attached = candidates::attached(environment);
    let Some((name, url)) = attached.first().copied() else {
        let reason = nothing_set(environment);
        return Ok(Choice { source: Source::DataDirectory, url: None, reason });
    };
    if attached.iter().any(|(_, other)| *other != url) {
        let names = attached.iter().map(|(name, _)| (*name).to_owned()).collect();
        return Err(Error::SeveralDatabases { names });
    }
    let reason = format!("{DATABASE_URL} is not set and {name} holds the only database");
    Ok(Choice::variable(name, url, reason))
}

/// Why it is SQLite; databases under other names are told, because they may be what was meant.
fn nothing_set(environment: &Environment) -> String {
    let others = candidates::database_names(environment);
    if others.is_empty() {
        return "no database variable is set".to_owned();
    }
    let others = others.join(", ");
    format!("{DATABASE_URL} is not set and {VAR_OPTION} does not ask for any of {others}")
}

/// A note for each database variable that is there and was not chosen.
pub(super) fn others(choice: &Choice<'_>, options: &DatabaseOptions, environment: &Environment) -> Vec<String> {
    let source = choice.source.to_string();
    let before = if options.project_dir.is_some() && choice.source == Source::DataDirectory {
        "the project's own data"
    } else {
        &source
    };
    let mut notes = Vec::new();
    let is_unread = matches!(choice.source, Source::Option | Source::DataOption | Source::DataDirectory);
    if let (true, Some((named_by, _))) = (is_unread, requested(options, environment)) {
        notes.push(format!("{named_by} is not used: {before} goes before it"));
    }
    if options.data_dir.is_some() && choice.source != Source::DataOption {
        notes.push(format!("{DATA_OPTION} is not used: {source} goes before it"));
    }
    let first = environment.get(DATABASE_URL).map(|url| (DATABASE_URL, url));
    let seen = first.into_iter().chain(candidates::attached(environment));
    for (name, url) in seen.filter(|(name, _)| *name != source) {
        notes.push(if choice.url == Some(url) {
            format!("{name} is the same database")
        } else {
            format!("{name} is not used: {before} goes before it")
        });
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, detect};
    use super::*;

    const ROSE: &str = "HEROKU_POSTGRESQL_ROSE_URL";
    const BLUE: &str = "HEROKU_POSTGRESQL_BLUE_URL";
    const HOME: (&str, &str) = (DATABASE_URL, "postgres://u:hunter2@home.example/d");
    const ROSE_DB: (&str, &str) = (ROSE, "postgres://u:hunter2@rose.example/d");
    const BLUE_DB: (&str, &str) = (BLUE, "postgres://u:hunter2@blue.example/d");
    const DYNO: (&str, &str) = ("DYNO", "web.1");

    fn options(url: Option<&str>, var: Option<&str>) -> DatabaseOptions {
        DatabaseOptions {
            database_url: url.map(str::to_owned),
            database_var: var.map(str::to_owned),
            ..DatabaseOptions::default()
        }
    }

    fn in_folder(url: Option<&str>, var: Option<&str>) -> DatabaseOptions {
        DatabaseOptions { data_dir: Some("folder".into()), ..options(url, var) }
    }

    #[test]
    fn the_environment_decides_nothing_for_a_project() -> Result<(), Error> {
        let project = |options| DatabaseOptions { project_dir: Some("project/data".into()), ..options };
        let every = [HOME, ROSE_DB, BLUE_DB, (DATABASE_VAR, BLUE)];
        let decision = chosen(&project(options(None, None)), &every)?;
        assert_eq!(decision.target.describe(), "sqlite:project/data");
        assert_eq!(decision.passed_over, [DATABASE_VAR, DATABASE_URL, BLUE, ROSE]);
        let unset =
            chosen(&project(options(None, None)), &[(DATABASE_VAR, "NOT_SET_URL"), (DATABASE_URL, "nonsense")])?;
        assert_eq!(unset.target.describe(), "sqlite:project/data");
        let named = chosen(&project(options(None, Some(ROSE))), &every)?;
        assert_eq!(named.source.to_string(), ROSE);
        let folder = chosen(&project(in_folder(None, None)), &every)?;
        assert_eq!(folder.target.describe(), "sqlite:folder");
        Ok(())
    }

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
    fn the_order_is_option_name_database_url_attached_sqlite() -> Result<(), Error> {
        let asked = (DATABASE_VAR, BLUE);
        let url = Some("postgres://u@option.example/d");
        let cases = [
            (options(url, Some(ROSE)), vec![HOME, ROSE_DB, BLUE_DB, asked], "--database-url"),
            (options(None, Some(ROSE)), vec![HOME, ROSE_DB, BLUE_DB, asked], ROSE),
            (options(None, None), vec![HOME, ROSE_DB, BLUE_DB, asked], BLUE),
            (options(None, None), vec![HOME, ROSE_DB, BLUE_DB], DATABASE_URL),
            (options(None, None), vec![ROSE_DB], ROSE),
            (options(None, None), vec![], "--data"),
            (in_folder(url, None), vec![HOME, ROSE_DB, asked], "--database-url"),
            (in_folder(None, Some(ROSE)), vec![HOME, ROSE_DB, asked], ROSE),
            (in_folder(None, None), vec![HOME, ROSE_DB, BLUE_DB, asked], "--data"),
        ];
        for (options, pairs, source) in cases {
            let decision = chosen(&options, &pairs)?;
            assert_eq!(decision.source.to_string(), source);
            assert!(!decision.reason.is_empty());
        }
        Ok(())
    }

    #[test]
    fn notes_tell_what_was_passed_over() -> Result<(), Error> {
        let same = (BLUE, HOME.1);
        let decision = from_environment(&[HOME, ROSE_DB, same])?;
        assert_eq!(decision.reason, "DATABASE_URL is set");
        let expected =
            [format!("{BLUE} is the same database"), format!("{ROSE} is not used: DATABASE_URL goes before it")];
        assert_eq!(decision.notes, expected);
        let decision = chosen(&options(Some(HOME.1), None), &[(DATABASE_VAR, BLUE)])?;
        assert_eq!(decision.notes, ["INNKEEPER_DATABASE_VAR is not used: --database-url goes before it"]);
        Ok(())
    }

    #[test]
    fn several_attached_databases_need_a_choice_unless_they_are_one() -> Result<(), Error> {
        assert_eq!(
            refusal(&[ROSE_DB, BLUE_DB]),
            format!(
                "several databases and no DATABASE_URL: {BLUE}, {ROSE}; \
                 choose one with --database-var NAME or INNKEEPER_DATABASE_VAR=NAME"
            )
        );
        let decision = from_environment(&[ROSE_DB, (BLUE, ROSE_DB.1)])?;
        assert_eq!(decision.source, Source::Variable(BLUE.to_owned()));
        assert_eq!(decision.notes, [format!("{ROSE} is the same database")]);
        Ok(())
    }

    #[test]
    fn an_unset_name_is_told_with_the_candidates() {
        assert_eq!(
            refusal(&[HOME, (DATABASE_VAR, "LEDGER_URL")]),
            "LEDGER_URL was asked for and is not set; variables that hold a database URL: DATABASE_URL"
        );
        assert_eq!(
            refusal(&[HOME, (DATABASE_VAR, ROSE), (ROSE, "")]),
            format!("{ROSE} was asked for and is empty; variables that hold a database URL: DATABASE_URL")
        );
        let misplaced = refusal(&[(DATABASE_VAR, HOME.1)]);
        assert!(misplaced.starts_with("INNKEEPER_DATABASE_VAR: not the name"), "{misplaced}");
    }

    #[test]
    fn a_database_under_another_name_is_told_with_sqlite() -> Result<(), Error> {
        let decision = from_environment(&[("LEDGER_URL", HOME.1)])?;
        assert_eq!(
            decision.reason,
            "DATABASE_URL is not set and --database-var does not ask for any of LEDGER_URL"
        );
        Ok(())
    }

    #[test]
    fn an_empty_variable_counts_as_unset_and_the_reason_says_so() -> Result<(), Error> {
        let decision = from_environment(&[(DATABASE_URL, ""), ROSE_DB])?;
        assert_eq!(decision.source, Source::Variable(ROSE.to_owned()));
        assert_eq!(
            decision.reason,
            format!(
                "DATABASE_URL is not set and {ROSE} holds the only database \
                 (empty, so counted as unset: DATABASE_URL)"
            )
        );
        assert!(refusal(&[(DATABASE_URL, " "), DYNO]).contains("counted as unset: DATABASE_URL"));
        Ok(())
    }
}
