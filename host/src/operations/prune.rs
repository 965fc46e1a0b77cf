//! Removing versions that nobody is likely to go back to.

use super::{Operations, Result};
use crate::storage::registry::Actor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Versions that were removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrunedView {
    /// The app.
    pub app: String,
    /// Their numbers, the newest first.
    pub versions: Vec<i64>,
    /// Bytes of components that were freed in the database. 0 where nothing was removed yet.
    pub bytes: i64,
}

impl Operations {
    /// What [`Self::prune`] would remove.
    pub async fn prunable(&self, app: &str, keep: Option<u32>) -> Result<PrunedView> {
        self.find_app(app).await?;
        let versions = self.database().prunable_versions(app, keep).await?;
        Ok(PrunedView { app: app.to_owned(), versions, bytes: 0 })
    }

    /// Removes versions that are older than `keep` activations (none: as the app says). The active
    /// one, the one before it, the canary and the newest stay.
    pub async fn prune(&self, actor: &Actor, app: &str, keep: Option<u32>) -> Result<PrunedView> {
        let pruned = self.database().prune_versions(app, keep, actor).await?;
        Ok(PrunedView { app: app.to_owned(), versions: pruned.versions, bytes: pruned.bytes })
    }
}
