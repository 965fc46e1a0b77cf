//! The end of an app.

use super::{Operations, Result};
use crate::storage::registry::Actor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What goes with an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletionPlan {
    /// The app.
    pub app: String,
    /// How many versions it has.
    pub versions: usize,
    /// Names of its tables.
    pub tables: i64,
    /// Files.
    pub files: i64,
    /// Sessions of visitors.
    pub sessions: i64,
    /// The variable that names the app's own database; none: its data are in the host's.
    pub database_var: Option<String>,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    /// What there was.
    pub plan: DeletionPlan,
    /// Whether tables, files and sessions are still there. An app of the same name finds them
    /// again.
    pub data_kept: bool,
}

impl Operations {
    /// What goes with an app. Changes nothing.
    pub async fn deletion_plan(&self, app: &str) -> Result<DeletionPlan> {
        let found = self.find_app(app).await?;
        let versions = self.database().versions(app).await?.len();
        let there = self.registry.space_of(&found).await?.belongings().await?;
        Ok(DeletionPlan {
            app: found.name,
            versions,
            tables: there.tables,
            files: there.blobs,
            sessions: there.sessions,
            database_var: found.database_var,
        })
    }

    /// Deletes an app with its versions, and with its tables, files and sessions unless
    /// `keep_data`.
    pub async fn delete_app(&self, actor: &Actor, app: &str, keep_data: bool) -> Result<Deleted> {
        let found = self.find_app(app).await?;
        let plan = self.deletion_plan(app).await?;
        let detail = format!(
            "versions: {}, tables: {}, files: {}, sessions: {}; data {}",
            plan.versions,
            plan.tables,
            plan.files,
            plan.sessions,
            if keep_data { "kept" } else { "deleted" }
        );
        let space = self.registry.space_of(&found).await?;
        // First the route: nobody writes into what is being deleted.
        self.database().remove_app(app, actor, &detail).await?;
        if !keep_data {
            space.delete_everything().await?;
        }
        Ok(Deleted { plan, data_kept: keep_data })
    }
}
