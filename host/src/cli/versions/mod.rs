//! `innkeeper versions`

mod get;
mod prune;

use super::control::{CommonArgs, Control};
use super::{MaybeApp, output};
use crate::operations::VersionView;
use clap::{Args, Subcommand};

/// List the versions of an app, fetch one, or remove old ones
///
/// Lists the versions of an app, the newest first: size, language, when, by whom and why each was
/// deployed, which one is active, which one is a canary, and from which ones the host has gone back
/// by itself.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper versions shop
  innkeeper versions --app shop --json

JSON: a list of {number, active, canary, failed, sha256, size, stored_size, language, deployed_at, deployed_by, deployed_from, note}"
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
    Get(get::Options),
    Prune(prune::Options),
}

/// List the versions of an app
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper versions list shop
  innkeeper versions list shop --json

JSON: a list of {number, active, canary, failed, sha256, size, stored_size, language, deployed_at, deployed_by, deployed_from, note}")]
struct ListOptions {
    #[command(flatten)]
    app: MaybeApp,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::List(options)) => list(options).await,
        Some(Verb::Get(options)) => get::run(options).await,
        Some(Verb::Prune(options)) => prune::run(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let app = options.app.required()?;
    let control = Control::to_read(&options.common.control, app).await?;
    let versions = control.versions(app).await?;
    control.close().await;
    let columns = [
        output::number("VERSION"),
        output::text("STATE"),
        output::text("DEPLOYED"),
        output::text("BY"),
        output::number("SIZE"),
        output::number("STORED"),
        output::flexible("LANGUAGE"),
        output::text("SHA256"),
        output::flexible("NOTE"),
    ];
    output::listing(options.common.json, &versions, format!("{app} has no versions"), columns, row)
}

fn row(version: &VersionView) -> [String; 9] {
    let size = |bytes: i64| output::bytes(u64::try_from(bytes).unwrap_or_default());
    let state = match version {
        VersionView { active: true, .. } => "active",
        VersionView { canary: true, .. } => "canary",
        VersionView { failed: true, .. } => "failed, gone back from",
        _ => "",
    };
    [
        version.number.to_string(),
        state.to_owned(),
        output::age_of(&version.deployed_at),
        version.deployed_by.clone().unwrap_or_default(),
        size(version.size),
        version.stored_size.map(size).unwrap_or_default(),
        version.language.clone().unwrap_or_default(),
        version.sha256.get(..12).unwrap_or_default().to_owned(),
        version.note.clone().unwrap_or_default(),
    ]
}
