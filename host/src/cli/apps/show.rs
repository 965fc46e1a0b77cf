//! `innkeeper apps show`

use crate::cli::control::{CommonArgs, Control};
use crate::cli::{OneApp, app_config, output};
use crate::operations::{ActivationView, AppView, SettingsView};
use clap::Args;
use serde::Serialize;

/// Activations that people are shown.
const LAST: usize = 10;

/// Show an app: its versions in force, routes, settings, and what was made active when
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper apps show shop
  innkeeper apps show --app shop --json

JSON: {app, settings, activations}; app is as in `apps`, settings as in `apps set`, activations is a list of
{number, version, previous, kind, by, from, note, at}")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    #[command(flatten)]
    common: CommonArgs,
}

/// All that is shown of an app.
#[derive(Debug, Serialize)]
struct Shown {
    app: AppView,
    settings: SettingsView,
    activations: Vec<ActivationView>,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let name = &options.app.name;
    let control = Control::to_read(&options.common.control, name).await?;
    let app = control.app(name).await?;
    let settings = control.settings(name).await?;
    let activations = control.activations(name).await?;
    control.close().await;
    if options.common.json {
        return output::json(&Shown { app, settings, activations });
    }
    print(&app, &settings);
    if !settings.config.is_empty() {
        output::line("");
        app_config::print(&settings);
    }
    if !activations.is_empty() {
        output::line("");
        let columns = [
            output::number("VERSION"),
            output::text("MADE ACTIVE"),
            output::text("BY"),
            output::text("AT"),
            output::flexible("NOTE"),
        ];
        output::table(columns, &activations.into_iter().take(LAST).map(row).collect::<Vec<_>>());
    }
    Ok(())
}

fn print(app: &AppView, settings: &SettingsView) {
    let version = app.active.map_or_else(|| "none".to_owned(), |number| number.to_string());
    let since = app.activated_at.as_deref().map(|at| format!(", since {}", output::age_of(at)));
    let back = if app.went_back_by_itself { "; gone back to, because the version after it failed" } else { "" };
    let limits = settings.limits.iter().map(|(name, value)| format!("{name}={value}"));
    let keeps =
        settings.keep_versions.map_or_else(|| "as usual".to_owned(), |keep| format!("{keep} activations back"));
    let or_none = |list: Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let mut facts = vec![
        ("app", app.name.clone()),
        ("routes", app.routes.join(", ")),
        ("version", format!("{version}{}{back}", since.unwrap_or_default())),
    ];
    if app.being_deleted {
        facts.push(("deletion", format!("not at its end: `innkeeper apps delete {}` goes on", app.name)));
    }
    if let Some(problem) = &app.problem {
        facts.push(("problem", problem.clone()));
    }
    if let Some(canary) = &app.canary {
        let since = output::age_of(&canary.since);
        facts.push((
            "canary",
            format!("{} for {} % of the visitors, since {since}", canary.version, canary.percent),
        ));
    }
    facts.extend([
        (
            "database",
            app.database_var.as_ref().map_or_else(|| "the host's".to_owned(), |var| format!("its own ({var})")),
        ),
        ("transactions", super::set::transactions_name(settings.transactions).to_owned()),
        ("cross-origin", super::set::cross_origin_name(settings.cross_origin).to_owned()),
        ("trusted-origins", or_none(settings.trusted_origins.clone())),
        ("follower", follower(settings)),
        ("limits of its own", or_none(limits.collect())),
        ("versions kept", keeps),
        ("registered", output::age_of(&app.created_at)),
    ]);
    output::facts(&facts);
}

/// The variable of the follower, and how far it may be behind.
fn follower(settings: &SettingsView) -> String {
    let Some(var) = &settings.follower else { return "none".to_owned() };
    let lag = settings.follower_lag.as_deref();
    format!("{var}, up to {} behind", lag.unwrap_or("5s"))
}

fn row(activation: ActivationView) -> [String; 5] {
    let previous = activation.previous.filter(|previous| *previous != activation.version);
    let instead = previous.map(|previous| format!(" instead of {previous}")).unwrap_or_default();
    [
        activation.version.to_string(),
        format!("{}{instead}", activation.kind),
        activation.by,
        output::age_of(&activation.at),
        activation.note.unwrap_or_default(),
    ]
}
