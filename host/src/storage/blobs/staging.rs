//! The way in: room is taken, chunks are appended as they arrive, and the complete blob is staged.
//!
//! Each step is kept by itself, so that a slow visitor holds no connection. Where the unit of work
//! has a transaction open they are part of it: a second connection could wait for the first for
//! ever.

use super::{Blob, Change, RECEIVING, STAGED, app, quota};
use crate::storage::connection::Control;
use crate::storage::host_sql::{HostSql, host_sql};
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Outcome, Result, now_micros};
use crate::telemetry::metrics;

/// Notes a blob that is being received, so that a sweep finds its chunks whatever happens, and
/// promises it room for so many bytes. False where the app's blobs would take up more than `quota`.
/// With a transaction open the promise is made at its commit, which then may fail.
pub async fn begin(unit: &mut UnitOfWork, id: &str, bytes: u64, quota: u64) -> Result<bool> {
    let sql = host_sql!(
        "insert into innkeeper.blobs (app, id, state, size, sha256, content_type, created_at) \
         values ($1, $2, $4, $3, $5, '', $6)"
    );
    let more = [Value::Integer(RECEIVING), Value::Bytes(Vec::new()), Value::Integer(now_micros())];
    let params = sized(unit, id, bytes, more);
    promise(unit, sql, &params, bytes.saturating_add(quota::ROW_BYTES), quota).await
}

/// Promises room for so many further bytes, as [`begin`] does. `Conflict` if what was noted has
/// been undone since, or swept.
pub async fn grow(unit: &mut UnitOfWork, id: &str, bytes: u64, quota: u64) -> Result<bool> {
    let sql = host_sql!("update innkeeper.blobs set size = size + $3 where app = $1 and id = $2 and state = 0");
    let params = sized(unit, id, bytes, []);
    promise(unit, sql, &params, bytes, quota).await
}

fn sized<const N: usize>(unit: &UnitOfWork, id: &str, bytes: u64, more: [Value; N]) -> Vec<Value> {
    let mut params = vec![app(unit), id.into(), Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX))];
    params.extend(more);
    params
}

/// Notes what is promised and takes the room, both or none.
async fn promise(unit: &mut UnitOfWork, sql: &HostSql, params: &[Value], room: u64, quota: u64) -> Result<bool> {
    let app = app(unit);
    unit.check()?;
    unit.space().check_room(room)?;
    let joins = unit.joins().await?;
    if unit.is_holding() {
        if quota::used(unit).await?.saturating_add(room) > quota {
            return Ok(false);
        }
        let takes = Change::Takes { bytes: room, quota };
        let outcome = unit.write_with_room(sql, params, |outcome| (outcome.affected > 0).then_some(takes)).await?;
        if joins {
            unit.keep().await?;
        }
        return if outcome.affected == 0 { Err(undone()) } else { Ok(true) };
    }
    let mut connection = unit.begin_beside().await?;
    if connection.host(sql, params).await?.affected == 0 {
        connection.control(Control::Rollback).await?;
        return Err(undone());
    }
    if !quota::take(&mut connection, &app, room, quota).await? {
        connection.control(Control::Rollback).await?;
        return Ok(false);
    }
    connection.commit_relaxed(&[]).await.map(|()| true)
}

/// Appends a chunk. On Postgres its commit does not wait for the disk: the commit that keeps the
/// blob will, and flushes everything before it (PostgreSQL documentation, "Asynchronous Commit").
pub async fn append(unit: &mut UnitOfWork, id: &str, seq: i64, data: Vec<u8>) -> Result<()> {
    metrics::blob_bytes_received(unit.space().app(), u64::try_from(data.len()).unwrap_or_default());
    unit.check()?;
    unit.space().check_room(u64::try_from(data.len()).unwrap_or(u64::MAX))?;
    let params = [app(unit), id.into(), Value::Integer(seq), Value::Bytes(data)];
    let joins = unit.joins().await?;
    // Inside a transaction the setting would hold for its commit too, and that one has to wait.
    let sql = if unit.space().is_sqlite() || unit.is_holding() {
        host_sql!("insert into innkeeper.chunks (app, blob, seq, data) values ($1, $2, $3, $4)")
    } else {
        host_sql!(
            "insert into innkeeper.chunks (app, blob, seq, data) select $1, $2, $3, $4 \
             from (select set_config('synchronous_commit', 'off', true)) relaxed"
        )
    };
    let appended = if unit.is_holding() {
        unit.write(sql, &params).await
    } else {
        unit.writer_beside().await?.host(sql, &params).await
    };
    appended.map_err(|error| match error.code {
        // The upload took so long that it was swept.
        Code::ForeignKeyViolation => undone(),
        _ => error,
    })?;
    if joins { unit.keep().await } else { Ok(()) }
}

/// Completes a blob of so many chunks, to which `reserved` bytes have been promised: from now on it
/// is staged. `Conflict` if some of it has been undone since.
pub async fn complete(unit: &mut UnitOfWork, blob: &Blob, chunks: i64, reserved: u64) -> Result<()> {
    let sql = host_sql!(
        "update innkeeper.blobs set state = $3, size = $4, sha256 = $5, content_type = $6, name = $7, created_at = $8 \
         where app = $1 and id = $2 and state = 0 \
         and (select count(*) from innkeeper.chunks where app = $1 and blob = $2) = $9 \
         and (select coalesce(sum(length(data)), 0) from innkeeper.chunks where app = $1 and blob = $2) = $4"
    );
    let params = [
        app(unit),
        blob.id.as_str().into(),
        Value::Integer(STAGED),
        Value::Integer(i64::try_from(blob.size).unwrap_or(i64::MAX)),
        Value::Bytes(blob.sha256.clone()),
        blob.content_type.as_str().into(),
        blob.name.clone().map_or(Value::Null, Value::Text),
        Value::Integer(blob.created_at),
        Value::Integer(chunks),
    ];
    unit.check()?;
    let surplus = reserved.saturating_sub(blob.size);
    if change(unit, sql, &params, |_| surplus).await? == 0 { Err(undone()) } else { Ok(()) }
}

/// Removes what has been received of a blob that will not be completed.
pub async fn discard(unit: &mut UnitOfWork, id: &str) -> Result<()> {
    let sql = host_sql!("delete from innkeeper.blobs where app = $1 and id = $2 and state < 2 returning size");
    let params = [app(unit), id.into()];
    change(unit, sql, &params, quota::freed).await.map(|_| ())
}

/// Changes a blob and gives room back, both or none. Returns how many blobs were changed.
async fn change(
    unit: &mut UnitOfWork,
    sql: &HostSql,
    params: &[Value],
    freed: impl Fn(&Outcome) -> u64,
) -> Result<u64> {
    let joins = unit.joins().await?;
    if unit.is_holding() {
        let gives = |outcome: &Outcome| (outcome.affected > 0).then(|| Change::GivesBack(freed(outcome)));
        let changed = unit.write_with_room(sql, params, gives).await?.affected;
        if joins {
            unit.keep().await?;
        }
        return Ok(changed);
    }
    let app = app(unit);
    let mut connection = unit.begin_beside().await?;
    let outcome = connection.host(sql, params).await?;
    if outcome.affected == 0 {
        return connection.control(Control::Rollback).await.map(|()| 0);
    }
    let writes: Vec<_> = quota::give_back(&app, freed(&outcome)).into_iter().collect();
    connection.commit(&writes).await.map(|()| outcome.affected)
}

fn undone() -> Error {
    Error::new(Code::Conflict, "part of the file was undone by a rollback, or swept")
}
