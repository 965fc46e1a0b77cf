//! Whom a command that changes or looks at apps speaks to: the database itself, or, with `--to`, a
//! host that serves.

use super::logs::{LogExcerpt, LogQuery};
use super::{DatabaseArgs, HostArgs, setup};
use crate::config::Config;
use crate::guests::overrides::ConfigValue;
use crate::operations::{
    ActivationView, AppChanges, AppView, AuditView, Deleted, DeletionPlan, DeployRequest, Deployed, HostView,
    Lagging, Operations, PrunedView, RollbackPlan, RollbackRequest, RolledBack, SettingsView, Stage, VersionView,
};
use crate::storage::registry::Actor;
use anyhow::{Context, bail};
use bytes::Bytes;
use clap::Args;
use std::collections::BTreeMap;

/// Where the apps are.
#[derive(Debug, Clone, Args)]
pub(super) struct ControlArgs {
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
}

/// The same for commands that have another use for the flag `--database-var`.
#[derive(Debug, Clone, Args)]
pub(super) struct HostControlArgs {
    #[command(flatten)]
    pub(super) host: HostArgs,
}

impl HostControlArgs {
    /// The same, as other commands have it.
    pub(super) fn control(&self) -> ControlArgs {
        ControlArgs { database: self.host.database() }
    }
}

/// See the module.
pub(super) enum Control {
    /// On the database.
    Direct(Box<Direct>),
}

/// On the database.
pub(super) struct Direct {
    operations: Operations,
    actor: Actor,
}

fn nothing(config: &Config, app: &str) -> String {
    let place = config.database.target.place();
    format!("there is no app {app}: nothing is in {place} yet; deploy the app first (innkeeper deploy)")
}

/// Who runs a command, for the account of what was done.
pub(super) fn actor(config: &Config) -> Actor {
    Actor { name: config.person().to_owned(), origin: Some(format!("command line on {}", config.machine())) }
}

impl Control {
    /// For a command that lists: makes nothing. None where there is nothing yet.
    pub(super) async fn to_list(args: &ControlArgs) -> anyhow::Result<Option<Self>> {
        let config = args.database.load_aloud()?;
        let database = setup::reading(&config).await?;
        database.map(|database| Self::direct(&config, database)).transpose()
    }

    /// For a command that looks at an app: makes nothing. An error where there is nothing yet.
    pub(super) async fn to_read(args: &ControlArgs, app: &str) -> anyhow::Result<Self> {
        let config = args.database.load_aloud()?;
        match setup::reading(&config).await? {
            Some(database) => Self::direct(&config, database),
            None => bail!(nothing(&config, app)),
        }
    }

    /// For a command that changes an app. An error where there is nothing yet.
    pub(super) async fn to_change(args: &ControlArgs, app: &str) -> anyhow::Result<Self> {
        args.database.load_aloud()?;
        Self::to_change_quietly(args, app).await
    }

    /// The same for a command that has said already which database it acts on.
    pub(super) async fn to_change_quietly(args: &ControlArgs, app: &str) -> anyhow::Result<Self> {
        let config = args.database.load()?;
        match setup::existing(&config).await? {
            Some(database) => Self::direct(&config, database),
            None => bail!(nothing(&config, app)),
        }
    }

    /// For a command that may be the first.
    pub(super) async fn to_deploy(args: &ControlArgs) -> anyhow::Result<Self> {
        let config = args.database.load_aloud()?;
        super::deploy::tell_if_new(&config).await?;
        let database = setup::database(&config).await.with_context(|| setup::unreachable(&config))?;
        Self::direct(&config, database)
    }

    fn direct(config: &Config, database: crate::storage::Database) -> anyhow::Result<Self> {
        let compiler = setup::compiler(config)?;
        let registry = setup::registry(config, database, compiler);
        let (operations, actor) = (Operations::new(registry), actor(config));
        Ok(Self::Direct(Box::new(Direct { operations, actor })))
    }

    /// All apps, by name.
    pub(super) async fn apps(&self) -> anyhow::Result<Vec<AppView>> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.apps().await?),
        }
    }

    /// One app.
    pub(super) async fn app(&self, app: &str) -> anyhow::Result<AppView> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.app(app).await?),
        }
    }

    /// The versions of an app, the newest first.
    pub(super) async fn versions(&self, app: &str) -> anyhow::Result<Vec<VersionView>> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.versions(app).await?),
        }
    }

    /// What was active when, the newest first.
    pub(super) async fn activations(&self, app: &str) -> anyhow::Result<Vec<ActivationView>> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.activations(app).await?),
        }
    }

    /// The component of a version; none: of the active one.
    pub(super) async fn component(&self, app: &str, version: Option<i64>) -> anyhow::Result<(i64, Vec<u8>)> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.component(app, version).await?),
        }
    }

    /// Deploys a component.
    pub(super) async fn deploy(
        &self,
        app: &str,
        component: Bytes,
        request: &DeployRequest,
        progress: impl Fn(Stage),
    ) -> anyhow::Result<Deployed> {
        match self {
            Self::Direct(direct) => {
                Ok(direct.operations.deploy(&direct.actor, app, component, request, progress).await?)
            }
        }
    }

    /// What going back would do.
    pub(super) async fn rollback_plan(&self, app: &str, version: Option<i64>) -> anyhow::Result<RollbackPlan> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.rollback_plan(app, version).await?),
        }
    }

    /// Goes back.
    pub(super) async fn rollback(&self, app: &str, request: &RollbackRequest) -> anyhow::Result<RolledBack> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.rollback(&direct.actor, app, request).await?),
        }
    }

    /// Makes the canary active.
    pub(super) async fn promote(&self, app: &str, note: Option<&str>) -> anyhow::Result<RolledBack> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.promote(&direct.actor, app, note).await?),
        }
    }

    /// Ends the canary. Returns its number.
    pub(super) async fn abort(&self, app: &str, note: Option<&str>) -> anyhow::Result<i64> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.abort(&direct.actor, app, note).await?),
        }
    }

    /// What is in force for an app, with values masked.
    pub(super) async fn settings(&self, app: &str) -> anyhow::Result<SettingsView> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.settings(app).await?),
        }
    }

    /// Sets values that the guest reads.
    pub(super) async fn set_config(
        &self,
        app: &str,
        values: BTreeMap<String, ConfigValue>,
    ) -> anyhow::Result<SettingsView> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.set_config(&direct.actor, app, values).await?),
        }
    }

    /// Takes back values that were set.
    pub(super) async fn unset_config(&self, app: &str, names: &[String]) -> anyhow::Result<SettingsView> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.unset_config(&direct.actor, app, names).await?),
        }
    }

    /// Changes an app.
    pub(super) async fn change_app(&self, app: &str, changes: &AppChanges) -> anyhow::Result<SettingsView> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.change_app(&direct.actor, app, changes).await?),
        }
    }

    /// What would go with an app.
    pub(super) async fn deletion_plan(&self, app: &str) -> anyhow::Result<DeletionPlan> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.deletion_plan(app).await?),
        }
    }

    /// Deletes an app.
    pub(super) async fn delete_app(&self, app: &str, keep_data: bool) -> anyhow::Result<Deleted> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.delete_app(&direct.actor, app, keep_data).await?),
        }
    }

    /// Versions that [`Self::prune`] would remove.
    pub(super) async fn prunable(&self, app: &str, keep: Option<u32>) -> anyhow::Result<PrunedView> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.prunable(app, keep).await?),
        }
    }

    /// Removes old versions.
    pub(super) async fn prune(&self, app: &str, keep: Option<u32>) -> anyhow::Result<PrunedView> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.prune(&direct.actor, app, keep).await?),
        }
    }

    /// The hosts that serve from the database.
    pub(super) async fn hosts(&self) -> anyhow::Result<Vec<HostView>> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.hosts().await?),
        }
    }

    /// The live hosts that do not serve an app as it is from `generation` on.
    pub(super) async fn lagging(&self, app: &str, generation: i64) -> anyhow::Result<Vec<Lagging>> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.lagging(app, generation).await?),
        }
    }

    /// What was done, the newest first.
    pub(super) async fn audit(
        &self,
        app: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> anyhow::Result<Vec<AuditView>> {
        match self {
            Self::Direct(direct) => Ok(direct.operations.audit(app, before, most).await?),
        }
    }

    /// The last lines of an app's log.
    pub(super) async fn logs(&self, app: &str, _query: &LogQuery) -> anyhow::Result<LogExcerpt> {
        match self {
            Self::Direct(_) => bail!(
                "the log of {app} is in the memory of the hosts that serve it and not in the database: name a host with --to URL, and                  its token in INNKEEPER_TOKEN"
            ),
        }
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub(super) async fn close(self) {
        match self {
            Self::Direct(direct) => direct.operations.close().await,
        }
    }
}
