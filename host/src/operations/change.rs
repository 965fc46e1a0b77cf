//! Changing what holds for all versions of an app, without a deployment.

use super::{OperationError, Operations, Result, SettingsView};
use crate::guests::routes;
use crate::guests::settings::{CrossOrigin, TransactionsSetting};
use crate::storage::registry::Actor;
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
    pub routes: Option<Vec<String>>,
    /// What is kept together.
    pub transactions: Option<TransactionsSetting>,
    /// What becomes of requests that come from other origins with a visitor's session.
    pub cross_origin: Option<CrossOrigin>,
    /// Other origins from which such requests may come.
    pub trusted_origins: Option<Vec<String>>,
    /// Limits by name; null: as the host has it. None is higher than the host's.
    pub limits: BTreeMap<String, Option<String>>,
    /// How many activations back a version is kept, 1 to 1000.
    pub keep_versions: Option<u32>,
    /// Settings that are as the version was deployed again: `transactions`, `cross-origin`,
    /// `trusted-origins`, `keep-versions`.
    pub reset: Vec<String>,
}

impl Operations {
    /// Changes an app. Hosts follow within a second or two.
    pub async fn change_app(&self, actor: &Actor, app: &str, changes: &AppChanges) -> Result<SettingsView> {
        self.find_app(app).await?;
        let checked = |route: &String| routes::check(route).map_err(OperationError::invalid);
        let routes = changes.routes.as_ref().map(|routes| routes.iter().map(checked).collect::<Result<Vec<_>>>());
        let routes = routes.transpose()?;
        if changes.keep_versions.is_some_and(|keep| !(1..=MOST_KEPT).contains(&keep)) {
            return Err(OperationError::invalid(format!("keep-versions: not a number from 1 to {MOST_KEPT}")));
        }
        let resets_keep = changes.reset.iter().any(|name| name == "keep-versions");
        self.change_overrides(app, |overrides| {
            for name in &changes.reset {
                match name.as_str() {
                    "transactions" => overrides.transactions = None,
                    "cross-origin" => overrides.cross_origin = None,
                    "trusted-origins" => overrides.trusted_origins = None,
                    "keep-versions" => {}
                    _ => return Err(OperationError::invalid(format!("reset {name}: no such setting"))),
                }
            }
            overrides.transactions = changes.transactions.or(overrides.transactions);
            overrides.cross_origin = changes.cross_origin.or(overrides.cross_origin);
            overrides.trusted_origins = changes.trusted_origins.clone().or(overrides.trusted_origins.take());
            for (name, value) in &changes.limits {
                let name = name.replace('_', "-");
                match value {
                    Some(value) => drop(overrides.limits.insert(name, value.clone())),
                    None => drop(overrides.limits.remove(&name)),
                }
            }
            Ok(())
        })
        .await?;
        if let Some(routes) = &routes {
            self.database().set_routes(app, routes).await?;
        }
        if changes.keep_versions.is_some() || resets_keep {
            self.database().set_keep_versions(app, changes.keep_versions).await?;
        }
        let detail = serde_json::to_string(changes).unwrap_or_default();
        self.note(actor, "apps set", Some(app), &detail, "ok").await?;
        self.settings(app).await
    }
}
