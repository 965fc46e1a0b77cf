//! `innkeeper deploy`

use super::control::{CommonArgs, Control};
use super::project::Project;
use super::{canary, output, waiting};
use crate::config::{Config, DatabaseTarget};
use crate::guests::component::check_kind;
use crate::operations::{DeployRequest, Deployed, ErrorKind, OperationError, SmokeRequest, Stage};
use crate::storage::{Database, RegistryState};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Make a component the active version of an app
///
/// Makes a component the next version of an app, and the active one. It is checked, compiled and
/// asked for one page first, of which nothing is kept; only then every host swaps to it, within a
/// second and without a restart. `innkeeper rollback` goes back.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper deploy
  innkeeper deploy shop.wasm --app shop --route shop.example
  innkeeper deploy . --canary 10% --note new-cart --wait

JSON: {app, version, previous, canary, sha256, size, stored_size, language, generation, smoke,
smoke_skipped, code_not_shared, native, native_refused}; smoke is {path, status, duration_ms, migrations}")]
pub(super) struct Options {
    /// A component, which leaves all settings as they are, or the folder of a guest project, which
    /// is built first
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The app [default: the name in innkeeper.toml, else the file's]
    #[arg(short, long, value_name = "NAME")]
    app: Option<String>,
    /// Which requests it answers: a path such as / or /blog, or a host name; may be given several
    /// times [default: unchanged; / for the first app]
    #[arg(long, value_name = "ROUTE")]
    route: Vec<String>,
    /// Why, for those who look at the versions later
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Let only so many of a hundred visitors have it, such as 10%: `promote` and `abort` end that
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    canary: Option<u8>,
    /// The page that it has to answer first, with a status below 400 [default: the app's route,
    /// with one below 500]
    #[arg(long, value_name = "PATH", conflicts_with = "no_smoke")]
    smoke: Option<String>,
    /// Ask for no page first
    #[arg(long)]
    no_smoke: bool,
    /// Wait until every live host serves it, and say which one does not
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let project = Project::open(&options.path)?;
    let app = project.app_name(options.app.as_deref())?;
    let request = DeployRequest {
        routes: (!options.route.is_empty()).then(|| options.route.clone()),
        settings: project.settings.clone(),
        note: options.note.clone(),
        canary: options.canary,
        smoke: SmokeRequest { path: options.smoke.clone(), skip: options.no_smoke },
    };
    // Before anything is built, brought or made: what is wrong with it is wrong at the end, too.
    request.check(&app)?;
    project.check_file()?;
    // Not before it is clear that there is something to deploy: it makes what is missing.
    let control = Control::to_create(&options.common.control).await?;
    project.build().await?;
    let component = project.read()?;
    let kind = check_kind(&component).map_err(OperationError::from);
    kind.with_context(|| project.component.display().to_string())?;
    let canary = canary::Running::of(&control, &app).await;
    let deployed = control.deploy(&app, component.into(), &request, tell).await;
    let deployed = deployed.map_err(|error| match is_about_the_component(&error) {
        true => error.context(project.component.display().to_string()),
        false => error,
    })?;
    canary.sentence(deployed.version, "has ended").iter().for_each(output::note);
    if options.common.json {
        output::json(&deployed)?;
    } else {
        report(&deployed);
    }
    if options.wait {
        waiting::wait(&control, &deployed.app, deployed.generation).await?;
    }
    control.close().await;
    Ok(())
}

fn is_about_the_component(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<OperationError>().map(|error| error.kind);
    matches!(kind, Some(ErrorKind::Unfit | ErrorKind::TooLarge))
}

fn tell(stage: Stage) {
    output::progress(match stage {
        Stage::Compiling => "checking and compiling",
        Stage::Smoke => "asking for a first page",
        Stage::Activating => "activating",
    });
}

fn report(deployed: &Deployed) {
    let Deployed { app, version, previous, .. } = deployed;
    if let Some(smoke) = &deployed.smoke {
        output::note(format!("GET {} answered with {} in {} ms", smoke.path, smoke.status, smoke.duration_ms));
        if !smoke.migrations.is_empty() {
            output::note(format!("migrations that the first visitor runs: {}", smoke.migrations.join(", ")));
        }
    }
    if let Some(why) = &deployed.smoke_skipped {
        output::note(format!("no first request was made: {why}"));
    }
    if let Some(why) = &deployed.code_not_shared {
        output::note(format!("note: each host will compile the component for itself: {why}"));
    }
    if let Some(why) = &deployed.native_refused {
        output::note(format!("note: the host has not taken the code from here, and has compiled: {why}"));
    }
    match (deployed.canary, previous) {
        (Some(percent), Some(active)) => output::line(format!(
            "{app}: version {version} answers {percent} % of the visitors, version {active} the others; \
             `innkeeper promote --app {app}` or `innkeeper abort --app {app}` ends that"
        )),
        (None, Some(previous)) if previous != version => {
            output::line(format!("{app}: version {version} is active, instead of {previous}"));
        }
        _ => output::line(format!("{app}: version {version} is active")),
    }
}

/// A share of visitors, with or without the sign.
fn percent(text: &str) -> Result<u8, String> {
    let digits = text.strip_suffix('%').unwrap_or(text);
    // A sign in front is a number to the parser.
    let number = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let wrong = || "not a share from 1% to 99%, such as 10% or 10".to_owned();
    number.filter(|percent| (1..=99).contains(percent)).ok_or_else(wrong)
}

/// A folder that is made by the way is most likely not where the app was to go.
pub(super) async fn tell_if_new(config: &Config) -> anyhow::Result<()> {
    let DatabaseTarget::Sqlite(folder) = &config.database.target else { return Ok(()) };
    let database = Database::open(config)?;
    if database.registry_state().await? == RegistryState::Missing && !database.is_served().await? {
        output::note(format!(
            "note: nothing is in {0} yet, and no host serves it; `innkeeper serve --data {0}` does, and --database-url or \
             --database-var names another database",
            folder.display()
        ));
    }
    Ok(())
}
