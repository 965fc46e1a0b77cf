//! What holds for every version of an app and goes before what it was deployed with: set by the
//! operator, kept when another version becomes active.

use super::settings::{CrossOrigin, FollowerChoice, Origins, Settings, TransactionsSetting, check_config};
use crate::config::{Config, Limits};
use crate::storage::Transactions;
use crate::storage::registry::App;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// See the module. The registry keeps it as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Overrides {
    /// What the guest reads through `wasi:config`, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, ConfigValue>,
    /// What is kept together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactions: Option<TransactionsSetting>,
    /// What becomes of requests that come from other origins with a visitor's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_origin: Option<CrossOrigin>,
    /// Other origins from which such requests may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_origins: Option<Vec<String>>,
    /// The variable with the URL of a follower; empty: none, whatever the version says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follower: Option<String>,
    /// How far the follower may be behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follower_lag: Option<String>,
    /// Limits by their names, as text. None is higher than the host's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, String>,
}

/// Where a value comes from that a guest reads.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", try_from = "OneOfBoth")]
pub enum ConfigValue {
    /// This is it.
    Value(String),
    /// A variable of the host's environment has it, so that it is in no table.
    FromEnv(String),
}

/// As it is read, so that whoever writes something else is told what is wanted.
#[derive(Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "{\"value\": TEXT} or {\"from-env\": VARIABLE}"
)]
struct OneOfBoth {
    value: Option<String>,
    from_env: Option<String>,
}

impl TryFrom<OneOfBoth> for ConfigValue {
    type Error = &'static str;

    fn try_from(read: OneOfBoth) -> Result<Self, Self::Error> {
        match (read.value, read.from_env) {
            (Some(value), None) => Ok(Self::Value(value)),
            (None, Some(variable)) => Ok(Self::FromEnv(variable)),
            _ => Err("wanted: either {\"value\": TEXT} or {\"from-env\": VARIABLE}"),
        }
    }
}

impl ConfigValue {
    /// What is kept of it.
    fn text(&self) -> &str {
        match self {
            Self::Value(text) | Self::FromEnv(text) => text,
        }
    }
}

/// Never the value.
impl std::fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(..)"),
            Self::FromEnv(variable) => write!(f, "FromEnv({variable})"),
        }
    }
}

/// The follower of an app, as the operator or its active version has it.
pub fn follower_choice(app: &App) -> Option<FollowerChoice> {
    let settings: Settings = serde_json::from_str(&app.settings).ok()?;
    let overrides = Overrides::parse(&app.overrides).ok()?;
    let follower = overrides.follower.or(settings.follower);
    let follower_lag = overrides.follower_lag.or(settings.follower_lag);
    Settings { follower, follower_lag, ..Settings::default() }.follower_choice().ok().flatten()
}

/// What holds for one version: its own settings, and what goes before them.
#[derive(Debug)]
pub(super) struct Effective {
    pub(super) transactions: Transactions,
    pub(super) config: Vec<(String, String)>,
    pub(super) origins: Origins,
    pub(super) limits: Limits,
    pub(super) follower: Option<FollowerChoice>,
    /// What is not in force, in sentences.
    pub(super) problems: Vec<String>,
}

impl Overrides {
    /// Reads what the registry keeps. What cannot be read counts as nothing.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// An error where something cannot be set so.
    pub fn check(&self, config: &Config) -> Result<(), String> {
        check_config(self.config.iter().map(|(name, value)| (name, value.text())))?;
        for value in self.config.values() {
            if let ConfigValue::FromEnv(variable) = value {
                config.check_variable_for_apps(variable).map_err(|error| error.to_string())?;
            }
        }
        let trusted_origins = self.trusted_origins.clone().unwrap_or_default();
        let (follower, follower_lag) = (self.follower.clone(), self.follower_lag.clone());
        Settings { trusted_origins, follower, follower_lag, ..Settings::default() }.check()?;
        self.limits.iter().try_for_each(|(name, value)| config.limits.clone().lower(name, value))
    }

    /// Puts them over the settings of a version.
    pub(super) fn over(&self, settings: Settings, host: &Config) -> Effective {
        let mut problems: Vec<String> = settings.check().err().into_iter().collect();
        let mut merged = Settings {
            transactions: self.transactions.unwrap_or(settings.transactions),
            cross_origin: self.cross_origin.unwrap_or(settings.cross_origin),
            trusted_origins: self.trusted_origins.clone().unwrap_or_else(|| settings.trusted_origins.clone()),
            follower: self.follower.clone().or(settings.follower),
            follower_lag: self.follower_lag.clone().or(settings.follower_lag),
            config: settings.config,
        };
        for (name, value) in &self.config {
            let value = match value {
                ConfigValue::Value(value) => Ok(value.clone()),
                ConfigValue::FromEnv(variable) => host.variable_for_apps(variable),
            };
            match value {
                Ok(value) => drop(merged.config.insert(name.clone(), value)),
                Err(error) => {
                    merged.config.remove(name);
                    problems.push(format!("config {name} has no value: {error}"));
                }
            }
        }
        let mut limits = host.limits.clone();
        problems.extend(self.limits.iter().filter_map(|(name, value)| limits.lower(name, value).err()));
        // What is wrong with it is said by now.
        let follower = merged.follower_choice().ok().flatten();
        Effective {
            follower,
            transactions: merged.transactions.into(),
            origins: merged.origins(),
            config: merged.config.into_iter().collect(),
            limits,
            problems,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DatabaseOptions, Environment};
    use std::time::Duration;

    fn host() -> Config {
        let environment = Environment::from_pairs([
            ("STRIPE_KEY", "sk_1"),
            ("DATABASE_URL", "postgres://u:hunter2@db.example/d"),
            ("BLOG_DB_URL", "postgres://u:hunter2@db.example/e"),
        ]);
        Config::load(&DatabaseOptions::default(), &environment).unwrap()
    }

    fn overrides(text: &str) -> Overrides {
        Overrides::parse(text).unwrap()
    }

    #[test]
    fn what_is_set_goes_before_what_was_deployed() {
        let settings: Settings =
            serde_json::from_str(r#"{"config":{"colour":"blue","size":"1"},"transactions":"statement"}"#).unwrap();
        let set = overrides(
            r#"{"config":{"colour":{"value":"red"},"key":{"from-env":"STRIPE_KEY"}},"transactions":"request",
                "limits":{"cpu-per-request":"1s"}}"#,
        );
        let effective = set.over(settings, &host());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(effective.config, [pair("colour", "red"), pair("key", "sk_1"), pair("size", "1")]);
        assert_eq!(effective.transactions, Transactions::Request);
        assert_eq!(effective.limits.cpu_per_request, Duration::from_secs(1));
        assert_eq!(effective.problems, Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_had_is_said_and_the_rest_holds() {
        let set = overrides(
            r#"{"config":{"a":{"from-env":"NOT_SET"},"b":{"from-env":"BLOG_DB_URL"},"c":{"value":"1"}},
                "limits":{"cpu-per-request":"9s"}}"#,
        );
        let effective = set.over(Settings::default(), &host());
        assert_eq!(effective.config, [("c".to_owned(), "1".to_owned())]);
        assert_eq!(effective.problems.len(), 3, "{:?}", effective.problems);
        assert!(!format!("{:?}", effective.problems).contains("hunter2"));
    }

    #[test]
    fn the_hosts_own_variables_and_databases_are_for_no_app() {
        for (variable, taken) in [
            ("STRIPE_KEY", true),
            ("NOT_SET_YET", true),
            ("DATABASE_URL", false),
            ("BLOG_DB_URL", false),
            ("INNKEEPER_ADMIN_TOKEN", false),
            ("INNKEEPER_CODE_KEY", false),
            ("PGPASSWORD", false),
            ("HEROKU_POSTGRESQL_RED_URL", false),
            ("no name", false),
        ] {
            let config = BTreeMap::from([("key".to_owned(), ConfigValue::FromEnv(variable.to_owned()))]);
            let checked = Overrides { config, ..Overrides::default() }.check(&host());
            assert_eq!(checked.is_ok(), taken, "{variable}: {checked:?}");
        }
    }

    #[test]
    fn a_value_is_not_printed() {
        let printed = format!("{:?}", overrides(r#"{"config":{"a":{"value":"hunter2"}}}"#));
        assert!(printed.contains("\"a\"") && !printed.contains("hunter2"), "{printed}");
    }
}
