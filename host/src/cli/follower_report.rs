//! How each app's follower is, for `doctor`.

use crate::config::{Config, DatabaseTarget};
use crate::guests::overrides::follower_choice;
use crate::storage::registry::App;
use crate::storage::{Database, Error};
use serde::Serialize;

/// The follower of one app.
#[derive(Debug, Serialize)]
pub(super) struct FollowerReport {
    app: String,
    /// The variable that holds its URL.
    follower: String,
    /// How far it may be behind.
    most_seconds: f64,
    /// How far it is behind now, at most.
    behind_seconds: Option<f64>,
    /// Why its reads go to the primary.
    problem: Option<String>,
}

/// Asks the follower of each app that names one.
pub(super) async fn followers(config: &Config, apps: &[App]) -> Vec<FollowerReport> {
    let mut reports = Vec::new();
    for app in apps {
        let Some(choice) = follower_choice(app) else { continue };
        let behind = look(config, app, &choice.var).await;
        let most = choice.lag.as_secs_f64();
        let problem = match &behind {
            Err(problem) => Some(problem.clone()),
            Ok(behind) => (*behind > most).then(|| format!("it is {behind:.1} s behind")),
        };
        reports.push(FollowerReport {
            app: app.name.clone(),
            follower: choice.var,
            most_seconds: most,
            behind_seconds: behind.ok(),
            problem,
        });
    }
    reports
}

/// How far the follower is behind, in seconds, or why it cannot be used.
async fn look(config: &Config, app: &App, var: &str) -> Result<f64, String> {
    let text = |error: Error| error.to_string();
    let primary = match app.database_var.as_deref() {
        None => Database::open(config).map_err(text)?,
        Some(own) => {
            let decision = config.app_database(own).map_err(|error| error.to_string())?;
            Database::open_for_apps(config, &decision.target, own).map_err(text)?
        }
    };
    if primary.is_sqlite() {
        return Err("the app's database is SQLite, which has no followers".to_owned());
    }
    let target: DatabaseTarget = config.follower(var).map_err(|error| error.to_string())?.target;
    let follower = primary.follower(config, &target, var).map_err(text)?;
    let looked = match &follower {
        Some(follower) => follower.look().await.map(|behind| behind.as_secs_f64()).map_err(text),
        None => Err("the app's database has no followers".to_owned()),
    };
    if let Some(follower) = follower {
        follower.close().await;
    }
    primary.close().await;
    looked
}

impl std::fmt::Display for FollowerReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { app, follower, most_seconds, .. } = self;
        match (&self.problem, self.behind_seconds) {
            (Some(problem), _) => {
                write!(f, "app {app}: follower {follower} is not used, reads go to the primary: {problem}")
            }
            (None, behind) => {
                let behind = behind.unwrap_or_default();
                write!(
                    f,
                    "app {app}: follower {follower} is at most {behind:.1} s behind ({most_seconds} s are allowed)"
                )
            }
        }
    }
}
