//! A version that answers a part of the visitors, and its two ends.

use super::{OperationError, Operations, Result, RolledBack};
use crate::storage::registry::{Activate, ActivationKind, Actor, App};

impl Operations {
    /// Makes the canary the active version.
    pub async fn promote(&self, actor: &Actor, app: &str, note: Option<&str>) -> Result<RolledBack> {
        let (found, version) = self.canary_of(app).await?;
        let kind = ActivationKind::Promote;
        let activate = Activate { app, version, kind, actor, note, instead_of: found.active };
        let generation = self.database().activate(activate).await?;
        let generation = generation
            .ok_or_else(|| OperationError::conflict("another version was made active meanwhile: look again"))?;
        Ok(RolledBack {
            app: app.to_owned(),
            version,
            previous: found.active,
            generation,
            unknown_migrations: Vec::new(),
        })
    }

    /// Gives the canary's visitors the active version again.
    pub async fn abort(&self, actor: &Actor, app: &str, note: Option<&str>) -> Result<i64> {
        let (_, version) = self.canary_of(app).await?;
        self.database().abort_canary(app, version, actor, note.unwrap_or("aborted")).await?;
        Ok(version)
    }

    async fn canary_of(&self, app: &str) -> Result<(App, i64)> {
        let found = self.find_app(app).await?;
        match found.canary {
            Some(canary) => Ok((found, canary.version)),
            None => Err(OperationError::conflict(format!(
                "app {app} has no canary: innkeeper deploy --canary 10% makes one"
            ))),
        }
    }
}
