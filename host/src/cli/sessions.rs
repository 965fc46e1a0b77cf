//! `innkeeper sessions`

use super::progress::Progress;
use super::target::{Target, space};
use super::{DatabaseArgs, output, setup};
use crate::guests::OwnDatabases;
use crate::storage::calendar::print_instant;
use crate::storage::sessions::upkeep::{self, Listed, Which};
use crate::storage::sweeping::{self, What};
use crate::storage::{Database, now_micros, registry::App};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

/// Looks after the sessions of an app's visitors. What is in a session is not shown, nor the id that opens it.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the sessions that have not ended, the one used last first
    List(ListOptions),
    /// End sessions: their visitors are signed out at their next request
    End(EndOptions),
    /// Delete sessions that have ended; a host that serves does so every few minutes by itself
    Sweep(SweepOptions),
}

#[derive(Debug, Args)]
struct ListOptions {
    /// The app
    #[arg(long, value_name = "NAME")]
    app: String,
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

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
struct EndOptions {
    /// The app
    #[arg(long, value_name = "NAME")]
    app: String,
    /// Those in which this user is signed in
    #[arg(long, value_name = "USER", group = "which")]
    user: Option<String>,
    /// The one that the list shows under this handle
    #[arg(long, value_name = "HANDLE", group = "which")]
    id: Option<String>,
    /// Every one
    #[arg(long, group = "which")]
    all: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Args)]
struct SweepOptions {
    /// The app [default: every app]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Verb::List(options) => list(options).await,
        Verb::End(options) => end(options).await,
        Verb::Sweep(options) => sweep(options).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let target = Target::read(&options.app, &options.database).await?;
    // One more shows whether these are all.
    let most = options.limit.saturating_add(1);
    let mut sessions = upkeep::list(&target.space, options.user.as_deref(), most).await?;
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    if sessions.len() > limit {
        sessions.truncate(limit);
        let text = format!("these are the {limit} that were used last; --limit NUMBER lists more");
        Progress::bytes("", None).say(text);
    }
    if options.json {
        return output::json(&sessions.iter().map(as_json).collect::<Vec<_>>());
    }
    if sessions.is_empty() {
        output::line("no sessions");
        return Ok(());
    }
    let head = ["SESSION", "USER", "BEGAN", "LAST USED", "ENDS", "KEYS", "BYTES"];
    output::table(head, &sessions.into_iter().map(as_row).collect::<Vec<_>>());
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
        session.user.map_or_else(|| "-".to_owned(), printable),
        output::time(session.created_at),
        output::time(session.used_at),
        output::time(session.ends_at),
        session.keys.to_string(),
        session.bytes.to_string(),
    ]
}

/// A user's name is the app's and perhaps the visitor's choice: it is not to move the cursor about.
fn printable(user: String) -> String {
    user.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

async fn end(options: &EndOptions) -> anyhow::Result<()> {
    let target = Target::find(&options.app, &options.database).await?;
    let which = match (&options.user, &options.id) {
        (Some(user), _) => Which::OfUser(user),
        (None, Some(handle)) => Which::WithHandle(handle),
        (None, None) => Which::All,
    };
    let ended = upkeep::end(&target.space, which).await?;
    if ended == 0 && options.id.is_some() {
        bail!("no session of {} has this handle: look at innkeeper sessions list", options.app);
    }
    output::line(format!("{}: sessions ended: {ended}", options.app));
    Ok(())
}

async fn sweep(options: &SweepOptions) -> anyhow::Result<()> {
    let config = options.database.load_aloud()?;
    let Some(database) = setup::existing(&config).await? else {
        match &options.app {
            Some(name) => bail!("there is no app {name}: nothing is in {} yet", config.database.target.place()),
            None => output::line("nothing is there yet"),
        }
        return Ok(());
    };
    let mut apps = database.apps().await.with_context(|| setup::unreachable(&config))?;
    // One that was never deployed has no visitors.
    apps.retain(|app| app.active.is_some() || options.app.is_some());
    if let Some(name) = &options.app {
        apps.retain(|app| app.name == *name);
        if apps.is_empty() {
            bail!("there is no app {name}: look at innkeeper apps");
        }
    }
    let own = OwnDatabases::new(config.clone());
    let mut failed = Vec::new();
    for app in &apps {
        match sweep_app(&database, &own, app).await {
            Ok(swept) => output::line(format!("{}: ended sessions swept: {swept}", app.name)),
            Err(error) => {
                output::line(format!("{}: not swept: {error:#}", app.name));
                failed.push(app.name.as_str());
            }
        }
    }
    own.close().await;
    if !failed.is_empty() {
        bail!("not swept: {}", failed.join(", "));
    }
    Ok(())
}

async fn sweep_app(host: &Database, own: &OwnDatabases, app: &App) -> anyhow::Result<u64> {
    let space = space(host, own, &app.name, app.database_var.as_deref()).await?;
    Ok(sweeping::sweep(&space, What::Sessions { now: now_micros() }).await?)
}
