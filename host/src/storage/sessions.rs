//! Sessions as rows: who the visitor is and until when, and values by key.
//!
//! Only the SHA-256 of a session's id is stored, so that a copy of the database opens no session. Values are rows of their own: parallel
//! requests that set different keys do not disturb each other, and a write to a session that has ended since changes nothing.

use super::connection::{Connection, cell};
use super::host_sql::host_sql;
use super::unit::UnitOfWork;
use super::value::Value;
use super::{Error, Result};
use std::collections::BTreeMap;

/// The SHA-256 of a session's id.
pub type IdHash = [u8; 32];

/// What a row of `session_values` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value under a key.
    Value,
    /// A message for the visitor's next page.
    Flash,
}

/// A session as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// Who is signed in.
    pub user: Option<String>,
    /// When it was last touched, microseconds since 1970.
    pub used_at: i64,
    /// How long it lives after its last use.
    pub idle_seconds: i64,
    /// When it ends whatever happens, microseconds since 1970.
    pub expires_at: i64,
    /// Values by key.
    pub values: BTreeMap<String, String>,
    /// Bytes of the messages for the visitor; 0 if there are none.
    pub flash_bytes: usize,
}

impl Kind {
    fn number(self) -> i64 {
        match self {
            Self::Value => 0,
            Self::Flash => 1,
        }
    }
}

const MICROS: i64 = 1_000_000;

/// The session with this id, unless it has ended.
pub async fn load(unit: &mut UnitOfWork, id: &IdHash, now: i64) -> Result<Option<Session>> {
    let sql = host_sql!(
        "select s.user_name, s.used_at, s.idle_seconds, s.expires_at, v.kind, v.name, v.value \
         from innkeeper.sessions s \
         left join innkeeper.session_values v on v.app = s.app and v.id_hash = s.id_hash \
         where s.app = $1 and s.id_hash = $2 and s.expires_at > $3 and s.idle_expires_at > $3 \
         order by v.kind, v.name"
    );
    let params = key(unit, id, [Value::Integer(now)]);
    let outcome = unit.read(sql, &params).await?;
    let Some(first) = outcome.rows.rows.first() else { return Ok(None) };
    let mut session = session_from(first)?;
    for row in &outcome.rows.rows {
        match (cell(row, 4)?.as_integer(), cell(row, 5)?.as_text(), cell(row, 6)?.as_text()) {
            (Some(0), Some(name), Some(value)) => {
                session.values.insert(name.to_owned(), value.to_owned());
            }
            (Some(1), _, Some(message)) => session.flash_bytes = session.flash_bytes.saturating_add(message.len()),
            _ => {}
        }
    }
    Ok(Some(session))
}

fn session_from(row: &[Value]) -> Result<Session> {
    let number = |at| cell(row, at)?.as_integer().ok_or_else(|| Error::malformed("sessions"));
    Ok(Session {
        user: cell(row, 0)?.as_text().map(str::to_owned),
        used_at: number(1)?,
        idle_seconds: number(2)?,
        expires_at: number(3)?,
        ..Session::default()
    })
}

/// Stores a new session without values.
pub async fn create(unit: &mut UnitOfWork, id: &IdHash, session: &Session) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.sessions \
         (app, id_hash, user_name, created_at, used_at, idle_seconds, idle_expires_at, expires_at) \
         values ($1, $2, $3, $4, $4, $5, $6, $7)"
    );
    let params = key(
        unit,
        id,
        [
            session.user.clone().map_or(Value::Null, Value::Text),
            Value::Integer(session.used_at),
            Value::Integer(session.idle_seconds),
            Value::Integer(session.used_at.saturating_add(session.idle_seconds.saturating_mul(MICROS))),
            Value::Integer(session.expires_at),
        ],
    );
    unit.defer(sql, params).await
}

/// Notes that a session was used, and its lifetimes.
pub async fn touch(unit: &mut UnitOfWork, id: &IdHash, session: &Session) -> Result<()> {
    let sql = host_sql!(
        "update innkeeper.sessions set used_at = $3, idle_seconds = $4, idle_expires_at = $5, expires_at = $6 \
         where app = $1 and id_hash = $2"
    );
    let params = key(
        unit,
        id,
        [
            Value::Integer(session.used_at),
            Value::Integer(session.idle_seconds),
            Value::Integer(session.used_at.saturating_add(session.idle_seconds.saturating_mul(MICROS))),
            Value::Integer(session.expires_at),
        ],
    );
    unit.defer(sql, params).await
}

/// Gives a session a new id and a user. Its values follow by the foreign key. Returns whether it was still there.
pub async fn rename(unit: &mut UnitOfWork, id: &IdHash, new: &IdHash, user: Option<&str>) -> Result<bool> {
    let sql =
        host_sql!("update innkeeper.sessions set id_hash = $3, user_name = $4 where app = $1 and id_hash = $2");
    let user = user.map_or(Value::Null, Value::from);
    let params = key(unit, id, [Value::Bytes(new.to_vec()), user]);
    Ok(unit.write(sql, &params).await?.affected > 0)
}

/// Puts a value or message under a name, if the session is still there.
pub async fn put(unit: &mut UnitOfWork, id: &IdHash, kind: Kind, name: &str, value: &str) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.session_values (app, id_hash, kind, name, value) \
         select app, id_hash, $3, $4, $5 from innkeeper.sessions where app = $1 and id_hash = $2 \
         on conflict (app, id_hash, kind, name) do update set value = excluded.value"
    );
    let params = key(unit, id, [Value::Integer(kind.number()), name.into(), value.into()]);
    unit.defer(sql, params).await
}

/// Takes a value away.
pub async fn remove(unit: &mut UnitOfWork, id: &IdHash, name: &str) -> Result<()> {
    let sql = host_sql!(
        "delete from innkeeper.session_values where app = $1 and id_hash = $2 and kind = 0 and name = $3"
    );
    let params = key(unit, id, [name.into()]);
    unit.defer(sql, params).await
}

/// Takes all messages, oldest first. Two requests that do so at once do not get the same one.
pub async fn take_flash(unit: &mut UnitOfWork, id: &IdHash) -> Result<Vec<String>> {
    let sql = host_sql!(
        "delete from innkeeper.session_values where app = $1 and id_hash = $2 and kind = 1 returning name, value"
    );
    let params = key(unit, id, []);
    let outcome = unit.write(sql, &params).await?;
    let mut taken = Vec::new();
    for row in outcome.rows.rows {
        let mut texts = row.into_iter().filter_map(Value::into_text);
        taken.extend(texts.next().zip(texts.next()));
    }
    taken.sort();
    Ok(taken.into_iter().map(|(_, message)| message).collect())
}

/// Adds to the number under a key and returns the sum. Parallel additions wait for each other.
pub async fn increment(unit: &mut UnitOfWork, id: &IdHash, name: &str, by: i64) -> Result<Option<i64>> {
    let sql = host_sql!(
        "insert into innkeeper.session_values (app, id_hash, kind, name, value) \
         select app, id_hash, 0, $3, cast($4 as text) from innkeeper.sessions where app = $1 and id_hash = $2 \
         on conflict (app, id_hash, kind, name) do update \
         set value = cast(cast(innkeeper.session_values.value as bigint) + cast(excluded.value as bigint) as text) \
         returning value"
    );
    let params = key(unit, id, [name.into(), by.to_string().into()]);
    let outcome = unit.write(sql, &params).await?;
    let sum = outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()?.into_text());
    Ok(sum.and_then(|sum| sum.parse().ok()))
}

/// Puts a value if the one there is as expected. Returns whether it did.
pub async fn compare_and_set(
    unit: &mut UnitOfWork,
    id: &IdHash,
    name: &str,
    expected: Option<&str>,
    value: &str,
) -> Result<bool> {
    let outcome = match expected {
        Some(expected) => {
            let sql = host_sql!(
                "update innkeeper.session_values set value = $4 \
                 where app = $1 and id_hash = $2 and kind = 0 and name = $3 and value = $5"
            );
            let params = key(unit, id, [name.into(), value.into(), expected.into()]);
            unit.write(sql, &params).await?
        }
        None => {
            let sql = host_sql!(
                "insert into innkeeper.session_values (app, id_hash, kind, name, value) \
                 select app, id_hash, 0, $3, $4 from innkeeper.sessions where app = $1 and id_hash = $2 \
                 on conflict (app, id_hash, kind, name) do nothing"
            );
            let params = key(unit, id, [name.into(), value.into()]);
            unit.write(sql, &params).await?
        }
    };
    Ok(outcome.affected > 0)
}

/// Ends one session.
pub async fn destroy(unit: &mut UnitOfWork, id: &IdHash) -> Result<()> {
    let sql = host_sql!("delete from innkeeper.sessions where app = $1 and id_hash = $2");
    let params = key(unit, id, []);
    unit.write(sql, &params).await.map(|_| ())
}

/// Ends every session of a user. Returns how many.
pub async fn destroy_all(unit: &mut UnitOfWork, user: &str) -> Result<u64> {
    let sql = host_sql!("delete from innkeeper.sessions where app = $1 and user_name = $2");
    let params = [unit.space().app().as_ref().into(), user.into()];
    Ok(unit.write(sql, &params).await?.affected)
}

/// Deletes sessions that have ended, at most `limit` of them. Returns how many.
pub async fn sweep(connection: &mut Connection, now: i64, limit: u32) -> Result<u64> {
    let sql = host_sql!(
        "delete from innkeeper.sessions where (expires_at <= $1 or idle_expires_at <= $1) and (app, id_hash) in \
         (select app, id_hash from innkeeper.sessions where expires_at <= $1 or idle_expires_at <= $1 limit $2)"
    );
    Ok(connection.host(sql, &[Value::Integer(now), Value::Integer(i64::from(limit))]).await?.affected)
}

fn key<const N: usize>(unit: &UnitOfWork, id: &IdHash, more: [Value; N]) -> Vec<Value> {
    let mut params = vec![unit.space().app().as_ref().into(), Value::Bytes(id.to_vec())];
    params.extend(more);
    params
}
