//! A version of an app: a component and the settings that it was deployed with.

use super::super::connection::{Connection, cell};
use super::super::database::{Database, no_such_app};
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Error, Result};

/// A component as deployed to an app. What it is never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1 in each app. No number is used twice.
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
        "select v.number, v.sha256, v.size, v.created_at, v.settings, v.language, v.actor, v.origin, v.note, c.stored_size, v.failed_at \
         from innkeeper.versions v left join innkeeper.components c on c.sha256 = v.sha256 \
         where v.app = $1 order by v.number desc"
    );
    let outcome = connection.host(sql, &[app.into()]).await?;
    outcome.rows.rows.iter().map(|row| version_from(row)).collect()
}

pub(super) async fn find(connection: &mut Connection, app: &str, number: i64) -> Result<Option<Version>> {
    let sql = host_sql!(
        "select v.number, v.sha256, v.size, v.created_at, v.settings, v.language, v.actor, v.origin, v.note, c.stored_size, v.failed_at \
         from innkeeper.versions v left join innkeeper.components c on c.sha256 = v.sha256 \
         where v.app = $1 and v.number = $2"
    );
    let outcome = connection.host(sql, &[app.into(), Value::Integer(number)]).await?;
    outcome.rows.rows.first().map(|row| version_from(row)).transpose()
}

pub(super) fn version_from(row: &[Value]) -> Result<Version> {
    let number = |at| cell(row, at)?.as_integer().ok_or_else(|| Error::malformed("versions"));
    let text = |at| Ok::<_, Error>(cell(row, at)?.as_text().map(str::to_owned));
    Ok(Version {
        number: number(0)?,
        sha256: cell(row, 1)?.as_bytes().ok_or_else(|| Error::malformed("versions.sha256"))?.to_vec(),
        size: number(2)?,
        created_at: number(3)?,
        settings: text(4)?,
        language: text(5)?,
        actor: text(6)?,
        origin: text(7)?,
        note: text(8)?,
        stored_size: cell(row, 9)?.as_integer(),
        failed_at: cell(row, 10)?.as_integer(),
    })
}
