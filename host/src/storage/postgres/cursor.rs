//! Cursors: the server keeps the rows, and hands them out piece by piece (PostgreSQL documentation,
//! "DECLARE").

use super::lease::{GRACE, Keeps, PostgresLease, late};
use super::rows::{self, Piece};
use crate::storage::Result;
use crate::storage::connection::{Bounds, CursorLife, GuestSql, Outcome};
use crate::storage::value::{Rows, Value};
use crate::telemetry::host_work;
use std::sync::OnceLock;

impl PostgresLease {
    /// Opens cursor `number` inside the open transaction. The outcome has its columns and no rows.
    pub(in crate::storage) async fn declare(
        &mut self,
        number: u32,
        life: CursorLife,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<Outcome> {
        if self.has_too_many_statements(sql.text) {
            self.forget_statements().await?;
        }
        // It can go back, for `rows::fetch`.
        let hold = if life == CursorLife::Connection && self.keeps_cursors() { " with hold" } else { "" };
        if !hold.is_empty() && self.keeps == Keeps::Nothing {
            self.keeps = Keeps::IfCommitted;
        }
        let opening = async |conn: &mut super::conn::Conn, _: &super::PostgresPool| {
            // The statement that declares has no columns; the one inside it has.
            let inside = conn.describe(sql.text).await?;
            let columns = inside.columns.clone();
            let text = inside.folded.as_deref().unwrap_or(sql.text);
            let declare = format!("declare c{number} scroll cursor{hold} for {text}");
            conn.cursors.insert(number, inside);
            let statement = match conn.find_prepared(&declare) {
                Some(statement) => statement,
                None => conn.prepare_plain(&declare).await?,
            };
            rows::run(conn, &statement, params).await?;
            Ok(Outcome { affected: 0, rows: Rows { columns, rows: Vec::new() } })
        };
        self.fly(sql.bounds.time, opening).await
    }

    /// At most `count` further rows of cursor `number` within `bounds`; none at its end.
    pub(in crate::storage) async fn fetch(&mut self, number: u32, count: u32, bounds: &Bounds) -> Result<Outcome> {
        let failure = OnceLock::new();
        let fetching = async |conn: &mut super::conn::Conn, pool: &super::PostgresPool| {
            let piece = Piece { number, count, bounds, failure: &failure };
            host_work::counted_polls(rows::fetch(conn, pool, &piece)).await
        };
        self.fly_for(bounds.time + GRACE, || late(&failure), fetching).await
    }

    /// Closes cursor `number`, which is open.
    pub(in crate::storage) async fn close(&mut self, number: u32) -> Result<()> {
        if let Some(conn) = &mut self.conn {
            conn.cursors.remove(&number);
        }
        self.script(&format!("close c{number}")).await
    }
}
