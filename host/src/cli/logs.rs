//! `innkeeper logs`

use super::control::{CommonArgs, Control};
use super::followed::{Followed, News};
use super::{OneApp, output};
use crate::operations::LogLineView;
use clap::Args;
use serde::Serialize;
use std::time::Duration;

/// Between two looks of `--follow`.
const EVERY: Duration = Duration::from_millis(500);
/// The same where another host has answered than the one that was meant.
const SOON: Duration = Duration::from_millis(100);
/// Lines of one look of `--follow`, at least.
const AT_ONCE: u32 = 1_000;

/// Show the last lines of an app's log, and go on with --follow
///
/// Shows the last lines of an app's log: what its guest writes, what became of its requests, and
/// what the host says of it. They are in the memory of the host that serves it, so the command asks
/// such a host. Behind a router with several hosts --follow shows the lines of all of them.
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
    #[command(flatten)]
    common: CommonArgs,
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
    let control = Control::to_read(&options.common.control, app).await?;
    let Options { request, level, limit, .. } = options;
    let mut query = LogQuery { since: None, request: request.clone(), level: level.clone(), limit: *limit };
    let first = control.logs(app, &query).await?;
    if !options.follow && options.common.json {
        output::json(&first.lines)?;
        control.close().await;
        return Ok(());
    }
    if !options.follow && first.lines.is_empty() {
        output::note("no lines yet");
    }
    let mut followed = Followed::default();
    let mut news = followed.take(&query, first);
    loop {
        let pause = if news.is_some() { EVERY } else { SOON };
        news.iter().try_for_each(|news| print(news, options.common.json))?;
        if !options.follow {
            control.close().await;
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        query.since = followed.since();
        query.limit = if query.since.is_some() { AT_ONCE.max(*limit) } else { *limit };
        news = followed.take(&query, control.logs(app, &query).await?);
    }
}

fn print(news: &News, json: bool) -> anyhow::Result<()> {
    if news.missed > 0 {
        output::note(format!("{} lines were overwritten before they could be shown", news.missed));
    }
    for line in &news.lines {
        match json {
            true => output::json_line(line)?,
            false => output::line(shown(line)),
        }
    }
    Ok(())
}

fn shown(line: &LogLineView) -> String {
    let LogLineView { at, level, source, version, request_id, text, .. } = line;
    let version = version.map(|version| format!(" v{version}")).unwrap_or_default();
    let request = request_id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    let text = format!("{} {:<5} {}{version}{request}: {text}", output::time_of(at), level.name(), source.name());
    output::printable(&text)
}
