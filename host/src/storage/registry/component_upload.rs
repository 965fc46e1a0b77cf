//! Components that come in pieces. The pieces are kept in the database, so that any host takes the
//! next one and an upload goes on where it broke off.

use super::super::connection::Connection;
use super::super::database::Database;
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Code, Error, Result, now_micros};
use super::transaction::RegistryTransaction;

/// Bytes in one row.
const ROW_BYTES: usize = 1 << 20;
/// An upload to which nothing has come for so long is removed.
const LEFT_MICROS: i64 = 3_600_000_000;

/// A component that is coming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentUpload {
    /// Names it.
    pub id: String,
    /// The app that it is for.
    pub app: String,
    /// The hash that the whole has to have.
    pub sha256: Vec<u8>,
    /// Bytes of the whole.
    pub size: i64,
    /// Bytes that are there.
    pub received: i64,
}

/// An upload that is to begin.
#[derive(Debug, Clone, Copy)]
pub struct NewComponentUpload<'a> {
    /// Names it, where there is none of this component yet.
    pub id: &'a str,
    /// The app that it is for.
    pub app: &'a str,
    /// The hash that the whole has to have.
    pub sha256: &'a [u8],
    /// Bytes of the whole.
    pub size: i64,
    /// Whose upload it is.
    pub owner: &'a str,
    /// Uploads that an owner may have at once.
    pub most: usize,
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceOutcome {
    /// It is there.
    Kept,
    /// The upload has got elsewhere meanwhile, or has gone.
    Elsewhere,
}

impl Database {
    /// Begins an upload, or finds the one of the same component for the same app. None where the
    /// owner has too many.
    pub async fn begin_component_upload(&self, new: NewComponentUpload<'_>) -> Result<Option<ComponentUpload>> {
        self.check_room(u64::try_from(new.size).unwrap_or_default())?;
        let mut transaction = self.change_quietly().await?;
        let result = begin_in(&mut transaction, &new).await;
        transaction.finish(result).await
    }

    /// An upload for an app, if there is one.
    pub async fn component_upload(&self, app: &str, id: &str) -> Result<Option<ComponentUpload>> {
        let sql = host_sql!(
            "select id, app, sha256, size, received from innkeeper.component_uploads where id = $1 and app = $2"
        );
        self.registry_reader().await?.host(sql, &[id.into(), app.into()]).await?.rows.read_first()
    }

    /// The upload of a component for an app, if there is one.
    pub async fn component_upload_of(&self, app: &str, sha256: &[u8]) -> Result<Option<ComponentUpload>> {
        find(&mut self.registry_reader().await?, app, sha256).await
    }

    /// Adds a piece behind what is there.
    pub async fn add_piece(&self, upload: &ComponentUpload, piece: &[u8]) -> Result<PieceOutcome> {
        self.check_room(u64::try_from(piece.len()).unwrap_or(u64::MAX))?;
        let mut transaction = self.change_quietly().await?;
        let result = add_in(&mut transaction, upload, piece).await;
        transaction.finish(result).await
    }

    /// What has come of an upload so far, as one.
    pub async fn uploaded_bytes(&self, upload: &ComponentUpload) -> Result<Vec<u8>> {
        let mut connection = self.registry_reader().await?;
        let sql =
            host_sql!("select data from innkeeper.component_upload_parts where upload = $1 and position = $2");
        let most = usize::try_from(upload.received).unwrap_or_default();
        let mut bytes = Vec::new();
        while bytes.len() < most {
            let position = Value::Integer(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
            let outcome = connection.host(sql, &[upload.id.as_str().into(), position]).await?;
            let Some(row) = outcome.rows.iter("component_upload_parts").next() else { break };
            // Somebody has changed it, and its hash is wrong: the next one would be this one again.
            let part = row.bytes("data").unwrap_or_default();
            if part.is_empty() {
                break;
            }
            bytes.extend(part);
        }
        Ok(bytes)
    }

    /// Ends an upload, with what has come of it.
    pub async fn end_component_upload(&self, id: &str) -> Result<()> {
        let sql = host_sql!("delete from innkeeper.component_uploads where id = $1");
        self.registry().await?.host(sql, &[id.into()]).await.map(|_| ())
    }

    /// Ends uploads to which nothing has come for an hour.
    pub async fn sweep_component_uploads(&self) -> Result<u64> {
        let sql = host_sql!("delete from innkeeper.component_uploads where touched_at < $1");
        let before = Value::Integer(now_micros().saturating_sub(LEFT_MICROS));
        Ok(self.registry().await?.host(sql, &[before]).await?.affected)
    }
}

async fn begin_in(
    transaction: &mut RegistryTransaction,
    new: &NewComponentUpload<'_>,
) -> Result<Option<ComponentUpload>> {
    if let Some(found) = find(transaction.connection(), new.app, new.sha256).await? {
        if found.size == new.size {
            return Ok(Some(found));
        }
        if found.received == found.size {
            let text = format!("size: what has this hash is here as a whole, and has {} bytes", found.size);
            return Err(Error::new(Code::Conflict, text));
        }
        // Somebody was wrong about the size: what came of it is worth nothing.
        let sql = host_sql!("delete from innkeeper.component_uploads where id = $1");
        transaction.run(sql, &[found.id.as_str().into()]).await?;
    }
    let sql = host_sql!("select count(*) from innkeeper.component_uploads where owner = $1");
    let outcome = transaction.run(sql, &[new.owner.into()]).await?;
    let count = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()).unwrap_or_default();
    if usize::try_from(count).is_ok_and(|count| count >= new.most) {
        return Ok(None);
    }
    let sql = host_sql!(
        "insert into innkeeper.component_uploads (id, app, sha256, size, received, owner, touched_at) \
         values ($1, $2, $3, $4, 0, $5, $6) on conflict do nothing"
    );
    let params = [
        new.id.into(),
        new.app.into(),
        Value::Bytes(new.sha256.to_vec()),
        Value::Integer(new.size),
        new.owner.into(),
        Value::Integer(now_micros()),
    ];
    transaction.run(sql, &params).await?;
    find(transaction.connection(), new.app, new.sha256).await
}

async fn add_in(
    transaction: &mut RegistryTransaction,
    upload: &ComponentUpload,
    piece: &[u8],
) -> Result<PieceOutcome> {
    let whole = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    let sql = host_sql!(
        "update innkeeper.component_uploads set received = $3, touched_at = $4 where id = $1 and received = $2"
    );
    let received = upload.received.saturating_add(whole(piece.len()));
    let params = [
        upload.id.as_str().into(),
        Value::Integer(upload.received),
        Value::Integer(received),
        Value::Integer(now_micros()),
    ];
    if transaction.run(sql, &params).await?.affected == 0 {
        return Ok(PieceOutcome::Elsewhere);
    }
    let sql =
        host_sql!("insert into innkeeper.component_upload_parts (upload, position, data) values ($1, $2, $3)");
    let mut position = upload.received;
    for row in piece.chunks(ROW_BYTES) {
        let params = [upload.id.as_str().into(), Value::Integer(position), Value::Bytes(row.to_vec())];
        transaction.run(sql, &params).await?;
        position = position.saturating_add(whole(row.len()));
    }
    Ok(PieceOutcome::Kept)
}

async fn find(connection: &mut Connection, app: &str, sha256: &[u8]) -> Result<Option<ComponentUpload>> {
    let sql = host_sql!(
        "select id, app, sha256, size, received from innkeeper.component_uploads where app = $1 and sha256 = $2"
    );
    connection.host(sql, &[app.into(), Value::Bytes(sha256.to_vec())]).await?.rows.read_first()
}

impl FromRow for ComponentUpload {
    const TABLE: &'static str = "component_uploads";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            app: row.text("app")?,
            sha256: row.bytes("sha256")?,
            size: row.integer("size")?,
            received: row.integer("received")?,
        })
    }
}
