//! Sessions of the dashboard that were ended before their time. A session is a signed cookie that
//! nothing stores, so a copy of it would be good until it ends by itself.

use super::super::database::Database;
use super::super::host_sql::host_sql;
use super::super::value::Value;
use super::super::{Result, now_micros};

impl Database {
    /// Ends a session. After `ends_at` (microseconds since 1970) it would have ended anyway.
    pub async fn end_dashboard_session(&self, id: &str, ends_at: i64) -> Result<()> {
        let sql =
            host_sql!("insert into innkeeper.ended_sessions (id, ends_at) values ($1, $2) on conflict do nothing");
        self.registry().await?.host(sql, &[id.into(), Value::Integer(ends_at)]).await.map(|_| ())
    }

    /// Whether a session was ended.
    pub async fn has_ended_session(&self, id: &str) -> Result<bool> {
        let sql = host_sql!("select 1 from innkeeper.ended_sessions where id = $1");
        let outcome = self.registry_reader().await?.host(sql, &[id.into()]).await?;
        Ok(!outcome.rows.rows.is_empty())
    }

    /// Forgets sessions that would have ended by now anyway.
    pub async fn sweep_ended_sessions(&self) -> Result<u64> {
        let sql = host_sql!("delete from innkeeper.ended_sessions where ends_at < $1");
        Ok(self.registry().await?.host(sql, &[Value::Integer(now_micros())]).await?.affected)
    }
}
