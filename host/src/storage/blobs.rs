//! Blobs as rows: what is known about each, and its bytes in chunks.
//!
//! A blob is *receiving* while its chunks arrive, *staged* when it is complete and *kept* once a unit of work has claimed it. Chunks are
//! written as they arrive, each by itself unless a transaction is open anyway: a slow visitor holds no connection. What is not
//! kept is swept.

use super::connection::{Connection, cell};
use super::database::AppSpace;
use super::host_sql::host_sql;
use super::unit::UnitOfWork;
use super::value::Value;
use super::{Code, Error, Result, hex, now_micros};
use crate::telemetry::metrics;

/// Bytes of a blob in one row (all but the last).
pub const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks read at once while sending; 1 MiB.
const CHUNKS_PER_READ: i64 = 4;

const RECEIVING: i64 = 0;
const STAGED: i64 = 1;
const KEPT: i64 = 2;

/// What is known about a complete blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// 32 hexadecimal digits.
    pub id: String,
    /// In bytes.
    pub size: u64,
    /// Of the bytes.
    pub sha256: Vec<u8>,
    /// The media type.
    pub content_type: String,
    /// The file name that the sender gave, cleaned.
    pub name: Option<String>,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Whether a unit of work has kept it.
    pub kept: bool,
}

/// A fresh random id: 128 bits from the operating system, in hexadecimal.
pub fn new_id() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
    Ok(hex(&bytes))
}

/// Notes that a blob is being received, so that a sweep finds its chunks whatever happens.
pub async fn begin(unit: &mut UnitOfWork, id: &str) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.blobs (app, id, state, size, sha256, content_type, created_at) \
         values ($1, $2, $3, 0, $4, '', $5)"
    );
    let params =
        [app(unit), id.into(), Value::Integer(RECEIVING), Value::Bytes(Vec::new()), Value::Integer(now_micros())];
    stage(unit, sql, &params).await.map(|_| ())
}

/// Appends a chunk. On Postgres its commit does not wait for the disk: the commit that keeps the blob will, and flushes
/// everything before it (PostgreSQL documentation, "Asynchronous Commit").
pub async fn append(unit: &mut UnitOfWork, id: &str, seq: i64, data: Vec<u8>) -> Result<()> {
    metrics::blob_bytes_received(unit.space().app(), u64::try_from(data.len()).unwrap_or_default());
    let params = [app(unit), id.into(), Value::Integer(seq), Value::Bytes(data)];
    // Inside a transaction the setting would hold for its commit too, and that one has to wait.
    let sql = if unit.space().is_sqlite() || unit.is_holding() {
        host_sql!("insert into innkeeper.chunks (app, blob, seq, data) values ($1, $2, $3, $4)")
    } else {
        host_sql!(
            "insert into innkeeper.chunks (app, blob, seq, data) select $1, $2, $3, $4 \
             from (select set_config('synchronous_commit', 'off', true)) relaxed"
        )
    };
    stage(unit, sql, &params).await.map(|_| ())
}

/// Completes a blob of so many chunks: from now on it is staged. `Conflict` if some of it has been undone since.
pub async fn complete(unit: &mut UnitOfWork, blob: &Blob, chunks: i64) -> Result<()> {
    let sql = host_sql!(
        "update innkeeper.blobs set state = $3, size = $4, sha256 = $5, content_type = $6, name = $7, created_at = $8 \
         where app = $1 and id = $2 and state = 0 \
         and (select count(*) from innkeeper.chunks where app = $1 and blob = $2) = $9"
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
    match stage(unit, sql, &params).await? {
        0 => Err(Error::new(Code::Conflict, "part of the file was undone by a rollback")),
        _ => Ok(()),
    }
}

/// Removes what has been received of a blob that will not be completed.
pub async fn discard(unit: &mut UnitOfWork, id: &str) -> Result<()> {
    let sql = host_sql!("delete from innkeeper.blobs where app = $1 and id = $2 and state < 2");
    let params = [app(unit), id.into()];
    stage(unit, sql, &params).await.map(|_| ())
}

/// Writes outside the unit of work, or inside where it has a transaction open: a second connection
/// could wait for the first for ever.
async fn stage(unit: &mut UnitOfWork, sql: &super::HostSql, params: &[Value]) -> Result<u64> {
    if unit.is_holding() {
        return Ok(unit.write(sql, params).await?.affected);
    }
    Ok(unit.space().writer().await?.host(sql, params).await?.affected)
}

/// Bytes of all blobs of the app, those that are being received included.
pub async fn total(unit: &mut UnitOfWork) -> Result<u64> {
    let sql = host_sql!(
        "select cast(coalesce(sum(case when b.state = 0 \
         then (select count(*) from innkeeper.chunks c where c.app = b.app and c.blob = b.id) * $2 \
         else b.size end), 0) as bigint) from innkeeper.blobs b where b.app = $1"
    );
    let params = [app(unit), Value::Integer(i64::try_from(CHUNK_BYTES).unwrap_or(i64::MAX))];
    let outcome = unit.read(sql, &params).await?;
    let sum = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
    sum.and_then(|sum| u64::try_from(sum).ok()).ok_or_else(|| Error::malformed("blobs.size"))
}

/// What is known about a complete blob.
pub async fn stat(unit: &mut UnitOfWork, id: &str) -> Result<Blob> {
    let sql = host_sql!(
        "select id, size, sha256, content_type, name, created_at, state from innkeeper.blobs \
         where app = $1 and id = $2 and state > 0"
    );
    let params = [app(unit), checked(id)?];
    let outcome = unit.read(sql, &params).await?;
    let row = outcome.rows.rows.first().ok_or_else(no_such_blob)?;
    blob_from(row)
}

/// Kept blobs in the order of their ids, behind `after`.
pub async fn list(unit: &mut UnitOfWork, after: &str, limit: u32) -> Result<Vec<Blob>> {
    let sql = host_sql!(
        "select id, size, sha256, content_type, name, created_at, state from innkeeper.blobs \
         where app = $1 and id > $2 and state = 2 order by id limit $3"
    );
    let params = [app(unit), after.into(), Value::Integer(i64::from(limit))];
    let outcome = unit.read(sql, &params).await?;
    outcome.rows.rows.iter().map(|row| blob_from(row)).collect()
}

/// Makes a staged blob stay, inside the unit of work.
pub async fn keep(unit: &mut UnitOfWork, id: &str) -> Result<()> {
    let sql = host_sql!("update innkeeper.blobs set state = $3 where app = $1 and id = $2 and state > 0");
    let params = [app(unit), checked(id)?, Value::Integer(KEPT)];
    found(unit.write(sql, &params).await?.affected)
}

/// Deletes a blob, inside the unit of work.
pub async fn delete(unit: &mut UnitOfWork, id: &str) -> Result<()> {
    let sql = host_sql!("delete from innkeeper.blobs where app = $1 and id = $2 and state > 0");
    let params = [app(unit), checked(id)?];
    found(unit.write(sql, &params).await?.affected)
}

const READ_CHUNKS: &str = "select data from innkeeper.chunks \
                           where app = $1 and blob = $2 and seq >= $3 and seq < $4 order by seq";

/// The chunks from number `seq` on, about a mebibyte of them, as seen by the unit of work.
pub async fn read(unit: &mut UnitOfWork, id: &str, seq: i64) -> Result<Vec<Vec<u8>>> {
    static SQL: super::HostSql = super::HostSql::new(READ_CHUNKS);
    let params = chunk_params(unit.space(), id, seq);
    chunks_from(unit.read(&SQL, &params).await?)
}

/// The chunks from number `seq` on, about a mebibyte of them, as last committed: for sending after the request's unit has ended.
/// Holds a connection only while it reads.
pub async fn read_committed(space: &AppSpace, id: &str, seq: i64) -> Result<Vec<Vec<u8>>> {
    static SQL: super::HostSql = super::HostSql::new(READ_CHUNKS);
    let params = chunk_params(space, id, seq);
    chunks_from(space.reader().await?.host(&SQL, &params).await?)
}

fn chunk_params(space: &AppSpace, id: &str, seq: i64) -> [Value; 4] {
    [space.app().as_ref().into(), id.into(), Value::Integer(seq), Value::Integer(seq + CHUNKS_PER_READ)]
}

/// Deletes blobs of an app that are staged since before `staged`, and those whose receiving began before `receiving` (microseconds since
/// 1970), at most `limit` of them. Returns how many. Inside a transaction that the caller has begun. The condition stands twice: a blob may be
/// kept while the delete waits for it.
pub async fn sweep(
    connection: &mut Connection,
    app: &str,
    staged: i64,
    receiving: i64,
    limit: u32,
) -> Result<u64> {
    let sql = host_sql!(
        "delete from innkeeper.blobs where app = $4 \
         and ((state = 1 and created_at < $1) or (state = 0 and created_at < $2)) \
         and id in (select id from innkeeper.blobs where app = $4 \
         and ((state = 1 and created_at < $1) or (state = 0 and created_at < $2)) limit $3)"
    );
    let params = [Value::Integer(staged), Value::Integer(receiving), Value::Integer(i64::from(limit)), app.into()];
    Ok(connection.host(sql, &params).await?.affected)
}

fn app(unit: &UnitOfWork) -> Value {
    unit.space().app().as_ref().into()
}

/// An id from outside: what cannot be one is not looked for.
fn checked(id: &str) -> Result<Value> {
    if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) { Ok(id.into()) } else { Err(no_such_blob()) }
}

fn found(affected: u64) -> Result<()> {
    if affected == 0 { Err(no_such_blob()) } else { Ok(()) }
}

fn no_such_blob() -> Error {
    Error::not_found("no such blob")
}

fn chunks_from(outcome: super::Outcome) -> Result<Vec<Vec<u8>>> {
    let first = |row: Vec<Value>| row.into_iter().next().and_then(Value::into_bytes);
    outcome.rows.rows.into_iter().map(|row| first(row).ok_or_else(|| Error::malformed("chunks.data"))).collect()
}

fn blob_from(row: &[Value]) -> Result<Blob> {
    let malformed = || Error::malformed("blobs");
    let text = |at| Ok::<_, Error>(cell(row, at)?.as_text().ok_or_else(malformed)?.to_owned());
    let number = |at| cell(row, at)?.as_integer().ok_or_else(malformed);
    Ok(Blob {
        id: text(0)?,
        size: u64::try_from(number(1)?).map_err(|_| malformed())?,
        sha256: cell(row, 2)?.as_bytes().ok_or_else(malformed)?.to_vec(),
        content_type: text(3)?,
        name: cell(row, 4)?.as_text().map(str::to_owned),
        created_at: number(5)?,
        kept: number(6)? == KEPT,
    })
}
