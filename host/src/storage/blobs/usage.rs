//! Counting anew what an app's blobs take up, and bringing whole blobs in beside uploads.

use super::{ROW_BYTES, app};
use crate::storage::host_sql::host_sql;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Error, HostSql, Outcome, Result};

/// What a recount has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recount {
    /// As it stood there.
    pub noted: i64,
    /// As it is.
    pub counted: i64,
}

/// Takes the row without changing it. One that is missing is made, so that there is something to take.
async fn lock(unit: &mut UnitOfWork) -> Result<()> {
    add(unit, 0).await
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

/// As it stands in the row, also where that is below zero.
async fn noted(unit: &mut UnitOfWork) -> Result<i64> {
    let sql = host_sql!("select bytes from innkeeper.usage where app = $1");
    let params = [app(unit)];
    Ok(number(&unit.read(sql, &params).await?)?.unwrap_or(0))
}

/// Counts the app's blobs. With `mends` the note becomes what was counted.
pub async fn recount(unit: &mut UnitOfWork, mends: bool) -> Result<Recount> {
    lock(unit).await?;
    let noted = noted(unit).await?;
    let counted =
        host_sql!("select cast(coalesce(sum(size + $2), 0) as bigint) from innkeeper.blobs where app = $1");
    let params = [app(unit), Value::Integer(taken_by(0))];
    let counted = number(&unit.read(counted, &params).await?)?.unwrap_or(0);
    if !mends || noted == counted {
        unit.rollback().await?;
        return Ok(Recount { noted, counted });
    }
    add(unit, counted.saturating_sub(noted)).await?;
    unit.commit().await?;
    Ok(Recount { noted, counted })
}

fn number(outcome: &Outcome) -> Result<Option<i64>> {
    let Some(row) = outcome.rows.rows.first() else { return Ok(None) };
    row.first().and_then(Value::as_integer).map(Some).ok_or_else(|| Error::malformed("usage"))
}

/// What a blob of so many bytes takes up with its row.
pub(in crate::storage) fn taken_by(size: u64) -> i64 {
    i64::try_from(size.saturating_add(ROW_BYTES)).unwrap_or(i64::MAX)
}
