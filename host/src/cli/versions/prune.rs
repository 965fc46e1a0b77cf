//! `innkeeper versions prune`

use crate::cli::control::{CommonArgs, Control};
use crate::cli::{OneApp, output};
use clap::Args;

/// Remove versions that nobody is likely to go back to
///
/// Removes versions that are older than a number of activations, and their components. The active
/// one, the canary and the newest stay. Each deployment does so by itself, by the number that `apps
/// set --keep-versions` says.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper versions prune shop --dry-run
  innkeeper versions prune shop --keep 3 --yes

JSON: {app, versions, bytes}; versions are the numbers of those that went, bytes what was freed")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    /// How many activations back a version is kept [default: as the app says, else 10]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Say what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let app = &options.app.name;
    let control = match options.dry_run {
        true => Control::to_read(&options.common.control, app).await?,
        false => Control::to_change(&options.common.control, app).await?,
    };
    let planned = control.prunable(app, options.keep).await?;
    let numbers: Vec<String> = planned.versions.iter().map(ToString::to_string).collect();
    let has_work = !planned.versions.is_empty() && !options.dry_run;
    let pruned = if has_work {
        output::confirm(&format!("{app}: versions {} go for good.", numbers.join(", ")), "yes", options.yes)
            .await?;
        control.prune(app, options.keep).await?
    } else {
        planned
    };
    control.close().await;
    if options.common.json {
        return output::json(&pruned);
    }
    let list = numbers.join(", ");
    let freed = output::bytes(u64::try_from(pruned.bytes).unwrap_or_default());
    output::line(match (pruned.versions.is_empty(), options.dry_run) {
        (true, _) => format!("{app}: no version is old enough to go"),
        (false, true) => format!("{app}: would remove versions {list}"),
        (false, false) => format!("{app}: removed versions {list}, and freed {freed}"),
    });
    Ok(())
}
