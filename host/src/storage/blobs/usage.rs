//! Counting anew what an app's blobs take up, and bringing whole blobs in beside uploads.

use super::{ROW_BYTES, app};
use crate::storage::connection::cell;
use crate::storage::host_sql::host_sql;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Error, HostSql, Result};

/// What a recount has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recount {
    /// As it stood there.
    pub noted: i64,
    /// As it is.
    pub counted: i64,
}

/// Takes the row and adds to it.
async fn add(unit: &mut UnitOfWork, bytes: i64) -> Result<()> {
    let params = [app(unit), Value::Integer(bytes)];
    unit.write(add_sql(), &params).await.map(|_| ())
}

/// Takes the row of an app and adds to it.
pub(in crate::storage) fn add_sql() -> &'static HostSql {
    host_sql!(
        "insert into innkeeper.usage (app, bytes) values ($1, $2) \
         on conflict (app) do update set bytes = innkeeper.usage.bytes + excluded.bytes"
    )
}

/// Counts the app's blobs. With `mends` the note becomes what was counted.
///
/// Nobody waits for the count as long as the note is right. Only where it is off the row is taken,
/// so that of two who find that one mends it.
pub async fn recount(unit: &mut UnitOfWork, mends: bool) -> Result<Recount> {
    let found = look(unit).await?;
    if !mends || found.noted == found.counted {
        return Ok(found);
    }
    add(unit, 0).await?;
    let found = look(unit).await?;
    add(unit, found.counted.saturating_sub(found.noted)).await?;
    unit.commit().await?;
    Ok(found)
}

/// The note as it stands in the row, also where that is below zero, and the count. One statement
/// reads both: whoever writes changes both at once.
async fn look(unit: &mut UnitOfWork) -> Result<Recount> {
    let sql = host_sql!(
        "select coalesce((select bytes from innkeeper.usage where app = $1), 0), \
         (select cast(coalesce(sum(size + $2), 0) as bigint) from innkeeper.blobs where app = $1)"
    );
    let params = [app(unit), Value::Integer(taken_by(0))];
    let outcome = unit.read(sql, &params).await?;
    let row = outcome.rows.rows.first().map_or(&[][..], Vec::as_slice);
    let number = |at| cell(row, at)?.as_integer().ok_or_else(|| Error::malformed("usage"));
    Ok(Recount { noted: number(0)?, counted: number(1)? })
}

/// What a blob of so many bytes takes up with its row.
pub(in crate::storage) fn taken_by(size: u64) -> i64 {
    i64::try_from(size.saturating_add(ROW_BYTES)).unwrap_or(i64::MAX)
}
