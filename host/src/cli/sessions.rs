//! `innkeeper sessions`

use super::target::{Target, space};
use super::{DatabaseArgs, MaybeApp, OneApp, output, setup};
use crate::guests::OwnDatabases;
use crate::storage::calendar::print_instant;
use crate::storage::sessions::upkeep::{self, Listed, Which};
use crate::storage::sweeping::{self, What};
use crate::storage::{Database, now_micros, registry::App};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

/// List the sessions of an app's visitors, end some, or sweep those that have ended
///
/// Looks after the sessions of an app's visitors. What is in a session is not shown, nor the id
/// that opens it.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper sessions shop
  innkeeper sessions --app shop --user ada --json

JSON: a list of {session, user, began, used, ends, keys, bytes}"
)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: ListOptions,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(ListOptions),
    End(EndOptions),
    Sweep(SweepOptions),
}

/// List the sessions that have not ended, the one used last first
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper sessions list shop
  innkeeper sessions list shop --user ada

JSON: a list of {session, user, began, used, ends, keys, bytes}")]
struct ListOptions {
    #[command(flatten)]
    app: MaybeApp,
    /// Only those in which this user is signed in
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// How many to list at most
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// End sessions: their visitors are signed out at their next request
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true), after_long_help = "\
Examples:
  innkeeper sessions end shop --user ada
  innkeeper sessions end shop --all

JSON: {app, ended}; ended is how many")]
struct EndOptions {
    #[command(flatten)]
    app: OneApp,
    /// Those in which this user is signed in
    #[arg(long, value_name = "USER", group = "which")]
    user: Option<String>,
    /// The one that the list shows under this handle
    #[arg(long, value_name = "HANDLE", group = "which")]
    id: Option<String>,
    /// Every one
    #[arg(long, group = "which")]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Delete sessions that have ended; a host that serves does so every few minutes by itself
///
/// Deletes sessions that have ended, of one app or of all.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper sessions sweep
  innkeeper sessions sweep shop

JSON: a list of {app, swept, problem}")]
struct SweepOptions {
    #[command(flatten)]
    app: MaybeApp,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::List(options)) => list(options).await,
        Some(Verb::End(options)) => end(options).await,
        Some(Verb::Sweep(options)) => sweep(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let target = Target::read(options.app.required()?, &options.database).await?;
    // One more shows whether these are all.
    let most = options.limit.saturating_add(1);
    let mut sessions = upkeep::list(&target.space, options.user.as_deref(), most).await?;
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    if sessions.len() > limit {
        sessions.truncate(limit);
        output::note(format!("these are the {limit} that were used last; --limit NUMBER lists more"));
    }
    if options.json {
        return output::json(&sessions.iter().map(as_json).collect::<Vec<_>>());
    }
    if sessions.is_empty() {
        output::line("no sessions");
        return Ok(());
    }
    let columns = [
        output::text("SESSION"),
        output::flexible("USER"),
        output::text("BEGAN"),
        output::text("LAST USED"),
        output::text("ENDS"),
        output::number("KEYS"),
        output::number("SIZE"),
    ];
    output::table(columns, &sessions.into_iter().map(as_row).collect::<Vec<_>>());
    Ok(())
}

fn as_json(session: &Listed) -> serde_json::Value {
    json!({
        "session": session.handle,
        "user": session.user,
        "began": print_instant(session.created_at),
        "used": print_instant(session.used_at),
        "ends": print_instant(session.ends_at),
        "keys": session.keys,
        "bytes": session.bytes,
    })
}

fn as_row(session: Listed) -> [String; 7] {
    [
        session.handle,
        session.user.unwrap_or_else(|| "-".to_owned()),
        output::time(session.created_at),
        output::time(session.used_at),
        output::time(session.ends_at),
        session.keys.to_string(),
        output::bytes(u64::try_from(session.bytes).unwrap_or_default()),
    ]
}

async fn end(options: &EndOptions) -> anyhow::Result<()> {
    let target = Target::find(&options.app.name, &options.database).await?;
    let which = match (&options.user, &options.id) {
        (Some(user), _) => Which::OfUser(user),
        (None, Some(handle)) => Which::WithHandle(handle),
        (None, None) => Which::All,
    };
    let ended = upkeep::end(&target.space, which).await?;
    if ended == 0 && options.id.is_some() {
        bail!("no session of {} has this handle: look at innkeeper sessions list", options.app.name);
    }
    if options.json {
        return output::json(&json!({ "app": options.app.name, "ended": ended }));
    }
    output::line(format!("{}: sessions ended: {ended}", options.app.name));
    Ok(())
}

async fn sweep(options: &SweepOptions) -> anyhow::Result<()> {
    let config = options.database.load_aloud()?;
    let Some(database) = setup::existing(&config).await? else {
        match &options.app.name {
            Some(name) => bail!("there is no app {name}: nothing is in {} yet", config.database.target.place()),
            None if options.json => output::json(&json!([]))?,
            None => output::line("nothing is there yet"),
        }
        return Ok(());
    };
    let mut apps = database.apps().await.with_context(|| setup::unreachable(&config))?;
    // One that was never deployed has no visitors.
    apps.retain(|app| app.active.is_some() || options.app.name.is_some());
    if let Some(name) = &options.app.name {
        apps.retain(|app| app.name == *name);
        if apps.is_empty() {
            bail!("there is no app {name}: look at innkeeper apps");
        }
    }
    let own = OwnDatabases::new(config.clone());
    let (mut list, mut failed) = (Vec::new(), Vec::new());
    for app in &apps {
        let swept = sweep_app(&database, &own, app).await.map_err(|error| format!("{error:#}"));
        if swept.is_err() {
            failed.push(app.name.as_str());
        }
        match (&swept, options.json) {
            (Ok(swept), false) => output::line(format!("{}: ended sessions swept: {swept}", app.name)),
            (Err(error), false) => output::line(format!("{}: not swept: {error}", app.name)),
            (swept, true) => list
                .push(json!({ "app": app.name, "swept": swept.as_ref().ok(), "problem": swept.as_ref().err() })),
        }
    }
    own.close().await;
    if options.json {
        output::json(&list)?;
    }
    if !failed.is_empty() {
        bail!("not swept: {}", failed.join(", "));
    }
    Ok(())
}

async fn sweep_app(host: &Database, own: &OwnDatabases, app: &App) -> anyhow::Result<u64> {
    let space = space(host, own, &app.name, app.database_var.as_deref()).await?;
    Ok(sweeping::sweep(&space, What::Sessions { now: now_micros() }).await?)
}
