//! Statements that are no part of a transaction and may take long.

use super::lease::PostgresLease;
use super::relay;
use crate::storage::{Error, Result};
use sqlx::AssertSqlSafe;
use std::time::Duration;

impl PostgresLease {
    /// Runs one statement that may take `time`.
    pub(in crate::storage) async fn script_alone(&mut self, text: &str, time: Duration) -> Result<()> {
        let late = || Error::unavailable("the statement took too long");
        let running = async |conn: &mut super::conn::Conn, _: &super::PostgresPool| {
            conn.relay.carry(sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut conn.link)).await.map(|_| ())
        };
        self.fly_for(time, late, running).await
    }

    /// Ends the connection instead of giving it back.
    pub(in crate::storage) async fn forget(&mut self) {
        if let Some(conn) = self.conn.take() {
            // Where it cannot say goodbye, the server notices that it is gone.
            let _ = relay::close(conn.link, conn.relay).await;
        }
    }
}
