//! A hint to the hosts on Postgres that the registry has changed. Whoever gets it reads the
//! generation, and whoever does not reads it a moment later anyway: the hint says nothing by
//! itself, since any role may send one.

use super::super::Result;
use super::super::connection::Connection;
use super::super::database::Database;
use super::super::host_sql::host_sql;
use super::super::postgres::Hints;

/// The channel on which hosts listen.
const CHANNEL: &str = "innkeeper_registry";

/// Sends the hint when the transaction is kept. On SQLite the host reads the file once a second.
pub(super) async fn announce(connection: &mut Connection) -> Result<()> {
    if !connection.aborts_on_error() {
        return Ok(());
    }
    connection.host(host_sql!("select pg_notify($1, '')"), &[CHANNEL.into()]).await.map(|_| ())
}

impl Database {
    /// What hears the hints; none on SQLite, whose file is read once a second.
    pub fn hints(&self) -> Option<Hints> {
        match self {
            Self::Postgres(pools) => Some(Hints::new(pools.host.clone(), CHANNEL)),
            Self::Sqlite(_) => None,
        }
    }
}
