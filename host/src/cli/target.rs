//! An app that a command is about, and the database that has it.

use super::{DatabaseArgs, setup};
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::{AppSpace, Database};
use anyhow::{Context, bail};

/// See the module.
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) space: AppSpace,
    /// Keeps the connections of an app's own database.
    _own: OwnDatabases,
}

impl Target {
    /// Finds the app. Only one that is registered: a name that is mistyped would get tables of its own.
    pub(super) async fn find(app: &str, database: &DatabaseArgs) -> anyhow::Result<Self> {
        let config = database.load()?;
        let database = setup::database(&config).await?;
        let apps = database.apps().await.with_context(|| setup::unreachable(&config))?;
        let Some(found) = apps.iter().find(|found| found.name == app) else {
            bail!("there is no app {app}: deploy it first (innkeeper deploy), or look at innkeeper apps");
        };
        let own = OwnDatabases::new(config.clone());
        let space = space(&database, &own, &found.name, found.database_var.as_deref()).await?;
        Ok(Self { config, space, _own: own })
    }
}

/// Where the things of an app are that names a database for itself, or does not.
pub(super) async fn space(
    host: &Database,
    own: &OwnDatabases,
    app: &str,
    var: Option<&str>,
) -> anyhow::Result<AppSpace> {
    Ok(match var {
        Some(var) => own.make_space(host, var, app).await?,
        None => host.make_space(app).await?,
    })
}
