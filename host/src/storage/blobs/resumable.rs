//! Uploads that may be taken up again, at another dyno and after a restart: how far one has got is
//! in its row.
//!
//! `received` bytes have arrived for good; chunks may hold more, which count for nothing. Each step
//! is one transaction, and holds only if nobody else has moved the upload since it was read: of two
//! who continue at once, one is told so. `created_at` is the time of the last step, later at every
//! step, and so serves as the version of the row.

use super::{CHUNK_BYTES, RECEIVING, STAGED, quota};
use crate::storage::app_space::AppSpace;
use crate::storage::connection::{Connection, Control, cell};
use crate::storage::host_sql::{HostSql, host_sql};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result, now_micros};
use crate::telemetry::metrics;

/// An upload under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumable {
    /// The id that the blob will have.
    pub id: String,
    /// Bytes that the blob will have.
    pub size: u64,
    /// Bytes that have arrived.
    pub received: u64,
    /// The state of their SHA-256; empty at the beginning.
    pub progress: Vec<u8>,
    /// As the sender declared it, and as the bytes show once there are enough.
    pub content_type: String,
    /// The file name that the sender gave, cleaned.
    pub name: Option<String>,
    /// What the sender said of the file, word for word.
    pub metadata: Option<String>,
    /// When it was last moved, microseconds since 1970.
    pub moved_at: i64,
}

/// What became of an attempt to begin an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It can be sent.
    New,
    /// There is one with this id.
    Exists,
    /// The app's blobs would take up more than they may.
    NoRoom,
}

/// What a step of an upload brings.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// A chunk: its number and its bytes.
    pub chunk: Option<&'a (i64, Vec<u8>)>,
    /// Whether it must not be undone by a crash, because the sender will be told of it.
    pub waits: bool,
    /// If this step completes the blob: its SHA-256, and until when its ticket would be good for
    /// another one (seconds since 1970). Then it is staged.
    pub whole: Option<(&'a [u8], i64)>,
}

/// Begins an upload: from now on it counts with all its bytes. What came of an earlier one with
/// this id is left as it is: a ticket is good for one.
pub async fn begin(space: &AppSpace, upload: &Resumable, most: u64) -> Result<Begun> {
    let sql = host_sql!(
        "insert into innkeeper.blobs (app, id, state, size, sha256, content_type, name, metadata, created_at, received, progress) \
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $5 \
         where not exists (select 1 from innkeeper.used_tickets where app = $1 and id = $2) on conflict (app, id) do nothing"
    );
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    let params = [
        owner(space),
        upload.id.as_str().into(),
        Value::Integer(RECEIVING),
        whole(upload.size),
        Value::Bytes(Vec::new()),
        upload.content_type.as_str().into(),
        text(&upload.name),
        text(&upload.metadata),
        Value::Integer(upload.moved_at),
    ];
    space.check_room(upload.size)?;
    let mut connection = space.begin(None).await?;
    if connection.host(sql, &params).await?.affected == 0 {
        return connection.control(Control::Rollback).await.map(|()| Begun::Exists);
    }
    let room = upload.size.saturating_add(quota::ROW_BYTES);
    if !quota::take(&mut connection, &owner(space), room, most).await? {
        return connection.control(Control::Rollback).await.map(|()| Begun::NoRoom);
    }
    connection.control(Control::Commit).await.map(|()| Begun::New)
}

/// The upload with this id, if one is under way.
pub async fn find(space: &AppSpace, id: &str) -> Result<Option<Resumable>> {
    let sql = host_sql!(
        "select size, received, progress, content_type, name, created_at, metadata from innkeeper.blobs \
         where app = $1 and id = $2 and state = 0 and received is not null"
    );
    let outcome = super::read_alone(space, sql, &[owner(space), id.into()]).await?;
    let Some(row) = outcome.rows.rows.first() else { return Ok(None) };
    let malformed = || Error::malformed("blobs");
    let number = |at| cell(row, at)?.as_integer().ok_or_else(malformed);
    let size = |at| u64::try_from(number(at)?).map_err(|_| malformed());
    Ok(Some(Resumable {
        id: id.to_owned(),
        size: size(0)?,
        received: size(1)?,
        progress: cell(row, 2)?.as_bytes().ok_or_else(malformed)?.to_vec(),
        content_type: cell(row, 3)?.as_text().ok_or_else(malformed)?.to_owned(),
        name: cell(row, 4)?.as_text().map(str::to_owned),
        moved_at: number(5)?,
        metadata: cell(row, 6)?.as_text().map(str::to_owned),
    }))
}

/// What its sender said of a file, also when the upload is complete; none where nothing was said or
/// there is no such upload.
pub async fn metadata(space: &AppSpace, id: &str) -> Result<Option<String>> {
    let sql = host_sql!("select metadata from innkeeper.blobs where app = $1 and id = $2");
    let outcome = super::read_alone(space, sql, &[owner(space), id.into()]).await?;
    Ok(outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()?.into_text()))
}

/// What has arrived of the chunk that is not full yet.
pub async fn begun_chunk(space: &AppSpace, upload: &Resumable) -> Result<Vec<u8>> {
    let chunk_bytes = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
    let filled = usize::try_from(upload.received % chunk_bytes).unwrap_or_default();
    if filled == 0 {
        return Ok(Vec::new());
    }
    let seq = i64::try_from(upload.received / chunk_bytes).unwrap_or(i64::MAX);
    let mut chunks = super::read_committed(space, &upload.id, seq..=seq).await?;
    let mut chunk = chunks.drain(..).next().filter(|chunk| chunk.len() >= filled).ok_or_else(moved)?;
    chunk.truncate(filled);
    Ok(chunk)
}

/// Moves the upload from `before` to what `now` says and writes what the step brings; all or
/// nothing. `Conflict` where someone else has moved it. Returns when it was moved.
pub async fn advance(space: &AppSpace, before: &Resumable, now: &Resumable, step: Step<'_>) -> Result<i64> {
    if let Some((_, bytes)) = step.chunk {
        space.check_room(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
    }
    let moved_at = now_micros().max(before.moved_at.saturating_add(1));
    let now = Resumable { moved_at, ..now.clone() };
    metrics::blob_bytes_received(space.app(), now.received.saturating_sub(before.received));
    let mut connection = space.begin(None).await?;
    match advance_in(&mut connection, &owner(space), before, &now, step).await {
        Ok(()) if step.waits => connection.commit(&[]).await,
        Ok(()) => connection.commit_relaxed(&[]).await,
        Err(error) => {
            // The first error is the one to report; the connection does not go home with an open
            // transaction.
            let _ = connection.control(Control::Rollback).await;
            Err(error)
        }
    }
    .map(|()| moved_at)
}

async fn advance_in(
    connection: &mut Connection,
    owner: &Value,
    before: &Resumable,
    now: &Resumable,
    step: Step<'_>,
) -> Result<()> {
    let sql = host_sql!(
        "update innkeeper.blobs set received = $5, progress = $6, content_type = $7, created_at = $8 \
         where app = $1 and id = $2 and state = 0 and received = $3 and created_at = $4"
    );
    let (progress, content_type) = (Value::Bytes(now.progress.clone()), now.content_type.as_str().into());
    let more = [whole(now.received), progress, content_type, Value::Integer(now.moved_at)];
    expect_one(connection, sql, key(owner, before, more)).await?;
    if let Some((seq, bytes)) = step.chunk {
        let insert = host_sql!(
            "insert into innkeeper.chunks (app, blob, seq, data) values ($1, $2, $3, $4) \
             on conflict (app, blob, seq) do update set data = excluded.data"
        );
        let chunk = [owner.clone(), before.id.as_str().into(), Value::Integer(*seq), Value::Bytes(bytes.clone())];
        connection.host(insert, &chunk).await?;
    }
    let Some((sha256, until)) = step.whole else { return Ok(()) };
    let sql = host_sql!(
        "insert into innkeeper.used_tickets (app, id, until) values ($1, $2, $3) on conflict (app, id) do nothing"
    );
    connection.host(sql, &[owner.clone(), now.id.as_str().into(), Value::Integer(until)]).await?;
    // Nothing is staged whose chunks are not exactly what was to come.
    let sql = host_sql!(
        "update innkeeper.blobs set state = $5, sha256 = $6, received = null, progress = null \
         where app = $1 and id = $2 and state = 0 and received = $3 and created_at = $4 and size = $3 \
         and (select coalesce(sum(length(data)), 0) from innkeeper.chunks where app = $1 and blob = $2) = $3"
    );
    let more = [Value::Integer(STAGED), Value::Bytes(sha256.to_vec())];
    expect_one(connection, sql, key(owner, now, more)).await
}

async fn expect_one(connection: &mut Connection, sql: &HostSql, params: Vec<Value>) -> Result<()> {
    if connection.host(sql, &params).await?.affected == 0 { Err(moved()) } else { Ok(()) }
}

/// Ends an upload, also a complete one that nothing has kept. Returns whether there was one.
pub async fn remove(space: &AppSpace, id: &str) -> Result<bool> {
    let sql = host_sql!("delete from innkeeper.blobs where app = $1 and id = $2 and state < 2 returning size");
    let mut connection = space.begin(None).await?;
    let outcome = connection.host(sql, &[owner(space), id.into()]).await?;
    let writes: Vec<_> = quota::give_back(&owner(space), quota::freed(&outcome)).into_iter().collect();
    connection.commit(&writes).await.map(|()| outcome.affected > 0)
}

fn owner(space: &AppSpace) -> Value {
    space.app().as_ref().into()
}

/// Which upload, and as of when; then more.
fn key<const N: usize>(owner: &Value, upload: &Resumable, more: [Value; N]) -> Vec<Value> {
    let mut params =
        vec![owner.clone(), upload.id.as_str().into(), whole(upload.received), Value::Integer(upload.moved_at)];
    params.extend(more);
    params
}

fn whole(bytes: u64) -> Value {
    Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX))
}

fn moved() -> Error {
    Error::new(Code::Conflict, "the upload was continued by someone else, or has ended")
}
