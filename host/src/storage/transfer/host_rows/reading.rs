//! Rows of host tables on their way out, or to be compared with those that came in. What has no
//! order of its own is put in one, so that both engines tell the same.

use super::{BlobRow, MigrationRow, SessionRow, unhex};
use crate::storage::connection::Connection;
use crate::storage::host_sql::host_sql;
use crate::storage::transfer::{Intake, Snapshot, numbers};
use crate::storage::value::Value;
use crate::storage::{Error, Result, hex};

/// Rows that are read at once.
const PAGE: i64 = 500;

/// The host tables as a connection sees them.
pub struct HostRows<'c> {
    connection: &'c mut Connection,
    app: &'c str,
}

impl Snapshot {
    /// The app's rows in the host tables.
    pub fn host_rows(&mut self) -> HostRows<'_> {
        HostRows { connection: &mut self.connection, app: &self.app }
    }

    /// The last number that an identity has given. Numbers of rows that are gone are not given
    /// again.
    pub async fn last_number(&mut self, table: &str, column: &str) -> Result<Option<i64>> {
        numbers::last_number(&mut self.connection, table, column).await
    }
}

impl Intake {
    /// The app's rows in the host tables as they are now.
    pub fn host_rows(&mut self) -> HostRows<'_> {
        HostRows { connection: &mut self.connection, app: &self.app }
    }
}

impl HostRows<'_> {
    /// Kept blobs in the order of their ids, behind `after`; none at the end.
    pub async fn blobs(&mut self, after: &str) -> Result<Vec<BlobRow>> {
        let sql = host_sql!(
            "select id, size, sha256, content_type, name, created_at from innkeeper.blobs \
             where app = $1 and state = 2 and id > $2 order by id limit $3"
        );
        let params = [self.app.into(), after.into(), Value::Integer(PAGE)];
        let outcome = self.connection.host(sql, &params).await?;
        let mut blobs: Vec<BlobRow> = outcome.rows.rows.iter().map(|row| blob(row)).collect::<Result<_>>()?;
        if let (Some(first), Some(last)) = (blobs.first(), blobs.last()) {
            let sql = host_sql!(
                "select blob, source from innkeeper.imported where app = $1 and blob >= $2 and blob <= $3"
            );
            let params = [self.app.into(), first.id.as_str().into(), last.id.as_str().into()];
            for row in self.connection.host(sql, &params).await?.rows.rows {
                let (id, source) = (text(&row, 0)?, text(&row, 1)?);
                blobs.iter_mut().filter(|blob| blob.id == id).for_each(|blob| blob.sources.push(source.clone()));
            }
            blobs.iter_mut().for_each(|blob| blob.sources.sort_unstable());
        }
        Ok(blobs)
    }

    /// One chunk of a blob; none behind the last.
    pub async fn chunk(&mut self, id: &str, seq: i64) -> Result<Option<Vec<u8>>> {
        let sql = host_sql!("select data from innkeeper.chunks where app = $1 and blob = $2 and seq = $3");
        let outcome = self.connection.host(sql, &[self.app.into(), id.into(), Value::Integer(seq)]).await?;
        Ok(outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()?.into_bytes()))
    }

    /// Sessions that have not ended at `now`, in the order of their hashes, behind `after` (in
    /// hexadecimal); none at the end. Their values come with them: a statement for each session
    /// would take longer than all the rest.
    pub async fn sessions(&mut self, after: &str, now: i64) -> Result<Vec<SessionRow>> {
        let sql = host_sql!(
            "select s.id_hash, s.user_name, s.created_at, s.used_at, s.idle_seconds, s.idle_expires_at, s.expires_at, \
             v.kind, v.name, v.value from \
             (select id_hash, user_name, created_at, used_at, idle_seconds, idle_expires_at, expires_at from innkeeper.sessions \
             where app = $1 and id_hash > $2 and expires_at > $3 and idle_expires_at > $3 order by id_hash limit $4) s \
             left join innkeeper.session_values v on v.app = $1 and v.id_hash = s.id_hash order by s.id_hash"
        );
        let after = unhex(after).ok_or_else(|| Error::malformed("sessions.id_hash"))?;
        let params = [self.app.into(), Value::Bytes(after), Value::Integer(now), Value::Integer(PAGE)];
        let outcome = self.connection.host(sql, &params).await?;
        let mut sessions: Vec<SessionRow> = Vec::new();
        for row in outcome.rows.rows {
            let id_hash = hex(bytes(&row, 0)?);
            if sessions.last().is_none_or(|last| last.id_hash != id_hash) {
                sessions.push(session(id_hash, &row)?);
            }
            let mut value = row.into_iter().skip(7);
            let kind = value.next().and_then(|kind| kind.as_integer());
            let (name, value) = (value.next().and_then(Value::into_text), value.next().and_then(Value::into_text));
            if let (Some(last), Some(kind), Some(name), Some(value)) = (sessions.last_mut(), kind, name, value) {
                last.values.push((kind, name, value));
            }
        }
        sessions.iter_mut().for_each(|session| session.values.sort_unstable());
        Ok(sessions)
    }

    /// The migrations that have been run.
    pub async fn migrations(&mut self) -> Result<Vec<MigrationRow>> {
        let sql = host_sql!(
            "select name, sha256, applied_at from innkeeper.app_migrations where app = $1 order by applied_at, name"
        );
        let outcome = self.connection.host(sql, &[self.app.into()]).await?;
        let row = |row: &Vec<Value>| {
            Ok(MigrationRow { name: text(row, 0)?, sha256: hex(bytes(row, 1)?), applied: number(row, 2)? })
        };
        outcome.rows.rows.iter().map(row).collect()
    }
}

fn blob(row: &[Value]) -> Result<BlobRow> {
    Ok(BlobRow {
        id: text(row, 0)?,
        size: u64::try_from(number(row, 1)?).map_err(|_| Error::malformed("blobs.size"))?,
        sha256: hex(bytes(row, 2)?),
        content_type: text(row, 3)?,
        name: row.get(4).and_then(Value::as_text).map(str::to_owned),
        created: number(row, 5)?,
        sources: Vec::new(),
    })
}

fn session(id_hash: String, row: &[Value]) -> Result<SessionRow> {
    Ok(SessionRow {
        id_hash,
        user: row.get(1).and_then(Value::as_text).map(str::to_owned),
        created: number(row, 2)?,
        used: number(row, 3)?,
        idle_seconds: number(row, 4)?,
        idle_expires: number(row, 5)?,
        expires: number(row, 6)?,
        values: Vec::new(),
    })
}

fn text(row: &[Value], at: usize) -> Result<String> {
    row.get(at).and_then(Value::as_text).map(str::to_owned).ok_or_else(|| Error::malformed("a text is missing"))
}

fn number(row: &[Value], at: usize) -> Result<i64> {
    row.get(at).and_then(Value::as_integer).ok_or_else(|| Error::malformed("a number is missing"))
}

fn bytes(row: &[Value], at: usize) -> Result<&[u8]> {
    row.get(at).and_then(Value::as_bytes).ok_or_else(|| Error::malformed("bytes are missing"))
}
