//! One open connection.

use super::functions::{self, ValueBytes};
use super::guard::Watch;
use super::known::Known;
use rusqlite::{CachedStatement, StatementStatus};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// About what the statements that are kept prepared may take together: a compiled statement of two
/// thousand columns has a megabyte.
const STATEMENT_BYTES: usize = 1 << 20;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// For reading and writing, beside others.
    Usual,
    /// For reading, where nobody can write: there is nothing in the log ahead of the file (SQLite
    /// documentation, "URI Filenames", `immutable`).
    Immutable,
    /// The same, with a log whose index cannot be kept in a file beside it and is kept in memory
    /// ("Use of WAL Without Shared-Memory").
    Alone,
}

/// An open connection with the watch over what runs in it.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) link: rusqlite::Connection,
    pub(super) watch: Arc<Watch>,
    /// Of the disk, when the connection was opened.
    pub(super) epoch: u64,
    pub(super) way: Way,
    /// What there is to be known of the statements of guests.
    pub(super) known: Known,
    /// Bytes that a value may have, as our functions are told.
    pub(super) value_bytes: ValueBytes,
    /// About what the statements that are kept prepared take.
    prepared_bytes: Cell<usize>,
}

impl Conn {
    /// Watches a connection and gives it our functions.
    pub(super) fn new(
        link: rusqlite::Connection,
        way: Way,
        epoch: u64,
        value_bytes: usize,
    ) -> rusqlite::Result<Self> {
        let value_bytes = ValueBytes::new(AtomicUsize::new(value_bytes));
        functions::register(&link, &value_bytes)?;
        let watch = Watch::attach(&link)?;
        let known = Known::default();
        Ok(Self { link, watch, epoch, way, known, value_bytes, prepared_bytes: Cell::new(0) })
    }

    /// Prepares a statement, or finds it prepared. Those before it are forgotten when all together
    /// take too much.
    pub(super) fn prepare(&self, text: &str) -> rusqlite::Result<CachedStatement<'_>> {
        let statement = self.link.prepare_cached(text)?;
        if statement.get_status(StatementStatus::Run) == 0 {
            let bytes = usize::try_from(statement.get_status(StatementStatus::MemUsed)).unwrap_or(0);
            let all = self.prepared_bytes.get().saturating_add(bytes);
            if all > STATEMENT_BYTES {
                self.link.flush_prepared_statement_cache();
            }
            self.prepared_bytes.set(if all > STATEMENT_BYTES { bytes } else { all });
        }
        Ok(statement)
    }

    /// Runs a statement of the host while one of a guest is watched.
    pub(super) fn unguarded(&self, text: &str) -> rusqlite::Result<()> {
        let guest = self.watch.pause_guard();
        let result = self.link.prepare_cached(text).and_then(|mut statement| statement.raw_execute());
        self.watch.resume_guard(guest);
        result.map(|_| ())
    }
}
