//! The way out of what nothing has kept.

use super::quota;
use crate::storage::Result;
use crate::storage::connection::Connection;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;

/// Deletes blobs of an app that are staged since before `staged`, and uploads that began before `receiving` or, where they may be taken up again,
/// made no progress since `staged` (microseconds since 1970), at most `limit` of them. Returns how many. To be run inside a transaction. The condition
/// stands twice: a blob may be kept while the delete waits for it.
pub async fn sweep(
    connection: &mut Connection,
    app: &str,
    staged: i64,
    receiving: i64,
    limit: u32,
) -> Result<u64> {
    let app = Value::from(app);
    let sql = host_sql!(
        "delete from innkeeper.blobs where app = $1 and ((state < 2 and (state = 1 or received is not null) and created_at < $2) \
         or (state = 0 and received is null and created_at < $3)) \
         and id in (select id from innkeeper.blobs where app = $1 and state < 2 \
         and ((created_at < $2 and (state = 1 or received is not null)) or (created_at < $3 and state = 0 and received is null)) \
         limit $4) returning size"
    );
    quota::lock(connection, &app).await?;
    let params =
        [app.clone(), Value::Integer(staged), Value::Integer(receiving), Value::Integer(i64::from(limit))];
    let outcome = connection.host(sql, &params).await?;
    if let Some((sql, params)) = quota::give_back(&app, quota::freed(&outcome)) {
        connection.host(sql, &params).await?;
    }
    Ok(outcome.affected)
}
