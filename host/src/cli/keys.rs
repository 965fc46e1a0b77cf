//! `innkeeper keys`

use super::control::{Control, ControlArgs};
use super::output;
use clap::{Args, Subcommand};

/// The keys that sign URLs for downloads and uploads. Hosts make and exchange them by themselves; this is for those who cannot wait.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the keys by their names, never their contents
    List(ListOptions),
    /// Make a new key, which signs from now on
    Rotate(RotateOptions),
}

#[derive(Debug, Args)]
struct ListOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    control: ControlArgs,
}

#[derive(Debug, Args)]
struct RotateOptions {
    /// Forget all other keys: every URL that was given out so far is good no more
    #[arg(long)]
    revoke: bool,
    #[command(flatten)]
    control: ControlArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Verb::List(options) => list(options).await,
        Verb::Rotate(options) => rotate(options).await,
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
    let seconds = |time: &str| time.get(..19).map_or(time.to_owned(), |seconds| format!("{seconds}Z"));
    let rows: Vec<_> = keys.into_iter().map(|key| [key.key, seconds(&key.created)]).collect();
    output::table(["KEY", "CREATED"], &rows);
    Ok(())
}

async fn rotate(options: &RotateOptions) -> anyhow::Result<()> {
    let control = Control::to_change(&options.control).await?;
    let key = control.rotate_keys(options.revoke).await?;
    let others = if options.revoke { "; all others are forgotten" } else { "" };
    output::line(format!("{} signs from now on{others}", key.key));
    control.close().await;
    Ok(())
}
