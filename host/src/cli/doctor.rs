//! `innkeeper doctor`

use super::tiers::{self, Tier};
use super::{DatabaseArgs, output};
use crate::config::{self, Config};
use crate::storage::registry::App;
use crate::storage::{self, Database, RegistryState};
use anyhow::bail;
use clap::Args;
use serde_json::json;

/// Shows which database was found, why, and whether it answers, and how far each app is kept apart from the others; with --limits, every
/// limit in force. Prints no password.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Show the limits instead, and the variables that set them
    #[arg(long)]
    limits: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.database.load()?;
    if options.limits { limits(&config, options.json) } else { database(&config, options.json).await }
}

fn limits(config: &Config, json: bool) -> anyhow::Result<()> {
    let table = config.limit_rows();
    if json {
        return output::json(&table);
    }
    let rows: Vec<_> = table
        .into_iter()
        .map(|row| [row.meaning.to_owned(), row.value, row.default, row.variable.to_owned()])
        .collect();
    output::table(["LIMIT", "VALUE", "DEFAULT", "VARIABLE"], &rows);
    Ok(())
}

async fn database(config: &Config, json: bool) -> anyhow::Result<()> {
    let decision = &config.database;
    let answer = ask(config).await;
    let disk = Database::open(config).ok().and_then(|database| database.disk_figures());
    let problem = answer.as_ref().err().map(ToString::to_string);
    let (version, apps) = answer.map_or((None, Ok(Vec::new())), |(version, apps)| (Some(version), apps));
    let (apps, unread) = (apps.as_deref().unwrap_or_default(), apps.as_ref().err().map(ToString::to_string));
    let tiers = tiers::tiers(config, apps).await;
    let connections = tiers::connections(config, apps);
    if json {
        let notes: Vec<String> = decision.all_notes().cloned().chain(config.unknown_variables()).collect();
        output::json(&json!({
            "database": decision.target.describe(),
            "source": decision.source.to_string(),
            "reason": decision.reason,
            "notes": notes,
            "answers": version,
            "disk": disk.as_ref().map(|disk| json!({
                "folder": disk.folder,
                "free_bytes": disk.free,
                "reserve_bytes": disk.reserve,
                "takes_writes": disk.takes_writes,
            })),
            "problem": problem,
            "apps": tiers,
            "apps_problem": unread,
            "pool_size": config.pool_size,
            "connections": connections,
            "memory_bytes": config.memory_bytes,
            "instances": config.memory_budget().slots(),
        }))?;
    } else {
        print(config, version.as_deref(), &connections);
        if let Some(disk) = disk {
            let state = if disk.takes_writes { "takes writes" } else { "takes no writes" };
            output::line(format!("disk        {state}, {} bytes free in {}", disk.free, disk.folder));
        }
        print_tiers(&tiers, unread.as_deref());
    }
    if let Some(problem) = problem {
        bail!("the database does not answer: {problem}");
    }
    let problems = tiers.iter().filter_map(|tier| Some(format!("app {}: {}", tier.app, tier.problem.as_ref()?)));
    match problems.collect::<Vec<_>>().join("; ") {
        problems if problems.is_empty() => Ok(()),
        problems => bail!("{problems}"),
    }
}

/// What answers, and the apps in it, if they can be read. Changes nothing and makes nothing.
async fn ask(config: &Config) -> storage::Result<(String, storage::Result<Vec<App>>)> {
    let database = Database::open(config)?;
    let mut version = database.describe().await?;
    let apps = match database.registry_state().await {
        Ok(RegistryState::Missing) => {
            version.push_str("; nothing is there yet");
            Ok(Vec::new())
        }
        Ok(_) => database.apps().await,
        Err(error) => Err(error),
    };
    database.close().await;
    Ok((version, apps))
}

fn print(config: &Config, answer: Option<&str>, connections: &tiers::Connections) {
    let decision = &config.database;
    output::line(format!("database    {}", decision.target.describe()));
    output::line(format!("reason      {}", decision.reason));
    for note in decision.all_notes().chain(&config.unknown_variables()) {
        output::line(format!("note        {note}"));
    }
    if let Some(answer) = answer {
        output::line(format!("answers     {answer}"));
    }
    output::line(format!("connections {connections}"));
    output::line(format!(
        "instances   at most {} at once, in {} MiB of memory",
        config.memory_budget().slots(),
        config.memory_bytes >> 20
    ));
}

fn print_tiers(tiers: &[Tier], unread: Option<&str>) {
    if let Some(unread) = unread {
        output::line(format!("apps        cannot be read, perhaps before `innkeeper migrate`: {unread}"));
    }
    for tier in tiers {
        output::line(format!("app {}: {}", tier.app, tier.tier));
        for warning in &tier.warnings {
            output::line(format!("  warning: {warning}"));
        }
        if let Some(problem) = &tier.problem {
            output::line(format!("  problem: {problem}"));
        }
    }
}

/// Every variable that is read, for `--help`.
pub(super) fn variables_help() -> String {
    let mut text = "Environment:\n".to_owned();
    for variable in config::variables() {
        text.push_str(&format!("  {:<34} {}", variable.name, variable.meaning));
        if !variable.default.is_empty() {
            text.push_str(&format!(" [default: {}]", variable.default));
        }
        text.push('\n');
    }
    text
}
