//! The way out of what nothing has kept.

use super::quota;
use crate::storage::connection::Connection;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{HostSql, Result};

/// Bytes of blobs that one batch deletes, and one blob more: what takes long would be cancelled,
/// time and again.
const MOST_BYTES: i64 = 64 << 20;

/// Deletes blobs of an app that are staged since before `staged`, and uploads that began before
/// `receiving` or, where they may be taken up again, made no progress since `staged` (microseconds
/// since 1970); a batch of each, the oldest first. Returns how many. To be run inside a
/// transaction. What somebody else is changing is left alone.
///
/// A statement for each kind: the index leads each past those whose time is not over. SQLite uses
/// it only where its own condition is written out.
pub async fn sweep(connection: &mut Connection, app: &str, staged: i64, receiving: i64) -> Result<u64> {
    let sql = host_sql!(
        "delete from innkeeper.blobs where app = $1 and id in \
         (select id from (select id, sum(size) over (order by created_at, id) - size as before_it from \
         (select id, size, created_at from innkeeper.blobs where app = $1 and state < 2 and state = 1 and created_at < $2 \
         order by created_at limit 500 for update skip locked) overdue) counted where before_it < $3) returning size"
    );
    let mut params = vec![app.into(), Value::Integer(staged), Value::Integer(MOST_BYTES)];
    let swept = run(connection, app, sql, &params).await?;
    let sql = host_sql!(
        "delete from innkeeper.blobs where app = $1 and id in \
         (select id from (select id, sum(size) over (order by created_at, id) - size as before_it from \
         (select id, size, created_at from innkeeper.blobs where app = $1 and state < 2 and state = 0 and created_at < $4 \
         and (received is null or created_at < $2) \
         order by created_at limit 500 for update skip locked) overdue) counted where before_it < $3) returning size"
    );
    params.push(Value::Integer(receiving));
    Ok(swept + run(connection, app, sql, &params).await?)
}

/// Deletes blobs and gives their room back.
pub(super) async fn run(connection: &mut Connection, app: &str, sql: &HostSql, params: &[Value]) -> Result<u64> {
    let outcome = connection.host(sql, params).await?;
    if let Some((sql, params)) = quota::give_back(&app.into(), quota::freed(&outcome)) {
        connection.host(sql, &params).await?;
    }
    Ok(outcome.affected)
}

/// Forgets tickets of an app that are good for nothing any more, a batch of them. Returns how many.
pub async fn sweep_tickets(connection: &mut Connection, app: &str, now: i64) -> Result<u64> {
    let sql = host_sql!(
        "delete from innkeeper.used_tickets where app = $1 and id in \
         (select id from innkeeper.used_tickets where app = $1 and until < $2 order by until limit 200 for update skip locked)"
    );
    Ok(connection.host(sql, &[app.into(), Value::Integer(now / 1_000_000)]).await?.affected)
}
