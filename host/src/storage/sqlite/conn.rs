//! One open connection.

use super::counters::PresentCounters;
use super::error::{translate, translate_running};
use super::functions::{self, ValueBytes};
use super::guard::Watch;
use super::known::Known;
use crate::storage::{Code, Error};
use rusqlite::{CachedStatement, StatementStatus};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// About what the statements that are kept prepared may take together: a compiled statement of two
/// thousand columns has a megabyte.
const STATEMENT_BYTES: usize = 1 << 20;
/// How often a text is judged anew because tables have changed since it was judged.
pub(super) const MOST_LOOKS: usize = 10;
/// Makes SQLite compare the tables that it remembers with those of the file.
const LOOK: &str = "select 1 from sqlite_schema limit 1";

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
    /// What the statements of the present unit of work have done.
    pub(super) counters: PresentCounters,
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
        let counters = PresentCounters::default();
        counters.register(&link)?;
        let watch = Watch::attach(&link, &counters)?;
        let (known, prepared_bytes) = (Known::default(), Cell::new(0));
        Ok(Self { link, watch, epoch, way, known, value_bytes, counters, prepared_bytes })
    }

    /// Prepares a statement, or finds it prepared. Those before it are forgotten when all together
    /// take too much.
    pub(super) fn prepare(&self, text: &str) -> rusqlite::Result<CachedStatement<'_>> {
        let statement = self.prepare_by_present_schema(text)?;
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

    /// SQLite judges a text by the tables that the connection remembers. Of a change that another
    /// connection has made it hears when a statement runs. So an error is only told once the
    /// connection has looked and found the tables as it remembers them.
    fn prepare_by_present_schema(&self, text: &str) -> rusqlite::Result<CachedStatement<'_>> {
        for _ in 0..MOST_LOOKS {
            match self.link.prepare_cached(text) {
                Err(_) if !self.watch.is_sealed() && self.look_at_schema() => {}
                result => return result,
            }
        }
        self.link.prepare_cached(text)
    }

    /// Makes the connection look whether the tables are still as it remembers them. Returns whether
    /// they were not, or may not have been.
    pub(super) fn look_at_schema(&self) -> bool {
        let guest = self.watch.pause_guard();
        let looked = self.link.prepare_cached(LOOK).and_then(|mut look| {
            let before = look.get_status(StatementStatus::RePrepare);
            look.raw_query().next()?;
            Ok(look.get_status(StatementStatus::RePrepare) != before)
        });
        self.watch.resume_guard(guest);
        looked.unwrap_or(false)
    }

    /// Whether a statement that met this error while it ran may have been compiled anew by tables
    /// as they no longer are. From now on the connection knows them as they are.
    pub(super) fn was_outdated(&self, error: &rusqlite::Error) -> bool {
        translate(error).code == Code::Syntax && !self.watch.is_sealed() && self.look_at_schema()
    }

    /// What an error means that a statement met while it ran. Where tables have changed since it
    /// was compiled, SQLite compiles it anew in its first step, and what it finds then is an error
    /// of the text and not of a value.
    pub(super) fn running_error(&self, text: &str, error: &rusqlite::Error) -> Error {
        match translate(error) {
            error if error.code != Code::Syntax => error,
            error if !self.watch.is_sealed() && self.link.prepare(text).is_err() => error,
            _ => translate_running(error),
        }
    }

    /// Runs a statement of the host while one of a guest is watched.
    pub(super) fn unguarded(&self, text: &str) -> rusqlite::Result<()> {
        let guest = self.watch.pause_guard();
        let result = self.link.prepare_cached(text).and_then(|mut statement| statement.raw_execute());
        self.watch.resume_guard(guest);
        result.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::run;
    use super::*;
    use crate::storage::connection::HOST_BOUNDS;

    fn conn(path: &std::path::Path) -> Conn {
        let link = rusqlite::Connection::open(path).unwrap();
        link.pragma_update(None, "journal_mode", "wal").unwrap();
        Conn::new(link, Way::Usual, 0, 1 << 20).unwrap()
    }

    /// None of these errors makes SQLite look by itself.
    #[test]
    fn a_text_is_judged_by_the_tables_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.sqlite");
        let (one, other) = (conn(&path), conn(&path));
        other.link.execute_batch("create table t (a)").unwrap();
        one.link.query_row("select count(*) from t", [], |_| Ok(())).unwrap();
        let texts = ["values (8, 9) union all select * from t", "insert into t values (1, 2)"];
        for text in texts {
            assert!(one.prepare(text).is_err(), "{text}");
        }
        other.link.execute_batch("alter table t add column b").unwrap();
        for text in texts {
            one.prepare(text).unwrap();
        }
        assert!(one.prepare("insert into t values (1, 2, 3)").is_err());
        // Compiled by other tables than those that it is compiled anew by, and these have changed,
        // too.
        let bounds = HOST_BOUNDS;
        let union = |rows: usize| {
            let found = run(&one, texts[0], &[], &bounds).map(|outcome| outcome.rows.rows.len());
            assert_eq!(found.ok(), (rows > 0).then_some(rows));
        };
        union(1);
        for _ in 0..3 {
            other.link.execute_batch("drop table t; create table t (a)").unwrap();
            union(0);
            other.link.execute_batch("drop table t; create table t (a, b); insert into t values (1, 2)").unwrap();
            union(2);
        }
    }
}
