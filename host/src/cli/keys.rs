//! `innkeeper keys`

use super::control::{CommonArgs, Control};
use super::output;
use clap::{Args, Subcommand};
use serde_json::json;

/// List or exchange the keys that sign URLs
///
/// The keys that sign URLs for downloads and uploads. Hosts make and exchange them by themselves;
/// this is for those who cannot wait.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper keys
  innkeeper keys --json

JSON: a list of {key, created}"
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
    Rotate(RotateOptions),
}

/// List the keys by their names, never their contents
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper keys list

JSON: a list of {key, created}")]
struct ListOptions {
    #[command(flatten)]
    common: CommonArgs,
}

/// Make a new key, which signs from now on
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper keys rotate
  innkeeper keys rotate --revoke

JSON: {key, revoked}; revoked tells whether all other keys are forgotten")]
struct RotateOptions {
    /// Forget all other keys: every URL that was given out so far is good no more
    #[arg(long)]
    revoke: bool,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::List(options)) => list(options).await,
        Some(Verb::Rotate(options)) => rotate(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let keys = Control::listed(&options.common.control, async |control: &Control| control.keys().await).await?;
    let empty = "no keys yet: a host makes the first when it begins to serve";
    let columns = ["KEY", "CREATED"].map(output::text);
    output::listing(options.common.json, &keys, empty, columns, |key| {
        [key.key.clone(), output::age_of(&key.created)]
    })
}

async fn rotate(options: &RotateOptions) -> anyhow::Result<()> {
    let control = Control::to_create(&options.common.control).await?;
    let key = control.rotate_keys(options.revoke).await?;
    control.close().await;
    if options.common.json {
        return output::json(&json!({ "key": key.key, "revoked": options.revoke }));
    }
    let others = if options.revoke { "; all others are forgotten" } else { "" };
    output::line(format!("{} signs from now on{others}", key.key));
    Ok(())
}
