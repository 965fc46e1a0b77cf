//! The interface `db`, on both databases: the same statements, the same values, the same errors.

mod columns;
mod corpora_sqlite;
mod corpus;
mod costs;
mod cursors;
mod definitions;
mod errors;
mod exotic;
mod gate;
mod isolation;
mod large_rows;
mod limits;
mod migrations;
mod neighbours;
mod portable;
pub(crate) mod properties;
mod room;
mod savepoints;
mod schema_changes;
mod shapes;
mod sqlite_forms;
pub(crate) mod tables;
mod values;

use serde_json::json;
use support::probe::all_ok;
use support::{Engine, TestHost, Visitor};

/// A visitor of a probe, and its host. On a busy machine whoever waits for others does so for long.
async fn probe(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_POOL_WAIT", "30s");
    let host = host.env("INNKEEPER_STATEMENT_TIME", "20s").env("INNKEEPER_CPU_PER_REQUEST", "20s").start().await;
    let visitor = host.visitor();
    (host, visitor)
}

/// A visitor of a probe whose tables have been made by these statements, the same on both
/// databases.
async fn probe_with(engine: Engine, statements: &[&str]) -> (TestHost, Visitor) {
    let (host, visitor) = probe(engine).await;
    let migration = json!({ "name": "1", "statements": statements });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [migration] }])).await);
    (host, visitor)
}
