//! `innkeeper apps`

mod database_var;
mod delete;
mod set;
mod show;

use super::control::{CommonArgs, Control};
use super::output;
use crate::operations::AppView;
use clap::{Args, Subcommand};

/// List, show, change or delete apps
///
/// Lists the apps with routes, active version and, where an app lives in a database of its own, the
/// variable that names it. An app comes into being when it is deployed for the first time.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper apps
  innkeeper apps --json | jq -r '.[].name'

JSON: a list of {name, routes, active, activated_at, went_back_by_itself, canary, database_var,
created_at, being_deleted, problem}; canary is {version, percent, since}"
)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: ListOptions,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(ListOptions),
    Show(show::Options),
    Set(set::Options),
    Delete(delete::Options),
}

/// List the apps
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper apps list
  innkeeper apps list --json

JSON: a list of {name, routes, active, activated_at, went_back_by_itself, canary, database_var,
created_at, being_deleted, problem}; canary is {version, percent, since}")]
struct ListOptions {
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::List(options)) => list(options).await,
        Some(Verb::Show(options)) => show::run(options).await,
        Some(Verb::Set(options)) => set::run(options).await,
        Some(Verb::Delete(options)) => delete::run(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let mut is_new = true;
    let look = async |control: &Control| {
        is_new = false;
        control.apps().await
    };
    let apps = Control::listed(&options.common.control, look).await?;
    let nothing = if is_new { "nothing is there yet" } else { "no apps yet" };
    let columns = [
        output::text("APP"),
        output::text("ROUTES"),
        output::text("VERSION"),
        output::text("SINCE"),
        output::flexible("DATABASE"),
    ];
    let empty = format!("{nothing}: innkeeper deploy guest.wasm --app NAME");
    output::listing(options.common.json, &apps, empty, columns, row)
}

fn row(app: &AppView) -> [String; 5] {
    let since = app.activated_at.as_deref().map(output::age_of).unwrap_or_default();
    let database = app.database_var.clone().unwrap_or_else(|| "host's".to_owned());
    [app.name.clone(), app.routes.join(" "), version(app), since, database]
}

/// The active version, and what there is to say of it.
fn version(app: &AppView) -> String {
    if app.being_deleted {
        return "being deleted".to_owned();
    }
    if app.problem.is_some() {
        return "cannot be read".to_owned();
    }
    let active = app.active.map_or_else(|| "none".to_owned(), |number| number.to_string());
    let back = if app.went_back_by_itself { " (gone back to)" } else { "" };
    let canary = app.canary.as_ref().map(|canary| format!(", {} for {} %", canary.version, canary.percent));
    format!("{active}{back}{}", canary.unwrap_or_default())
}
