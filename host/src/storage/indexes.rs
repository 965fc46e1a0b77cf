//! Indexes of host tables that were added to tables with many rows. On Postgres making one keeps
//! all writers waiting unless it is made on the side, which takes longer and is no part of a
//! transaction (PostgreSQL documentation, "Building Indexes Concurrently"). So migrations make them
//! only where a table is small, and each host looks soon after its start whether one is missing.
//! Until then statements take longer, and are right.

use super::app_space::AppSpace;
use super::connection::{Connection, cell};
use super::database::Database;
use super::host_sql::{host_sql, in_schema};
use super::{Error, Result};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long making one may take: it waits for every transaction that began before it.
const TIME: Duration = Duration::from_secs(3 * 3600);

/// An index that may be missing, in words for [`in_schema`].
struct Index {
    name: &'static str,
    what: &'static str,
    /// The one in whose place it has come.
    replaces: Option<&'static str>,
}

const INDEXES: [Index; 3] = [
    Index {
        name: "blobs_unkept",
        what: "innkeeper.blobs (app, state, created_at) where state < 2",
        replaces: Some("blobs_not_kept"),
    },
    Index { name: "blobs_kept", what: "innkeeper.blobs (app, id) where state = 2", replaces: None },
    Index { name: "used_tickets_by_end", what: "innkeeper.used_tickets (app, until)", replaces: None },
];

impl AppSpace {
    /// Makes the indexes of its host tables that are missing, unless another process is at it.
    /// Looks once in the life of a process.
    pub async fn complete_indexes(&self) -> Result<()> {
        let Database::Postgres(pools) = self.database() else { return Ok(()) };
        // An index is made outside of any transaction, with settings and a lock of its session.
        if self.database().is_behind_pooler() || !pools.indexes.is_first(self.host_schema()) {
            return Ok(());
        }
        let mut connection = self.upkeep().await?;
        let there = valid(&mut connection).await?;
        let missing = INDEXES.iter().filter(|index| !there.contains(index.name));
        let missing: Vec<&Index> = missing.collect();
        if missing.is_empty() || !is_ours(&mut connection, self.host_schema()).await? {
            return Ok(());
        }
        let made = make_all(&mut connection, &missing).await;
        // Its settings and its lock end with it.
        connection.forget().await;
        made
    }
}

async fn make_all(connection: &mut Connection, missing: &[&Index]) -> Result<()> {
    connection.script("set statement_timeout = 0; set lock_timeout = 0").await?;
    let schema = connection.host_schema();
    for Index { name, what, replaces } in missing {
        let began = Instant::now();
        tracing::info!(index = name, "making an index of a large table; nobody waits for it");
        // One that was not finished is there without being used.
        let mut steps = vec![
            format!("drop index concurrently if exists innkeeper.{name}"),
            format!("create index concurrently {name} on {what}"),
        ];
        steps.extend(replaces.map(|old| format!("drop index concurrently if exists innkeeper.{old}")));
        for step in steps {
            connection.script_alone(&in_schema(schema.as_deref(), &step), TIME).await?;
        }
        tracing::info!(index = name, seconds = began.elapsed().as_secs(), "the index is there");
    }
    Ok(())
}

/// Names of the indexes that are whole.
async fn valid(connection: &mut Connection) -> Result<HashSet<String>> {
    let sql = host_sql!(
        "select c.relname::text from pg_index x join pg_class c on c.oid = x.indexrelid where x.indisvalid \
         and x.indrelid in (to_regclass('innkeeper.blobs'), to_regclass('innkeeper.used_tickets'))"
    );
    let outcome = connection.host(sql, &[]).await?;
    let name = |row: &Vec<super::Value>| {
        cell(row, 0)?.as_text().map(str::to_owned).ok_or_else(|| Error::malformed("an index"))
    };
    outcome.rows.rows.iter().map(name).collect()
}

/// Takes the lock of whoever makes the indexes until the connection ends, unless somebody has it.
async fn is_ours(connection: &mut Connection, schema: Option<&str>) -> Result<bool> {
    let sql = host_sql!(
        "select case when pg_try_advisory_lock(hashtextextended('indexes ' || $1::text, 7211)) then 1 else 0 end"
    );
    let outcome = connection.host(sql, &[schema.unwrap_or(super::migrations::HOST_SCHEMA).into()]).await?;
    let taken = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
    taken.map(|taken| taken == 1).ok_or_else(|| Error::malformed("a lock"))
}

/// Where this process has looked.
#[derive(Debug, Default, Clone)]
pub(super) struct Looked(std::sync::Arc<std::sync::Mutex<HashSet<String>>>);

impl Looked {
    /// Whether nobody has looked into this schema yet.
    fn is_first(&self, schema: Option<&str>) -> bool {
        let mut schemas = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        schemas.insert(schema.unwrap_or_default().to_owned())
    }
}
