//! `innkeeper doctor`

use super::dyno_sizes::{self, AppSize};
use super::follower_report::{self, FollowerReport};
use super::tiers::{self, Tier};
use super::{DatabaseArgs, output};
use crate::config::Config;
use crate::guests::admission::InstanceSize;
use crate::guests::heartbeat::HostState;
use crate::operations::HostView;
use crate::operations::budget::{self, Budget};
use crate::storage::registry::App;
use crate::storage::{self, Code, Database, Error, RegistryState};
use crate::telemetry::figures::DiskFigures;
use anyhow::bail;
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;

/// So many apps are named one by one.
const FEW: usize = 5;

/// Show which database was found and why, and whether it answers
///
/// Shows which database was found, why, and whether it answers, and how far each app is kept apart
/// from the others; with --limits, every limit in force, and what they come to on each size of
/// dynos. Prints no password.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper doctor
  innkeeper doctor --limits
  innkeeper doctor --dynos 4
  innkeeper doctor --json | jq '.apps[].warnings'

JSON: {database, source, reason, notes, answers, disk, problem, apps, hosts, apps_problem, compiled_code, pool_size,
connections, budget, followers, memory_bytes, instances}; apps is a list of {app, database_var, place, tier, warnings, problem}, disk is
{folder, free_bytes, reserve_bytes, takes_writes}, connections is {guests, host, apps, followers, most}, hosts is as in
`hosts`; budget is a list of {name, each, processes, release, psql, most, most_with_preboot, limit, warning,
preboot_note, not_counted}, followers one of {app, follower, most_seconds, behind_seconds, problem}.
With --limits: {limits, sizes}; limits is a list of {name, variable, value, default, unit, meaning}, sizes one of
{dyno, memory_bytes, here, threads, guest_memory_bytes, instances, connections, compile_memory_bytes, compile_threads,
compiles_python, sqlite_heap_bytes, apps}, whose apps are {app, instance_bytes, resident_bytes,
known, at_once}")]
pub(super) struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Show the limits instead, the variables that set them, and what there is room for on each
    /// size of dynos
    #[arg(long)]
    limits: bool,
    /// Count connections for so many dynos instead of the hosts that live
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    dynos: Option<u32>,
    /// Show each app by itself, however many there are
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.database.load()?;
    if options.limits { limits(&config, options.json).await } else { database(&config, options).await }
}

async fn limits(config: &Config, json: bool) -> anyhow::Result<()> {
    let table = config.limit_rows();
    let apps = match app_sizes(config).await {
        Ok(apps) => apps,
        Err(error) => {
            output::note(format!("note: what there is room for is not known by app: {error}"));
            Vec::new()
        }
    };
    let sizes = dyno_sizes::sizes(config, &apps)?;
    if json {
        return output::json(&json!({ "limits": table, "sizes": sizes }));
    }
    let rows: Vec<_> = table
        .into_iter()
        .map(|row| [row.meaning.to_owned(), row.value, row.default, row.variable.to_owned()])
        .collect();
    output::table(["LIMIT", "VALUE", "DEFAULT", "VARIABLE"].map(output::text), &rows);
    dyno_sizes::print(&sizes);
    Ok(())
}

/// The apps, and what live hosts have told of their instances: the most that one of them has.
async fn app_sizes(config: &Config) -> storage::Result<Vec<AppSize>> {
    let database = Database::open(config)?;
    let apps = match database.registry_state().await? {
        RegistryState::Current => database.apps().await?,
        RegistryState::Missing | RegistryState::Old => Vec::new(),
    };
    let hosts = if apps.is_empty() { Vec::new() } else { database.hosts().await? };
    database.close().await;
    let live = hosts.iter().filter(|host| host.is_live());
    let told: Vec<HostState> = live.filter_map(|host| serde_json::from_str(&host.report.state).ok()).collect();
    let size = |app: App| {
        let known = told.iter().filter_map(|host| host.instances.get(&app.name)).copied();
        let most = |one: InstanceSize, other: InstanceSize| InstanceSize {
            own: one.own.max(other.own),
            resident: one.resident.max(other.resident),
        };
        AppSize { known: known.reduce(most), app: app.name }
    };
    Ok(apps.into_iter().filter(|app| app.active.is_some()).map(size).collect())
}

async fn database(config: &Config, options: &Options) -> anyhow::Result<()> {
    let decision = &config.database;
    let answer = ask(config).await;
    let disk = Database::open(config).ok().and_then(|database| database.disk_figures());
    let problem = answer.as_ref().err().map(ToString::to_string);
    let Answer { version, apps, hosts } = answer.unwrap_or_default();
    let (apps, unread) = (apps.as_deref().unwrap_or_default(), apps.as_ref().err().map(ToString::to_string));
    let tiers = tiers::tiers(config, apps).await;
    let connections = tiers::connections(config, apps);
    let live = u32::try_from(hosts.len()).unwrap_or(u32::MAX).max(1);
    // A database that does not answer is not asked once more.
    let (budgets, followers) = match &problem {
        Some(_) => (Vec::new(), Vec::new()),
        None => {
            let budgets = budget::of_all(config, apps, options.dynos.unwrap_or(live)).await;
            (budgets, follower_report::followers(config, apps).await)
        }
    };
    if options.json {
        let notes: Vec<String> = decision.all_notes().cloned().chain(config.variable_notes()).collect();
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
            "hosts": hosts,
            "apps_problem": unread,
            "pool_size": config.pool_size,
            "connections": connections,
            "budget": budgets,
            "followers": followers,
            "compiled_code": config.code_key.describe(),
            "memory_bytes": config.memory_bytes,
            "instances": config.memory_budget().slots(),
        }))?;
    } else {
        print(config, version.as_deref(), disk.as_ref(), unread.as_deref(), &connections);
        print_budgets(&budgets);
        print_hosts(&hosts);
        followers.iter().for_each(|follower: &FollowerReport| output::line(follower));
        print_tiers(&tiers, options.all);
    }
    verdict(problem, unread, &tiers)
}

/// An error for what is wrong.
fn verdict(problem: Option<String>, unread: Option<String>, tiers: &[Tier]) -> anyhow::Result<()> {
    if let Some(problem) = problem {
        bail!("the database does not answer: {problem}");
    }
    if let Some(unread) = unread {
        bail!("the apps cannot be read: {unread}");
    }
    let problems = tiers.iter().filter_map(|tier| Some(format!("app {}: {}", tier.app, tier.problem.as_ref()?)));
    let problems: Vec<String> = problems.collect();
    match problems.len().checked_sub(FEW) {
        _ if problems.is_empty() => Ok(()),
        None | Some(0) => bail!("{}", problems.join("; ")),
        Some(more) => bail!("{}; and {more} more apps", problems.get(..FEW).unwrap_or_default().join("; ")),
    }
}

/// What the database says.
struct Answer {
    /// Engine and version; none where it does not answer.
    version: Option<String>,
    apps: storage::Result<Vec<App>>,
    hosts: Vec<HostView>,
}

impl Default for Answer {
    fn default() -> Self {
        Self { version: None, apps: Ok(Vec::new()), hosts: Vec::new() }
    }
}

/// What answers, and the apps in it, if they can be read. Changes nothing and makes nothing.
async fn ask(config: &Config) -> storage::Result<Answer> {
    let database = Database::open(config)?;
    let mut version = database.describe().await?;
    let mut hosts = Vec::new();
    let apps = match database.registry_state().await {
        Ok(RegistryState::Missing) => {
            version.push_str("; nothing is there yet");
            Ok(Vec::new())
        }
        Ok(RegistryState::Current) => {
            hosts = database.hosts().await?;
            database.apps().await
        }
        Ok(RegistryState::Old) => {
            let text =
                "the host's tables are of an earlier release: bring them up to date first (innkeeper migrate)";
            Err(Error::new(Code::Conflict, text))
        }
        Err(error) => Err(error),
    };
    database.close().await;
    let hosts = hosts.into_iter().map(HostView::of).filter(|host| host.live).collect();
    Ok(Answer { version: Some(version), apps, hosts })
}

/// What all processes open together, and what the databases take.
fn print_budgets(budgets: &[Budget]) {
    if budgets.is_empty() {
        return;
    }
    let columns =
        ["CONNECTIONS TO", "A PROCESS", "PROCESSES", "RELEASE", "PSQL", "AT MOST", "WITH PREBOOT", "LIMIT"];
    let limit = |budget: &Budget| match &budget.limit {
        Some(limit) => format!("{} ({})", limit.most, limit.set_by),
        None => "not known".to_owned(),
    };
    let row = |budget: &Budget| {
        let [each, processes, release, psql, most, with_preboot] =
            [budget.each, budget.processes, budget.release, budget.psql, budget.most, budget.most_with_preboot]
                .map(|number| number.to_string());
        [budget.name.clone(), each, processes, release, psql, most, with_preboot, limit(budget)]
    };
    output::table(columns.map(output::text), &budgets.iter().map(row).collect::<Vec<_>>());
    for budget in budgets {
        let named = |what: &str, text: &String| output::line(format!("  {what}: {}: {text}", budget.name));
        budget.warning.iter().for_each(|text| named("warning", text));
        budget.preboot_note.iter().for_each(|text| named("note", text));
        budget.not_counted.iter().for_each(|text| named("note", text));
    }
}

/// The hosts that live, and what each cannot serve.
fn print_hosts(hosts: &[HostView]) {
    for host in hosts {
        let loading =
            if host.loading.is_empty() { String::new() } else { format!(", loads {}", host.loading.len()) };
        output::line(format!("host        {} ({}), release {}{loading}", host.name, host.id, host.release));
        for problem in &host.problems {
            output::line(format!("  problem: app {}: {}", problem.app, problem.reason));
        }
    }
}

fn print(
    config: &Config,
    answer: Option<&str>,
    disk: Option<&DiskFigures>,
    unread: Option<&str>,
    connections: &tiers::Connections,
) {
    let decision = &config.database;
    let mut facts = vec![("database", decision.target.describe()), ("reason", decision.reason.clone())];
    facts.extend(decision.all_notes().cloned().chain(config.variable_notes()).map(|note| ("note", note)));
    facts.extend(answer.map(|answer| ("answers", answer.to_owned())));
    let (slots, memory) = (config.memory_budget().slots(), output::bytes(config.memory_bytes));
    facts.extend([
        ("connections", connections.to_string()),
        ("code", format!("compiled components are {}", config.code_key.describe())),
        ("instances", format!("at most {slots} at once, in {memory} of memory")),
    ]);
    if let Some(disk) = disk {
        let state = if disk.takes_writes { "takes writes" } else { "takes no writes" };
        facts.push(("disk", format!("{state}, {} free in {}", output::bytes(disk.free), disk.folder)));
    }
    facts.extend(unread.map(|unread| ("apps", format!("cannot be read: {unread}"))));
    output::facts(&facts);
}

/// Apps of the same tier in one line where they are many and there is nothing to say of one alone.
fn print_tiers(tiers: &[Tier], all: bool) {
    let mut alike: BTreeMap<&str, Vec<&Tier>> = BTreeMap::new();
    for tier in tiers.iter().filter(|tier| tier.is_sound() && !all) {
        alike.entry(&tier.tier).or_default().push(tier);
    }
    alike.retain(|_, apps| apps.len() > FEW);
    for (tier, apps) in &alike {
        let names: Vec<&str> = apps.iter().take(FEW).map(|tier| tier.app.as_str()).collect();
        let (count, more) = (apps.len(), apps.len() - names.len());
        output::line(format!("{count} apps ({} and {more} more): {tier}", names.join(", ")));
    }
    for tier in tiers.iter().filter(|tier| !tier.is_sound() || !alike.contains_key(tier.tier.as_str())) {
        output::line(format!("app {}: {}", tier.app, tier.tier));
        for warning in &tier.warnings {
            output::line(format!("  warning: {warning}"));
        }
        if let Some(problem) = &tier.problem {
            output::line(format!("  problem: {problem}"));
        }
    }
}
