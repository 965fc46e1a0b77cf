//! What was done to the registry, by whom and with what result. Rows are only ever added: the
//! database itself refuses to change or delete one.

use super::super::connection::Connection;
use super::super::database::Database;
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Result, now_micros};
use super::{Actor, token_text};

/// Characters of a detail, and of a result, that are kept.
const LONGEST: usize = 2_000;

/// Something that is to be written down.
#[derive(Debug, Clone, Copy)]
pub struct AuditEvent<'a> {
    /// Who did it.
    pub actor: &'a Actor,
    /// What was done, such as `deploy` or `token create`.
    pub action: &'a str,
    /// The app that it is about, where it is about one.
    pub app: Option<&'a str>,
    /// The component that it is about, where it is about one.
    pub sha256: Option<&'a [u8]>,
    /// What else there is to know. Never a secret.
    pub detail: &'a str,
    /// `ok`, or why it was refused.
    pub result: &'a str,
}

/// Something that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Grows from entry to entry.
    pub id: i64,
    /// Microseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// The machine or the address that it came from.
    pub origin: Option<String>,
    /// What was done, such as `deploy` or `token create`.
    pub action: String,
    /// The app that it is about, where it is about one.
    pub app: Option<String>,
    /// The component that it is about, where it is about one.
    pub sha256: Option<Vec<u8>>,
    /// What else there is to know.
    pub detail: String,
    /// `ok`, or why it was refused.
    pub result: String,
}

impl Database {
    /// Writes something down that is no part of another change.
    pub async fn audit(&self, event: AuditEvent<'_>) -> Result<()> {
        write(&mut self.registry().await?, event).await
    }

    /// What was written down last, the newest first, of one app or of all; only entries below
    /// `before` where that is given.
    pub async fn audit_entries(
        &self,
        app: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<AuditEntry>> {
        let of_all = host_sql!(
            "select id, at, actor, origin, action, app, sha256, detail, result from innkeeper.audit \
             where id < $1 order by id desc limit $2"
        );
        let of_one = host_sql!(
            "select id, at, actor, origin, action, app, sha256, detail, result from innkeeper.audit \
             where id < $1 and app = $3 order by id desc limit $2"
        );
        let mut params = vec![Value::Integer(before.unwrap_or(i64::MAX)), Value::Integer(i64::from(most))];
        params.extend(app.map(Value::from));
        let sql = if app.is_some() { of_one } else { of_all };
        self.registry_reader().await?.host(sql, &params).await?.rows.read()
    }
}

/// Writes something down as part of a change.
pub(in crate::storage) async fn write(connection: &mut Connection, event: AuditEvent<'_>) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.audit (at, actor, origin, action, app, sha256, detail, result) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    let params = [
        Value::Integer(now_micros()),
        event.actor.name.as_str().into(),
        event.actor.origin.as_deref().map_or(Value::Null, Value::from),
        event.action.into(),
        event.app.map_or(Value::Null, Value::from),
        event.sha256.map_or(Value::Null, |sha256| Value::Bytes(sha256.to_vec())),
        kept(event.detail).into(),
        kept(event.result).into(),
    ];
    connection.host(sql, &params).await.map(|_| ())
}

/// A text as it is kept for good: no token, not longer than there is a need for, and without the
/// character that Postgres takes in no text.
fn kept(text: &str) -> String {
    let masked = token_text::masked(text).replace('\0', "\u{fffd}");
    match masked.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", masked.get(..end).unwrap_or_default()),
        None => masked,
    }
}

impl FromRow for AuditEntry {
    const TABLE: &'static str = "audit";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        Ok(Self {
            id: row.integer("id")?,
            at: row.integer("at")?,
            actor: row.text("actor")?,
            origin: row.optional_text("origin")?,
            action: row.text("action")?,
            app: row.optional_text("app")?,
            sha256: row.optional_bytes("sha256")?,
            detail: row.text("detail")?,
            result: row.text("result")?,
        })
    }
}
