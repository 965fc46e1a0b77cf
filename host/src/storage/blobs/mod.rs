//! Blobs as rows: what is known about each, and its bytes in chunks.
//!
//! A blob is *receiving* while its chunks arrive, *staged* when it is complete and *kept* once a
//! unit of work has claimed it. Chunks are written as they arrive, each by itself unless a
//! transaction is open anyway: a slow visitor holds no connection. What is not kept is swept.
//!
//! [`staging`] is the way in, [`resumable`] that of uploads which may be taken up again, [`quota`]
//! what they all take up ([`usage`] counts it anew), [`sweep`] the way out, [`discards`] that of
//! what never became whole.

mod discards;
mod quota;
pub mod resumable;
pub mod staging;
mod sweep;
pub mod usage;

pub use discards::{Discards, Unfinished};
pub(super) use quota::{Balance, Change, ROW_BYTES, told as no_room};
pub use quota::{full, used};
pub use sweep::{sweep, sweep_tickets};

use super::app_space::AppSpace;
use super::connection::cell;
use super::host_sql::host_sql;
use super::unit::UnitOfWork;
use super::value::Value;
use super::{Code, Error, Result, hex};
use std::ops::{Range, RangeInclusive};

/// Bytes of a blob in one row (all but the last). Chosen by `tests/bench chunks`, as the statements
/// of [`staging`] were: larger chunks come in somewhat faster, and take more memory for each upload
/// and more time for a small range.
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
    let sql = host_sql!("delete from innkeeper.blobs where app = $1 and id = $2 and state > 0 returning size");
    let params = [app(unit), checked(id)?];
    let freed = |outcome: &super::Outcome| Some(Change::GivesBack(quota::freed(outcome)));
    found(unit.write_with_room(sql, &params, freed).await?.affected)
}

const READ_CHUNKS: &str = "select data from innkeeper.chunks \
                           where app = $1 and blob = $2 and seq >= $3 and seq < $4 order by seq";

/// The chunks with these numbers, at most the first mebibyte of them, as seen by the unit of work.
/// `NotFound` where one is missing: the blob has been deleted.
pub async fn read(unit: &mut UnitOfWork, id: &str, chunks: RangeInclusive<i64>) -> Result<Vec<Vec<u8>>> {
    static SQL: super::HostSql = super::HostSql::new(READ_CHUNKS);
    let chunks = first_of(&chunks);
    let params = chunk_params(unit.space(), id, &chunks);
    chunks_from(unit.read(&SQL, &params).await?, &chunks)
}

/// The same as last committed: for sending after the request's unit has ended. Holds a connection
/// only while it reads.
pub async fn read_committed(space: &AppSpace, id: &str, chunks: RangeInclusive<i64>) -> Result<Vec<Vec<u8>>> {
    static SQL: super::HostSql = super::HostSql::new(READ_CHUNKS);
    let chunks = first_of(&chunks);
    let params = chunk_params(space, id, &chunks);
    chunks_from(space.reader().await?.host(&SQL, &params).await?, &chunks)
}

/// As many as are read at once, and none behind the last that is wanted.
fn first_of(chunks: &RangeInclusive<i64>) -> Range<i64> {
    let first = *chunks.start();
    first..chunks.end().saturating_add(1).min(first.saturating_add(CHUNKS_PER_READ))
}

fn chunk_params(space: &AppSpace, id: &str, chunks: &Range<i64>) -> [Value; 4] {
    [space.app().as_ref().into(), id.into(), Value::Integer(chunks.start), Value::Integer(chunks.end)]
}

/// The app of the unit, as a parameter.
pub(super) fn app(unit: &UnitOfWork) -> Value {
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

fn chunks_from(outcome: super::Outcome, asked: &Range<i64>) -> Result<Vec<Vec<u8>>> {
    let rows = outcome.rows.rows;
    if i64::try_from(rows.len()) != Ok(asked.end.saturating_sub(asked.start)) {
        return Err(Error::not_found("the blob was deleted while it was read"));
    }
    let first = |row: Vec<Value>| row.into_iter().next().and_then(Value::into_bytes);
    rows.into_iter().map(|row| first(row).ok_or_else(|| Error::malformed("chunks.data"))).collect()
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

/// Runs a read by itself. A connection that had died in its pool is replaced by another.
async fn read_alone(space: &AppSpace, sql: &super::HostSql, params: &[Value]) -> Result<super::Outcome> {
    let mut connection = space.reader().await?;
    match connection.host(sql, params).await {
        Err(error) if error.code == Code::Unavailable => {
            drop(connection);
            space.reader().await?.host(sql, params).await
        }
        outcome => outcome,
    }
}
