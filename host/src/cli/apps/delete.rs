//! `innkeeper apps delete`

use crate::cli::control::{Control, ControlArgs};
use crate::cli::{OneApp, output};
use crate::operations::DeletionPlan;
use clap::Args;

/// Delete an app with its versions, tables, files and sessions
///
/// Deletes an app. Says first what goes with it, and asks for the app's name at a terminal. With
/// --keep-data its tables, files and sessions stay where they are: an app of the same name that is
/// deployed later finds them again.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper apps delete shop
  innkeeper apps delete shop --keep-data
  innkeeper apps delete --app shop --yes --json

JSON: {plan, data_kept}; plan is {app, versions, tables, files, sessions, database_var, not_known}")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    /// Leave its tables, files and sessions where they are
    #[arg(long)]
    keep_data: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    control: ControlArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let name = &options.app.name;
    let control = Control::to_change(&options.control, name).await?;
    let plan = control.deletion_plan(name).await?;
    output::confirm(&consequence(&plan, options.keep_data), name, options.yes).await?;
    let deleted = control.delete_app(name, options.keep_data).await?;
    control.close().await;
    if options.json {
        return output::json(&deleted);
    }
    let data = if deleted.data_kept { "; its tables, files and sessions are still there" } else { "" };
    output::line(format!("{name}: deleted{data}"));
    Ok(())
}

fn consequence(plan: &DeletionPlan, keep_data: bool) -> String {
    let DeletionPlan { app, versions, tables, files, sessions, database_var, not_known } = plan;
    let place = database_var.as_ref().map_or_else(String::new, |var| format!(" in {var}"));
    let data = match (tables, files, sessions, not_known) {
        (Some(tables), Some(files), Some(sessions), None) => {
            format!("tables: {tables}, files: {files}, sessions: {sessions}{place}")
        }
        _ => format!("data{place} that cannot be looked at"),
    };
    match keep_data {
        true => format!("{app} goes for good, with its versions: {versions}. What it has kept stays ({data})."),
        false => format!("{app} goes for good, with versions: {versions}, {data}."),
    }
}
