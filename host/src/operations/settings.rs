//! The settings of an app as they are in force, with values masked.

use super::{OperationError, Operations, Result};
use crate::guests::overrides::{ConfigValue, Overrides};
use crate::guests::settings::{CrossOrigin, Settings, TransactionsSetting};
use crate::storage::registry::App;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Stands for a value that is not shown.
const MASK: &str = "********";

/// What is in force for an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingsView {
    /// The app.
    pub app: String,
    /// Which requests it answers, the main route first.
    pub routes: Vec<String>,
    /// What the guest reads through `wasi:config`, by name.
    pub config: Vec<ConfigEntry>,
    /// What is kept together.
    pub transactions: TransactionsSetting,
    /// What becomes of requests that come from other origins with a visitor's session.
    pub cross_origin: CrossOrigin,
    /// Other origins from which such requests may come.
    pub trusted_origins: Vec<String>,
    /// The variable with the URL of the follower that may answer transactions that only read.
    pub follower: Option<String>,
    /// How far it may be behind.
    pub follower_lag: Option<String>,
    /// Limits that are lower than the host's, by name.
    pub limits: BTreeMap<String, String>,
    /// How many activations back a version is kept; none: as usual.
    pub keep_versions: Option<u32>,
}

/// A value that a guest reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: ConfigSource,
    /// The name of the variable, where it comes from one. The value itself is never shown.
    pub shown: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigSource {
    /// The active version was deployed with it.
    Version,
    /// `config set` has set it, for all versions.
    Set,
    /// A variable of the host's environment.
    Environment,
}

impl Operations {
    /// What is in force for an app.
    pub async fn settings(&self, app: &str) -> Result<SettingsView> {
        let found = self.find_app(app).await?;
        let overrides = overrides_of(&found)?;
        let settings = settings_of(&found)?;
        let mut config: BTreeMap<String, ConfigEntry> = BTreeMap::new();
        let masked = |name: &String| entry(name, ConfigSource::Version, MASK);
        config.extend(settings.config.keys().map(|name| (name.clone(), masked(name))));
        config.extend(overrides.config.iter().map(|(name, value)| (name.clone(), set_entry(name, value))));
        Ok(SettingsView {
            app: found.name,
            routes: found.routes,
            config: config.into_values().collect(),
            transactions: overrides.transactions.unwrap_or(settings.transactions),
            cross_origin: overrides.cross_origin.unwrap_or(settings.cross_origin),
            trusted_origins: overrides.trusted_origins.unwrap_or(settings.trusted_origins),
            follower: overrides.follower.or(settings.follower).filter(|var| !var.is_empty()),
            follower_lag: overrides.follower_lag.or(settings.follower_lag),
            limits: overrides.limits,
            keep_versions: found.keep_versions,
        })
    }
}

pub(super) fn settings_of(app: &App) -> Result<Settings> {
    let unreadable =
        |error| OperationError::invalid(format!("the settings of {} cannot be read: {error}", app.name));
    serde_json::from_str(&app.settings).map_err(unreadable)
}

pub(super) fn overrides_of(app: &App) -> Result<Overrides> {
    let unreadable =
        |error| OperationError::invalid(format!("the settings of {} cannot be read: {error}", app.name));
    Overrides::parse(&app.overrides).map_err(unreadable)
}

fn set_entry(name: &str, value: &ConfigValue) -> ConfigEntry {
    match value {
        ConfigValue::Value(_) => entry(name, ConfigSource::Set, MASK),
        ConfigValue::FromEnv(variable) => entry(name, ConfigSource::Environment, variable),
    }
}

fn entry(name: &str, source: ConfigSource, shown: &str) -> ConfigEntry {
    ConfigEntry { name: name.to_owned(), source, shown: shown.to_owned() }
}
