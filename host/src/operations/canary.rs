//! A version that answers a part of the visitors, and its two ends.

use super::{OperationError, Operations, Result, RolledBack, check_note};
use crate::storage::registry::{Activate, ActivationKind, Actor, App};

impl Operations {
    /// Makes the canary the active version.
    pub async fn promote(&self, actor: &Actor, app: &str, note: Option<&str>) -> Result<RolledBack> {
        check_note(note)?;
        let (found, version) = self.canary_of(app).await?;
        let kind = ActivationKind::Promote;
        let instead_of = found.active;
        let activate = Activate { app, version, kind, actor, note, instead_of, from_canary: true };
        let generation = self.database().activate(activate).await?.ok_or_else(|| ended(version))?;
        Ok(RolledBack {
            app: app.to_owned(),
            version,
            previous: found.active,
            generation,
            unknown_migrations: Vec::new(),
        })
    }

    /// Gives the canary's visitors the active version again. Returns the version that was the
    /// canary.
    pub async fn abort(&self, actor: &Actor, app: &str, note: Option<&str>) -> Result<i64> {
        check_note(note)?;
        let (_, version) = self.canary_of(app).await?;
        let why = note.unwrap_or("aborted");
        match self.database().abort_canary(app, version, actor, why, false).await? {
            true => Ok(version),
            false => Err(ended(version)),
        }
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

/// Somebody was faster.
fn ended(version: i64) -> OperationError {
    OperationError::conflict(format!("the canary, version {version}, was ended meanwhile: look again"))
}
