//! A guest's statement on the calling thread, which is a runtime worker.
//!
//! A read takes microseconds, less than handing it to another thread would. So a statement runs here once it is known that
//! all its steps are short (`known`, `programs`), with small parameters and, where it only reads, small values: for as long as it runs no value may be longer.
//! A read that meets a longer one, or is not done in two milliseconds, is begun anew on a thread; it has changed nothing. A statement that
//! writes has no loop, so it ends by itself.

use super::error::translate;
use super::files::Conn;
use super::guard::End;
use super::programs::SMALL;
use super::rows::run;
use crate::storage::connection::{Bounds, Outcome};
use crate::storage::value::Value;
use crate::storage::{Code, Result};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A statement that is as quick as this on a thread may run on a worker.
const QUICK: Duration = Duration::from_millis(1);

/// Pages of a file in which all rows of a table are counted within a millisecond.
const SMALL_FILE: i64 = 1000;

impl Conn {
    /// Runs a statement of a guest if that is known to be quick. None: nothing has happened, it is to be run on a thread.
    pub(super) fn run_here(&self, text: &str, params: &[Value], bounds: &Bounds) -> Option<Result<Outcome>> {
        let program = self.known.short(text)?;
        let too_much = params.iter().map(Value::content_size).sum::<usize>() > SMALL;
        if too_much || program.counts && !self.is_small() {
            return None;
        }
        self.watch.begin_here(program.reads, bounds.time);
        let result = match program.reads {
            true => self.with_small_values(|| run(self, text, params, bounds)),
            false => self.undone_on_error(program.returning, || run(self, text, params, bounds)),
        };
        let too_large = result.as_ref().is_err_and(|error| error.code == Code::TooLarge);
        match self.watch.end_here() {
            End::Uncompiled => self.known.is_stale(text),
            End::Interrupted => self.known.took_long(text),
            End::InTime | End::Late if program.reads && too_large => self.known.took_long(text),
            End::Late => {
                self.known.took_long(text);
                return Some(result);
            }
            End::InTime => return Some(result),
        }
        None
    }

    /// Whether counting the rows of any table takes no longer than reading a few pages.
    fn is_small(&self) -> bool {
        let pages = self.link.prepare_cached("pragma page_count");
        let pages = pages.and_then(|mut pages| pages.query_row([], |row| row.get::<_, i64>(0)));
        pages.is_ok_and(|pages| pages <= SMALL_FILE)
    }

    /// Runs a statement of a guest on a thread, and remembers what there is to be learned of it. The connection is watched.
    pub(super) fn run_apart(&self, text: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        let (began, before) = (Instant::now(), self.watch.compilations());
        let returning = || {
            let statement = self.link.prepare_cached(text);
            statement.is_ok_and(|statement| !statement.readonly() && statement.column_count() > 0)
        };
        let work = || self.undone_on_error(returning(), || run(self, text, params, bounds));
        let result = self.with_patterns(text, work);
        if result.is_ok() {
            let compiled = self.watch.compilations() != before;
            self.known.has_run(self, text, began.elapsed() < QUICK, compiled);
        }
        result
    }

    /// A parameter that is a pattern is looked at for an index, each time before a statement runs. Everything else is compiled once, whatever its parameters: see
    /// `files`. So this has to be around whatever may compile a statement of a guest.
    pub(super) fn with_patterns<T>(&self, text: &str, work: impl FnOnce() -> T) -> T {
        let looks_at_patterns = ["like", "glob"].iter().any(|word| {
            text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        });
        let stable = |on| self.link.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, on).is_ok();
        let changed = looks_at_patterns && stable(false);
        let result = work();
        if changed {
            stable(true);
        }
        result
    }

    /// While a reading statement runs, SQLite refuses values beyond [`SMALL`] (SQLite documentation, "Run-Time Limits").
    fn with_small_values<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let set = |most| self.link.set_limit(Limit::SQLITE_LIMIT_LENGTH, most).map_err(|error| translate(&error));
        let usual = set(i32::try_from(SMALL).unwrap_or(i32::MAX))?;
        let room = self.room.swap(SMALL, Ordering::Relaxed);
        let result = work();
        self.room.store(room, Ordering::Relaxed);
        set(usual)?;
        result
    }

    /// A write with RETURNING has changed everything before its first row comes: where its rows are too many, that has
    /// to be undone (SQLite documentation, "RETURNING").
    fn undone_on_error<T>(&self, returning: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if !returning {
            return work();
        }
        let control = |text: &str| self.unguarded(text).map_err(|error| translate(&error));
        control("savepoint one_statement")?;
        let result = work();
        if result.is_err() {
            control("rollback to one_statement")?;
        }
        control("release one_statement")?;
        result
    }
}
