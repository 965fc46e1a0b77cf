//! Sessions as rows: who the visitor is and until when, and values by key.
//!
//! Only the SHA-256 of a session's id is stored, so that a copy of the database opens no session.
//! Values are rows of their own: parallel requests that set different keys do not disturb each
//! other, and a write to a session that has ended since changes nothing.
//!
//! `idle_expires_at` is never later than `expires_at`: this one column says when a session ends,
//! and one index finds those that have.
//!
//! Every statement locks the session's row before rows of its values (`for no key update`, which
//! SQLite with its one writer does without). A logout waits for the writes that came before it, and
//! those that come after it find nothing. The lock excludes itself from the beginning: whoever has
//! it may go on to change, rename or delete the row, and waits for nobody who waits for a value. A
//! weaker one, which two requests could have at once, would be a deadlock as soon as one of them
//! signs out. So requests that write to one session do so one after the other, each from its first
//! statement on values to its commit; what can wait for the commit does (`UnitOfWork::defer`),
//! which keeps that short. Since all take their locks in one order there is no deadlock. [`values`]
//! has what is in a session, [`upkeep`] what the host and its operator do to all of them.

pub mod upkeep;
pub mod values;

use super::connection::cell;
use super::host_sql::host_sql;
use super::unit::UnitOfWork;
use super::value::Value;
use super::{Error, Result};
use std::collections::BTreeMap;

/// The SHA-256 of a session's id.
pub type IdHash = [u8; 32];

/// What each value and message takes up beside its text: empty ones are not free.
pub const ENTRY_BYTES: usize = 32;

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
    /// Bytes that the messages for the visitor take up; 0 if there are none.
    pub flash_bytes: usize,
}

/// What to change of how long a session lives; none: as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expiry {
    /// How long it lives after its last use.
    pub idle_seconds: Option<i64>,
    /// When it ends whatever happens, microseconds since 1970.
    pub expires_at: Option<i64>,
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
            (Some(1), _, Some(message)) => session.flash_bytes += message.len() + ENTRY_BYTES,
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
    let idle_end = session.used_at.saturating_add(session.idle_seconds.saturating_mul(MICROS));
    let params = key(
        unit,
        id,
        [
            session.user.clone().map_or(Value::Null, Value::Text),
            Value::Integer(session.used_at),
            Value::Integer(session.idle_seconds),
            Value::Integer(idle_end.min(session.expires_at)),
            Value::Integer(session.expires_at),
        ],
    );
    unit.defer(sql, params).await
}

/// Notes that a session was used, by itself: no transaction of the unit may be open. How long it
/// lives is what is stored by now, and a later use stays noted. Neither a session that another
/// request is writing to is waited for, nor a second connection.
pub async fn touch(unit: &mut UnitOfWork, id: &IdHash, now: i64) -> Result<()> {
    let sql = host_sql!(
        "update innkeeper.sessions set used_at = $3, idle_expires_at = \
         case when $3 + idle_seconds * 1000000 < expires_at then $3 + idle_seconds * 1000000 else expires_at end \
         where app = $1 and id_hash in (select id_hash from innkeeper.sessions \
         where app = $1 and id_hash = $2 and used_at < $3 for update skip locked)"
    );
    let params = key(unit, id, [Value::Integer(now)]);
    match unit.spare_writer().await? {
        Some(mut connection) => connection.host(sql, &params).await.map(|_| ()),
        None => Ok(()),
    }
}

/// Changes how long a session lives, from now on. Returns what holds then: how long after its last
/// use, and until when; none where it has ended.
pub async fn set_expiry(
    unit: &mut UnitOfWork,
    id: &IdHash,
    expiry: &Expiry,
    now: i64,
) -> Result<Option<(i64, i64)>> {
    let sql = host_sql!(
        "update innkeeper.sessions set used_at = $3, idle_seconds = coalesce($4, idle_seconds), \
         expires_at = coalesce($5, expires_at), idle_expires_at = \
         case when $3 + coalesce($4, idle_seconds) * 1000000 < coalesce($5, expires_at) \
         then $3 + coalesce($4, idle_seconds) * 1000000 else coalesce($5, expires_at) end \
         where app = $1 and id_hash = $2 returning idle_seconds, expires_at"
    );
    let number = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
    let params = key(unit, id, [Value::Integer(now), number(expiry.idle_seconds), number(expiry.expires_at)]);
    let outcome = unit.write(sql, &params).await?;
    let Some(row) = outcome.rows.rows.first() else { return Ok(None) };
    Ok(cell(row, 0)?.as_integer().zip(cell(row, 1)?.as_integer()))
}

/// Gives a session a new id and a user. Its values follow by the foreign key. Returns whether it
/// was still there.
pub async fn rename(unit: &mut UnitOfWork, id: &IdHash, new: &IdHash, user: Option<&str>) -> Result<bool> {
    let sql =
        host_sql!("update innkeeper.sessions set id_hash = $3, user_name = $4 where app = $1 and id_hash = $2");
    let user = user.map_or(Value::Null, Value::from);
    let params = key(unit, id, [Value::Bytes(new.to_vec()), user]);
    Ok(unit.write(sql, &params).await?.affected > 0)
}

/// Ends one session. Returns whether it was still there.
pub async fn destroy(unit: &mut UnitOfWork, id: &IdHash) -> Result<bool> {
    let sql = host_sql!("delete from innkeeper.sessions where app = $1 and id_hash = $2");
    let params = key(unit, id, []);
    Ok(unit.write(sql, &params).await?.affected > 0)
}

/// Ends every session of a user. Returns how many.
pub async fn destroy_all(unit: &mut UnitOfWork, user: &str) -> Result<u64> {
    let sql = host_sql!("delete from innkeeper.sessions where app = $1 and user_name = $2");
    let params = [unit.space().app().as_ref().into(), user.into()];
    Ok(unit.write(sql, &params).await?.affected)
}

fn key<const N: usize>(unit: &UnitOfWork, id: &IdHash, more: [Value; N]) -> Vec<Value> {
    let mut params = vec![unit.space().app().as_ref().into(), Value::Bytes(id.to_vec())];
    params.extend(more);
    params
}
