//! Attacks beside well-behaved visitors, on a host with 512 MiB: who fails, who waits, and what it
//! costs the host.
//!
//! The visitors ask at a fixed rate, whatever becomes of their answers. The attacks take turns.
//! Begin reading at [`attackers`] for what an attack is and at [`neighbours`] for who must not
//! notice it. [`host`] is the host with its apps.

mod attackers;
mod host;
mod neighbours;

use std::time::Duration;

use sqlx::{Connection, PgConnection, Row};

use crate::setup::Setup;
use crate::table;
use attackers::Attack;
use host::Host;
use neighbours::{Asked, Neighbours};

/// Between two looks at the host's memory and connections.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the host is left alone before its memory is compared with that before all attacks.
const REST: Duration = Duration::from_secs(20);

const HEAD: [&str; 12] = [
    "attack",
    "asked",
    "503",
    "failed",
    "hello p50/p99 ms",
    "read p50/p99 ms",
    "download p50/p99 ms",
    "live p50/p99 ms",
    "visitors late p99 ms",
    "RSS MiB",
    "connections",
    "host",
];

/// What an attack cost the host at most.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    rss_mib: f64,
    connections: i64,
}

/// Lets the attacks take turns on each database and prints a table for each. Returns the number of
/// failures of the well-behaved: answers other than the right one and 503 with `Retry-After`.
pub async fn run(setup: &Setup) -> anyhow::Result<usize> {
    let mut failures = 0;
    for name in ["postgres", "sqlite"] {
        let url = match name {
            "postgres" => Some(setup.postgres.database("attacks").await?),
            _ => None,
        };
        failures += on_database(setup, name, url).await?;
    }
    Ok(failures)
}

async fn on_database(setup: &Setup, name: &str, url: Option<String>) -> anyhow::Result<usize> {
    let mut host = Host::start(setup, url.clone()).await?;
    let mut watch = match &url {
        Some(url) => Some(PgConnection::connect(url).await?),
        None => None,
    };
    let file = host.upload().await?;
    let before = host.rss_mib().unwrap_or_default();
    let (mut rows, mut failures) = (Vec::new(), 0);
    for attack in Attack::all(url.is_some()) {
        eprintln!("{name}: {}", attack.name);
        let neighbours = Neighbours::begin(host.address(), &file);
        let attackers = attack.begin(host.address());
        let cost = observe(&host, &mut watch, setup.options.attack_time()).await?;
        attackers.end()?;
        let asked = neighbours.end().await;
        failures += asked.failures();
        let condition = host.condition().await;
        rows.push(row(attack.name, &asked, cost, condition));
        if condition != "alive" {
            host.restart().await?;
        }
    }
    tokio::time::sleep(REST).await;
    println!("\nattacks, {name}: a host with 512 MiB, {:?} an attack", setup.options.attack_time());
    table::print(&HEAD, &rows);
    let after = host.rss_mib().unwrap_or_default();
    println!("RSS before all attacks {before:.0} MiB, {REST:?} after them {after:.0} MiB");
    Ok(failures)
}

/// The most memory and connections that the host has while `time` goes by.
async fn observe(host: &Host, watch: &mut Option<PgConnection>, time: Duration) -> anyhow::Result<Cost> {
    let mut cost = Cost::default();
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        cost.rss_mib = cost.rss_mib.max(host.rss_mib().unwrap_or_default());
        if let Some(watch) = watch {
            let count = "select count(*) from pg_stat_activity where backend_type = 'client backend' \
                         and pid <> pg_backend_pid()";
            let row = sqlx::raw_sql(count).fetch_one(watch).await?;
            cost.connections = cost.connections.max(row.try_get(0)?);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(cost)
}

fn row(name: &str, asked: &Asked, cost: Cost, condition: &str) -> Vec<String> {
    let share = |part: usize| format!("{:.2} %", part as f64 * 100.0 / asked.count().max(1) as f64);
    let mut row = vec![name.to_owned(), asked.count().to_string(), share(asked.busy()), share(asked.failures())];
    row.extend(asked.percentiles());
    row.push(asked.lateness());
    row.push(format!("{:.0}", cost.rss_mib));
    row.push(if cost.connections > 0 { cost.connections.to_string() } else { "-".to_owned() });
    row.push(condition.to_owned());
    row
}
