//! Going back to an earlier version, or forward again.

use super::{OperationError, Operations, Result, check_note};
use crate::storage::app_migrations::Applied;
use crate::storage::registry::{self, Activate, ActivationKind, Actor, App};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What to go back to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RollbackRequest {
    /// The number of a version; none: the one that was active before the active one.
    pub version: Option<i64>,
    /// Go back although later versions have run migrations that destroyed something.
    pub force: bool,
    /// Why.
    pub note: Option<String>,
}

/// What going back would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollbackPlan {
    /// The app.
    pub app: String,
    /// The version that is active now.
    pub from: Option<i64>,
    /// The version that would become active.
    pub to: i64,
    /// Migrations that have been run and that the version does not know.
    pub unknown_migrations: Vec<UnknownMigration>,
    /// Why it cannot be told which migrations have been run.
    pub not_known: Option<String>,
    /// Whether it takes `force`: one of them has destroyed something, or nobody can tell.
    pub needs_force: bool,
}

/// A migration that a version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnknownMigration {
    /// Its name.
    pub name: String,
    /// The version that has run it; none where that is not known.
    pub version: Option<i64>,
    /// Tables and columns that it has destroyed.
    pub destroyed: Vec<String>,
}

/// Another version is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RolledBack {
    /// The app.
    pub app: String,
    /// The version that is active now.
    pub version: i64,
    /// The one that was active before.
    pub previous: Option<i64>,
    /// The generation from which hosts serve it.
    pub generation: i64,
    /// Migrations that have been run and that the version does not know.
    pub unknown_migrations: Vec<UnknownMigration>,
}

impl Operations {
    /// What [`Self::rollback`] would do. Changes nothing.
    pub async fn rollback_plan(&self, app: &str, version: Option<i64>) -> Result<RollbackPlan> {
        let found = self.find_app(app).await?;
        let to = match version {
            Some(version) => version,
            None => self.version_before(&found).await?,
        };
        if found.active == Some(to) {
            return Err(OperationError::conflict(format!("version {to} of {app} is active already")));
        }
        self.find_version(app, to).await?;
        let looked = self.registry.unknown_migrations(&found, to).await;
        let (unknown, not_known) = match looked {
            Ok(unknown) => (unknown, None),
            // A deployer need not have what the hosts have.
            Err(error) if found.database_var.is_some() => (Vec::new(), Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let unknown_migrations: Vec<UnknownMigration> = unknown.into_iter().map(UnknownMigration::from).collect();
        let has_lost = unknown_migrations.iter().any(|migration| !migration.destroyed.is_empty());
        let needs_force = has_lost || not_known.is_some();
        Ok(RollbackPlan {
            app: app.to_owned(),
            from: found.active,
            to,
            unknown_migrations,
            not_known,
            needs_force,
        })
    }

    /// Makes an earlier version active, or a later one again.
    pub async fn rollback(&self, actor: &Actor, app: &str, request: &RollbackRequest) -> Result<RolledBack> {
        check_note(request.note.as_deref())?;
        let plan = self.rollback_plan(app, request.version).await?;
        if plan.needs_force && !request.force {
            return Err(OperationError::conflict(refusal(&plan)));
        }
        let note = request.note.as_deref();
        let (version, kind, instead_of) = (plan.to, ActivationKind::Rollback, plan.from);
        let activate = Activate { app, version, kind, actor, note, instead_of, from_canary: false };
        let generation = self.database().activate(activate).await?;
        let generation = generation
            .ok_or_else(|| OperationError::conflict("another version was made active meanwhile: look again"))?;
        Ok(RolledBack {
            app: plan.app,
            version: plan.to,
            previous: plan.from,
            generation,
            unknown_migrations: plan.unknown_migrations,
        })
    }

    async fn version_before(&self, app: &App) -> Result<i64> {
        let none = || {
            let text = format!(
                "app {} has no version before the active one: innkeeper versions {0} lists them",
                app.name
            );
            OperationError::conflict(text)
        };
        let active = app.active.ok_or_else(none)?;
        let activations = self.database().activations(&app.name).await?;
        if let Some(before) = registry::before(&activations, active) {
            if self.database().version(&app.name, before).await?.is_none() {
                return Err(OperationError::conflict(format!(
                    "version {before} of {}, which was active before, has been removed: innkeeper versions {0} lists those that are there, --version names one",
                    app.name
                )));
            }
            return Ok(before);
        }
        // Earlier releases wrote down no activations.
        let versions = self.database().versions(&app.name).await?;
        versions.iter().map(|version| version.number).find(|number| *number < active).ok_or_else(none)
    }
}

impl From<Applied> for UnknownMigration {
    fn from(applied: Applied) -> Self {
        Self { name: applied.name, version: applied.version, destroyed: applied.destroyed }
    }
}

fn refusal(plan: &RollbackPlan) -> String {
    if let Some(why) = &plan.not_known {
        return format!(
            "it cannot be told which migrations have been run ({why}): --force goes back all the same"
        );
    }
    let destroying = plan.unknown_migrations.iter().filter(|migration| !migration.destroyed.is_empty());
    let list: Vec<String> = destroying
        .map(|migration| format!("{} has destroyed {}", migration.name, migration.destroyed.join(", ")))
        .collect();
    format!(
        "version {} does not know migrations that later versions have run: {}; --force goes back all the same",
        plan.to,
        list.join("; ")
    )
}
