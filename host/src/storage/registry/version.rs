//! A version of an app: a component and the settings that it was deployed with.

use super::super::Result;
use super::super::connection::Connection;
use super::super::database::{Database, no_such_app};
use super::super::host_row::{FromRow, HostRow};
use super::super::host_sql::host_sql;
use super::super::value::Value;

/// A component as deployed to an app. What it is never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1 in each app. No number is used twice while the app is there.
    pub number: i64,
    /// Of the component.
    pub sha256: Vec<u8>,
    /// Of the component, in bytes.
    pub size: i64,
    /// What the component takes up in the database; none where an earlier release has stored it.
    pub stored_size: Option<i64>,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Settings as JSON; none where an earlier release has deployed it.
    pub settings: Option<String>,
    /// The language and the toolchain, where the component says so.
    pub language: Option<String>,
    /// Who deployed it.
    pub actor: Option<String>,
    /// From where.
    pub origin: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// When the host found that it fails, and went back by itself; microseconds since 1970.
    pub failed_at: Option<i64>,
}

impl Database {
    /// The versions of an app, the newest first. An error where there is no such app.
    pub async fn versions(&self, app: &str) -> Result<Vec<Version>> {
        let mut connection = self.registry_reader().await?;
        let versions = all(&mut connection, app).await?;
        if versions.is_empty() && super::app::find(&mut connection, app).await?.is_none() {
            return Err(no_such_app(app));
        }
        Ok(versions)
    }

    /// One version of an app, if it has it.
    pub async fn version(&self, app: &str, number: i64) -> Result<Option<Version>> {
        find(&mut self.registry_reader().await?, app, number).await
    }
}

pub(super) async fn all(connection: &mut Connection, app: &str) -> Result<Vec<Version>> {
    let sql = host_sql!(
        "select v.number, v.sha256, v.size, c.stored_size, v.created_at, v.settings, v.language, v.actor, v.origin, v.note, \
         v.failed_at \
         from innkeeper.versions v left join innkeeper.components c on c.sha256 = v.sha256 \
         where v.app = $1 order by v.number desc"
    );
    connection.host(sql, &[app.into()]).await?.rows.read()
}

pub(super) async fn find(connection: &mut Connection, app: &str, number: i64) -> Result<Option<Version>> {
    let sql = host_sql!(
        "select v.number, v.sha256, v.size, c.stored_size, v.created_at, v.settings, v.language, v.actor, v.origin, v.note, \
         v.failed_at \
         from innkeeper.versions v left join innkeeper.components c on c.sha256 = v.sha256 \
         where v.app = $1 and v.number = $2"
    );
    connection.host(sql, &[app.into(), Value::Integer(number)]).await?.rows.read_first()
}

impl FromRow for Version {
    const TABLE: &'static str = "versions";

    fn from_row(row: &HostRow<'_>) -> Result<Self> {
        Ok(Self {
            number: row.integer("number")?,
            sha256: row.bytes("sha256")?,
            size: row.integer("size")?,
            stored_size: row.optional_integer("stored_size")?,
            created_at: row.integer("created_at")?,
            settings: row.optional_text("settings")?,
            language: row.optional_text("language")?,
            actor: row.optional_text("actor")?,
            origin: row.optional_text("origin")?,
            note: row.optional_text("note")?,
            failed_at: row.optional_integer("failed_at")?,
        })
    }
}
