//! What is asked for when somebody looks at the figures.

use super::connection::cell;
use super::database::{AppSpace, Database};
use super::host_sql::host_sql;
use super::sqlite::DiskState;
use super::{Error, Result, sessions};
use crate::telemetry::figures::{DiskFigures, Found, PoolFigures};

/// The names of the states of a blob, in the order of their numbers.
const STATES: [&str; 3] = ["receiving", "staged", "kept"];

impl AppSpace {
    /// Counts the app's sessions and blobs. On SQLite without waiting for whoever writes, nor keeping anyone from it.
    pub async fn figures(&self) -> Result<Found> {
        let mut connection = if self.is_sqlite() { self.reader().await? } else { self.upkeep().await? };
        let sessions = sessions::upkeep::count(&mut connection, self.app()).await?;
        let sql = host_sql!(
            "select state, count(*), cast(sum(size) as bigint) from innkeeper.blobs where app = $1 group by state"
        );
        let outcome = connection.host(sql, &[self.app().as_ref().into()]).await?;
        let mut blobs = Vec::new();
        for row in &outcome.rows.rows {
            let number = |at| cell(row, at)?.as_integer().ok_or_else(|| Error::malformed("blobs"));
            let state = usize::try_from(number(0)?).ok().and_then(|state| STATES.get(state));
            blobs.push((*state.ok_or_else(|| Error::malformed("blobs.state"))?, number(1)?, number(2)?));
        }
        let (row_bytes, rows_full) = (self.rows().bytes(), self.rows().is_full());
        Ok(Found { sessions, row_bytes, rows_full, blobs })
    }
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
