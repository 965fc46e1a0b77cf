//! `innkeeper deploy`

use super::project::Project;
use super::{DatabaseArgs, output, setup};
use crate::config::{Config, DatabaseTarget};
use crate::guests::routes;
use crate::storage::apps::Deployment;
use crate::storage::{Database, RegistryState};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Writes a component into the database as the next version of an app and makes it the active one. Every host that serves from
/// this database notices within a second, compiles it and swaps to it, without a restart.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A component, or the folder of a guest project (which is built first)
    path: PathBuf,
    /// The app [default: the name in innkeeper.toml, else the file's]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Which requests it answers: a path such as / or /blog, or a host name [default: unchanged; / for the first app]
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.database.load_aloud()?;
    tell_if_new(&config).await?;
    let project = Project::open(&options.path)?;
    let app = project.app_name(options.app.as_deref())?;
    crate::storage::apps::check_name(&app)?;
    let route = options.route.as_deref().map(routes::check).transpose().map_err(anyhow::Error::msg)?;
    project.build().await?;
    let component = project.read()?;
    let compiler = setup::compiler(&config)?;
    let compiled = compiler.compile(component.clone().into()).await;
    let compiled = compiled.with_context(|| project.component.display().to_string())?;
    let database = setup::database(&config).await?;
    setup::publish(&compiler, &database, &compiled, "deploy").await;
    let settings = project.settings_json()?;
    let deployment = Deployment { app: &app, route: route.as_deref(), settings: &settings, component: &component };
    let version = database.deploy(deployment).await.with_context(|| setup::unreachable(&config))?;
    output::line(format!("{app}: version {version} is active"));
    database.close().await;
    Ok(())
}

/// A folder that is made by the way is most likely not where the app was to go.
async fn tell_if_new(config: &Config) -> anyhow::Result<()> {
    let DatabaseTarget::Sqlite(folder) = &config.database.target else { return Ok(()) };
    let database = Database::open(config)?;
    if database.registry_state().await? == RegistryState::Missing && !database.is_served().await? {
        output::note(format!(
            "note: nothing is in {0} yet, and no host serves it; `innkeeper serve --data {0}` does, and --database-url or \
             --database-var names another database",
            folder.display()
        ));
    }
    Ok(())
}
