//! How far apps are kept apart, for `doctor`: which tier holds for each, and what it promises.

use crate::config::{Config, DatabaseTarget};
use crate::guests::overrides::follower_choice;
use crate::storage::Database;
use crate::storage::registry::App;
use serde::Serialize;

const SEATBELT: &str =
    "schema and statement gate; a seatbelt, not a wall: do not run code of people you do not trust";

/// So many other apps are named in a warning.
const MOST_NAMED: usize = 5;

/// How one app is kept apart from the others.
#[derive(Debug, Serialize)]
pub(super) struct Tier {
    pub(super) app: String,
    database_var: Option<String>,
    /// Where it is, without the password.
    place: Option<String>,
    /// What holds, and what that promises.
    pub(super) tier: String,
    /// What weakens it.
    pub(super) warnings: Vec<String>,
    /// Why its database cannot be used.
    pub(super) problem: Option<String>,
}

impl Tier {
    /// Whether there is nothing to say of the app but its tier.
    pub(super) fn is_sound(&self) -> bool {
        self.warnings.is_empty() && self.problem.is_none()
    }
}

/// The connections that one process opens at most.
#[derive(Debug, Serialize)]
pub(super) struct Connections {
    guests: u32,
    host: u32,
    /// For each database that apps name for themselves.
    apps: Vec<(String, u32)>,
    /// For each follower that apps name.
    followers: Vec<(String, u32)>,
    most: u32,
}

/// An app with the database that it names, where that is known.
struct Named<'a> {
    app: &'a App,
    target: Result<DatabaseTarget, String>,
}

/// The tiers of all apps.
pub(super) async fn tiers(config: &Config, apps: &[App]) -> Vec<Tier> {
    let named: Vec<Named<'_>> = apps.iter().map(|app| Named { app, target: target(config, app) }).collect();
    let mut tiers = Vec::new();
    for one in &named {
        tiers.push(tier(config, one, &named).await);
    }
    tiers
}

fn target(config: &Config, app: &App) -> Result<DatabaseTarget, String> {
    match &app.database_var {
        None => Ok(config.database.target.clone()),
        Some(var) => config.app_database(var).map(|own| own.target).map_err(|error| error.to_string()),
    }
}

async fn tier(config: &Config, one: &Named<'_>, all: &[Named<'_>]) -> Tier {
    let mut tier = Tier {
        app: one.app.name.clone(),
        database_var: one.app.database_var.clone(),
        place: one.target.as_ref().ok().map(DatabaseTarget::describe),
        tier: words(config, one),
        warnings: Vec::new(),
        problem: one.app.problem.clone().or_else(|| one.target.as_ref().err().cloned()),
    };
    if let (Some(var), Ok(target)) = (&one.app.database_var, &one.target) {
        tier.warnings.extend(shared_with(one, target, all));
        match look(config, target, one.app).await {
            Ok(schemas) if schemas.is_empty() => {}
            Ok(schemas) => tier.warnings.push(format!(
                "the credential of {var} may look into the schemas {}: no wall while it may; revoke usage on them",
                schemas.join(", ")
            )),
            Err(error) => tier.problem = Some(format!("{var}: {error}")),
        }
    }
    tier
}

fn words(config: &Config, one: &Named<'_>) -> String {
    let host = &config.database.target;
    let var = one.app.database_var.as_deref().unwrap_or_default();
    match (&one.target, host) {
        (Err(_), _) => format!("unknown: {var} cannot be used here"),
        (Ok(DatabaseTarget::Sqlite(_)), _) if var.is_empty() => {
            "own file: SQLite lets statements name no other".to_owned()
        }
        (Ok(DatabaseTarget::Sqlite(_)), _) => format!("own file ({var}): SQLite lets statements name no other"),
        (Ok(target), _) if target.is_same(host) => format!("shared credential: {SEATBELT}"),
        (Ok(DatabaseTarget::Postgres(own)), DatabaseTarget::Postgres(host)) if own.is_same_database(host) => {
            format!("own credential in the shared database ({var}): the database refuses what it was not granted")
        }
        (Ok(_), _) => format!("own database ({var}): the database is the wall"),
    }
}

/// Other apps that have named the same Postgres database and credential.
fn shared_with(one: &Named<'_>, target: &DatabaseTarget, all: &[Named<'_>]) -> Option<String> {
    let is_same = |other: &&Named<'_>| {
        other.app.name != one.app.name && other.target.as_ref().is_ok_and(|other| other.is_same(target))
    };
    let others: Vec<&str> = all.iter().filter(is_same).map(|other| other.app.name.as_str()).collect();
    let matters = matches!(target, DatabaseTarget::Postgres(_)) && !others.is_empty();
    let named = others.get(..MOST_NAMED).unwrap_or(&others);
    let more = match others.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    matters.then(|| format!("shared with {}{more}: between them {SEATBELT}", named.join(", ")))
}

/// Asks the app's database, with the app's credential, what it may look into.
async fn look(config: &Config, target: &DatabaseTarget, app: &App) -> crate::storage::Result<Vec<String>> {
    if target.is_same(&config.database.target) {
        return Ok(Vec::new());
    }
    let database = Database::open_for_apps(config, target, app.database_var.as_deref().unwrap_or_default())?;
    let schemas = database.open_to(&app.name).await;
    database.close().await;
    schemas
}

/// The most connections that this process opens to Postgres.
pub(super) fn connections(config: &Config, all: &[App]) -> Connections {
    let is_postgres = |target: &DatabaseTarget| matches!(target, DatabaseTarget::Postgres(_));
    let on_host = |size: u32| if is_postgres(&config.database.target) { size } else { 0 };
    let mut own: Vec<(String, DatabaseTarget)> = Vec::new();
    for var in all.iter().filter_map(|app| app.database_var.as_deref()) {
        let Ok(decision) = config.app_database(var) else { continue };
        let seen = own.iter().any(|(_, other)| other.is_same(&decision.target))
            || decision.target.is_same(&config.database.target);
        if is_postgres(&decision.target) && !seen {
            own.push((var.to_owned(), decision.target));
        }
    }
    let apps: Vec<(String, u32)> = own.into_iter().map(|(var, _)| (var, config.app_pool_size)).collect();
    let (guests, host) = (on_host(config.pool_size), on_host(config.host_connections()));
    let mut named: Vec<String> = follower_vars(config, all);
    named.sort();
    named.dedup();
    let followers: Vec<_> = named.into_iter().map(|var| (var, config.follower_pool_size)).collect();
    let most = guests + host + apps.iter().chain(&followers).map(|(_, most)| most).sum::<u32>();
    Connections { guests, host, apps, followers, most }
}

/// The followers that can be used, by their variables.
fn follower_vars(config: &Config, apps: &[App]) -> Vec<String> {
    let on_postgres = |app: &&App| matches!(target(config, app), Ok(DatabaseTarget::Postgres(_)));
    let choices = apps.iter().filter(on_postgres).filter_map(follower_choice);
    choices.map(|choice| choice.var).filter(|var| config.follower(var).is_ok()).collect()
}

impl std::fmt::Display for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.most == 0 {
            return f.write_str("none to Postgres");
        }
        write!(
            f,
            "at most {} to Postgres: {} for guests, {} for the host itself",
            self.most, self.guests, self.host
        )?;
        self.apps.iter().chain(&self.followers).try_for_each(|(var, most)| write!(f, ", {most} to {var}"))
    }
}
