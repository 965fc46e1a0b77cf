//! `innkeeper audit`

use super::control::{CommonArgs, Control};
use super::{MaybeApp, output};
use crate::operations::AuditView;
use clap::Args;

/// List what was done, by whom, from where and with what result
///
/// Lists the acts that were written down, the newest first: deployments, ways back, also those that
/// a host went by itself, changes of settings, deletions, and what was refused. Nothing is ever
/// taken out of this list.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper audit
  innkeeper audit shop --limit 20
  innkeeper audit --before 1200 --json

JSON: a list of {id, at, by, from, action, app, sha256, detail, result}")]
pub(super) struct Options {
    #[command(flatten)]
    app: MaybeApp,
    /// How many to list at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Only those before the one with this id
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let app = options.app.name.as_deref();
    let look = async |control: &Control| control.audit(app, options.before, options.limit).await;
    let entries = Control::listed(&options.common.control, look).await?;
    let about = app.map(|app| format!(" about the app {app}")).unwrap_or_default();
    let columns = [
        output::number("ID"),
        output::text("AT"),
        output::text("BY"),
        output::text("FROM"),
        output::text("ACTION"),
        output::text("APP"),
        output::flexible("RESULT"),
        output::flexible("DETAIL"),
    ];
    output::listing(options.common.json, &entries, format!("nothing was written down{about}"), columns, row)
}

fn row(entry: &AuditView) -> [String; 8] {
    [
        entry.id.to_string(),
        output::time_of(&entry.at),
        entry.by.clone(),
        entry.from.clone().unwrap_or_default(),
        entry.action.clone(),
        entry.app.clone().unwrap_or_default(),
        entry.result.clone(),
        entry.detail.clone(),
    ]
}
