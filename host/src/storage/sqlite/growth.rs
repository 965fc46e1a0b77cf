//! How much a guest's statement may add to its file.
//!
//! What a statement brings along is known beforehand. One that copies rows or builds an index may add any amount, so the
//! engine itself is told where to stop (`max_page_count`): on a full disk at the pages that the file has. Statements of the
//! host are never bounded.

use super::files::Conn;
use super::lease::SqliteLease;
use crate::storage::connection::{GuestSql, Outcome};
use crate::storage::statement::Growth;
use crate::storage::value::Value;
use crate::storage::{Error, Result};

use super::disk::DiskState;
use super::error::translate;

/// Pages that a file has to have free before something may be added on a full disk. A megabyte: a row and its places in
/// indexes, whatever they are.
const FREE_PAGES: i64 = 256;
/// A transaction that has brought less is sure to find its room in the file.
const SMALL: u64 = 1 << 20;
/// What a changed row counts at least.
const ROW: u64 = 64;

impl SqliteLease {
    /// Says to the engine how far the file may grow in the next statement. Returns whether there is a bound, which
    /// [`Self::note_growth`] takes away again.
    pub(super) fn bound_growth(&mut self, sql: &GuestSql<'_>) -> Result<bool> {
        if sql.growth == Growth::Nothing || self.file.disk().state() != DiskState::Full {
            return Ok(false);
        }
        let (conn, _) = self.parts()?;
        if number(conn, "pragma freelist_count")? < FREE_PAGES {
            return Err(Error::disk_full());
        }
        // Less than there are means as many as there are.
        number(conn, "pragma max_page_count = 1").map(|_| true)
    }

    /// Takes the bound away, and counts what the statement has brought.
    pub(super) fn note_growth(&mut self, bounded: bool, params: &[Value], outcome: &Result<Outcome>) {
        if bounded && let Ok((conn, _)) = self.parts() {
            // It fails only where the connection is of no use any more.
            let _ = number(conn, "pragma max_page_count = 4294967294");
        }
        let whole = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let sizes: u64 = params.iter().map(|value| whole(value.content_size())).sum();
        let rows = outcome.as_ref().map_or(0, |outcome| outcome.affected);
        let brought = sizes.saturating_add(rows.saturating_mul(ROW));
        self.brought = self.brought.saturating_add(brought);
        self.file.disk().note_written(brought);
    }

    /// Whether the file has so many bytes free in it, and some more.
    pub(super) fn has_free(&self, bytes: u64) -> Result<bool> {
        let (conn, _) = self.parts()?;
        let pages = number(conn, "pragma freelist_count")?.saturating_sub(FREE_PAGES);
        let free = pages.saturating_mul(number(conn, "pragma page_size")?);
        Ok(u64::try_from(free).is_ok_and(|free| free >= bytes))
    }

    /// Refuses to keep a large transaction that could not be moved from the log into the file: then the log could never
    /// begin anew, and would take what room there is.
    pub(super) fn check_room_to_commit(&self) -> Result<()> {
        if self.brought < SMALL {
            return Ok(());
        }
        let (conn, _) = self.parts()?;
        let pages = number(conn, "pragma page_count")?.saturating_mul(number(conn, "pragma page_size")?);
        let missing = u64::try_from(pages).unwrap_or(0).saturating_sub(self.file.bytes());
        self.file.disk().look();
        if missing > self.file.disk().free() { Err(Error::disk_full()) } else { Ok(()) }
    }
}

fn number(conn: &Conn, pragma: &str) -> Result<i64> {
    let mut statement = conn.link.prepare_cached(pragma).map_err(|error| translate(&error))?;
    statement.query_row([], |row| row.get(0)).map_err(|error| translate(&error))
}
