//! What a host has to know of all apps at once, in one query each: how long a start takes must not
//! be the number of apps times the way to the server.

use super::Version;
use crate::storage::host_row::FromRow;
use crate::storage::host_sql::host_sql;
use crate::storage::{Database, Result};
use std::collections::{HashMap, HashSet};

impl Database {
    /// The active version of each app, by the app's name.
    pub async fn active_versions(&self) -> Result<HashMap<String, Version>> {
        // A cross join, so that SQLite does not go through all versions to find those that are
        // active.
        let sql = host_sql!(
            "select a.name as app, v.number, v.sha256, v.size, null as stored_size, v.created_at, v.settings, v.language, v.actor, \
             v.origin, v.note, v.failed_at \
             from innkeeper.apps a cross join innkeeper.versions v where v.app = a.name and v.number = a.active"
        );
        let rows = self.registry_reader().await?.host(sql, &[]).await?.rows;
        rows.iter(Version::TABLE).map(|row| Ok((row.text("app")?, Version::from_row(&row)?))).collect()
    }

    /// The apps whose schema is known to exist, by name; the others need
    /// [`Self::make_space`]. On SQLite each file has to be opened for that, so none is known.
    pub async fn apps_with_space(&self) -> Result<HashSet<String>> {
        if let Self::Sqlite(_) = self {
            return Ok(HashSet::new());
        }
        let sql = host_sql!("select substr(nspname::text, 5) from pg_namespace where nspname like 'app\\_%'");
        let outcome = self.registry_reader().await?.host(sql, &[]).await?;
        Ok(outcome.rows.rows.into_iter().filter_map(|row| row.into_iter().next()?.into_text()).collect())
    }

    /// Lets every host read the registry again, though no app has changed.
    pub async fn tell_hosts(&self) -> Result<()> {
        self.change_registry().await?.finish(Ok(())).await
    }
}
