//! `innkeeper migrate plan`, `apply` and `baseline`.

use super::{AppOptions, files};
use crate::cli::output;
use crate::cli::target::Target;
use crate::storage::Bounds;
use crate::storage::app_migrations::{self, Step};
use anyhow::bail;
use serde_json::json;

impl Target {
    fn steps(&self, options: &AppOptions) -> anyhow::Result<Vec<Step>> {
        let steps = files::steps(options.from.as_deref(), self.space.is_sqlite(), true)?;
        let most = usize::try_from(self.config.limits.sql_bytes).unwrap_or(usize::MAX);
        app_migrations::check(&steps, self.space.engine(), most)?;
        Ok(steps)
    }

    fn bounds(&self) -> Bounds {
        Bounds { rows: usize::MAX, bytes: usize::MAX, time: self.config.limits.statement_time }
    }
}

pub(super) async fn plan(options: &AppOptions) -> anyhow::Result<()> {
    let target = Target::read(&options.app, &options.database).await?;
    let steps = target.steps(options)?;
    let names = app_migrations::rehearse(&mut target.unit(), &steps, &target.bounds()).await?;
    let planned = steps.iter().filter(|step| names.contains(&step.name));
    let planned: Vec<(&Step, Vec<String>)> = planned
        .map(|step| Ok((step, app_migrations::destroyed(step, target.space.engine())?)))
        .collect::<anyhow::Result<_>>()?;
    if options.json {
        let list: Vec<_> = planned
            .iter()
            .map(|(step, destroys)| json!({ "name": step.name, "statements": step.statements, "destroys": destroys }))
            .collect();
        return output::json(&list);
    }
    if planned.is_empty() {
        output::line("nothing to run: every step has been run");
    }
    for (step, destroys) in planned {
        output::line(format!("would run {}{}", step.name, destruction(&destroys)));
        step.statements.iter().for_each(|sql| output::line(format!("    {}", sql.replace('\n', "\n    "))));
    }
    Ok(())
}

pub(super) async fn apply(options: &AppOptions, yes: bool) -> anyhow::Result<()> {
    let target = Target::find(&options.app, &options.database).await?;
    let steps = target.steps(options)?;
    let mut unit = target.unit();
    let done = app_migrations::applied(&mut unit).await?;
    let mut destroyed = Vec::new();
    for step in app_migrations::missing(&steps, &done)? {
        destroyed.extend(app_migrations::destroyed(step, target.space.engine())?);
    }
    if !destroyed.is_empty() && !yes {
        bail!("this would destroy {}: look at it with plan, then say --yes", destroyed.join(", "));
    }
    let names = app_migrations::apply(&mut unit, &steps, &target.bounds()).await?;
    report("applied", &names, options.json)
}

pub(super) async fn baseline(options: &AppOptions) -> anyhow::Result<()> {
    let target = Target::find(&options.app, &options.database).await?;
    let steps = target.steps(options)?;
    let names = app_migrations::baseline(&mut target.unit(), &steps).await?;
    report("noted as run, without running it:", &names, options.json)
}

fn report(what: &str, names: &[String], json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&names);
    }
    if names.is_empty() {
        output::line("nothing to do: every step has been run");
    }
    names.iter().for_each(|name| output::line(format!("{what} {name}")));
    Ok(())
}

fn destruction(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(", which destroys {}", names.join(", ")) }
}
