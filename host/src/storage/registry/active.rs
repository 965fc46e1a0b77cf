//! What a host has to know of all apps at once, in one query each: how long a start takes must not
//! be the number of apps times the way to the server.

use super::version::{self, Version};
use crate::storage::connection::cell;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{Database, Error, Result};
use std::collections::{HashMap, HashSet};

impl Database {
    /// The active version of each app, by the app's name.
    pub async fn active_versions(&self) -> Result<HashMap<String, Version>> {
        // A cross join, so that SQLite does not go through all versions to find those that are
        // active.
        let sql = host_sql!(
            "select v.number, v.sha256, v.size, v.created_at, v.settings, v.language, v.actor, v.origin, v.note, null, v.failed_at, a.name \
             from innkeeper.apps a cross join innkeeper.versions v where v.app = a.name and v.number = a.active"
        );
        let outcome = self.registry_reader().await?.host(sql, &[]).await?;
        outcome.rows.rows.iter().map(|row| active_from(row)).collect()
    }

    /// The apps whose room is known to be there, by name; the others need
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

fn active_from(row: &[Value]) -> Result<(String, Version)> {
    let app = cell(row, 11)?.as_text().ok_or_else(|| Error::malformed("versions"))?;
    Ok((app.to_owned(), version::version_from(row)?))
}
