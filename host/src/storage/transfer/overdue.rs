//! Blobs whose time is over, listed before a sweep takes them, and kept ones on their way out, in
//! small batches, so that no lock lasts.

use crate::storage::blobs;
use crate::storage::host_sql::host_sql;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};

/// Blobs of one batch.
const BATCH: usize = 50;

/// A blob that is to go, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// In bytes; of one under way, those that were promised.
    pub size: i64,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Whether it is complete.
    pub complete: bool,
}

/// Since when (microseconds since 1970) a blob has to be there for its time to be over.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Of one that is staged, and of an upload that may be taken up again.
    pub staged: i64,
    /// Of any other upload.
    pub receiving: i64,
}

/// Those whose time is over, in the order of their ids.
pub async fn list(unit: &mut UnitOfWork, deadlines: Deadlines) -> Result<Vec<Leaving>> {
    let sql = host_sql!(
        "select id, name, size, created_at, state from innkeeper.blobs where app = $1 and state < 2 \
         and (((state = 1 or received is not null) and created_at < $2) \
         or (state = 0 and received is null and created_at < $3)) order by id"
    );
    let params = [blobs::app(unit), Value::Integer(deadlines.staged), Value::Integer(deadlines.receiving)];
    let outcome = unit.read(sql, &params).await?;
    outcome.rows.rows.iter().map(|row| leaving_from(row)).collect()
}

/// Deletes kept blobs. Returns how many went.
pub async fn delete_kept(unit: &mut UnitOfWork, ids: impl Iterator<Item = &str>) -> Result<u64> {
    let ids: Vec<&str> = ids.collect();
    let mut gone = 0;
    for batch in ids.chunks(BATCH) {
        for id in batch {
            match blobs::delete(unit, id).await {
                Ok(()) => gone += 1,
                // Somebody else was faster.
                Err(error) if error.code == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        unit.commit().await?;
    }
    Ok(gone)
}

/// What is known of a blob: id, name, size, created_at, state.
pub(super) fn leaving_from(row: &[Value]) -> Result<Leaving> {
    let malformed = || Error::malformed("blobs");
    let number = |at: usize| row.get(at).and_then(Value::as_integer).ok_or_else(malformed);
    Ok(Leaving {
        id: row.first().and_then(Value::as_text).ok_or_else(malformed)?.to_owned(),
        name: row.get(1).and_then(Value::as_text).map(str::to_owned),
        size: number(2)?,
        created_at: number(3)?,
        complete: number(4)? > 0,
    })
}
