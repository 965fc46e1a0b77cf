//! `innkeeper migrate`: the host's own tables, or with a verb those of an app.

mod app;
mod files;
mod findings;
mod status;

use super::{DatabaseArgs, OneApp, output, setup};
use crate::config::Config;
use crate::guests::OwnDatabases;
use crate::storage::{self, Code, Database};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// For so long the database may be busy with others.
const TURN: Duration = Duration::from_secs(60);
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Bring the host's tables up to date; does nothing where they are
///
/// Brings the host's tables up to date. Locked against others that do the same; for the release
/// phase.
///
/// With a verb: the tables of an app, from a folder of steps. `NNNN-name.sql` holds statements
/// separated by semicolons, `NNNN-name.sqlite.sql` those to run instead on SQLite. They are the
/// same steps as a guest's `migrate` with the name `NNNN-name`. A line `-- destroys: entries.note,
/// other` names the columns and tables that the step may destroy; without it a step that does is
/// refused.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper migrate
  innkeeper migrate --database-var DATABASE_URL --json

JSON: {applied, apps}; apps is a list of {app, database_var, problem}, for those with a database of their own"
)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    host: HostTablesOptions,
}

#[derive(Debug, Args)]
struct HostTablesOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run what is missing and undo it: shows what `apply` would do, and whether it would succeed
    #[command(after_long_help = "\
Examples:
  innkeeper migrate plan shop
  innkeeper migrate plan --app shop --from shop/migrations

JSON: a list of {name, statements, destroys}")]
    Plan(PlanOptions),
    /// Run what is missing, all or none
    #[command(after_long_help = "\
Examples:
  innkeeper migrate apply shop
  innkeeper migrate apply shop --yes

JSON: a list of the names of the steps that were run")]
    Apply(ApplyOptions),
    /// Show what has been run, what has not, and the app's tables
    #[command(after_long_help = "\
Examples:
  innkeeper migrate status shop

JSON: {steps, problems, tables}; steps is a list of {name, state, at, sha256}")]
    Status(AppOptions),
    /// Note the steps as run without running them, for a database that has their tables already
    #[command(after_long_help = "\
Examples:
  innkeeper migrate baseline shop

JSON: a list of the names of the steps that were noted")]
    Baseline(AppOptions),
    /// Take steps that have been run as they are now, changed or without their file; runs nothing
    #[command(after_long_help = "\
Examples:
  innkeeper migrate accept --app shop 0003-prices

JSON: a list of the names of the steps that were accepted")]
    Accept(AcceptOptions),
}

/// An app and a folder of steps.
#[derive(Debug, Args)]
struct AppOptions {
    #[command(flatten)]
    app: OneApp,
    #[command(flatten)]
    steps: StepsOptions,
}

/// The same, but for the app's name.
#[derive(Debug, Args)]
struct StepsOptions {
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
    names: Vec<String>,
    /// The app
    #[arg(short, long, value_name = "NAME")]
    app: String,
    #[command(flatten)]
    steps: StepsOptions,
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
        None => host_tables(&options.host).await,
        Some(Verb::Plan(options)) => Box::pin(app::plan(options)).await,
        Some(Verb::Apply(options)) => Box::pin(app::apply(&options.plan, options.yes)).await,
        Some(Verb::Status(options)) => Box::pin(status::show(options)).await,
        Some(Verb::Baseline(options)) => app::baseline(options).await,
        Some(Verb::Accept(options)) => app::accept(options).await,
    }
}

async fn host_tables(options: &HostTablesOptions) -> anyhow::Result<()> {
    let config = options.database.load_aloud()?;
    let database = Database::open(&config)?;
    let applied = migrate_in_turn(&database).await.with_context(|| setup::unreachable(&config))?;
    let say = |text: String| {
        if !options.json {
            output::line(text)
        }
    };
    if applied.is_empty() {
        say("the host's tables are up to date".to_owned());
    }
    applied.iter().for_each(|name| say(format!("applied {name}")));
    let own = migrate_own(&config, &database, say).await?;
    if options.json {
        output::json(&json!({ "applied": applied, "apps": own }))?;
    }
    Ok(())
}

/// Waits for others that change the tables, and for a connection where the role has none left: a
/// release is not to fail because of what is over in a moment.
async fn migrate_in_turn(database: &Database) -> storage::Result<Vec<String>> {
    let began = Instant::now();
    let mut is_told = false;
    loop {
        match database.migrate().await {
            Err(error) if error.code == Code::Busy && began.elapsed() < TURN => {
                if !std::mem::replace(&mut is_told, true) {
                    output::note(format!("waiting for up to {} s: {error}", TURN.as_secs()));
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
            migrated => return migrated,
        }
    }
}

/// The host's tables in the databases that apps name for themselves. One that cannot be used is
/// told and stops nothing: its app is closed until it can be.
async fn migrate_own(config: &Config, database: &Database, say: impl Fn(String)) -> anyhow::Result<Vec<Value>> {
    let own = OwnDatabases::new(config.clone());
    let mut list = Vec::new();
    for app in database.apps().await? {
        let Some(var) = &app.database_var else { continue };
        let problem = own.make_space(database, var, &app.name).await.err().map(|error| error.to_string());
        say(match &problem {
            None => format!("app {}: the host's tables in {var} are up to date", app.name),
            Some(problem) => format!("app {}: not migrated: {problem}", app.name),
        });
        list.push(json!({ "app": app.name, "database_var": var, "problem": problem }));
    }
    own.close().await;
    Ok(list)
}
