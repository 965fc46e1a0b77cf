//! An app that a command is about, and the database that has it.

use super::{DatabaseArgs, output, setup};
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::registry::App;
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
    /// Finds the app, to change something in it. Only one that is registered: a name that is
    /// mistyped would get tables of its own.
    pub(super) async fn find(app: &str, database: &DatabaseArgs) -> anyhow::Result<Self> {
        let config = database.load_aloud()?;
        let host = setup::existing(&config).await?;
        let (host, found) = registered(app, &config, host).await?;
        Self::at(app, config, host, Some(found)).await
    }

    /// Finds the app, only to read: makes nothing, not even a file.
    pub(super) async fn read(app: &str, database: &DatabaseArgs) -> anyhow::Result<Self> {
        Self::read_by(app, database.load_aloud()?).await
    }

    /// The same, where the flags have been read.
    pub(super) async fn read_by(app: &str, config: Config) -> anyhow::Result<Self> {
        let host = setup::reading(&config).await?;
        let (host, found) = registered(app, &config, host).await?;
        if found.database_var.is_none() && host.space_that_is_there(app).is_none() {
            bail!("app {app} has nothing yet in {}", config.database.target.place());
        }
        Self::at(app, config, host, Some(found)).await
    }

    /// Finds the app, or makes room for one that is new.
    pub(super) async fn find_or_make(app: &str, config: Config) -> anyhow::Result<Self> {
        crate::storage::registry::check_name(app)?;
        let database = setup::database(&config).await?;
        let found = look(app, &config, &database).await?;
        Self::at(app, config, database, found).await
    }

    async fn at(name: &str, config: Config, database: Database, app: Option<App>) -> anyhow::Result<Self> {
        let own = OwnDatabases::new(config.clone());
        let var = app.as_ref().and_then(|app| app.database_var.as_deref());
        if let Some(own) = var.and_then(|var| config.app_database(var).ok()) {
            output::note(format!("app {name}: its own {}", own.announcement()));
        }
        let space = space(&database, &own, name, var).await?;
        Ok(Self { config, database, app, space, own })
    }

    /// All that the command changes in the app, kept together.
    pub(super) fn unit(&self) -> UnitOfWork {
        UnitOfWork::new(self.space.clone(), Transactions::Request)
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub(super) async fn close(self) {
        self.own.close().await;
        self.database.close().await;
    }
}

/// The app, where there is one of this name.
pub(super) async fn registered(
    app: &str,
    config: &Config,
    host: Option<Database>,
) -> anyhow::Result<(Database, App)> {
    let place = config.database.target.place();
    let Some(host) = host else {
        bail!("there is no app {app}: nothing is in {place} yet; deploy the app first (innkeeper deploy)");
    };
    match look(app, config, &host).await? {
        Some(found) => Ok((host, found)),
        None => bail!("there is no app {app}: deploy it first (innkeeper deploy), or look at innkeeper apps"),
    }
}

async fn look(app: &str, config: &Config, database: &Database) -> anyhow::Result<Option<App>> {
    database.find_app(app).await.with_context(|| setup::unreachable(config))
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
