//! Tokens of the admin API. Of each only a hash is kept.

use super::super::database::Database;
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Result, now_micros};
use super::Actor;
use super::audit::{self, AuditEvent};

/// The last use is written down not more than so often.
const USE_NOTED_MICROS: i64 = 60_000_000;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Names it in lists and in the audit log; part of its text.
    pub id: String,
    /// For people.
    pub name: String,
    /// Of the whole text.
    pub sha256: Vec<u8>,
    /// What it allows, separated by blanks.
    pub scopes: String,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Who has made it.
    pub created_by: String,
    /// From when it is good no more, in microseconds since 1970; none: it has no end.
    pub expires_at: Option<i64>,
    /// When it was shown last, to the minute.
    pub last_used_at: Option<i64>,
    /// Since when somebody has made it worthless.
    pub revoked_at: Option<i64>,
}

impl Database {
    /// Keeps a new token, and writes that down.
    pub async fn add_token(&self, token: &Token, actor: &Actor, detail: &str) -> Result<()> {
        let mut transaction = self.change_quietly().await?;
        let result = async {
            let sql = host_sql!(
                "insert into innkeeper.tokens (id, name, sha256, scopes, created_at, created_by, expires_at) \
                 values ($1, $2, $3, $4, $5, $6, $7)"
            );
            let params = [
                token.id.as_str().into(),
                token.name.as_str().into(),
                Value::Bytes(token.sha256.clone()),
                token.scopes.as_str().into(),
                Value::Integer(token.created_at),
                token.created_by.as_str().into(),
                token.expires_at.map_or(Value::Null, Value::Integer),
            ];
            transaction.run(sql, &params).await?;
            audit::write(transaction.connection(), event(actor, "token create", detail)).await
        };
        let result = result.await;
        transaction.finish(result).await
    }

    /// Makes a token worthless, and writes that down. False where there is none that is not.
    pub async fn revoke_token(&self, id: &str, actor: &Actor, detail: &str) -> Result<bool> {
        let mut transaction = self.change_quietly().await?;
        let result = async {
            let sql =
                host_sql!("update innkeeper.tokens set revoked_at = $2 where id = $1 and revoked_at is null");
            if transaction.run(sql, &[id.into(), Value::Integer(now_micros())]).await?.affected == 0 {
                return Ok(false);
            }
            audit::write(transaction.connection(), event(actor, "token revoke", detail)).await.map(|()| true)
        };
        let result = result.await;
        transaction.finish(result).await
    }

    /// All tokens, the newest first.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        let sql = host_sql!(
            "select id, name, sha256, scopes, created_at, created_by, expires_at, last_used_at, revoked_at \
             from innkeeper.tokens order by created_at desc, id"
        );
        self.registry_reader().await?.host(sql, &[]).await?.rows.read()
    }

    /// The token with this id, if there is one.
    pub async fn token(&self, id: &str) -> Result<Option<Token>> {
        let sql = host_sql!(
            "select id, name, sha256, scopes, created_at, created_by, expires_at, last_used_at, revoked_at \
             from innkeeper.tokens where id = $1"
        );
        self.registry_reader().await?.host(sql, &[id.into()]).await?.rows.read_first()
    }

    /// Writes down that a token was shown now, if that was not done within the last minute.
    pub async fn note_token_use(&self, id: &str) -> Result<()> {
        let now = now_micros();
        let sql = host_sql!(
            "update innkeeper.tokens set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $3)"
        );
        let params = [id.into(), Value::Integer(now), Value::Integer(now.saturating_sub(USE_NOTED_MICROS))];
        self.registry().await?.host(sql, &params).await.map(|_| ())
    }
}

fn event<'a>(actor: &'a Actor, action: &'a str, detail: &'a str) -> AuditEvent<'a> {
    AuditEvent { actor, action, app: None, sha256: None, detail, result: "ok" }
}

impl FromRow for Token {
    const TABLE: &'static str = "tokens";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        Ok(Self {
            id: row.text("id")?,
            name: row.text("name")?,
            sha256: row.bytes("sha256")?,
            scopes: row.text("scopes")?,
            created_at: row.integer("created_at")?,
            created_by: row.text("created_by")?,
            expires_at: row.optional_integer("expires_at")?,
            last_used_at: row.optional_integer("last_used_at")?,
            revoked_at: row.optional_integer("revoked_at")?,
        })
    }
}
