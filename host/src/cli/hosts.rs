//! `innkeeper hosts`

use super::control::{CommonArgs, Control};
use super::output;
use crate::operations::HostView;
use clap::Args;

/// List the hosts that serve, and what each cannot serve
///
/// Lists the hosts that have served from this database in the last hour: whether each lives, how
/// far it has followed what was deployed, which apps it is loading, and which ones it cannot serve
/// as they are.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper hosts
  innkeeper hosts --json | jq '.[] | select(.live).problems'

JSON: a list of {id, name, release, live, started_at, seen_at, generation, loading, problems,
ending}; problems is a list of {app, reason}")]
pub(super) struct Options {
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let hosts = Control::listed(&options.common.control, async |control: &Control| control.hosts().await).await?;
    let columns = [
        output::text("HOST"),
        output::text("ID"),
        output::text("STATE"),
        output::text("RELEASE"),
        output::text("STARTED"),
        output::text("SEEN"),
        output::number("GENERATION"),
        output::flexible("LOADING"),
    ];
    output::listing(
        options.common.json,
        &hosts,
        "no host has served this database in the last hour",
        columns,
        row,
    )?;
    for host in hosts.iter().filter(|_| !options.common.json) {
        for problem in &host.problems {
            let about = if problem.app.is_empty() { String::new() } else { format!("app {}: ", problem.app) };
            let text = format!("{} ({}): {about}{}", host.name, host.id, problem.reason);
            output::line(output::printable(&text));
        }
    }
    Ok(())
}

fn row(host: &HostView) -> [String; 8] {
    [
        host.name.clone(),
        host.id.clone(),
        if host.live { "live" } else { "gone" }.to_owned(),
        host.release.clone(),
        output::time_of(&host.started_at),
        output::age_of(&host.seen_at),
        host.generation.to_string(),
        host.loading.join(", "),
    ]
}
