//! An app that a command works on, and the database that has it.

use super::setup;
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::apps::App;
use crate::storage::{AppSpace, Database, Transactions, UnitOfWork};
use anyhow::{Context, bail};

/// See the module.
pub(super) struct Target {
    pub(super) config: Config,
    /// The host's database, which has the registry.
    pub(super) database: Database,
    /// As registered; none where the app is new.
    pub(super) app: Option<App>,
    /// Where the app's things are.
    pub(super) space: AppSpace,
    /// Keeps the connections of an app's own database.
    own: OwnDatabases,
}

impl Target {
    /// Finds the app. Only one that is registered: a name that is mistyped would get tables of its own.
    pub(super) async fn find(config: Config, name: &str) -> anyhow::Result<Self> {
        let target = Self::registered(&config, name).await?;
        match target {
            Some(target) => Ok(target),
            None => bail!("there is no app {name}: deploy it first (innkeeper deploy), or look at innkeeper apps"),
        }
    }

    /// Finds the app, or makes room for one that is new.
    pub(super) async fn find_or_make(config: Config, name: &str) -> anyhow::Result<Self> {
        crate::storage::apps::check_name(name)?;
        if let Some(target) = Self::registered(&config, name).await? {
            return Ok(target);
        }
        let database = setup::database(&config).await?;
        let space = database.make_space(name).await?;
        Ok(Self { own: OwnDatabases::new(config.clone()), config, database, app: None, space })
    }

    async fn registered(config: &Config, name: &str) -> anyhow::Result<Option<Self>> {
        let database = setup::database(config).await?;
        let apps = database.apps().await.with_context(|| setup::unreachable(config))?;
        let Some(app) = apps.into_iter().find(|app| app.name == name) else { return Ok(None) };
        let own = OwnDatabases::new(config.clone());
        let space = match &app.database_var {
            Some(var) => own.make_space(&database, var, &app.name).await?,
            None => database.make_space(&app.name).await?,
        };
        Ok(Some(Self { config: config.clone(), database, app: Some(app), space, own }))
    }

    pub(super) fn unit(&self) -> UnitOfWork {
        UnitOfWork::new(self.space.clone(), Transactions::Request)
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub(super) async fn close(self) {
        self.own.close().await;
        self.database.close().await;
    }
}
