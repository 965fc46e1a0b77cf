//! Statements that are no part of a transaction and may take long.

use super::error::translate;
use super::lease::PostgresLease;
use crate::storage::{Error, Result};
use sqlx::{AssertSqlSafe, Connection as _};
use std::time::Duration;

impl PostgresLease {
    /// Runs one statement that may take `time`.
    pub(in crate::storage) async fn script_alone(&mut self, text: &str, time: Duration) -> Result<()> {
        let late = || Error::unavailable("the statement took too long");
        let running = async |conn: &mut super::conn::Conn, _: &super::PostgresPool| {
            let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut conn.link).await;
            done.map(|_| ()).map_err(translate)
        };
        self.fly_for(time, late, running).await
    }

    /// Ends the connection instead of giving it back.
    pub(in crate::storage) async fn forget(&mut self) {
        if let Some(conn) = self.conn.take() {
            // Where it cannot say goodbye, the server notices that it is gone.
            let _ = conn.link.close().await;
        }
    }
}
