//! `innkeeper logs`

use super::control::{Control, ControlArgs};
use super::{OneApp, output};
use crate::operations::LogLineView;
use clap::Args;
use serde::Serialize;
use std::time::Duration;

/// Between two looks of `--follow`.
const EVERY: Duration = Duration::from_millis(500);

/// Show the last lines of an app's log, and go on with --follow
///
/// Shows the last lines of an app's log: what its guest writes, what became of its requests, and
/// what the host says of it. They are in the memory of the host that serves it, so the command asks
/// such a host.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper logs shop
  innkeeper logs --app shop --follow --level warn
  innkeeper logs shop --request 7f3a2c --json

JSON: a list of {number, at, level, source, version, request_id, text}; with --follow one object a line")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    /// Go on with each new line, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Only lines of this request
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Only lines of this level and graver ones
    #[arg(long, value_name = "LEVEL", value_parser = ["trace", "debug", "info", "warn", "error"])]
    level: Option<String>,
    /// How many of the last lines
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    control: ControlArgs,
}

/// Which lines are asked for.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LogQuery {
    /// Only lines with this number or a higher one; none: the last ones.
    pub(super) since: Option<u64>,
    pub(super) request: Option<String>,
    pub(super) level: Option<String>,
    pub(super) limit: u32,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let app = &options.app.name;
    let control = Control::to_read(&options.control, app).await?;
    let Options { request, level, limit, .. } = options;
    let mut query = LogQuery { since: None, request: request.clone(), level: level.clone(), limit: *limit };
    let mut excerpt = control.logs(app, &query).await?;
    if !options.follow && options.json {
        return output::json(&excerpt.lines);
    }
    loop {
        if excerpt.missed > 0 {
            output::note(format!("{} lines were overwritten before they could be shown", excerpt.missed));
        }
        for line in &excerpt.lines {
            output::line(if options.json { serde_json::to_string(line)? } else { shown(line) });
        }
        if !options.follow {
            return Ok(());
        }
        tokio::time::sleep(EVERY).await;
        query.since = Some(excerpt.next);
        let process = excerpt.process;
        excerpt = control.logs(app, &query).await?;
        if excerpt.process != process {
            // Another host answers, or the same one after a restart: its numbers are others.
            query.since = None;
            excerpt = control.logs(app, &query).await?;
        }
    }
}

fn shown(line: &LogLineView) -> String {
    let LogLineView { at, level, source, version, request_id, text, .. } = line;
    let version = version.map(|version| format!(" v{version}")).unwrap_or_default();
    let request = request_id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    let text = format!("{} {:<5} {}{version}{request}: {text}", output::time_of(at), level.name(), source.name());
    output::printable(&text)
}
