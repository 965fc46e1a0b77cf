//! The count of the bytes that an app's blobs take up. What comes here makes rows that nobody else knows yet, or holds the row from its beginning, so that nobody
//! waits for each other in a circle.

use crate::storage::blobs::ROW_BYTES;
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

/// Takes the row without changing it.
pub(super) async fn lock(unit: &mut UnitOfWork) -> Result<()> {
    let sql = host_sql!("update innkeeper.usage set bytes = bytes where app = $1");
    let params = [app(unit)];
    unit.write(sql, &params).await.map(|_| ())
}

/// Takes the row and adds to it. Returns the sum.
pub(super) async fn add(unit: &mut UnitOfWork, bytes: i64) -> Result<i64> {
    let params = [app(unit), Value::Integer(bytes)];
    number(&unit.write(add_sql(), &params).await?)?.ok_or_else(|| Error::malformed("usage"))
}

/// Takes the row of an app and adds to it.
pub(super) fn add_sql() -> &'static HostSql {
    host_sql!(
        "insert into innkeeper.usage (app, bytes) values ($1, $2) \
         on conflict (app) do update set bytes = innkeeper.usage.bytes + excluded.bytes returning bytes"
    )
}

/// What is noted: the bytes of the app's blobs and of their rows.
pub async fn taken(unit: &mut UnitOfWork) -> Result<i64> {
    let sql = host_sql!("select bytes from innkeeper.usage where app = $1");
    let params = [app(unit)];
    Ok(number(&unit.read(sql, &params).await?)?.unwrap_or(0))
}

/// Counts the app's blobs. With `mends` the note becomes what was counted.
pub async fn recount(unit: &mut UnitOfWork, mends: bool) -> Result<Recount> {
    lock(unit).await?;
    let noted = taken(unit).await?;
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
pub(super) fn taken_by(size: u64) -> i64 {
    i64::try_from(size.saturating_add(ROW_BYTES)).unwrap_or(i64::MAX)
}

pub(super) fn app(unit: &UnitOfWork) -> Value {
    unit.space().app().as_ref().into()
}
