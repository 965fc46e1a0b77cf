//! `innkeeper migrate plan`, `apply`, `baseline` and `accept`.

use super::files::{self, Folder};
use super::findings::{Findings, State};
use super::{AcceptOptions, AppOptions, PlanOptions, StepsOptions};
use crate::cli::output;
use crate::cli::target::Target;
use crate::storage::Bounds;
use crate::storage::app_migrations::{self, Applied, Step};
use anyhow::bail;
use serde_json::json;

impl Target {
    fn folder(&self, options: &StepsOptions) -> anyhow::Result<Folder> {
        let folder = files::folder(options.from.as_deref(), self.space.is_sqlite(), true)?;
        let most = usize::try_from(self.config.limits.sql_bytes).unwrap_or(usize::MAX);
        app_migrations::check(&folder.steps, self.space.engine(), most)?;
        Ok(folder)
    }

    fn bounds(&self) -> Bounds {
        Bounds { rows: usize::MAX, bytes: usize::MAX, time: self.config.limits.statement_time }
    }
}

/// Says what is not as it should be, and refuses where that matters.
fn look(folder: &Folder, applied: &[Applied], out_of_order: &[String]) -> anyhow::Result<()> {
    let findings = Findings::of(folder, applied);
    findings.notes().iter().for_each(output::note);
    let problems = findings.problems(out_of_order);
    if problems.is_empty() { Ok(()) } else { bail!("{}", problems.join("\n")) }
}

pub(super) async fn plan(options: &PlanOptions) -> anyhow::Result<()> {
    let PlanOptions { app: options, out_of_order } = options;
    let target = Target::read(&options.app.name, &options.steps.database).await?;
    let folder = target.folder(&options.steps)?;
    look(&folder, &app_migrations::applied(&mut target.unit()).await?, out_of_order)?;
    let steps = folder.steps;
    let names = app_migrations::rehearse(&mut target.unit(), &steps, &target.bounds()).await?;
    let planned = steps.iter().filter(|step| names.contains(&step.name));
    let planned: Vec<(&Step, Vec<String>)> = planned
        .map(|step| Ok((step, app_migrations::destroyed(step, target.space.engine())?)))
        .collect::<anyhow::Result<_>>()?;
    if options.steps.json {
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

pub(super) async fn apply(options: &PlanOptions, yes: bool) -> anyhow::Result<()> {
    let PlanOptions { app: options, out_of_order } = options;
    let target = Target::find(&options.app.name, &options.steps.database).await?;
    let folder = target.folder(&options.steps)?;
    let mut unit = target.unit();
    let done = app_migrations::applied(&mut unit).await?;
    look(&folder, &done, out_of_order)?;
    let steps = folder.steps;
    let mut destroyed = Vec::new();
    for step in app_migrations::missing(&steps, &done)? {
        destroyed.extend(app_migrations::destroyed(step, target.space.engine())?);
    }
    if !destroyed.is_empty() && !yes {
        bail!("this would destroy {}: look at it with plan, then say --yes", destroyed.join(", "));
    }
    let names = app_migrations::apply(&mut unit, &steps, None, &target.bounds()).await?;
    report("applied", &names, options.steps.json)
}

pub(super) async fn baseline(options: &AppOptions) -> anyhow::Result<()> {
    let target = Target::find(&options.app.name, &options.steps.database).await?;
    let folder = target.folder(&options.steps)?;
    // What has a file of another name would not be noted, and be run later.
    if !folder.odd.is_empty() {
        bail!("{}", folder.odd.join("\n"));
    }
    let names = app_migrations::baseline(&mut target.unit(), &folder.steps).await?;
    report("noted as run, without running it:", &names, options.steps.json)
}

pub(super) async fn accept(options: &AcceptOptions) -> anyhow::Result<()> {
    let AcceptOptions { names, app, steps: options } = options;
    let target = Target::find(app, &options.database).await?;
    let folder = files::folder(options.from.as_deref(), target.space.is_sqlite(), false)?;
    let applied = app_migrations::applied(&mut target.unit()).await?;
    let findings = Findings::of(&folder, &applied);
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    for name in names {
        let Some(done) = applied.iter().find(|done| done.name == *name) else {
            bail!(
                "step {name} has not been run, so there is nothing to accept of it: look at innkeeper migrate status"
            );
        };
        match (findings.of_applied(done), folder.steps.iter().find(|step| step.name == *name)) {
            (State::Changed, Some(step)) => changed.push(step),
            (State::Gone, _) => gone.push(done),
            _ => {}
        }
    }
    app_migrations::accept(&mut target.unit(), &changed, &gone).await?;
    let accepted: Vec<String> =
        changed.iter().map(|step| &step.name).chain(gone.iter().map(|done| &done.name)).cloned().collect();
    if accepted.is_empty() && !options.json {
        output::line("nothing to do: they are as they were run");
        return Ok(());
    }
    report("accepted as it is now, without running it:", &accepted, options.json)
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
