//! `innkeeper apps`

use super::{DatabaseArgs, apps_set, output, setup};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

/// List the apps, or say where one lives
///
/// Lists the apps with route, active version and, where an app lives in a database of its own, the variable that
/// names it. An app comes into being when it is deployed for the first time.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: ListOptions,
}

const EXAMPLES: &str = "\
Examples:
  innkeeper apps
  innkeeper apps --json | jq -r '.[].name'

JSON: a list of {name, route, routes, active, database_var}; active is the number of the active version";

#[derive(Debug, Subcommand)]
enum Verb {
    List(ListOptions),
    Set(apps_set::Options),
}

/// List the apps
///
/// Lists the apps with route, active version and the variable that names an app's own database.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper apps list
  innkeeper apps list --json

JSON: a list of {name, route, routes, active, database_var}; active is the number of the active version")]
struct ListOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::Set(set)) => apps_set::run(set).await,
        Some(Verb::List(options)) => list(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let config = options.database.load_aloud()?;
    let database = setup::reading(&config).await?;
    let is_new = database.is_none();
    let apps = match database {
        Some(database) => database.apps().await.with_context(|| setup::unreachable(&config))?,
        None => Vec::new(),
    };
    if options.json {
        let list: Vec<_> = apps
            .iter()
            .map(|app| {
                json!({
                    "name": app.name,
                    "route": app.routes.first(),
                    "routes": app.routes,
                    "active": app.active,
                    "database_var": app.database_var,
                })
            })
            .collect();
        return output::json(&list);
    }
    if apps.is_empty() {
        let nothing = if is_new { "nothing is there yet" } else { "no apps yet" };
        output::line(format!("{nothing}: innkeeper deploy guest.wasm --app NAME"));
        return Ok(());
    }
    let active = |active: Option<i64>| active.map_or_else(|| "none".to_owned(), |number| number.to_string());
    let database = |var: Option<String>| var.unwrap_or_else(|| "host's".to_owned());
    let rows: Vec<_> = apps
        .into_iter()
        .map(|app| [app.name, app.routes.join(" "), active(app.active), database(app.database_var)])
        .collect();
    let columns = ["APP", "ROUTE", "VERSION", "DATABASE"].map(output::text);
    output::table(columns, &rows);
    Ok(())
}
