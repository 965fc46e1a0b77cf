//! `innkeeper apps` and `innkeeper versions`

use super::{DatabaseArgs, apps_set, output, setup};
use crate::storage::hex;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

/// Lists the apps with route, active version and, where an app lives in a database of its own, the variable that names it.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct AppsOptions {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say in which database an app lives
    Set(apps_set::Options),
}

/// Lists the versions of an app, the newest first.
#[derive(Debug, Args)]
pub(super) struct VersionsOptions {
    /// The app
    #[arg(long, value_name = "NAME")]
    app: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &AppsOptions) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::Set(set)) => apps_set::run(set).await,
        None => list_apps(options).await,
    }
}

async fn list_apps(options: &AppsOptions) -> anyhow::Result<()> {
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
    output::table(["APP", "ROUTE", "VERSION", "DATABASE"], &rows);
    Ok(())
}

pub(super) async fn list_versions(options: &VersionsOptions) -> anyhow::Result<()> {
    let config = options.database.load_aloud()?;
    let Some(database) = setup::reading(&config).await? else {
        bail!("there is no app {}: nothing is in {} yet", options.app, config.database.target.place());
    };
    let versions = database.versions(&options.app).await.with_context(|| setup::unreachable(&config))?;
    let active = database.find_app(&options.app).await?.and_then(|app| app.active);
    if options.json {
        let list: Vec<_> = versions
            .iter()
            .map(|version| {
                json!({
                    "number": version.number,
                    "active": active == Some(version.number),
                    "sha256": hex(&version.sha256),
                    "size": version.size,
                    "created": crate::storage::calendar::print_instant(version.created_at),
                })
            })
            .collect();
        return output::json(&list);
    }
    let mark =
        |number: i64| if active == Some(number) { format!("{number} (active)") } else { number.to_string() };
    let rows: Vec<_> = versions
        .iter()
        .map(|version| {
            let short = hex(&version.sha256).get(..12).unwrap_or_default().to_owned();
            [mark(version.number), output::time(version.created_at), version.size.to_string(), short]
        })
        .collect();
    output::table(["VERSION", "DEPLOYED", "BYTES", "SHA256"], &rows);
    Ok(())
}
