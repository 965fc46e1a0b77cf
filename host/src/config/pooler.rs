//! Transaction poolers before a Postgres database.
//!
//! A pooler gives each transaction another server connection, so nothing that lasts longer works
//! through it: no notifications, no session settings, no locks of a session. Guest traffic can do
//! without; the host's own cannot.

use super::candidates::{self, DATABASE_URL, POOL_URL};
use super::{DatabaseTarget, DatabaseUrl, Decision, Environment, Error, PostgresTarget, RootCertificate, Source};

const POOLER: &str = "INNKEEPER_POOLER";
/// Where Heroku's pgbouncer buildpack listens, after it has rewritten `DATABASE_URL` to itself.
const BUILDPACK_PORT: u16 = 6000;

/// Adds the pooler that the environment names to a decision, or a note that says why it is not
/// used.
pub(super) fn attach(decision: &mut Decision, environment: &Environment) -> Result<(), Error> {
    let wanted = environment.flag(POOLER)?.unwrap_or(true);
    decision.notes.extend(primary_is_pooler(decision));
    let Some(url) = environment.get(POOL_URL) else {
        return Ok(());
    };
    if decision.source == Source::Variable(POOL_URL.to_owned()) {
        return Ok(());
    }
    match found(decision, environment, url, wanted)? {
        Ok((pooler, notes)) => {
            decision.url_notes.extend(notes);
            decision.notes.push(format!(
                "guests reach the database through {POOL_URL}, a transaction pooler; the host itself uses {}",
                decision.source
            ));
            decision.pooler = Some(pooler);
        }
        Err(why) => decision.notes.push(format!("{POOL_URL} is not used: {why}")),
    }
    Ok(())
}

/// The pooler, or why it is passed over.
fn found(
    decision: &Decision,
    environment: &Environment,
    url: &str,
    wanted: bool,
) -> Result<Result<(PostgresTarget, Vec<String>), String>, Error> {
    let DatabaseTarget::Postgres(primary) = &decision.target else {
        return Ok(Err("the database is not Postgres".to_owned()));
    };
    if !wanted {
        return Ok(Err(format!("{POOLER} is off")));
    }
    let (pooler, notes) = read(url, environment)?;
    if pooler == **primary {
        return Ok(Err(format!("{} is the same connection", decision.source)));
    }
    if !belongs(&pooler, primary, decision) {
        let source = &decision.source;
        return Ok(Err(format!("it stands before {DATABASE_URL}, and the database is {source}")));
    }
    Ok(Ok((pooler, notes)))
}

/// The pooler and what its URL asks for and does not get.
fn read(url: &str, environment: &Environment) -> Result<(PostgresTarget, Vec<String>), Error> {
    let authority = RootCertificate::from_environment(environment)?;
    let DatabaseUrl { target, notes } = DatabaseUrl::parse(POOL_URL, url, authority.as_ref())?;
    match target {
        DatabaseTarget::Postgres(pooler) => Ok((*pooler, notes)),
        DatabaseTarget::Sqlite(_) => Err(Error::DatabaseUrl {
            name: POOL_URL.to_owned(),
            problem: "a pooler is a Postgres server; use postgres:// or unset the variable".to_owned(),
        }),
    }
}

/// Guests must never write into another database than the one that was migrated for them.
fn belongs(pooler: &PostgresTarget, primary: &PostgresTarget, decision: &Decision) -> bool {
    let same_place = pooler.host == primary.host && pooler.database == primary.database;
    decision.source == Source::Variable(DATABASE_URL.to_owned()) || (same_place && pooler.user == primary.user)
}

/// A note where the only way to the database seems to be a pooler.
fn primary_is_pooler(decision: &Decision) -> Option<String> {
    let DatabaseTarget::Postgres(primary) = &decision.target else {
        return None;
    };
    let source = decision.source.to_string();
    let buildpack = primary.host.is_loopback() && primary.port == BUILDPACK_PORT;
    (buildpack || candidates::is_pooler(&source)).then(|| {
        format!(
            "{source} seems to be a transaction pooler, which carries no notifications; \
             name the database itself with --database-var"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::{DatabaseOptions, detect};
    use super::*;

    const DIRECT: (&str, &str) = (DATABASE_URL, "postgres://u:hunter2@db.example:5432/d");
    const POOL: (&str, &str) = (POOL_URL, "postgres://u:hunter2@db.example:5433/d");

    fn pooled(pairs: &[(&str, &str)]) -> Result<(Option<u16>, String), Error> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        let decision = detect(&DatabaseOptions::default(), &environment)?;
        Ok((decision.pooler.map(|pooler| pooler.port), decision.notes.join("; ")))
    }

    #[test]
    fn the_pooler_of_the_database_is_used() -> Result<(), Error> {
        let (port, notes) = pooled(&[DIRECT, POOL])?;
        assert_eq!(port, Some(5433));
        assert!(notes.contains("through DATABASE_CONNECTION_POOL_URL"), "{notes}");
        let attached = ("HEROKU_POSTGRESQL_ROSE_URL", DIRECT.1);
        assert_eq!(pooled(&[attached, POOL])?.0, Some(5433));
        Ok(())
    }

    #[test]
    fn a_pooler_is_passed_over_with_a_reason() -> Result<(), Error> {
        let rose = ("HEROKU_POSTGRESQL_ROSE_URL", "postgres://u@rose.example/d");
        let cases = [
            (vec![DIRECT, POOL, (POOLER, "off")], "is not used: INNKEEPER_POOLER is off"),
            (vec![(DATABASE_URL, "sqlite:data"), POOL], "is not used: the database is not Postgres"),
            (vec![rose, POOL], "is not used: it stands before DATABASE_URL"),
            (vec![DIRECT, (POOL_URL, DIRECT.1)], "is not used: DATABASE_URL is the same connection"),
            (vec![DIRECT, (POOL_URL, "")], ""),
        ];
        for (pairs, text) in cases {
            let (port, notes) = pooled(&pairs)?;
            assert_eq!(port, None);
            assert!(notes.contains(text), "{notes}");
        }
        Ok(())
    }

    #[test]
    fn a_wrong_pooler_is_named() {
        for (name, value, start) in [
            (POOL_URL, "postgres://u:hunter2@h", "DATABASE_CONNECTION_POOL_URL: the URL names no database"),
            (POOL_URL, "sqlite:data", "DATABASE_CONNECTION_POOL_URL: a pooler is a Postgres server"),
            (POOLER, "x", "INNKEEPER_POOLER=x: not 1 or 0"),
        ] {
            let text = pooled(&[DIRECT, (name, value)]).err().map(|error| error.to_string());
            assert!(text.as_ref().is_some_and(|text| text.starts_with(start)), "{text:?}");
        }
    }

    #[test]
    fn a_pooler_in_place_of_the_database_is_noted() -> Result<(), Error> {
        let buildpack = (DATABASE_URL, "postgres://u:hunter2@127.0.0.1:6000/db1");
        assert!(pooled(&[buildpack])?.1.contains("seems to be a transaction pooler"));
        let named = ("INNKEEPER_DATABASE_VAR", POOL_URL);
        assert!(pooled(&[named, POOL])?.1.contains("seems to be a transaction pooler"));
        assert_eq!(pooled(&[DIRECT])?.1, "");
        Ok(())
    }
}
