//! Questions about an app's place as a whole: what is in it, and whose things its credential can
//! see.

use super::app_space::AppSpace;
use super::connection::Connection;
use super::database::Database;
use super::host_sql::host_sql;
use super::{Error, Result};

/// What an app has in its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Tables and views.
    pub tables: i64,
    /// Kept files.
    pub blobs: i64,
    /// Sessions, ended ones that nobody swept included.
    pub sessions: i64,
}

impl Belongings {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AppSpace {
    /// Counts what the app has here.
    pub async fn belongings(&self) -> Result<Belongings> {
        let mut connection = self.upkeep().await?;
        let tables = if self.is_sqlite() {
            host_sql!(
                "select count(*) from sqlite_master where type in ('table', 'view') and name not like $1 \
                 and name not like 'innkeeper\\_%' escape '\\' and name not like 'sqlite\\_%' escape '\\'"
            )
        } else {
            host_sql!(
                "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname = $1::text::name and c.relkind in ('r', 'p', 'v', 'm', 'f')"
            )
        };
        let blobs = host_sql!("select count(*) from innkeeper.blobs where app = $1 and state = 2");
        let sessions = host_sql!("select count(*) from innkeeper.sessions where app = $1");
        Ok(Belongings {
            tables: count(&mut connection, tables, self.place()).await?,
            blobs: count(&mut connection, blobs, self.app()).await?,
            sessions: count(&mut connection, sessions, self.app()).await?,
        })
    }
}

async fn count(connection: &mut Connection, sql: &super::HostSql, param: &str) -> Result<i64> {
    let outcome = connection.host(sql, &[param.into()]).await?;
    let number = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
    number.ok_or_else(|| Error::malformed("a count"))
}

impl Database {
    /// The schemas of the registry and of other apps that an app's credential may look into: where
    /// there are any, the database is no wall. None on SQLite, whose files know no credentials.
    pub async fn open_to(&self, app: &str) -> Result<Vec<String>> {
        if matches!(self, Self::Sqlite(_)) {
            return Ok(Vec::new());
        }
        let mut connection = self.registry().await?;
        let sql = host_sql!(
            "select n.nspname::text from pg_namespace n where \
             (has_schema_privilege(n.oid, 'usage') or pg_has_role(n.nspowner, 'member')) and \
             ((n.nspname = 'innkeeper' and exists (select 1 from pg_class c where c.relnamespace = n.oid and c.relname = 'apps')) \
             or (n.nspname::text ~ '^(app|innkeeper)_' and n.nspname::text not in ('app_' || $1::text, 'innkeeper_' || $1::text))) \
             order by 1"
        );
        let outcome = connection.host(sql, &[app.into()]).await?;
        let name = |row: Vec<super::Value>| row.into_iter().next()?.into_text();
        Ok(outcome.rows.rows.into_iter().filter_map(name).collect())
    }
}
