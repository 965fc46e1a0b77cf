//! The keys that sign URLs, shared by all hosts of a database: made by themselves, exchanged after
//! a while, kept as long as something that they signed may be good.

use super::connection::{Connection, Control, cell};
use super::database::Database;
use super::host_sql::host_sql;
use super::registry::{self, Actor, AuditEvent};
use super::value::Value;
use super::{Error, Result, hex, now_micros};

const SECRET_BYTES: usize = 32;

/// A key. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Names the key in what it has signed: 8 hexadecimal digits.
    pub id: String,
    /// 256 random bits.
    pub secret: [u8; SECRET_BYTES],
    /// Microseconds since 1970.
    pub created_at: i64,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    fn random() -> Result<Self> {
        let (mut id, mut secret) = ([0u8; 4], [0u8; SECRET_BYTES]);
        let filled = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret));
        filled.map_err(|_| Error::unavailable("the system gives no random numbers"))?;
        Ok(Self { id: hex(&id), secret, created_at: now_micros() })
    }
}

impl Database {
    /// All keys, the newest first.
    pub async fn keys(&self) -> Result<Vec<Key>> {
        let sql = host_sql!("select id, secret, created_at from innkeeper.keys order by created_at desc, id");
        let outcome = self.registry_reader().await?.host(sql, &[]).await?;
        outcome.rows.rows.iter().map(|row| key_from(row)).collect()
    }

    /// Makes a new key and forgets those from before `forget` (microseconds since 1970): what they
    /// have signed is good no more. Other hosts learn of it when somebody presents what it has
    /// signed.
    pub async fn make_key(&self, forget: i64) -> Result<Key> {
        self.add_key(forget, None).await
    }

    /// The same on behalf of somebody: it is written down, and every host notices within a second
    /// or two. With `revoke` all other keys are forgotten, without it none.
    pub async fn rotate_keys(&self, revoke: bool, actor: &Actor) -> Result<Key> {
        self.add_key(if revoke { i64::MAX } else { i64::MIN }, Some(actor)).await
    }

    async fn add_key(&self, forget: i64, actor: Option<&Actor>) -> Result<Key> {
        let key = Key::random()?;
        let mut connection = self.registry().await?;
        connection.control(Control::Begin(None)).await?;
        match add_in(&mut connection, &key, forget, actor).await {
            Ok(()) => connection.control(Control::Commit).await.map(|()| key),
            Err(error) => {
                // The first error is the one to report.
                let _ = connection.control(Control::Rollback).await;
                Err(error)
            }
        }
    }
}

async fn add_in(connection: &mut Connection, key: &Key, forget: i64, actor: Option<&Actor>) -> Result<()> {
    if let Some(actor) = actor {
        connection.host(host_sql!("update innkeeper.generation set number = number + 1"), &[]).await?;
        let others = if forget == i64::MAX { "; all others are forgotten" } else { "" };
        let (action, detail) = ("keys rotate", format!("{} signs{others}", key.id));
        let event = AuditEvent { actor, action, app: None, sha256: None, detail: &detail, result: "ok" };
        registry::write_audit(connection, event).await?;
    }
    let sql = host_sql!("delete from innkeeper.keys where created_at < $1");
    connection.host(sql, &[Value::Integer(forget)]).await?;
    let sql = host_sql!("insert into innkeeper.keys (id, secret, created_at) values ($1, $2, $3)");
    let params = [key.id.as_str().into(), Value::Bytes(key.secret.to_vec()), Value::Integer(key.created_at)];
    connection.host(sql, &params).await.map(|_| ())
}

fn key_from(row: &[Value]) -> Result<Key> {
    let malformed = || Error::malformed("keys");
    Ok(Key {
        id: cell(row, 0)?.as_text().ok_or_else(malformed)?.to_owned(),
        secret: cell(row, 1)?.as_bytes().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?,
        created_at: cell(row, 2)?.as_integer().ok_or_else(malformed)?,
    })
}
