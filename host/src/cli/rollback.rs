//! `innkeeper rollback`

use super::control::{CommonArgs, Control};
use super::{OneApp, canary, output, waiting};
use crate::operations::{RollbackPlan, RollbackRequest, RolledBack, UnknownMigration};
use clap::Args;

/// Make an earlier version of an app active again
///
/// Goes back to the version that was active before, or to one that is named, as fast as a
/// deployment and without one. Says which migrations the older version does not know; where one of
/// them has destroyed something, it takes --force.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper rollback shop --dry-run
  innkeeper rollback shop
  innkeeper rollback --app shop --version 7 --note checkout-is-broken --wait

JSON: {app, version, previous, generation, unknown_migrations}; with --dry-run
{app, from, to, unknown_migrations, not_known, needs_force}; unknown_migrations is a list of {name, version, destroyed}")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    /// The number of the version, also of a later one [default: the one that was active before]
    #[arg(long, value_name = "NUMBER")]
    version: Option<i64>,
    /// Go back although a later version has destroyed something that the older one may need
    #[arg(long)]
    force: bool,
    /// Why, for those who look at the versions later
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Wait until every live host serves it, and say which one does not
    #[arg(long)]
    wait: bool,
    /// Say what it would do, and do nothing
    #[arg(long, conflicts_with_all = ["wait", "force"])]
    dry_run: bool,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let app = &options.app.name;
    let control = match options.dry_run {
        true => Control::to_read(&options.common.control, app).await?,
        false => Control::to_change(&options.common.control, app).await?,
    };
    let plan = control.rollback_plan(app, options.version).await?;
    let canary = canary::Running::of(&control, app).await;
    if options.dry_run {
        control.close().await;
        return match options.common.json {
            true => output::json(&plan),
            false => {
                let ends = canary.sentence(plan.to, "ends");
                sentences(&plan).iter().chain(&ends).for_each(output::line);
                Ok(())
            }
        };
    }
    sentences(&plan).iter().for_each(output::note);
    // The version that was said, even where another one became active meanwhile.
    let request = RollbackRequest { version: Some(plan.to), force: options.force, note: options.note.clone() };
    let done = control.rollback(app, &request).await?;
    canary.sentence(done.version, "has ended").iter().for_each(output::note);
    report(&done, options.common.json)?;
    if options.wait {
        waiting::wait(&control, app, done.generation).await?;
    }
    control.close().await;
    Ok(())
}

/// Says which version is active now.
pub(super) fn report(done: &RolledBack, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(done);
    }
    let instead = done.previous.map(|previous| format!(", instead of {previous}")).unwrap_or_default();
    output::line(format!("{}: version {} is active{instead}", done.app, done.version));
    Ok(())
}

fn sentences(plan: &RollbackPlan) -> Vec<String> {
    let from = plan.from.map_or_else(|| "no version".to_owned(), |from| format!("version {from}"));
    let mut sentences = vec![format!("{}: from {from} to version {}", plan.app, plan.to)];
    let unknown = |migration: &UnknownMigration| {
        let by = migration.version.map(|version| format!(" of version {version}")).unwrap_or_default();
        let destroyed = match migration.destroyed.is_empty() {
            true => String::new(),
            false => format!(", which has destroyed {}", migration.destroyed.join(", ")),
        };
        format!("  version {} does not know the migration {}{by}{destroyed}", plan.to, migration.name)
    };
    sentences.extend(plan.unknown_migrations.iter().map(unknown));
    if let Some(why) = &plan.not_known {
        sentences.push(format!("  it cannot be told which migrations have been run ({why}): it takes --force"));
    } else if plan.needs_force {
        sentences.push("  what was destroyed does not come back: it takes --force".to_owned());
    }
    sentences
}
