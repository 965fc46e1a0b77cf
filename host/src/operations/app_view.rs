//! Apps as an operator sees them.

use super::{OperationError, Operations, Result, time};
use crate::guests::routes;
use crate::storage::registry::{App, Canary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppView {
    /// Its name.
    pub name: String,
    /// Which requests it answers, the main route first: path prefixes and host names.
    pub routes: Vec<String>,
    /// The version that answers, if any.
    pub active: Option<i64>,
    /// When that was made active (RFC 3339); none where an earlier release did.
    pub activated_at: Option<String>,
    /// Whether the host went back to it by itself, because the version after it failed.
    pub went_back_by_itself: bool,
    /// The version that answers a part of the visitors.
    pub canary: Option<CanaryView>,
    /// The variable that names the app's own database; none: it lives in the host's.
    pub database_var: Option<String>,
    /// When it was registered (RFC 3339).
    pub created_at: String,
    /// Whether it is being deleted: nobody is served any more, and deleting it again goes on.
    pub being_deleted: bool,
    /// What of it cannot be read. Hosts keep serving what they have.
    pub problem: Option<String>,
}

/// A version that answers a part of the visitors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CanaryView {
    /// Its number.
    pub version: i64,
    /// Of a hundred visitors so many get it.
    pub percent: u8,
    /// Since when (RFC 3339).
    pub since: String,
}

impl Operations {
    /// All apps, by name.
    pub async fn apps(&self) -> Result<Vec<AppView>> {
        Ok(self.database().apps().await?.into_iter().map(AppView::from).collect())
    }

    /// One app.
    pub async fn app(&self, name: &str) -> Result<AppView> {
        Ok(self.find_app(name).await?.into())
    }

    /// The other apps that would lose requests to an app with these routes, each with the route by
    /// which: see [`routes::displaced`]; none stands for the host itself, see [`routes::is_free`].
    /// A route that cannot be one takes nothing.
    pub async fn displaced(&self, app: &str, wanted: &[String]) -> Result<Vec<(Option<String>, String)>> {
        let apps = self.database().apps().await?;
        let wanted = wanted.iter().filter_map(|route| routes::check(route).ok());
        Ok(wanted
            .flat_map(|route| {
                let names = routes::displaced(&apps, app, &route);
                let names = names.into_iter().map(|name| Some(name.to_owned()));
                let host = routes::is_free(&apps, &route).then_some(None);
                names.chain(host).map(|name| (name, route.clone())).collect::<Vec<_>>()
            })
            .collect())
    }

    pub(super) async fn find_app(&self, name: &str) -> Result<App> {
        let found = self.database().find_app(name).await?;
        found
            .ok_or_else(|| OperationError::not_found(format!("there is no app {name}: innkeeper apps lists them")))
    }
}

impl From<App> for AppView {
    fn from(app: App) -> Self {
        Self {
            name: app.name,
            routes: app.routes,
            active: app.active,
            activated_at: app.activated_at.map(time),
            went_back_by_itself: app.went_back_by_itself,
            canary: app.canary.map(CanaryView::from),
            database_var: app.database_var,
            created_at: time(app.created_at),
            being_deleted: app.deleted_at.is_some(),
            problem: app.problem,
        }
    }
}

impl From<Canary> for CanaryView {
    fn from(canary: Canary) -> Self {
        Self { version: canary.version, percent: canary.percent, since: time(canary.since) }
    }
}
