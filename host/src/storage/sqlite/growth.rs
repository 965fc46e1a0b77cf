//! How much a guest's statement may add to its file.
//!
//! What a statement brings along is known beforehand. One that copies rows or builds an index may
//! add any amount, so the engine itself is told where to stop (`max_page_count`): on a full disk at
//! the pages that the file has, otherwise where the app's quota ends. Statements of the host are
//! never bounded.

use super::conn::Conn;
use super::disk::DiskState;
use super::error::translate;
use super::lease::SqliteLease;
use crate::storage::connection::{GuestSql, Outcome};
use crate::storage::statement::Growth;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result, RowRoom, row_room};
use std::sync::Arc;

/// Pages that a file has to have free before something may be added on a full disk. A megabyte: a
/// row and its places in indexes, whatever they are.
const FREE_PAGES: i64 = 256;
/// A transaction that has brought less is sure to find its room in the file.
const SMALL: u64 = 1 << 20;
/// So is what a plain insert brings, until a transaction has many of them.
const LITTLE: u64 = 64 << 10;
/// Whoever has more left than a statement can write in its time needs no bound.
const FAR: u64 = 8 << 30;
/// Bytes of a page, unless somebody has made the file with larger ones.
const LEAST_PAGE: u64 = 4096;
/// More than that a file cannot have (SQLite documentation, "Limits In SQLite").
const MOST_PAGES: i64 = 4_294_967_294;
/// What a changed row counts at least.
const ROW: u64 = 64;

/// How far the file may grow in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// As far as the disk has room.
    None,
    /// Not at all: the disk is full.
    Disk,
    /// Until the app's rows take up what they may. So many pages were in use before.
    Quota(i64),
}

impl SqliteLease {
    /// The growth of this connection's statements is that of an app's rows.
    pub(in crate::storage) fn bound_by(&mut self, rows: &Arc<RowRoom>) {
        self.rows = Some(Arc::clone(rows));
    }

    /// Says to the engine how far the file may grow in the next statement. [`Self::note_growth`]
    /// takes that back.
    pub(super) fn bound_growth(&mut self, sql: &GuestSql<'_>) -> Result<Bound> {
        if sql.growth == Growth::Nothing {
            return Ok(Bound::None);
        }
        let (conn, _) = self.parts()?;
        if self.file.disk().state() == DiskState::Full {
            if number(conn, "pragma freelist_count")? < FREE_PAGES {
                return Err(Error::disk_full());
            }
            // Less than there are means as many as there are.
            return number(conn, "pragma max_page_count = 1").map(|_| Bound::Disk);
        }
        let is_bounded = sql.growth == Growth::Unbounded || self.brought > LITTLE;
        let Some(most) = self.rows.as_ref().filter(|_| is_bounded).and_then(|rows| rows.most_growth()) else {
            return Ok(Bound::None);
        };
        if most > FAR {
            return Ok(Bound::None);
        }
        let pages = number(conn, "pragma page_count")?;
        let used = pages.saturating_sub(number(conn, "pragma freelist_count")?);
        let more = i64::try_from(most.saturating_sub(self.grown) / LEAST_PAGE).unwrap_or(i64::MAX);
        let last = used.saturating_add(more).max(pages).min(MOST_PAGES);
        conn.link
            .query_row(&format!("pragma max_page_count = {last}"), [], |_| Ok(()))
            .map_err(|e| translate(&e))?;
        Ok(Bound::Quota(used))
    }

    /// Takes the bound away, and counts what the statement has brought.
    pub(super) fn note_growth(
        &mut self,
        bound: Bound,
        params: &[Value],
        outcome: Result<Outcome>,
    ) -> Result<Outcome> {
        let mut grown = 0;
        if bound != Bound::None
            && let Ok((conn, _)) = self.parts()
        {
            // These fail only where the connection is of no use any more.
            let _ = number(conn, "pragma max_page_count = 4294967294");
            if let Bound::Quota(before) = bound {
                let pages = number(conn, "pragma page_count").unwrap_or(before);
                let used = pages.saturating_sub(number(conn, "pragma freelist_count").unwrap_or(0));
                grown = u64::try_from(used.saturating_sub(before)).unwrap_or(0).saturating_mul(LEAST_PAGE);
            }
        }
        let whole = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let sizes: u64 = params.iter().map(|value| whole(value.content_size())).sum();
        let rows = outcome.as_ref().map_or(0, |outcome| outcome.affected);
        let brought = sizes.saturating_add(rows.saturating_mul(ROW)).max(grown);
        self.brought = self.brought.saturating_add(brought);
        self.grown = self.grown.saturating_add(grown);
        self.file.disk().note_written(brought);
        match (outcome, bound) {
            // The disk has room, so it was the bound.
            (Err(error), Bound::Quota(_))
                if error.code == Code::DiskFull && self.file.disk().state() != DiskState::Full =>
            {
                Err(row_room::full())
            }
            (outcome, _) => outcome,
        }
    }

    /// Whether the file has so many bytes free in it, and some more.
    pub(super) fn has_free(&self, bytes: u64) -> Result<bool> {
        let (conn, _) = self.parts()?;
        let pages = number(conn, "pragma freelist_count")?.saturating_sub(FREE_PAGES);
        let free = pages.saturating_mul(number(conn, "pragma page_size")?);
        Ok(u64::try_from(free).is_ok_and(|free| free >= bytes))
    }

    /// Refuses to keep a large transaction that could not be moved from the log into the file: then
    /// the log could never begin anew, and would take what room there is.
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
