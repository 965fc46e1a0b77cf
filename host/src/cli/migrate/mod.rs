//! `innkeeper migrate`: the host's own tables, or with a verb those of an app.

mod app;
mod files;
mod findings;
mod status;

use super::{DatabaseArgs, output, setup};
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::Database;
use anyhow::Context;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Brings the host's tables up to date. Locked against others that do the same; for the release phase. With a verb: the tables of an app.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run what is missing and undo it: shows what `apply` would do, and whether it would succeed
    Plan(PlanOptions),
    /// Run what is missing, all or none
    Apply(ApplyOptions),
    /// Show what has been run, what has not, and the app's tables
    Status(AppOptions),
    /// Note the steps as run without running them, for a database that has their tables already
    Baseline(AppOptions),
    /// Take steps that have been run as they are now, changed or without their file; runs nothing
    Accept(AcceptOptions),
}

/// A folder of steps. `NNNN-name.sql` holds statements separated by semicolons, `NNNN-name.sqlite.sql` those to run instead on SQLite. They are the
/// same steps as a guest's `migrate` with the name `NNNN-name`. A line `-- destroys: entries.note, other` names the columns and tables that the step may
/// destroy; without it a step that does is refused.
#[derive(Debug, Args)]
struct AppOptions {
    /// The app
    #[arg(long, value_name = "NAME")]
    app: String,
    /// The folder of the steps [default: migrations]
    #[arg(long, value_name = "DIRECTORY")]
    from: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Args)]
struct PlanOptions {
    #[command(flatten)]
    app: AppOptions,
    /// Run this step although one with a higher number has been run, or another one has its number;
    /// may be given more than once
    #[arg(long, value_name = "STEP")]
    out_of_order: Vec<String>,
}

#[derive(Debug, Args)]
struct AcceptOptions {
    /// The steps
    #[arg(required = true, value_name = "STEP")]
    steps: Vec<String>,
    #[command(flatten)]
    app: AppOptions,
}

#[derive(Debug, Args)]
struct ApplyOptions {
    #[command(flatten)]
    plan: PlanOptions,
    /// Run steps that destroy something, too
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        None => host_tables(&options.database).await,
        Some(Verb::Plan(options)) => Box::pin(app::plan(options)).await,
        Some(Verb::Apply(options)) => Box::pin(app::apply(&options.plan, options.yes)).await,
        Some(Verb::Status(options)) => Box::pin(status::show(options)).await,
        Some(Verb::Baseline(options)) => app::baseline(options).await,
        Some(Verb::Accept(options)) => app::accept(options).await,
    }
}

async fn host_tables(database: &DatabaseArgs) -> anyhow::Result<()> {
    let config = database.load_aloud()?;
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
