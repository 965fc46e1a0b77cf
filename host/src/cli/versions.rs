//! `innkeeper versions`

use super::target::registered;
use super::{DatabaseArgs, MaybeApp, output, setup};
use crate::storage::registry::App;
use crate::storage::{calendar, hex};
use clap::{Args, Subcommand};
use serde_json::json;

/// List the versions of an app
///
/// Lists the versions of an app, the newest first, with the one that is active.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper versions shop
  innkeeper versions --app shop --json

JSON: a list of {number, active, sha256, size, created}"
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
}

/// List the versions of an app
///
/// Lists the versions of an app, the newest first, with the one that is active.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper versions list shop
  innkeeper versions list shop --json

JSON: a list of {number, active, sha256, size, created}")]
struct ListOptions {
    #[command(flatten)]
    app: MaybeApp,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::List(options)) => list(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let app = options.app.required()?;
    let config = options.database.load_aloud()?;
    let (database, App { active, .. }) = registered(app, &config, setup::reading(&config).await?).await?;
    let versions = database.versions(app).await?;
    if options.json {
        let list: Vec<_> = versions
            .iter()
            .map(|version| {
                json!({
                    "number": version.number,
                    "active": active == Some(version.number),
                    "sha256": hex(&version.sha256),
                    "size": version.size,
                    "created": calendar::print_instant(version.created_at),
                })
            })
            .collect();
        return output::json(&list);
    }
    let rows: Vec<_> = versions
        .iter()
        .map(|version| {
            let short = hex(&version.sha256).get(..12).unwrap_or_default().to_owned();
            let state = if active == Some(version.number) { "active" } else { "" };
            let size = output::bytes(u64::try_from(version.size).unwrap_or_default());
            [version.number.to_string(), state.to_owned(), output::age(version.created_at), size, short]
        })
        .collect();
    let columns = [
        output::number("VERSION"),
        output::text("STATE"),
        output::text("DEPLOYED"),
        output::number("SIZE"),
        output::text("SHA256"),
    ];
    output::table(columns, &rows);
    Ok(())
}
