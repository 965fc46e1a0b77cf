//! Compiled components as rows, so that one process compiles and all others only load.
//!
//! Storage keeps what it is given and judges nothing: whether a row may be run is decided by its
//! signature (`guests::native`). What is read is bounded all the same, whatever stands in the
//! tables.

use crate::storage::connection::{Connection, cell};
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{Database, Error, Result, now_micros};
use bytes::Bytes;

/// Bytes in one row.
const CHUNK_BYTES: usize = 1 << 20;
/// Larger code is not kept: each host compiles it for itself.
const MOST_CHUNKS: u32 = 96;
/// Bytes of compressed code at most.
pub const MOST_BYTES: u64 = MOST_CHUNKS as u64 * CHUNK_BYTES as u64;
/// Code whose component no app has any more goes when it is as old as this: whoever deploys puts
/// code here before there is a version.
const UNUSED_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Code goes when no host has had its engine for so long, as after an update of Innkeeper.
const FORMER_MICROS: i64 = 14 * 24 * 3600 * 1_000_000;

/// What code is for: a component, and an engine that can run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeId {
    /// The SHA-256 of the component.
    pub component: Vec<u8>,
    /// A digest of everything that decides what its code is.
    pub engine: Vec<u8>,
}

/// Code as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeCode {
    /// Bytes of the code before it was compressed.
    pub size: u64,
    /// Names the key that has signed it.
    pub key_id: Vec<u8>,
    /// The signature.
    pub mac: Vec<u8>,
    /// The code, compressed.
    pub packed: Bytes,
}

/// Where code comes from, for people.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The kind of machine that it runs on.
    pub target: &'a str,
    /// Who has compiled it.
    pub compiled_by: &'a str,
}

impl CodeId {
    pub(super) fn params(&self) -> Vec<Value> {
        vec![Value::Bytes(self.component.clone()), Value::Bytes(self.engine.clone())]
    }
}

impl Database {
    /// The code of a component, if there is any for this engine; in one query, so that it is never
    /// half of one and half of another.
    pub async fn native_code(&self, id: &CodeId) -> Result<Option<NativeCode>> {
        let sql = host_sql!(
            "select n.size, substr(n.key_id, 1, 65), substr(n.mac, 1, 65), c.data from innkeeper.native_code n \
             left join innkeeper.native_code_chunks c on c.sha256 = n.sha256 and c.engine = n.engine \
             and c.seq between 0 and $3 and length(c.data) <= 1048576 \
             where n.sha256 = $1 and n.engine = $2 order by c.seq"
        );
        let mut params = id.params();
        params.push(Value::Integer(i64::from(MOST_CHUNKS) - 1));
        let outcome = self.registry_reader().await?.host(sql, &params).await?;
        let (mut head, mut packed) = (None, Vec::new());
        for row in outcome.rows.rows {
            packed.extend_from_slice(cell(&row, 3)?.as_bytes().unwrap_or_default());
            if head.is_none() {
                head = Some(head_from(&row)?);
            }
        }
        Ok(head.map(|head| NativeCode { packed: packed.into(), ..head }))
    }

    /// Keeps code, in the place of what was there for the same component and engine. Nothing is
    /// written where it is there already. False where it is too large to be kept.
    pub async fn keep_native_code(&self, id: &CodeId, code: &NativeCode, origin: Origin<'_>) -> Result<bool> {
        if code.packed.len().div_ceil(CHUNK_BYTES) > usize::try_from(MOST_CHUNKS).unwrap_or_default() {
            return Ok(false);
        }
        if self.has_native_code(id, code).await? {
            return Ok(true);
        }
        self.check_room(u64::try_from(code.packed.len()).unwrap_or(u64::MAX))?;
        let mut transaction = self.change_quietly().await?;
        let kept = keep_in(transaction.connection(), id, code, origin).await;
        transaction.finish(kept).await.map(|()| true)
    }

    async fn has_native_code(&self, id: &CodeId, code: &NativeCode) -> Result<bool> {
        let sql = host_sql!(
            "select 1 from innkeeper.native_code where sha256 = $1 and engine = $2 and key_id = $3 and mac = $4"
        );
        let mut params = id.params();
        params.extend([Value::Bytes(code.key_id.clone()), Value::Bytes(code.mac.clone())]);
        Ok(!self.registry_reader().await?.host(sql, &params).await?.rows.rows.is_empty())
    }

    /// Notes that a host has an engine, so that its code stays.
    pub async fn note_engine(&self, engine: &[u8]) -> Result<()> {
        let sql = host_sql!("update innkeeper.native_code set used_at = $2 where engine = $1");
        let params = [Value::Bytes(engine.to_vec()), Value::Integer(now_micros())];
        self.registry().await?.host(sql, &params).await.map(|_| ())
    }

    /// Forgets code that cannot be used, unless there is other code in its place by now.
    pub async fn forget_native_code(&self, id: &CodeId, mac: &[u8]) -> Result<()> {
        let mut transaction = self.change_quietly().await?;
        let forgotten = forget_signed(transaction.connection(), id, mac).await;
        transaction.finish(forgotten).await
    }
}

async fn keep_in(connection: &mut Connection, id: &CodeId, code: &NativeCode, origin: Origin<'_>) -> Result<()> {
    forget_unused(connection).await?;
    // Two hosts that keep the same code wait for each other here.
    let sql = host_sql!(
        "insert into innkeeper.native_code \
         (sha256, engine, target, size, packed_size, key_id, mac, compiled_by, created_at, used_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
         on conflict (sha256, engine) do update set target = excluded.target, size = excluded.size, \
         packed_size = excluded.packed_size, key_id = excluded.key_id, mac = excluded.mac, \
         compiled_by = excluded.compiled_by, created_at = excluded.created_at, used_at = excluded.used_at"
    );
    let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let mut params = id.params();
    params.extend([
        origin.target.into(),
        number(code.size),
        number(u64::try_from(code.packed.len()).unwrap_or(u64::MAX)),
        Value::Bytes(code.key_id.clone()),
        Value::Bytes(code.mac.clone()),
        origin.compiled_by.into(),
        Value::Integer(now_micros()),
    ]);
    connection.host(sql, &params).await?;
    forget_chunks(connection, id).await?;
    let sql =
        host_sql!("insert into innkeeper.native_code_chunks (sha256, engine, seq, data) values ($1, $2, $3, $4)");
    for (seq, chunk) in (0..).zip(code.packed.chunks(CHUNK_BYTES)) {
        let mut params = id.params();
        params.extend([Value::Integer(seq), Value::Bytes(chunk.to_vec())]);
        connection.host(sql, &params).await?;
    }
    Ok(())
}

async fn forget_signed(connection: &mut Connection, id: &CodeId, mac: &[u8]) -> Result<()> {
    let sql = host_sql!(
        "delete from innkeeper.native_code where sha256 = $1 and engine = $2 and substr(mac, 1, 65) = $3"
    );
    let mut params = id.params();
    params.push(Value::Bytes(mac.to_vec()));
    match connection.host(sql, &params).await?.affected {
        0 => Ok(()),
        _ => forget_chunks(connection, id).await,
    }
}

async fn forget_in(connection: &mut Connection, id: &CodeId) -> Result<()> {
    let sql = host_sql!("delete from innkeeper.native_code where sha256 = $1 and engine = $2");
    connection.host(sql, &id.params()).await?;
    forget_chunks(connection, id).await
}

async fn forget_chunks(connection: &mut Connection, id: &CodeId) -> Result<()> {
    let sql = host_sql!("delete from innkeeper.native_code_chunks where sha256 = $1 and engine = $2");
    connection.host(sql, &id.params()).await.map(|_| ())
}

/// Code of components that no app has, or for engines that no host has, and claims of hosts that
/// are gone. In one order, since others may do the same.
async fn forget_unused(connection: &mut Connection) -> Result<()> {
    let ago = |micros| Value::Integer(now_micros().saturating_sub(micros));
    let long_ago = ago(UNUSED_MICROS);
    let sql = host_sql!(
        "select n.sha256, n.engine from innkeeper.native_code n where n.created_at < $1 and (n.used_at < $2 \
         or not exists (select 1 from innkeeper.versions v where v.sha256 = n.sha256)) order by n.sha256, n.engine"
    );
    let outcome = connection.host(sql, &[long_ago.clone(), ago(FORMER_MICROS)]).await?;
    for row in &outcome.rows.rows {
        let bytes = |at| Ok::<_, Error>(cell(row, at)?.as_bytes().unwrap_or_default().to_vec());
        forget_in(connection, &CodeId { component: bytes(0)?, engine: bytes(1)? }).await?;
    }
    let sql = host_sql!("delete from innkeeper.compile_claims where until < $1");
    connection.host(sql, &[long_ago]).await.map(|_| ())
}

fn head_from(row: &[Value]) -> Result<NativeCode> {
    // What is none of these is for the signature to refuse.
    let bytes = |at| Ok::<_, Error>(cell(row, at)?.as_bytes().unwrap_or_default().to_vec());
    let size = cell(row, 0)?.as_integer().and_then(|size| u64::try_from(size).ok());
    Ok(NativeCode { size: size.unwrap_or(u64::MAX), key_id: bytes(1)?, mac: bytes(2)?, packed: Bytes::new() })
}
