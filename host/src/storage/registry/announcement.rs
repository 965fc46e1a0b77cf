//! A hint to the hosts on Postgres that the registry has changed. Whoever gets it reads the
//! generation, and whoever does not reads it a moment later anyway: the hint says nothing by
//! itself, since any role may send one.

use super::super::Result;
use super::super::connection::Connection;
use super::super::host_sql::host_sql;

/// The channel on which hosts listen.
pub(in crate::storage) const CHANNEL: &str = "innkeeper_registry";

/// Sends the hint when the transaction is kept. On SQLite the host reads the file once a second.
pub(super) async fn announce(connection: &mut Connection) -> Result<()> {
    if !connection.aborts_on_error() {
        return Ok(());
    }
    connection.host(host_sql!("select pg_notify($1, '')"), &[CHANNEL.into()]).await.map(|_| ())
}
