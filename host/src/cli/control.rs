//! Whom a command that changes or looks at apps speaks to: the database itself, or, with `--to`, a
//! host that serves.

use super::logs::LogQuery;
use super::remote::Client;
use super::{DatabaseArgs, HostArgs, output, setup};
use crate::config::Config;
use crate::operations::{
    self, ActivationView, AppChanges, AppView, AuditView, ConfigChanges, Deleted, DeletionPlan, DeployRequest,
    Deployed, ErrorKind, HostView, KeyView, Lagging, LogView, NewToken, Operations, PrunedView, RollbackPlan,
    RollbackRequest, RolledBack, Scopes, SettingsView, Stage, TokenRequest, TokenView, VersionView,
};
use crate::storage::registry::Actor;
use anyhow::bail;
use bytes::Bytes;
use clap::Args;

/// Where the apps are.
#[derive(Debug, Clone, Args)]
pub(super) struct ControlArgs {
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    /// Act on the host at this URL, by its admin API and the token in INNKEEPER_TOKEN, and not on a
    /// database
    #[arg(long, value_name = "URL", conflicts_with_all = ["database_url", "database_var", "data", "allow_ephemeral"])]
    pub(super) to: Option<String>,
}

/// Where the apps are, and how the result is printed.
#[derive(Debug, Clone, Args)]
pub(super) struct CommonArgs {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) control: ControlArgs,
}

/// [`ControlArgs`] for commands that have another use for the flag `--database-var`.
#[derive(Debug, Clone, Args)]
pub(super) struct HostControlArgs {
    #[command(flatten)]
    pub(super) host: HostArgs,
    /// Act on the host at this URL, by its admin API and the token in INNKEEPER_TOKEN, and not on a
    /// database
    #[arg(long, value_name = "URL", conflicts_with_all = ["database_url", "data", "allow_ephemeral", "database_var", "no_database_var"])]
    pub(super) to: Option<String>,
}

impl HostControlArgs {
    /// The same, as other commands have it.
    pub(super) fn control(&self) -> ControlArgs {
        ControlArgs { database: self.host.database(), to: self.to.clone() }
    }
}

/// The operations on apps, of the one or the other.
pub(super) enum Control {
    /// On the database.
    Direct(Box<Direct>),
    /// By the admin API of a host.
    Remote(Box<Client>),
}

/// On the database.
pub(super) struct Direct {
    operations: Operations,
    actor: Actor,
    /// The database, for people.
    place: String,
}

impl Direct {
    /// What an operation returns, with the database in front of an error that is about it: SQLite
    /// and Postgres do not say where they are.
    fn told<T>(&self, result: operations::Result<T>) -> anyhow::Result<T> {
        result.map_err(|error| match error.kind {
            ErrorKind::Unavailable | ErrorKind::Internal => anyhow::Error::from(error).context(self.place.clone()),
            _ => error.into(),
        })
    }
}

fn nothing(config: &Config, app: &str) -> String {
    let place = config.database.target.place();
    format!("there is no app {app}: nothing is in {place} yet; deploy the app first (innkeeper deploy)")
}

/// Who runs a command, for the account of what was done.
pub(super) fn actor(config: &Config) -> Actor {
    Actor { name: config.person(), origin: Some(format!("command line on {}", config.machine())) }
}

impl Control {
    /// For a command that lists: makes nothing. None where there is nothing yet.
    pub(super) async fn to_list(args: &ControlArgs) -> anyhow::Result<Option<Self>> {
        if let Some(url) = &args.to {
            return Self::remote(url).map(Some);
        }
        let config = args.database.load_aloud()?;
        let database = setup::reading(&config).await?;
        database.map(|database| Self::direct(&config, database)).transpose()
    }

    /// What a command lists; nothing where there is nothing yet, which stays so.
    pub(super) async fn listed<T>(
        args: &ControlArgs,
        look: impl AsyncFnOnce(&Self) -> anyhow::Result<Vec<T>>,
    ) -> anyhow::Result<Vec<T>> {
        let Some(control) = Self::to_list(args).await? else { return Ok(Vec::new()) };
        let found = look(&control).await;
        control.close().await;
        found
    }

    /// For a command that looks at an app: makes nothing. An error where there is nothing yet.
    pub(super) async fn to_read(args: &ControlArgs, app: &str) -> anyhow::Result<Self> {
        if let Some(url) = &args.to {
            return Self::remote(url);
        }
        let config = args.database.load_aloud()?;
        match setup::reading(&config).await? {
            Some(database) => Self::direct(&config, database),
            None => bail!(nothing(&config, app)),
        }
    }

    /// For a command that changes an app. An error where there is nothing yet.
    pub(super) async fn to_change(args: &ControlArgs, app: &str) -> anyhow::Result<Self> {
        match &args.to {
            Some(url) => Self::remote(url),
            None => Self::existing(args.database.load_aloud()?, app).await,
        }
    }

    /// The same for a command that has said already which database it acts on.
    pub(super) async fn to_change_quietly(args: &ControlArgs, app: &str) -> anyhow::Result<Self> {
        match &args.to {
            Some(url) => Self::remote(url),
            None => Self::existing(args.database.load()?, app).await,
        }
    }

    async fn existing(config: Config, app: &str) -> anyhow::Result<Self> {
        match setup::existing(&config).await? {
            Some(database) => Self::direct(&config, database),
            None => bail!(nothing(&config, app)),
        }
    }

    /// For a command that may be the first.
    pub(super) async fn to_create(args: &ControlArgs) -> anyhow::Result<Self> {
        if let Some(url) = &args.to {
            return Self::remote(url);
        }
        let config = args.database.load_aloud()?;
        super::deploy::tell_if_new(&config).await?;
        let database = setup::database(&config).await?;
        Self::direct(&config, database)
    }

    /// By the admin API of the host at a URL, which is said before anything is done with it.
    fn remote(url: &str) -> anyhow::Result<Self> {
        let client = Client::new(url)?;
        output::note(format!("host: {}", client.place()));
        Ok(Self::Remote(Box::new(client)))
    }

    fn direct(config: &Config, database: crate::storage::Database) -> anyhow::Result<Self> {
        let compiler = setup::compiler(config)?;
        let registry = setup::registry(config, database, compiler);
        let (operations, actor) = (Operations::new(registry), actor(config));
        let place = config.database.target.place();
        Ok(Self::Direct(Box::new(Direct { operations, actor, place })))
    }

    /// All apps, by name.
    pub(super) async fn apps(&self) -> anyhow::Result<Vec<AppView>> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.apps().await),
            Self::Remote(client) => client.apps().await,
        }
    }

    /// One app.
    pub(super) async fn app(&self, app: &str) -> anyhow::Result<AppView> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.app(app).await),
            Self::Remote(client) => client.app(app).await,
        }
    }

    /// The versions of an app, the newest first.
    pub(super) async fn versions(&self, app: &str) -> anyhow::Result<Vec<VersionView>> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.versions(app).await),
            Self::Remote(client) => client.versions(app).await,
        }
    }

    /// What was active when, the newest first.
    pub(super) async fn activations(&self, app: &str) -> anyhow::Result<Vec<ActivationView>> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.activations(app).await),
            Self::Remote(client) => client.activations(app).await,
        }
    }

    /// The component of a version; none: of the active one.
    pub(super) async fn component(&self, app: &str, version: Option<i64>) -> anyhow::Result<(i64, Vec<u8>)> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.component(app, version).await),
            Self::Remote(client) => client.component(app, version).await,
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
                direct.told(direct.operations.deploy(&direct.actor, app, component, None, request, progress).await)
            }
            Self::Remote(client) => client.deploy(app, component, request, progress).await,
        }
    }

    /// What going back would do.
    pub(super) async fn rollback_plan(&self, app: &str, version: Option<i64>) -> anyhow::Result<RollbackPlan> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.rollback_plan(app, version).await),
            Self::Remote(client) => client.rollback_plan(app, version).await,
        }
    }

    /// Goes back.
    pub(super) async fn rollback(&self, app: &str, request: &RollbackRequest) -> anyhow::Result<RolledBack> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.rollback(&direct.actor, app, request).await),
            Self::Remote(client) => client.rollback(app, request).await,
        }
    }

    /// Makes the canary active.
    pub(super) async fn promote(&self, app: &str, note: Option<&str>) -> anyhow::Result<RolledBack> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.promote(&direct.actor, app, note).await),
            Self::Remote(client) => client.promote(app, note).await,
        }
    }

    /// Ends the canary. Returns its number.
    pub(super) async fn abort(&self, app: &str, note: Option<&str>) -> anyhow::Result<i64> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.abort(&direct.actor, app, note).await),
            Self::Remote(client) => client.abort(app, note).await,
        }
    }

    /// What is in force for an app, with values masked.
    pub(super) async fn settings(&self, app: &str) -> anyhow::Result<SettingsView> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.settings(app).await),
            Self::Remote(client) => client.settings(app).await,
        }
    }

    /// Sets values that the guest reads, and takes back others.
    pub(super) async fn change_config(&self, app: &str, changes: ConfigChanges) -> anyhow::Result<SettingsView> {
        match self {
            Self::Direct(direct) => {
                direct.told(direct.operations.change_config(&direct.actor, app, changes).await)
            }
            Self::Remote(client) => client.change_config(app, &changes).await,
        }
    }

    /// Changes an app.
    pub(super) async fn change_app(&self, app: &str, changes: &AppChanges) -> anyhow::Result<SettingsView> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.change_app(&direct.actor, app, changes).await),
            Self::Remote(client) => client.change_app(app, changes).await,
        }
    }

    /// What would go with an app.
    pub(super) async fn deletion_plan(&self, app: &str) -> anyhow::Result<DeletionPlan> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.deletion_plan(app).await),
            Self::Remote(client) => client.deletion_plan(app).await,
        }
    }

    /// Deletes an app.
    pub(super) async fn delete_app(&self, app: &str, keep_data: bool) -> anyhow::Result<Deleted> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.delete_app(&direct.actor, app, keep_data).await),
            Self::Remote(client) => client.delete_app(app, keep_data).await,
        }
    }

    /// Versions that [`Self::prune`] would remove.
    pub(super) async fn prunable(&self, app: &str, keep: Option<u32>) -> anyhow::Result<PrunedView> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.prunable(app, keep).await),
            Self::Remote(client) => client.prunable(app, keep).await,
        }
    }

    /// Removes old versions.
    pub(super) async fn prune(&self, app: &str, keep: Option<u32>) -> anyhow::Result<PrunedView> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.prune(&direct.actor, app, keep).await),
            Self::Remote(client) => client.prune(app, keep).await,
        }
    }

    /// The hosts that serve from the database.
    pub(super) async fn hosts(&self) -> anyhow::Result<Vec<HostView>> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.hosts().await),
            Self::Remote(client) => client.hosts().await,
        }
    }

    /// The live hosts that do not serve an app as it is from `generation` on.
    pub(super) async fn lagging(&self, app: &str, generation: i64) -> anyhow::Result<Vec<Lagging>> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.lagging(app, generation).await),
            Self::Remote(client) => client.lagging(app, generation).await,
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
            Self::Direct(direct) => direct.told(direct.operations.audit(app, before, most).await),
            Self::Remote(client) => client.audit(app, before, most).await,
        }
    }

    /// The keys that sign URLs, the newest first.
    pub(super) async fn keys(&self) -> anyhow::Result<Vec<KeyView>> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.keys().await),
            Self::Remote(client) => client.keys().await,
        }
    }

    /// Makes a key that signs from now on; with `revoke` all others are forgotten.
    pub(super) async fn rotate_keys(&self, revoke: bool) -> anyhow::Result<KeyView> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.rotate_keys(&direct.actor, revoke).await),
            Self::Remote(client) => client.rotate_keys(revoke).await,
        }
    }

    /// All tokens of the admin API, the newest first.
    pub(super) async fn tokens(&self) -> anyhow::Result<Vec<TokenView>> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.tokens().await),
            Self::Remote(client) => client.tokens().await,
        }
    }

    /// Makes a token. Who has the database may do everything, and so may give everything.
    pub(super) async fn create_token(&self, request: &TokenRequest) -> anyhow::Result<NewToken> {
        match self {
            Self::Direct(direct) => {
                direct.told(direct.operations.create_token(&direct.actor, &Scopes::all(), request).await)
            }
            Self::Remote(client) => client.create_token(request).await,
        }
    }

    /// Makes a token worthless.
    pub(super) async fn revoke_token(&self, id: &str) -> anyhow::Result<TokenView> {
        match self {
            Self::Direct(direct) => direct.told(direct.operations.revoke_token(&direct.actor, id).await),
            Self::Remote(client) => client.revoke_token(id).await,
        }
    }

    /// The last lines of an app's log.
    pub(super) async fn logs(&self, app: &str, query: &LogQuery) -> anyhow::Result<LogView> {
        match self {
            Self::Direct(_) => bail!(
                "the log of {app} is in the memory of the hosts that serve it and not in the database: name a host with --to URL, \
                 and its token in INNKEEPER_TOKEN"
            ),
            Self::Remote(client) => client.logs(app, query).await,
        }
    }

    /// Waits until connections that ended irregularly have been cleaned up.
    pub(super) async fn close(self) {
        match self {
            Self::Direct(direct) => direct.operations.close().await,
            Self::Remote(_) => {}
        }
    }
}
