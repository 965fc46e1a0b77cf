//! Sweeping in small transactions, by one process at a time.
//!
//! On Postgres a lock that ends with the transaction keeps other processes away, so nothing has to
//! be released and it works behind a transaction pooler too. On SQLite the transaction is the lock:
//! its file has one writer.

use super::app_space::AppSpace;
use super::connection::{Connection, Control};
use super::host_sql::host_sql;
use super::sessions::upkeep;
use super::{Error, Result, blobs};

/// What to sweep of an app. All times are microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Sessions that have ended by now.
    Sessions {
        /// When that is.
        now: i64,
    },
    /// Blobs that nothing kept.
    Blobs {
        /// Complete ones from before this time.
        staged: i64,
        /// Incomplete ones whose receiving began before this time.
        receiving: i64,
    },
    /// Tickets that were used, and are good for nothing any more by now.
    Tickets {
        /// When that is.
        now: i64,
    },
}

/// Sweeps a batch of an app's things. Returns how many went; none where another process is sweeping
/// them.
pub async fn sweep_batch(space: &AppSpace, what: What) -> Result<Option<u64>> {
    // A connection that is dropped before its commit is rolled back.
    let mut connection = space.upkeep().await?;
    connection.control(Control::Begin(None)).await?;
    if !is_ours(&mut connection, space.app()).await? {
        connection.control(Control::Rollback).await?;
        return Ok(None);
    }
    let app = space.app();
    let swept = match what {
        What::Sessions { now } => upkeep::sweep(&mut connection, app, now).await?,
        What::Blobs { staged, receiving } => blobs::sweep(&mut connection, app, staged, receiving).await?,
        What::Tickets { now } => blobs::sweep_tickets(&mut connection, app, now).await?,
    };
    connection.control(Control::Commit).await?;
    Ok(Some(swept))
}

/// Sweeps until nothing is left or another process does it. Returns how many went.
pub async fn sweep(space: &AppSpace, what: What) -> Result<u64> {
    let mut all = 0;
    while let Some(swept) = sweep_batch(space, what).await?.filter(|swept| *swept > 0) {
        all += swept;
    }
    Ok(all)
}

/// Takes the lock of whoever sweeps an app until the transaction ends, unless somebody has it.
async fn is_ours(connection: &mut Connection, app: &str) -> Result<bool> {
    let Connection::Postgres(_) = connection else { return Ok(true) };
    let sql = host_sql!(
        "select case when pg_try_advisory_xact_lock(hashtextextended('sweep ' || $1::text, 7211)) then 1 else 0 end"
    );
    let outcome = connection.host(sql, &[app.into()]).await?;
    let taken = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
    taken.map(|taken| taken == 1).ok_or_else(|| Error::malformed("a lock"))
}
