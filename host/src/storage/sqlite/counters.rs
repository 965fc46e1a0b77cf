//! What `changes()`, `total_changes()` and `last_insert_rowid()` answer.
//!
//! SQLite counts by connection. A request has one connection for reads and another for writes, the
//! connections go from one request to the next, and the host writes over them too. So the counts
//! are kept for each unit of work, and the three functions are ours.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts of what the statements of one unit of work have done on SQLite.
#[derive(Debug, Default)]
pub struct Counters {
    changes: AtomicI64,
    total_changes: AtomicI64,
    last_rowid: AtomicI64,
}

impl Counters {
    /// Notes a statement that inserts, updates or deletes: the rows that it has changed itself, and
    /// those that were changed on its account besides.
    pub(super) fn note_changes(&self, changes: u64, all: u64) {
        self.changes.store(i64::try_from(changes).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.total_changes.fetch_add(i64::try_from(all).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Notes a row that was inserted.
    pub(super) fn note_row(&self, rowid: i64) {
        self.last_rowid.store(rowid, Ordering::Relaxed);
    }
}

/// The counters of the unit of work that has a connection at the moment.
#[derive(Debug, Default, Clone)]
pub(super) struct PresentCounters(Arc<Mutex<Arc<Counters>>>);

impl PresentCounters {
    /// From now on statements of this unit of work run.
    pub(super) fn set(&self, counters: &Arc<Counters>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(counters);
    }

    /// Those of the present unit of work.
    pub(super) fn get(&self) -> Arc<Counters> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the functions known to a connection, in the place of SQLite's own.
    pub(super) fn register(&self, link: &Connection) -> rusqlite::Result<()> {
        type Count = fn(&Counters) -> &AtomicI64;
        let functions: [(&str, Count); 3] = [
            ("changes", |counters| &counters.changes),
            ("total_changes", |counters| &counters.total_changes),
            ("last_insert_rowid", |counters| &counters.last_rowid),
        ];
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        for (name, count) in functions {
            let present = self.clone();
            link.create_scalar_function(name, 0, flags, move |_| {
                Ok(count(&present.get()).load(Ordering::Relaxed))
            })?;
        }
        Ok(())
    }
}
