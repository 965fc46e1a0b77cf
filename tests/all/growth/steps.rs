//! What the host says of its statements on SQLite, and what SQLite says of their plans.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;

use super::Ran;
use super::excused::{self, Work};
use super::texts;

/// The log with a line for each statement of the host.
pub(super) const FILTER: &str =
    "warn,innkeeper=info,guest=info,request=info,innkeeper::storage::sqlite::work=trace";

/// Steps that stand for a row.
const STEPS_PER_ROW: f64 = 60.0;

/// The statements in a log, in their order.
pub(super) fn from_log(log: &str) -> Ran {
    let mut ran = Ran::new();
    for line in log.lines().filter(|line| line.contains("storage::sqlite::work: ran")) {
        let (_, rest) = line.split_once("steps=").expect("a number of steps");
        let (steps, sql) = rest.split_once(" sql=").expect("a text");
        let steps: f64 = steps.parse().expect("a number");
        let sql: String = serde_json::from_str(sql).expect("a text in quotes");
        ran.push(Work { rows: steps / STEPS_PER_ROW, blocks: 0.0, plan: format!("{steps} steps"), sql });
    }
    assert!(!ran.is_empty(), "the host has told of no statement");
    ran
}

/// Tables that stay small.
const SMALL: [&str; 6] = [
    "innkeeper_generation",
    "innkeeper_hosts",
    "innkeeper_keys",
    "innkeeper_migrations",
    "innkeeper_tokens",
    "innkeeper_usage",
];

/// Asks for the plan of every statement of the host, whether it was run or not. Nobody runs ANALYZE
/// here, so a plan depends on the text alone.
pub(super) fn no_table_is_scanned(folder: &Path, ran: &Ran) {
    let files = ["innkeeper.sqlite", "apps/probe.sqlite"]
        .map(|file| Connection::open(folder.join(file)).expect("a file of the host"));
    let mut all: BTreeSet<String> = ran.iter().map(|work| work.sql.clone()).collect();
    all.extend(texts::of_source().into_iter().map(|text| texts::for_sqlite(&text)));
    let mut scans = Vec::new();
    for sql in all.iter().filter(|sql| !excused::is_excused(&sql.replace("innkeeper_", "innkeeper."))) {
        let plans: Vec<Vec<String>> = files.iter().filter_map(|file| plan(file, sql)).collect();
        let lines = plans.iter().flatten().filter(|line| is_scan(line));
        scans.extend(lines.map(|line| format!("{line}: {sql}")));
    }
    assert!(scans.is_empty(), "{} scans:\n{}", scans.len(), scans.join("\n"));
}

/// None where the file does not have the tables, or the text is for Postgres.
fn plan(file: &Connection, sql: &str) -> Option<Vec<String>> {
    let mut statement = file.prepare(&format!("explain query plan {sql}")).ok()?;
    let rows = statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
    Some(rows.expect("a plan"))
}

fn is_scan(line: &str) -> bool {
    let scanned = line.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
    scanned.is_some_and(|table| table.starts_with("innkeeper_") && !SMALL.contains(&table))
}
