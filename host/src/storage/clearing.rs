//! Removes everything that an app has in its place: for an app that is deleted for good.

use super::app_space::AppSpace;
use super::connection::{Connection, Control};
use super::host_sql::{HostSql, host_sql};
use super::value::Value;
use super::{Error, Result};

impl AppSpace {
    /// Deletes the app's tables, files, sessions and its account of migrations, all or nothing.
    /// Hosts that still have the place open find it empty.
    pub async fn delete_everything(&self) -> Result<()> {
        let mut connection = self.writer().await?;
        connection.control(Control::Begin(None)).await?;
        match self.delete_in(&mut connection).await {
            Ok(()) => connection.control(Control::Commit).await?,
            Err(error) => {
                // The first error is the one to report.
                let _ = connection.control(Control::Rollback).await;
                return Err(error);
            }
        }
        match &mut connection {
            Connection::Sqlite(lease) => lease.rewrite().await,
            Connection::Postgres(_) => Ok(()),
        }
    }

    /// Forgets which versions have run the app's migrations: for an app that is deleted and leaves
    /// its data. The next app of its name counts its versions anew.
    pub async fn forget_versions(&self) -> Result<()> {
        let app = [self.app().as_ref().into()];
        let mut connection = self.writer().await?;
        for sql in [
            host_sql!("update innkeeper.app_migrations set version = null where app = $1"),
            host_sql!("delete from innkeeper.known_migrations where app = $1"),
        ] {
            connection.host(sql, &app).await?;
        }
        Ok(())
    }

    async fn delete_in(&self, connection: &mut Connection) -> Result<()> {
        let app = [self.app().as_ref().into()];
        for sql in host_rows() {
            connection.host(sql, &app).await?;
        }
        if !self.is_sqlite() {
            // Made again for an app of the same name.
            return connection.script(&format!("drop schema if exists \"{}\" cascade", self.place())).await;
        }
        let sql = host_sql!(
            "select type, name from sqlite_master where type in ('table', 'view', 'trigger') \
             and name not like 'innkeeper\\_%' escape '\\' and name not like 'sqlite\\_%' escape '\\' \
             order by case type when 'trigger' then 0 when 'view' then 1 else 2 end"
        );
        // Tables may refer to each other in a circle.
        connection.script("pragma defer_foreign_keys = on").await?;
        for row in connection.host(sql, &[]).await?.rows.rows {
            let [Value::Text(kind), Value::Text(name)] = row.as_slice() else {
                return Err(Error::malformed("sqlite_master"));
            };
            connection.script(&format!("drop {kind} if exists \"{}\"", name.replace('"', "\"\""))).await?;
        }
        Ok(())
    }
}

fn host_rows() -> [&'static HostSql; 9] {
    [
        host_sql!("delete from innkeeper.session_values where app = $1"),
        host_sql!("delete from innkeeper.sessions where app = $1"),
        host_sql!("delete from innkeeper.chunks where app = $1"),
        host_sql!("delete from innkeeper.blobs where app = $1"),
        host_sql!("delete from innkeeper.app_migrations where app = $1"),
        host_sql!("delete from innkeeper.known_migrations where app = $1"),
        host_sql!("delete from innkeeper.used_tickets where app = $1"),
        host_sql!("delete from innkeeper.imported where app = $1"),
        host_sql!("delete from innkeeper.usage where app = $1"),
    ]
}
