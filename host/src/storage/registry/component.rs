//! Components, each stored once under the hash of its bytes, compressed, in parts.
//!
//! Earlier releases stored them as they are, in `component_chunks`. Those are still read.

use super::super::connection::{Connection, cell};
use super::super::database::Database;
use super::super::host_sql::{HostSql, host_sql};
use super::super::value::Value;
use super::super::{Code, Error, Result, hex, now_micros};
use super::transaction::RegistryTransaction;
use super::version::Version;
use sha2::{Digest, Sha256};
use std::io::Read;

/// Bytes in one row.
const PART_BYTES: usize = 1 << 20;
/// A component is written once and read by every host: this level takes a second for the largest
/// ones and leaves a third of their size.
const LEVEL: i32 = 9;
/// This one takes a tenth of a second, and leaves two fifths.
const FAST_LEVEL: i32 = 1;
/// A component that no version has goes when it is as old as this: it is stored before there is a
/// version.
const UNUSED_MICROS: i64 = 24 * 3_600_000_000;

/// A component as it is stored.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) sha256: Vec<u8>,
    pub(super) size: usize,
    data: Vec<u8>,
}

impl Packed {
    /// Compresses a component. Blocks for up to seconds, unless it is hurried.
    pub(super) fn new(component: &[u8], is_hurried: bool) -> Result<Self> {
        let data = zstd::encode_all(component, if is_hurried { FAST_LEVEL } else { LEVEL })
            .map_err(|error| Error::new(Code::Other, format!("the component cannot be compressed: {error}")))?;
        Ok(Self { sha256: Sha256::digest(component).to_vec(), size: component.len(), data })
    }

    /// What it takes up in the database.
    pub(super) fn stored_size(&self) -> usize {
        self.data.len()
    }

    /// Stores it before a version has it, so that the change that makes the version is short,
    /// however slow the way to the database is. Parts that are not what they should be are
    /// replaced.
    pub(super) async fn store(&self, database: &Database) -> Result<()> {
        if self.stage_again(database).await? && self.is_whole(database).await? {
            return Ok(());
        }
        let mut transaction = database.change_quietly().await?;
        let stored = self.store_in(&mut transaction).await;
        transaction.finish(stored).await
    }

    /// Keeps a component that is there from being swept. False where there is none.
    async fn stage_again(&self, database: &Database) -> Result<bool> {
        let sql = host_sql!("update innkeeper.components set staged_at = $2 where sha256 = $1");
        let params = [Value::Bytes(self.sha256.clone()), Value::Integer(now_micros())];
        Ok(database.registry().await?.host(sql, &params).await?.affected > 0)
    }

    async fn is_whole(&self, database: &Database) -> Result<bool> {
        let sql = host_sql!("select data from innkeeper.component_parts where sha256 = $1 and seq = $2");
        let stored = parts(&mut database.registry_reader().await?, sql, &self.sha256).await?;
        if stored == self.data {
            return Ok(true);
        }
        // Another release may compress otherwise.
        let component = unpack(stored, self.size).await;
        Ok(component.is_some_and(|component| Sha256::digest(&component).as_slice() == self.sha256.as_slice()))
    }

    async fn store_in(&self, transaction: &mut RegistryTransaction) -> Result<()> {
        let whole = |bytes: usize| Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX));
        let sha256 = || Value::Bytes(self.sha256.clone());
        let sql = host_sql!(
            "insert into innkeeper.components (sha256, size, stored_size, staged_at) values ($1, $2, $3, $4) \
             on conflict (sha256) do update set size = excluded.size, stored_size = excluded.stored_size, \
             staged_at = excluded.staged_at"
        );
        let params = [sha256(), whole(self.size), whole(self.data.len()), Value::Integer(now_micros())];
        transaction.run(sql, &params).await?;
        transaction.run(host_sql!("delete from innkeeper.component_parts where sha256 = $1"), &[sha256()]).await?;
        let sql = host_sql!("insert into innkeeper.component_parts (sha256, seq, data) values ($1, $2, $3)");
        for (seq, part) in (0..).zip(self.data.chunks(PART_BYTES)) {
            transaction.run(sql, &[sha256(), Value::Integer(seq), Value::Bytes(part.to_vec())]).await?;
        }
        Ok(())
    }

    /// Says as part of a change that a version has it from now on.
    pub(super) async fn claim(&self, transaction: &mut RegistryTransaction) -> Result<()> {
        let sql = host_sql!("update innkeeper.components set staged_at = null where sha256 = $1");
        match transaction.run(sql, &[Value::Bytes(self.sha256.clone())]).await?.affected {
            0 => Err(Error::new(Code::Conflict, "the component was removed meanwhile: deploy it again")),
            _ => Ok(()),
        }
    }
}

impl Database {
    /// The bytes of a version's component, checked against its hash.
    pub async fn component(&self, version: &Version) -> Result<Vec<u8>> {
        read(&mut self.registry_reader().await?, &version.sha256, version.size).await
    }

    /// The component with this hash, if it is stored, whichever version has it.
    pub async fn stored_component(&self, sha256: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut connection = self.registry_reader().await?;
        let Some(size) = stored_size(&mut connection, sha256).await? else { return Ok(None) };
        read(&mut connection, sha256, size).await.map(Some)
    }

    /// The size in bytes of the component with this hash, if it is stored.
    pub async fn stored_component_size(&self, sha256: &[u8]) -> Result<Option<i64>> {
        stored_size(&mut self.registry_reader().await?, sha256).await
    }

    /// Removes components that were stored a day ago and never became a version.
    pub async fn sweep_staged_components(&self) -> Result<u64> {
        let before = Value::Integer(now_micros().saturating_sub(UNUSED_MICROS));
        let mut connection = self.registry().await?;
        let sql = host_sql!(
            "delete from innkeeper.components as c where c.staged_at < $1 and not exists \
             (select 1 from innkeeper.versions v where v.sha256 = c.sha256)"
        );
        let swept = connection.host(sql, std::slice::from_ref(&before)).await?.affected;
        // What is left of those has a version from before.
        let sql = host_sql!("update innkeeper.components set staged_at = null where staged_at < $1");
        connection.host(sql, &[before]).await?;
        Ok(swept)
    }
}

async fn stored_size(connection: &mut Connection, sha256: &[u8]) -> Result<Option<i64>> {
    let sql = host_sql!("select size from innkeeper.components where sha256 = $1");
    let outcome = connection.host(sql, &[Value::Bytes(sha256.to_vec())]).await?;
    outcome.rows.rows.first().map(|row| integer(row)).transpose()
}

fn integer(row: &[Value]) -> Result<i64> {
    cell(row, 0)?.as_integer().ok_or_else(|| Error::malformed("components.size"))
}

async fn read(connection: &mut Connection, sha256: &[u8], size: i64) -> Result<Vec<u8>> {
    let size = usize::try_from(size).unwrap_or_default();
    let packed = host_sql!("select data from innkeeper.component_parts where sha256 = $1 and seq = $2");
    let plain = host_sql!("select data from innkeeper.component_chunks where sha256 = $1 and seq = $2");
    let component = match parts(connection, packed, sha256).await? {
        data if !data.is_empty() => unpack(data, size).await.unwrap_or_default(),
        _ => parts(connection, plain, sha256).await?,
    };
    if Sha256::digest(&component).as_slice() != sha256 {
        let name = hex(sha256);
        let short = name.get(..12).unwrap_or_default();
        let text = format!("the stored component {short} does not have its hash: deploy it again");
        return Err(Error::new(Code::Other, text));
    }
    Ok(component)
}

async fn parts(connection: &mut Connection, sql: &HostSql, sha256: &[u8]) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    for seq in 0.. {
        let params = [Value::Bytes(sha256.to_vec()), Value::Integer(seq)];
        let outcome = connection.host(sql, &params).await?;
        let Some(row) = outcome.rows.rows.into_iter().next() else { break };
        data.extend_from_slice(cell(&row, 0)?.as_bytes().unwrap_or_default());
    }
    Ok(data)
}

/// None where the data are not what was stored. Never makes more than the component has.
async fn unpack(data: Vec<u8>, size: usize) -> Option<Vec<u8>> {
    let unpacking = tokio::task::spawn_blocking(move || {
        // The size is what a row says: memory is taken for what there is.
        let mut component = Vec::new();
        let most = u64::try_from(size).ok()?.saturating_add(1);
        zstd::Decoder::new(data.as_slice()).ok()?.take(most).read_to_end(&mut component).ok()?;
        Some(component)
    });
    unpacking.await.ok()?
}

/// Removes a component, unless a version still has it, or is about to. Returns how many bytes that
/// has freed.
pub(super) async fn remove_unused(connection: &mut Connection, sha256: &[u8]) -> Result<i64> {
    let params = [Value::Bytes(sha256.to_vec())];
    let sql = host_sql!("select 1 from innkeeper.versions where sha256 = $1 limit 1");
    if !connection.host(sql, &params).await?.rows.rows.is_empty() {
        return Ok(0);
    }
    let sql = host_sql!("select stored_size, staged_at from innkeeper.components where sha256 = $1");
    let outcome = connection.host(sql, &params).await?;
    let found = outcome.rows.rows.first();
    if found.and_then(|row| row.get(1)?.as_integer()).is_some() {
        // Somebody is about to deploy it. Else the sweep removes it.
        return Ok(0);
    }
    let freed = found.and_then(|row| row.first()?.as_integer()).unwrap_or_default();
    for sql in [
        host_sql!("delete from innkeeper.components where sha256 = $1"),
        host_sql!("delete from innkeeper.component_chunks where sha256 = $1"),
        host_sql!("delete from innkeeper.native_code where sha256 = $1"),
        host_sql!("delete from innkeeper.native_code_chunks where sha256 = $1"),
    ] {
        connection.host(sql, &params).await?;
    }
    Ok(freed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_packed_is_unpacked_and_nothing_more() {
        let component = vec![7; 3 << 20];
        let packed = Packed::new(&component, false).unwrap();
        assert!(packed.stored_size() < 10_000, "{}", packed.stored_size());
        assert_eq!(unpack(packed.data.clone(), component.len()).await, Some(component.clone()));
        let short = unpack(packed.data, 100).await.unwrap();
        assert_eq!(short.len(), 101, "what unpacks to more is cut, and has another hash then");
        assert_eq!(unpack(vec![1, 2, 3], 100).await, None);
    }
}
