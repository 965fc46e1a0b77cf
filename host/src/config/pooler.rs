//! Transaction poolers before a Postgres database.
//!
//! A pooler gives each transaction another server connection, so nothing that lasts longer works
//! through it: no notifications, no session settings, no locks of a session. Guest traffic can do
//! without; the host's own cannot.

use super::candidates::{self, DATABASE_URL, POOL_URL};
use super::{
    Config, DatabaseTarget, DatabaseUrl, Decision, Environment, Error, PostgresTarget, RootCertificate, Source,
};

const POOLER: &str = "INNKEEPER_POOLER";
/// Where Heroku's pgbouncer buildpack listens, after it has rewritten `DATABASE_URL` to itself.
const BUILDPACK_PORT: u16 = 6000;

/// What leads through a transaction pooler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Use {
    /// What has to: guests where there is a pooler beside the database, everything where it looks
    /// as if there were no other way.
    #[default]
    Found,
    /// Nothing: no URL is one of a pooler.
    Nothing,
    /// Everything: the URL of the database is one of a pooler.
    Everything,
}

impl Use {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "1" | "true" | "yes" | "on" => Some(Self::Found),
            "0" | "false" | "no" | "off" => Some(Self::Nothing),
            "all" => Some(Self::Everything),
            _ => None,
        }
    }
}

/// Adds the pooler that the environment names to a decision, or a note that says why it is not
/// used.
pub(super) fn attach(decision: &mut Decision, environment: &Environment) -> Result<(), Error> {
    let use_of = use_of(environment)?;
    decision.is_pooler = leads_through(&decision.target, use_of) || is_named_so(decision, use_of);
    decision.notes.extend(decision.is_pooler.then(|| everything_is_pooled(&decision.source)));
    let Some(url) = environment.get(POOL_URL) else {
        return Ok(());
    };
    if decision.source == Source::Variable(POOL_URL.to_owned()) {
        return Ok(());
    }
    if decision.is_pooler {
        return Ok(());
    }
    match found(decision, environment, url, use_of != Use::Nothing)? {
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

impl Config {
    /// Whether a database that an app names, or its follower, is reached through a transaction
    /// pooler: Heroku's buildpack stands before several databases where `PGBOUNCER_URLS` names
    /// them.
    pub fn leads_through_pooler(&self, target: &DatabaseTarget) -> bool {
        // What is wrong with the variable was said when the configuration was read.
        leads_through(target, use_of(&self.environment).unwrap_or_default())
    }
}

fn use_of(environment: &Environment) -> Result<Use, Error> {
    Ok(environment.parsed(POOLER, "on, off or all", Use::parse)?.unwrap_or_default())
}

/// Whether the only way to a database is a pooler, as far as its place says.
fn leads_through(target: &DatabaseTarget, use_of: Use) -> bool {
    let DatabaseTarget::Postgres(target) = target else { return false };
    match use_of {
        Use::Nothing => false,
        Use::Everything => true,
        Use::Found => target.host.is_loopback() && target.port == BUILDPACK_PORT,
    }
}

/// The same by the name of the variable.
fn is_named_so(decision: &Decision, use_of: Use) -> bool {
    let is_postgres = matches!(decision.target, DatabaseTarget::Postgres(_));
    is_postgres && use_of == Use::Found && candidates::is_pooler(&decision.source.to_string())
}

fn everything_is_pooled(source: &Source) -> String {
    format!(
        "{source} leads through a transaction pooler, so everything does: changes of the registry are noticed within a second \
         by asking, statements end by their time and are not cancelled, and no index is made of large tables that are there; \
         --database-var names the variable of the database itself where there is one, {POOLER}=off says that this is no pooler"
    )
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
            (POOLER, "x", "INNKEEPER_POOLER=x: not on, off or all"),
        ] {
            let text = pooled(&[DIRECT, (name, value)]).err().map(|error| error.to_string());
            assert!(text.as_ref().is_some_and(|text| text.starts_with(start)), "{text:?}");
        }
    }

    #[test]
    fn a_pooler_in_place_of_the_database_is_noted() -> Result<(), Error> {
        let buildpack = (DATABASE_URL, "postgres://u:hunter2@127.0.0.1:6000/db1");
        let named = ("INNKEEPER_DATABASE_VAR", POOL_URL);
        for pairs in [vec![buildpack], vec![named, POOL], vec![DIRECT, (POOLER, "all")]] {
            let environment = Environment::from_pairs(pairs.iter().copied());
            let decision = detect(&DatabaseOptions::default(), &environment)?;
            let notes = decision.notes.join("; ");
            assert!(decision.is_pooler && notes.contains("leads through a transaction pooler"), "{notes}");
        }
        assert_eq!(pooled(&[DIRECT])?.1, "");
        assert_eq!(pooled(&[buildpack, (POOLER, "off")])?.1, "");
        Ok(())
    }

    #[test]
    fn an_apps_database_behind_the_buildpack_is_behind_a_pooler() -> Result<(), Error> {
        let own = |url, more: &[(&str, &str)]| {
            let pairs = [DIRECT, ("BLOG_DB_URL", url)].into_iter().chain(more.iter().copied());
            let config = Config::load(&DatabaseOptions::default(), &Environment::from_pairs(pairs))?;
            Ok::<_, Error>(config.leads_through_pooler(&config.app_database("BLOG_DB_URL")?.target))
        };
        let buildpack = "postgres://u:hunter2@127.0.0.1:6000/db2";
        assert!(own(buildpack, &[])?);
        assert!(!own("postgres://u:hunter2@blog.example/d", &[])?);
        assert!(!own(buildpack, &[(POOLER, "off")])?);
        assert!(own("postgres://u:hunter2@blog.example/d", &[(POOLER, "all")])?);
        assert!(!own("sqlite:data", &[(POOLER, "all")])?);
        Ok(())
    }
}
