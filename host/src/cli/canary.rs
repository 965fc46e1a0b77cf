//! `innkeeper promote` and `innkeeper abort`: the two ends of `deploy --canary`.

use super::control::{CommonArgs, Control};
use super::{OneApp, output, rollback, waiting};
use crate::operations::CanaryView;
use clap::Args;
use serde_json::json;

/// Give the canary of an app to all visitors
///
/// Makes the canary of an app, which `deploy --canary` has made, the active version.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper promote shop
  innkeeper promote --app shop --wait

JSON: {app, version, previous, generation, unknown_migrations}; the last is empty")]
pub(super) struct PromoteOptions {
    #[command(flatten)]
    end: EndOptions,
    /// Wait until every live host serves it, and say which one does not
    #[arg(long)]
    wait: bool,
}

/// Give the visitors of an app's canary the active version again
///
/// Ends the canary of an app, which `deploy --canary` has made. The active version answers
/// everybody again.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper abort shop
  innkeeper abort --app shop --note slow

JSON: {app, version}; version is the one that was the canary")]
pub(super) struct AbortOptions {
    #[command(flatten)]
    end: EndOptions,
}

#[derive(Debug, Args)]
struct EndOptions {
    #[command(flatten)]
    app: OneApp,
    /// Why, for those who look at the versions later
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    common: CommonArgs,
}

/// A canary that runs, and that what a command is about to do ends.
pub(super) struct Running(Option<CanaryView>);

impl Running {
    /// The canary of an app; none for an app that is new.
    pub(super) async fn of(control: &Control, app: &str) -> Self {
        Self(control.app(app).await.ok().and_then(|app| app.canary))
    }

    /// What to say of it where another version becomes active, or another canary.
    pub(super) fn sentence(&self, instead: i64, ends: &str) -> Option<String> {
        let canary = self.0.as_ref().filter(|canary| canary.version != instead)?;
        Some(format!("the canary, version {} for {} % of the visitors, {ends}", canary.version, canary.percent))
    }
}

pub(super) async fn promote(options: &PromoteOptions) -> anyhow::Result<()> {
    let PromoteOptions { end, wait } = options;
    let app = &end.app.name;
    let control = Control::to_change(&end.common.control, app).await?;
    let done = control.promote(app, end.note.as_deref()).await?;
    rollback::report(&done, end.common.json)?;
    if *wait {
        waiting::wait(&control, app, done.generation).await?;
    }
    control.close().await;
    Ok(())
}

pub(super) async fn abort(options: &AbortOptions) -> anyhow::Result<()> {
    let end = &options.end;
    let app = &end.app.name;
    let control = Control::to_change(&end.common.control, app).await?;
    let version = control.abort(app, end.note.as_deref()).await?;
    control.close().await;
    if end.common.json {
        return output::json(&json!({ "app": app, "version": version }));
    }
    output::line(format!("{app}: the canary, version {version}, has ended"));
    Ok(())
}
