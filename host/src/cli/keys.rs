//! `innkeeper keys`

use super::control::{Control, ControlArgs};
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
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    control: ControlArgs,
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
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    control: ControlArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::List(options)) => list(options).await,
        Some(Verb::Rotate(options)) => rotate(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let control = Control::to_list(&options.control).await?;
    let keys = match &control {
        Some(control) => control.keys().await?,
        None => Vec::new(),
    };
    if options.json {
        return output::json(&keys);
    }
    if keys.is_empty() {
        output::line("no keys yet: a host makes the first when it begins to serve");
        return Ok(());
    }
    let rows: Vec<_> = keys.into_iter().map(|key| [key.key, output::age_of(&key.created)]).collect();
    output::table(["KEY", "CREATED"].map(output::text), &rows);
    Ok(())
}

async fn rotate(options: &RotateOptions) -> anyhow::Result<()> {
    let control = Control::to_deploy(&options.control).await?;
    let key = control.rotate_keys(options.revoke).await?;
    control.close().await;
    if options.json {
        return output::json(&json!({ "key": key.key, "revoked": options.revoke }));
    }
    let others = if options.revoke { "; all others are forgotten" } else { "" };
    output::line(format!("{} signs from now on{others}", key.key));
    Ok(())
}
