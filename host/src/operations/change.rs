//! Changing what holds for all versions of an app, without a deployment.

use super::settings::overrides_of;
use super::{OperationError, Operations, Result, SettingsView};
use crate::config::Limits;
use crate::guests::overrides::{ConfigValue, Overrides};
use crate::guests::routes;
use crate::guests::settings::{CrossOrigin, TransactionsSetting};
use crate::storage::registry::{Actor, App, AppUpdate, AuditEvent};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Activations back at most that versions are kept.
const MOST_KEPT: u32 = 1_000;

/// What to change; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AppChanges {
    /// Which requests it answers from now on, the main route first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<String>>,
    /// What is kept together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactions: Option<TransactionsSetting>,
    /// What becomes of requests that come from other origins with a visitor's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_origin: Option<CrossOrigin>,
    /// Other origins from which such requests may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_origins: Option<Vec<String>>,
    /// The variable with the URL of a follower, which may answer transactions that only read;
    /// empty: none, whatever the version says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follower: Option<String>,
    /// How far the follower may be behind, such as `5s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follower_lag: Option<String>,
    /// Limits by name; null: as the host has it. None is higher than the host's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Option<String>>,
    /// How many activations back a version is kept, 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_versions: Option<u32>,
    /// Settings that are as the version was deployed again: `transactions`, `cross-origin`,
    /// `trusted-origins`, `follower`, `follower-lag`, `keep-versions`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reset: Vec<String>,
}

/// Values that a guest reads: some to set, some to take back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigChanges {
    /// Values to set, by name.
    pub set: BTreeMap<String, ConfigValue>,
    /// Names of values to take back.
    pub unset: Vec<String>,
}

impl Operations {
    /// Changes an app: all that is named, or nothing. Hosts follow within a second or two.
    pub async fn change_app(&self, actor: &Actor, app: &str, changes: &AppChanges) -> Result<SettingsView> {
        let checked = |route: &String| routes::check(route).map_err(OperationError::invalid);
        let routes = changes.routes.as_ref().map(|routes| routes.iter().map(checked).collect::<Result<Vec<_>>>());
        let routes = routes.transpose()?;
        self.refuse_dashboards_host(routes.as_deref())?;
        if changes.keep_versions.is_some_and(|keep| !(1..=MOST_KEPT).contains(&keep)) {
            return Err(OperationError::invalid(format!("keep-versions: not a number from 1 to {MOST_KEPT}")));
        }
        let resets_keep = changes.reset.iter().any(|name| name == "keep-versions");
        let keep_versions = (changes.keep_versions.is_some() || resets_keep).then_some(changes.keep_versions);
        let detail = serde_json::to_string(changes).unwrap_or_default();
        let event =
            AuditEvent { actor, action: "apps set", app: Some(app), sha256: None, detail: &detail, result: "ok" };
        let decide = |found: &App| {
            let overrides = self.overrides_after(found, |overrides| changes.apply(overrides))?;
            Ok::<_, OperationError>(AppUpdate { overrides: Some(overrides), routes, keep_versions })
        };
        self.database().update_app(app, &[event], decide).await?;
        self.settings(app).await
    }

    /// Sets values that the guest reads, for all versions, and takes back what was set: all of it
    /// or nothing. Takes effect without a deployment. Behind a value that was taken back the one
    /// shows again that the version was deployed with.
    pub async fn change_config(&self, actor: &Actor, app: &str, changes: ConfigChanges) -> Result<SettingsView> {
        let ConfigChanges { set, unset } = changes;
        if set.is_empty() && unset.is_empty() {
            return Err(OperationError::invalid("nothing to change: `set` and `unset` are empty"));
        }
        if let Some(both) = unset.iter().find(|name| set.contains_key(*name)) {
            return Err(OperationError::invalid(format!("config {both:?} is to be set and to be unset")));
        }
        let names = set.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let unset_names = unset.join(", ");
        let event =
            |action, detail| AuditEvent { actor, action, app: Some(app), sha256: None, detail, result: "ok" };
        let mut events = Vec::new();
        events.extend((!unset.is_empty()).then(|| event("config unset", &unset_names)));
        events.extend((!set.is_empty()).then(|| event("config set", &names)));
        let decide = |found: &App| {
            let overrides = self.overrides_after(found, |overrides| {
                unset.iter().try_for_each(|name| take_back(overrides, app, name))?;
                overrides.config.extend(set);
                Ok(())
            })?;
            Ok::<_, OperationError>(AppUpdate { overrides: Some(overrides), ..AppUpdate::default() })
        };
        self.database().update_app(app, &events, decide).await?;
        self.settings(app).await
    }

    /// What holds for every version of an app after a change, if it can be so, as the registry
    /// keeps it.
    fn overrides_after(&self, app: &App, change: impl FnOnce(&mut Overrides) -> Result<()>) -> Result<String> {
        let mut overrides = overrides_of(app)?;
        change(&mut overrides)?;
        overrides.check(self.registry.config()).map_err(OperationError::invalid)?;
        serde_json::to_string(&overrides).map_err(|error| OperationError::invalid(error.to_string()))
    }
}

impl AppChanges {
    /// Carries out what is kept among the overrides.
    fn apply(&self, overrides: &mut Overrides) -> Result<()> {
        for name in &self.reset {
            match name.as_str() {
                "transactions" => overrides.transactions = None,
                "cross-origin" => overrides.cross_origin = None,
                "trusted-origins" => overrides.trusted_origins = None,
                "follower" => overrides.follower = None,
                "follower-lag" => overrides.follower_lag = None,
                "keep-versions" => {}
                _ => return Err(OperationError::invalid(format!("reset {name}: no such setting"))),
            }
        }
        overrides.transactions = self.transactions.or(overrides.transactions);
        overrides.cross_origin = self.cross_origin.or(overrides.cross_origin);
        overrides.trusted_origins = self.trusted_origins.clone().or(overrides.trusted_origins.take());
        overrides.follower = self.follower.clone().or(overrides.follower.take());
        overrides.follower_lag = self.follower_lag.clone().or(overrides.follower_lag.take());
        for (name, value) in &self.limits {
            let name = name.replace('_', "-");
            match value {
                Some(value) => drop(overrides.limits.insert(name, value.clone())),
                // What an earlier release knew may go, too.
                None if overrides.limits.remove(&name).is_none() => {
                    Limits::check_name(&name).map_err(OperationError::invalid)?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn take_back(overrides: &mut Overrides, app: &str, name: &str) -> Result<()> {
    match overrides.config.remove(name) {
        Some(_) => Ok(()),
        None => Err(OperationError::not_found(format!(
            "config {name} of {app} was not set by `config set`: innkeeper config list --app {app} shows what is"
        ))),
    }
}
