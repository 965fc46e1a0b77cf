//! The keys that sign URLs, shared by all hosts of a database: made by themselves, exchanged after
//! a while, kept as long as something that they signed may be good.

use super::super::connection::Connection;
use super::super::database::Database;
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Error, Result, hex, now_micros};
use super::Actor;
use super::audit::{self, AuditEvent};

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
        self.registry_reader().await?.host(sql, &[]).await?.rows.read()
    }

    /// Makes a new key and forgets those from before `forget` (microseconds since 1970): what they
    /// have signed is good no more. Other hosts learn of it when somebody presents what it has
    /// signed.
    pub async fn make_key(&self, forget: i64) -> Result<Key> {
        let key = Key::random()?;
        let mut transaction = self.change_quietly().await?;
        let made = add_in(transaction.connection(), &key, forget).await;
        transaction.finish(made).await.map(|()| key)
    }

    /// The same on behalf of somebody: it is written down, and every host notices within a second
    /// or two. With `revoke` all other keys are forgotten, without it none.
    pub async fn rotate_keys(&self, revoke: bool, actor: &Actor) -> Result<Key> {
        let key = Key::random()?;
        let (forget, others) = if revoke { (i64::MAX, "; all others are forgotten") } else { (i64::MIN, "") };
        let mut transaction = self.change_registry().await?;
        let rotated = async {
            let connection = transaction.connection();
            add_in(connection, &key, forget).await?;
            let (action, detail) = ("keys rotate", format!("{} signs{others}", key.id));
            let event = AuditEvent { actor, action, app: None, sha256: None, detail: &detail, result: "ok" };
            audit::write(connection, event).await
        };
        let rotated = rotated.await;
        transaction.finish(rotated).await.map(|()| key)
    }
}

async fn add_in(connection: &mut Connection, key: &Key, forget: i64) -> Result<()> {
    let sql = host_sql!("delete from innkeeper.keys where created_at < $1");
    connection.host(sql, &[Value::Integer(forget)]).await?;
    let sql = host_sql!("insert into innkeeper.keys (id, secret, created_at) values ($1, $2, $3)");
    let params = [key.id.as_str().into(), Value::Bytes(key.secret.to_vec()), Value::Integer(key.created_at)];
    connection.host(sql, &params).await.map(|_| ())
}

impl FromRow for Key {
    const TABLE: &'static str = "keys";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        let secret = row.bytes("secret")?.try_into().map_err(|_| row.malformed("secret"))?;
        Ok(Self { id: row.text("id")?, secret, created_at: row.integer("created_at")? })
    }
}
