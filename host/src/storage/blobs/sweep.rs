//! The way out of what nothing has kept.

use super::quota;
use crate::storage::connection::Connection;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{Result, now_micros};

/// Blobs that one batch looks at.
const MOST: i64 = 500;
/// Bytes of blobs that one batch deletes, and one blob more: what takes long would be cancelled, time and again.
const MOST_BYTES: i64 = 64 << 20;

/// Deletes blobs of an app that are staged since before `staged`, and uploads that began before `receiving` or, where they may be taken up again,
/// made no progress since `staged` (microseconds since 1970); a batch of them, the oldest first. Returns how many. To be run inside a transaction. What
/// somebody else is changing is left alone.
pub async fn sweep(connection: &mut Connection, app: &str, staged: i64, receiving: i64) -> Result<u64> {
    let app = Value::from(app);
    let sql = host_sql!(
        "delete from innkeeper.blobs where app = $1 and id in \
         (select id from (select id, sum(size) over (order by created_at, id) - size as before_it from \
         (select id, size, created_at from innkeeper.blobs where app = $1 and state < 2 \
         and ((created_at < $2 and (state = 1 or received is not null)) or (created_at < $3 and state = 0 and received is null)) \
         order by created_at, id limit $4 for update skip locked) overdue) counted where before_it < $5) returning size"
    );
    let params = [
        app.clone(),
        Value::Integer(staged),
        Value::Integer(receiving),
        Value::Integer(MOST),
        Value::Integer(MOST_BYTES),
    ];
    let outcome = connection.host(sql, &params).await?;
    let sql = host_sql!("delete from innkeeper.used_tickets where app = $1 and until < $2");
    connection.host(sql, &[app.clone(), Value::Integer(now_micros() / 1_000_000)]).await?;
    if let Some((sql, params)) = quota::give_back(&app, quota::freed(&outcome)) {
        connection.host(sql, &params).await?;
    }
    Ok(outcome.affected)
}
