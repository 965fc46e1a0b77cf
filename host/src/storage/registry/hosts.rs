//! The hosts that serve from this database: each says now and then that it lives, how far it has
//! followed the registry, and what it could not load. Who lives is judged by the database's clock:
//! those of the hosts may differ.

use super::super::Result;
use super::super::database::Database;
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;

/// A host that has said nothing for so long is gone.
const GONE_MICROS: i64 = 20_000_000;
/// Rows of hosts that are gone are kept for a while, for whoever asks what became of them.
const FORGOTTEN_MICROS: i64 = 3_600_000_000;

/// What a host says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReport {
    /// Made at its start: all dynos may have the same name.
    pub id: String,
    /// The dyno's or machine's name.
    pub name: String,
    /// The release of Innkeeper.
    pub release: String,
    /// Microseconds since 1970.
    pub started_at: i64,
    /// The generation of the registry that it has read. What of it is not served stands in `state`.
    pub generation: i64,
    /// As JSON.
    pub state: String,
}

/// A host as the others know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// What it said last.
    pub report: HostReport,
    /// When that was, in microseconds since 1970.
    pub seen_at: i64,
    /// How long ago that was when this was read, in microseconds.
    pub silent_micros: i64,
}

impl Host {
    /// Whether it has said something lately.
    pub fn is_live(&self) -> bool {
        self.silent_micros < GONE_MICROS
    }
}

impl Database {
    /// Says what a host says of itself, and forgets those that have been gone for long.
    pub async fn report_host(&self, report: &HostReport) -> Result<()> {
        let mut connection = self.registry().await?;
        let sql = host_sql!(
            "insert into innkeeper.hosts (id, name, release, started_at, seen_at, generation, state) \
             values ($1, $2, $3, $4, (extract(epoch from clock_timestamp()) * 1000000)::bigint, $5, $6) \
             on conflict (id) do update set seen_at = excluded.seen_at, generation = excluded.generation, state = excluded.state"
        );
        let params = [
            report.id.as_str().into(),
            report.name.as_str().into(),
            report.release.as_str().into(),
            Value::Integer(report.started_at),
            Value::Integer(report.generation),
            report.state.as_str().into(),
        ];
        connection.host(sql, &params).await?;
        let sql = host_sql!(
            "delete from innkeeper.hosts where seen_at < (extract(epoch from clock_timestamp()) * 1000000)::bigint - $1"
        );
        connection.host(sql, &[Value::Integer(FORGOTTEN_MICROS)]).await.map(|_| ())
    }

    /// Says that a host has ended.
    pub async fn forget_host(&self, id: &str) -> Result<()> {
        let sql = host_sql!("delete from innkeeper.hosts where id = $1");
        self.registry().await?.host(sql, &[id.into()]).await.map(|_| ())
    }

    /// The hosts, those that were seen last first.
    pub async fn hosts(&self) -> Result<Vec<Host>> {
        let sql = host_sql!(
            "select id, name, release, started_at, generation, state, seen_at, \
             (extract(epoch from clock_timestamp()) * 1000000)::bigint - seen_at as silent_micros \
             from innkeeper.hosts order by seen_at desc, id"
        );
        self.registry_reader().await?.host(sql, &[]).await?.rows.read()
    }
}

impl FromRow for Host {
    const TABLE: &'static str = "hosts";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        let report = HostReport {
            id: row.text("id")?,
            name: row.text("name")?,
            release: row.text("release")?,
            started_at: row.integer("started_at")?,
            generation: row.integer("generation")?,
            state: row.text("state")?,
        };
        Ok(Self { report, seen_at: row.integer("seen_at")?, silent_micros: row.integer("silent_micros")? })
    }
}
