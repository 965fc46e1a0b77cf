//! Which file `innkeeper blobs import` has made which blob of, and the rows that refer to files by
//! the names under which they were stored.

use super::incoming::Link;
use super::quoted;
use crate::storage::blobs;
use crate::storage::host_sql::host_sql;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Error, Result};

/// A blob that a file has become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Of the blob.
    pub id: String,
    /// Of its bytes.
    pub sha256: Vec<u8>,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// What has become of a file, by its path below the folder.
pub async fn find(unit: &mut UnitOfWork, source: &str) -> Result<Option<Imported>> {
    let sql = host_sql!(
        "select b.id, b.sha256, b.name from innkeeper.imported i \
         join innkeeper.blobs b on b.app = i.app and b.id = i.blob \
         where i.app = $1 and i.source = $2 and b.state = 2"
    );
    let params = [blobs::app(unit), source.into()];
    let outcome = unit.read(sql, &params).await?;
    outcome.rows.rows.first().map(|row| imported_from(row)).transpose()
}

/// The SHA-256 of a kept blob, if there is one of this id; of any other blob, nothing.
pub async fn kept(unit: &mut UnitOfWork, id: &str) -> Result<Option<Vec<u8>>> {
    let sql = host_sql!("select sha256 from innkeeper.blobs where app = $1 and id = $2 and state = 2");
    let params = [blobs::app(unit), id.into()];
    let outcome = unit.read(sql, &params).await?;
    Ok(outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()?.into_bytes()))
}

/// Notes what a file has become, over what it was before.
pub(super) async fn note(unit: &mut UnitOfWork, source: &str, id: &str) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.imported (app, source, blob) values ($1, $2, $3) \
         on conflict (app, source) do update set blob = excluded.blob"
    );
    let params = [blobs::app(unit), source.into(), id.into()];
    unit.write(sql, &params).await.map(|_| ())
}

/// Puts the blob's id into the rows that have the stored name. Returns how many those are. The
/// names have been found in the catalog.
pub async fn link(unit: &mut UnitOfWork, link: &Link, id: &str) -> Result<u64> {
    let column = quoted(&link.column);
    let sql = format!("update {} set {column} = $1 where {column} = $2", quoted(&link.table));
    Ok(unit.write_text(&sql, &[id.into(), link.stored.as_str().into()]).await?.affected)
}

fn imported_from(row: &[Value]) -> Result<Imported> {
    let malformed = || Error::malformed("imported");
    Ok(Imported {
        id: row.first().and_then(Value::as_text).ok_or_else(malformed)?.to_owned(),
        sha256: row.get(1).and_then(Value::as_bytes).ok_or_else(malformed)?.to_vec(),
        name: row.get(2).and_then(Value::as_text).map(str::to_owned),
    })
}
