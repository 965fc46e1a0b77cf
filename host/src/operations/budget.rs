//! How many connections to each Postgres database the processes of a host open at most, and whether
//! the database takes them all.

use crate::config::{Config, DatabaseTarget, HOST_POOL_SIZE};
use crate::guests::Registry;
use crate::guests::overrides::follower_choice;
use crate::storage::registry::{App, Host};
use crate::storage::{ConnectionLimit, Database};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// The database is asked who serves as often.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// What a person looks with while all else runs.
const PSQL: u32 = 1;
const POOL_SIZE: &str = "INNKEEPER_POOL_SIZE";
const APP_POOL_SIZE: &str = "INNKEEPER_APP_POOL_SIZE";
const FOLLOWER_POOL_SIZE: &str = "INNKEEPER_FOLLOWER_POOL_SIZE";

/// The connections to one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// The variable or option that names it.
    pub name: String,
    /// What one process opens at most.
    pub each: u32,
    /// Processes that serve.
    pub processes: u32,
    /// Connections of a release phase (`migrate`).
    pub release: u32,
    /// Connections of a person who looks.
    pub psql: u32,
    /// All of them.
    pub most: u32,
    /// All of them while old and new processes run side by side (preboot).
    pub most_with_preboot: u32,
    /// What the database takes; none where it could not be asked.
    pub limit: Option<ConnectionLimit>,
    /// What does not fit, and which number to change to what.
    pub warning: Option<String>,
    /// The same for the time of a preboot, where all else fits.
    pub preboot_note: Option<String>,
    /// What is not counted.
    pub not_counted: Option<String>,
    /// Whether the connections are those to a transaction pooler, of which there may be many.
    #[serde(skip)]
    is_pooler: bool,
    #[serde(skip)]
    pool: Pool,
    #[serde(skip)]
    target: DatabaseTarget,
}

/// The pool whose size can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pool {
    variable: &'static str,
    size: u32,
}

/// The connections to the host's database; none where that is SQLite.
pub async fn of_host(config: &Config, database: &Database, processes: u32) -> Option<Budget> {
    let budget = hosts(config, processes)?;
    let limit = database.connection_limit().await.ok().flatten();
    Some(budget.limited_by(limit))
}

/// The connections to each Postgres database that a process opens: the host's, those of apps, and
/// their followers. Asks each of them.
pub async fn of_all(config: &Config, apps: &[App], processes: u32) -> Vec<Budget> {
    let mut all = Vec::new();
    if let Ok(database) = Database::open(config) {
        all.extend(of_host(config, &database, processes).await);
        database.close().await;
    }
    for own in own_databases(config, apps, processes) {
        let limit = match Database::open_for_apps(config, &own.target, &own.name) {
            Ok(database) => {
                let limit = database.connection_limit().await.ok().flatten();
                database.close().await;
                limit
            }
            Err(_) => None,
        };
        all.push(own.limited_by(limit));
    }
    for (budget, primary) in followers(config, apps, processes) {
        let follower = Database::open_for_apps(config, &primary, &budget.name)
            .and_then(|primary| primary.follower(config, &budget.target, &budget.name));
        let limit = match follower {
            Ok(Some(follower)) => {
                let limit = follower.connection_limit().await.ok();
                follower.close().await;
                limit
            }
            _ => None,
        };
        all.push(budget.limited_by(limit));
    }
    all
}

/// Says once in the log that the database cannot take all connections that the hosts may open, or
/// not at each restart, once it has answered.
pub async fn warn_once(registry: Arc<Registry>) {
    let database = registry.database();
    if database.is_sqlite() {
        return;
    }
    let hosts = loop {
        tokio::time::sleep(ASK_AGAIN).await;
        // Not before this host has told that it is there.
        match database.hosts().await {
            Ok(hosts) if hosts.iter().any(Host::is_live) => break hosts,
            _ => {}
        }
    };
    // A dyno that takes another one's place has its name.
    let names: HashSet<&str> =
        hosts.iter().filter(|host| host.is_live()).map(|host| host.report.name.as_str()).collect();
    let processes = u32::try_from(names.len()).unwrap_or(u32::MAX).max(1);
    let Some(budget) = of_host(registry.config(), database, processes).await else { return };
    if let Some(warning) = budget.warning {
        tracing::warn!("connections do not fit (innkeeper doctor): {warning}");
    } else if let Some(note) = budget.preboot_note {
        tracing::info!("connections (innkeeper doctor): {note}");
    }
}

fn hosts(config: &Config, processes: u32) -> Option<Budget> {
    let decision = &config.database;
    let DatabaseTarget::Postgres(_) = &decision.target else { return None };
    if decision.is_pooler {
        let pool = Pool { variable: POOL_SIZE, size: config.pool_size };
        let each = config.pool_size + config.host_connections();
        let mut budget = Budget::new(decision.source.to_string(), decision.target.clone(), each, pool);
        budget.release = HOST_POOL_SIZE;
        budget.is_pooler = true;
        return Some(budget.of_processes(processes));
    }
    let through_pooler = decision.pooler.is_some();
    let guests = if through_pooler { 0 } else { config.pool_size };
    let pool = Pool { variable: POOL_SIZE, size: guests };
    let each = guests + config.host_connections();
    let mut budget = Budget::new(decision.source.to_string(), decision.target.clone(), each, pool);
    budget.release = HOST_POOL_SIZE;
    budget.not_counted = through_pooler.then(|| {
        format!(
            "guests go through the pooler, up to {} connections of each process to it; those that the pooler opens to the \
             database (its default_pool_size) come on top",
            config.pool_size
        )
    });
    Some(budget.of_processes(processes))
}

fn own_databases(config: &Config, apps: &[App], processes: u32) -> Vec<Budget> {
    let mut own: Vec<Budget> = Vec::new();
    for var in apps.iter().filter_map(|app| app.database_var.as_deref()) {
        let Ok(decision) = config.app_database(var) else { continue };
        let is_counted = own.iter().any(|other| other.target.is_same(&decision.target))
            || decision.target.is_same(&config.database.target);
        if is_counted || !matches!(decision.target, DatabaseTarget::Postgres(_)) {
            continue;
        }
        let pool = Pool { variable: APP_POOL_SIZE, size: config.app_pool_size };
        let mut budget = Budget::new(var.to_owned(), decision.target, config.app_pool_size, pool);
        budget.release = 1;
        budget.is_pooler = config.leads_through_pooler(&budget.target);
        own.push(budget.of_processes(processes));
    }
    own
}

/// Each with the database that it follows.
fn followers(config: &Config, apps: &[App], processes: u32) -> Vec<(Budget, DatabaseTarget)> {
    let mut all: Vec<(Budget, DatabaseTarget)> = Vec::new();
    for app in apps {
        let Some(choice) = follower_choice(app) else { continue };
        let primary = match app.database_var.as_deref() {
            None => Ok(config.database.target.clone()),
            Some(var) => config.app_database(var).map(|decision| decision.target),
        };
        let (Ok(primary), Ok(decision)) = (primary, config.follower(&choice.var)) else { continue };
        let is_counted = all.iter().any(|(other, _)| other.target.is_same(&decision.target));
        if is_counted || !matches!(primary, DatabaseTarget::Postgres(_)) {
            continue;
        }
        let pool = Pool { variable: FOLLOWER_POOL_SIZE, size: config.follower_pool_size };
        let mut budget = Budget::new(choice.var, decision.target, config.follower_pool_size, pool);
        budget.is_pooler = config.leads_through_pooler(&budget.target);
        all.push((budget.of_processes(processes), primary));
    }
    all
}

impl Budget {
    fn new(name: String, target: DatabaseTarget, each: u32, pool: Pool) -> Self {
        Self {
            name,
            each,
            processes: 1,
            release: 0,
            psql: PSQL,
            most: 0,
            most_with_preboot: 0,
            limit: None,
            warning: None,
            preboot_note: None,
            not_counted: None,
            is_pooler: false,
            pool,
            target,
        }
    }

    fn of_processes(self, processes: u32) -> Self {
        let at = |processes: u32| self.each * processes + self.release + self.psql;
        Self { processes, most: at(processes), most_with_preboot: at(processes * 2), ..self }
    }

    fn limited_by(mut self, limit: Option<ConnectionLimit>) -> Self {
        if self.is_pooler {
            let limit = limit
                .map_or_else(String::new, |limit| format!(", of which {} may have {}", limit.set_by, limit.most));
            self.not_counted = Some(format!(
                "these are connections to the pooler; it opens others to the database (its default_pool_size, for each dyno \
                 that has a pooler of its own){limit}"
            ));
            return self;
        }
        if let Some(ConnectionLimit { most, set_by }) = &limit {
            let processes = self.processes;
            if self.most > *most {
                self.warning = Some(format!(
                    "{} {} can open {} connections, with a release phase and psql beside them, and {set_by} may have {most}: {}",
                    processes,
                    if processes == 1 { "process" } else { "processes" },
                    self.most,
                    self.advice(*most, processes)
                ));
            } else if self.most_with_preboot > *most {
                self.preboot_note = Some(format!(
                    "while old and new processes run side by side (at a restart, and for minutes with preboot) it can be {}, \
                     and {set_by} may have {most}: {}",
                    self.most_with_preboot,
                    self.advice(*most, processes * 2)
                ));
            }
        }
        Self { limit, ..self }
    }

    /// Which number to change to what.
    fn advice(&self, most: u32, processes: u32) -> String {
        let (Pool { variable, size }, beside) = (self.pool, self.release + self.psql);
        let fixed = self.each.saturating_sub(size);
        let room = most.saturating_sub(beside);
        match (room / processes.max(1)).checked_sub(fixed) {
            Some(fits) if fits >= 1 && size > 0 => format!("set {variable}={fits} (it is {size})"),
            _ => {
                let smallest = fixed + u32::from(size > 0);
                let fits = room / smallest.max(1);
                format!(
                    "no more than {fits} of them fit, with {variable}=1: run fewer, or use a pooler or a larger plan"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DatabaseOptions, Environment};

    fn budget(pairs: &[(&str, &str)], processes: u32, most: u32) -> Budget {
        let url = ("DATABASE_URL", "postgres://u:hunter2@db.example/d");
        let environment = Environment::from_pairs(pairs.iter().copied().chain([url]));
        let config = Config::load(&DatabaseOptions::default(), &environment).unwrap();
        let limit = ConnectionLimit { most, set_by: "the role u".to_owned() };
        hosts(&config, processes).unwrap().limited_by(Some(limit))
    }

    #[test]
    fn what_fits_has_no_warning() {
        let one = budget(&[], 1, 20);
        assert_eq!((one.each, one.most, one.most_with_preboot), (8, 11, 19));
        assert_eq!((one.warning, one.preboot_note), (None, None));
    }

    #[test]
    fn what_does_not_fit_says_which_number_to_change_to_what() {
        let warning = budget(&[], 3, 20).warning.unwrap();
        assert_eq!(
            warning,
            "3 processes can open 27 connections, with a release phase and psql beside them, and the role u may have 20: \
             set INNKEEPER_POOL_SIZE=2 (it is 5)"
        );
        let advised = budget(&[("INNKEEPER_POOL_SIZE", "2")], 3, 20);
        assert_eq!((advised.most, advised.warning), (18, None));
        let warning = budget(&[], 9, 20).warning.unwrap();
        assert!(warning.ends_with("no more than 4 of them fit, with INNKEEPER_POOL_SIZE=1: run fewer, or use a pooler or a larger plan"), "{warning}");
    }

    #[test]
    fn a_preboot_that_does_not_fit_is_a_note() {
        let two = budget(&[], 2, 20);
        assert_eq!((two.most, two.most_with_preboot, &two.warning), (19, 35, &None));
        assert!(two.preboot_note.is_some_and(|note| note.ends_with("set INNKEEPER_POOL_SIZE=1 (it is 5)")));
    }

    #[test]
    fn behind_a_pooler_guests_are_not_counted() {
        let pooled = budget(&[("DATABASE_CONNECTION_POOL_URL", "postgres://u:hunter2@db.example:5433/d")], 3, 20);
        assert_eq!((pooled.each, pooled.most), (3, 12));
        assert!(pooled.not_counted.is_some_and(|note| note.contains("up to 5 connections")));
    }
}
