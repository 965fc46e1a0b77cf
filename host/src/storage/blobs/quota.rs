//! What the blobs of an app take up, in one row of `usage`: the sum of the sizes of all its blobs, where an upload under way counts with what it
//! has been promised, and [`ROW_BYTES`] for each. Row and blobs change in the same transaction, so the sum is exact however many uploads there
//! are at once.
//!
//! The row is taken last of all, after those of blobs, just before the commit: for a moment only, and always in this order.

use crate::storage::connection::Connection;
use crate::storage::host_sql::{HostSql, host_sql};
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Outcome, Result};

/// What a blob takes up beside its bytes: its rows and their places in indexes. Without it a million empty files would count for nothing.
pub(in crate::storage) const ROW_BYTES: u64 = 1024;

/// A write that is run with others.
type Write = (&'static HostSql, Vec<Value>);

/// Bytes that the app's blobs take up, uploads under way included.
pub async fn used(unit: &mut UnitOfWork) -> Result<u64> {
    let sql = host_sql!("select bytes from innkeeper.usage where app = $1");
    let outcome = unit.read(sql, &[super::app(unit)]).await?;
    let bytes = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()).unwrap_or(0);
    // Below zero it can only be while an older host, which does not count, works beside this one; a recount follows.
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// Takes room. False where there is not as much.
pub(super) async fn take(connection: &mut Connection, app: &Value, bytes: u64, quota: u64) -> Result<bool> {
    if bytes > quota {
        return Ok(false);
    }
    let sql = host_sql!(
        "insert into innkeeper.usage (app, bytes) values ($1, $2) on conflict (app) do update \
         set bytes = innkeeper.usage.bytes + excluded.bytes where innkeeper.usage.bytes + excluded.bytes <= $3"
    );
    Ok(connection.host(sql, &[app.clone(), number(bytes), number(quota)]).await?.affected > 0)
}

/// Takes room last of all in a unit of work: where there is not as much, its commit fails, see [`told`].
pub(super) fn take_last(app: &Value, bytes: u64, quota: u64) -> Write {
    // The column takes no NULL.
    let sql = host_sql!(
        "insert into innkeeper.usage (app, bytes) values ($1, case when cast($2 as bigint) <= cast($3 as bigint) then cast($2 as bigint) end) on conflict (app) do update \
         set bytes = case when innkeeper.usage.bytes + excluded.bytes <= $3 then innkeeper.usage.bytes + excluded.bytes end"
    );
    (sql, vec![app.clone(), number(bytes), number(quota)])
}

/// Gives room back; none if there is nothing to give.
pub(super) fn give_back(app: &Value, bytes: u64) -> Option<Write> {
    let sql = host_sql!("update innkeeper.usage set bytes = bytes - $2 where app = $1");
    (bytes > 0).then(|| (sql, vec![app.clone(), number(bytes)]))
}

/// What the blobs took up whose sizes a `delete .. returning size` has returned.
pub(super) fn freed(outcome: &Outcome) -> u64 {
    let sizes = outcome.rows.rows.iter().filter_map(|row| u64::try_from(row.first()?.as_integer()?).ok());
    sizes.map(|size| size.saturating_add(ROW_BYTES)).fold(0, u64::saturating_add)
}

/// What a failed commit means where it took room: that there was none.
pub(in crate::storage) fn told(error: Error) -> Error {
    let names_bytes = error.constraint.as_deref().is_some_and(|column| column.ends_with("bytes"));
    if error.code == Code::NotNullViolation && names_bytes { full() } else { error }
}

/// There is no room.
pub fn full() -> Error {
    Error::new(Code::TooLarge, "the files of this app take up all their space")
}

fn number(bytes: u64) -> Value {
    Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX))
}
