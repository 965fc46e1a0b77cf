//! `innkeeper migrate`

use super::{DatabaseArgs, output, setup};
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::Database;
use anyhow::Context;
use clap::Args;

/// Brings the host's tables up to date. Locked against others that do the same; for the release phase.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.database.load()?;
    let database = Database::open(&config)?;
    let applied = database.migrate().await.with_context(|| setup::unreachable(&config))?;
    if applied.is_empty() {
        output::line("the host's tables are up to date");
    }
    for name in applied {
        output::line(format!("applied {name}"));
    }
    migrate_own(&config, &database).await
}

/// The host's tables in the databases that apps name for themselves. One that cannot be used is told and stops nothing: its app is closed
/// until it can be.
async fn migrate_own(config: &Config, database: &Database) -> anyhow::Result<()> {
    let own = OwnDatabases::new(config.clone());
    for app in database.apps().await? {
        let Some(var) = &app.database_var else { continue };
        match own.make_space(database, var, &app.name).await {
            Ok(_) => output::line(format!("app {}: the host's tables in {var} are up to date", app.name)),
            Err(error) => output::line(format!("app {}: not migrated: {error}", app.name)),
        }
    }
    own.close().await;
    Ok(())
}
