//! What is asked for when somebody looks at the figures.

use super::app_space::AppSpace;
use super::connection::{Connection, cell};
use super::database::Database;
use super::host_sql::{HostSql, host_sql};
use super::sqlite::DiskState;
use super::transfer::host_rows::unhex;
use super::{Error, Result, sample, sessions};
use crate::telemetry::figures::{DiskFigures, Found, PoolFigures};

/// The names of the states of a blob, in the order of their numbers.
const STATES: [&str; 3] = ["receiving", "staged", "kept"];

/// What a row takes up, as a number of SQL.
const ROW_BYTES: i64 = super::blobs::ROW_BYTES.cast_signed();

/// Counts the oldest blobs of a state, not many.
macro_rules! in_state {
    ($state:literal) => {{
        const TEXT: &str = concat!(
            "select count(*), cast(coalesce(sum(size), 0) as bigint), max(id) from (select id, size from innkeeper.blobs ",
            "where app = $1 and state < 2 and state = ",
            $state,
            " order by created_at limit 5000) part",
        );
        static SQL: HostSql = HostSql::new(TEXT);
        &SQL
    }};
}

impl AppSpace {
    /// Counts the app's sessions and blobs; from [`sample::MOST`] on the numbers are estimates, so
    /// that looking at figures costs the same however many there are. On SQLite without waiting for
    /// whoever writes, nor keeping anyone from it.
    pub async fn figures(&self) -> Result<Found> {
        let mut connection = if self.is_sqlite() { self.reader().await? } else { self.upkeep().await? };
        let sessions = sessions::upkeep::count(&mut connection, self.app()).await?;
        let mut blobs = Vec::new();
        for (state, sql) in [(0, in_state!(0)), (1, in_state!(1))] {
            blobs.push((state, count(&mut connection, self.app(), sql).await?));
        }
        blobs.push((2, kept(&mut connection, self.app(), &blobs).await?));
        blobs.retain(|(_, counted)| counted.number > 0);
        let named =
            |(state, counted): (usize, Counted)| Some((*STATES.get(state)?, counted.number, counted.bytes));
        let (row_bytes, rows_full) = (self.rows().bytes(), self.rows().is_full());
        Ok(Found { sessions, row_bytes, rows_full, blobs: blobs.into_iter().filter_map(named).collect() })
    }
}

/// Blobs of one state, with the last id of those that were looked at.
#[derive(Debug, Clone, Default)]
struct Counted {
    number: i64,
    bytes: i64,
    last: Option<String>,
}

impl Counted {
    fn is_all(&self) -> bool {
        self.number < sample::MOST
    }
}

async fn count(connection: &mut Connection, app: &str, sql: &HostSql) -> Result<Counted> {
    let outcome = connection.host(sql, &[app.into()]).await?;
    let row = outcome.rows.rows.first().map_or(&[][..], Vec::as_slice);
    let number = |at| cell(row, at)?.as_integer().ok_or_else(|| Error::malformed("blobs"));
    let last = cell(row, 2)?.as_text().map(str::to_owned);
    Ok(Counted { number: number(0)?, bytes: number(1)?, last })
}

/// Kept blobs. Ids are random, so the first of them show how many there are. What all blobs take up
/// is noted, so their bytes follow from that.
async fn kept(connection: &mut Connection, app: &str, others: &[(usize, Counted)]) -> Result<Counted> {
    let sql = host_sql!(
        "select count(*), cast(coalesce(sum(size), 0) as bigint), max(id) from \
         (select id, size from innkeeper.blobs where app = $1 and state = 2 order by id limit 5000) part"
    );
    let first = count(connection, app, sql).await?;
    if first.is_all() {
        return Ok(first);
    }
    let key = first.last.as_deref().and_then(unhex).ok_or_else(|| Error::malformed("blobs.id"))?;
    let share = sample::share(&key);
    let number = sample::whole(first.number, share).max(first.number);
    if !others.iter().all(|(_, counted)| counted.is_all()) {
        return Ok(Counted { number, bytes: sample::whole(first.bytes, share), last: None });
    }
    let sql = host_sql!("select bytes from innkeeper.usage where app = $1");
    let outcome = connection.host(sql, &[app.into()]).await?;
    let all = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()).unwrap_or(0);
    let rows: i64 = others.iter().map(|(_, counted)| counted.number).sum::<i64>() + number;
    let bytes: i64 = others.iter().map(|(_, counted)| counted.bytes).sum();
    let bytes = all.saturating_sub(rows.saturating_mul(ROW_BYTES)).saturating_sub(bytes);
    Ok(Counted { number, bytes: bytes.max(first.bytes), last: None })
}

impl Database {
    /// How the disk of its files is; none on Postgres.
    pub fn disk_figures(&self) -> Option<DiskFigures> {
        let (folder, disk) = self.disk()?;
        let takes_writes = disk.state == DiskState::Roomy;
        Some(DiskFigures { folder, free: disk.free, reserve: disk.reserve, takes_writes })
    }

    /// What its pools of connections are doing; nothing on SQLite, which has none.
    pub fn pools(&self) -> Vec<PoolFigures> {
        match self {
            Self::Postgres(pools) => vec![pools.guests.figures("guests"), pools.host.figures("host")],
            Self::Sqlite(_) => Vec::new(),
        }
    }
}
