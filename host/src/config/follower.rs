//! The follower that an app names by a variable of the environment: a copy of its database that
//! takes reads only.

use super::units::Quantity;
use super::{Config, DatabaseTarget, Decision, Error, app_target, candidates};
use std::ops::RangeInclusive;
use std::time::Duration;

/// How far a follower may be behind where the app does not say.
pub const DEFAULT_FOLLOWER_LAG: Duration = Duration::from_secs(5);
/// What an app may say. Below, a comparison with the primary would be due at each transaction.
const LAG: RangeInclusive<Duration> = Duration::from_millis(200)..=Duration::from_secs(3_600);

/// How far a follower may be behind, as a setting says it.
pub fn parse_follower_lag(text: &str) -> Result<Duration, String> {
    let lag = Duration::parse(text).filter(|lag| LAG.contains(lag));
    lag.ok_or_else(|| format!("follower-lag: {text:?} is no time from 200ms to 1h, such as 5s"))
}

/// An error for what cannot be the name of a variable with a follower's URL. It need not be set:
/// the command that names it may run elsewhere than the host.
pub fn check_follower_var(name: &str) -> Result<(), String> {
    candidates::check_name("follower", name).map_err(|error| error.to_string())?;
    if candidates::is_pooler(name) {
        return Err(format!(
            "follower: {name} holds the URL of a pooler; name the variable of the follower itself"
        ));
    }
    Ok(())
}

impl Config {
    /// The follower that `var` names. Connects to nothing.
    pub fn follower(&self, var: &str) -> Result<Decision, Error> {
        let decision = app_target(&self.environment, var)?;
        match decision.target {
            DatabaseTarget::Postgres(_) => Ok(decision),
            DatabaseTarget::Sqlite(_) => Err(Error::DatabaseUrl {
                name: var.to_owned(),
                problem: "SQLite has no followers: name a follower of the Postgres database".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_has_a_unit_and_is_neither_tiny_nor_long() {
        assert_eq!(parse_follower_lag("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_follower_lag("200ms"), Ok(Duration::from_millis(200)));
        for wrong in ["", "5", "0s", "100ms", "2h", "-1s"] {
            assert!(parse_follower_lag(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_url_or_a_pooler_is_no_name_of_a_follower() {
        assert_eq!(check_follower_var("HEROKU_POSTGRESQL_ROSE_URL"), Ok(()));
        for wrong in ["", "postgres://u:hunter2@h/d", "DATABASE_CONNECTION_POOL_URL"] {
            assert!(check_follower_var(wrong).is_err_and(|said| !said.contains("hunter2")), "{wrong}");
        }
    }
}
