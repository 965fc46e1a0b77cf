//! A guest's statement on the calling thread, which is a runtime worker.
//!
//! A read takes microseconds, less than handing it to another thread would. So a statement runs
//! here once it is known that all its steps are short (`known`, `programs`), with small parameters
//! and, where it only reads, small values: for as long as it runs no value may be longer. A read
//! that meets a longer one, or is not done in two milliseconds, is begun anew on a thread; it has
//! changed nothing. A statement that writes has no loop, so it ends by itself.

use super::conn::Conn;
use super::error::translate;
use super::guard::End;
use super::lease::too_slow;
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
    /// Runs a statement of a guest if that is known to be quick. None: nothing has happened, it is
    /// to be run on a thread.
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
        let end = self.watch.end_here();
        let again = program.reads && (end == End::Interrupted || too_large);
        match end {
            End::Uncompiled => self.known.is_stale(text),
            End::Late | End::Interrupted => self.known.took_long(text),
            End::InTime if again => self.known.took_long(text),
            End::InTime => {}
        }
        match end {
            End::Uncompiled => None,
            _ if again => None,
            End::Interrupted => Some(Err(too_slow())),
            End::Late | End::InTime => Some(result),
        }
    }

    /// Whether counting the rows of any table takes no longer than reading a few pages.
    fn is_small(&self) -> bool {
        let pages = self.link.prepare_cached("pragma page_count");
        let pages = pages.and_then(|mut pages| pages.query_row([], |row| row.get::<_, i64>(0)));
        pages.is_ok_and(|pages| pages <= SMALL_FILE)
    }

    /// Runs a statement of a guest on a thread, and remembers what there is to be learned of it.
    /// The connection is watched.
    pub(super) fn run_apart(&self, text: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        let (began, before) = (Instant::now(), self.watch.compilations());
        let returning = || {
            let statement = self.prepare(text);
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

    /// A parameter that is a pattern is looked at for an index, each time before a statement runs.
    /// Everything else is compiled once, whatever its parameters: see `files`. So this has to be
    /// around whatever may compile a statement of a guest.
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

    /// While a reading statement runs, SQLite refuses values beyond [`SMALL`] (SQLite
    /// documentation, "Run-Time Limits").
    fn with_small_values<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let set = |most| self.link.set_limit(Limit::SQLITE_LIMIT_LENGTH, most).map_err(|error| translate(&error));
        let usual_limit = set(i32::try_from(SMALL).unwrap_or(i32::MAX))?;
        let usual_bytes = self.value_bytes.swap(SMALL, Ordering::Relaxed);
        let result = work();
        self.value_bytes.store(usual_bytes, Ordering::Relaxed);
        set(usual_limit)?;
        result
    }

    /// A write with RETURNING has changed everything before its first row comes: where its rows are
    /// too many, that has to be undone (SQLite documentation, "RETURNING").
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

#[cfg(test)]
mod tests {
    use super::super::lease::guest_text;
    use super::super::{SqliteFiles, SqliteLease};
    use super::*;
    use crate::storage::connection::GuestSql;
    use crate::storage::statement::Growth;
    use rusqlite::StatementStatus;
    use tempfile::TempDir;

    const BOUNDS: Bounds = Bounds { rows: 100_000, bytes: 1 << 20, time: Duration::from_secs(60) };

    /// A writer of a file of its own that has a table, and the folder.
    async fn app() -> (TempDir, SqliteFiles, SqliteLease) {
        let (folder, files) = SqliteFiles::temporary(Duration::from_secs(60));
        let mut lease = files.writer("app.sqlite").await.unwrap();
        lease.script("create table t (a integer primary key, b text)").await.unwrap();
        (folder, files, lease)
    }

    async fn run(lease: &mut SqliteLease, text: &str, params: &[Value]) -> Vec<Vec<Value>> {
        lease
            .guest(&GuestSql { text, steady: false, growth: Growth::Nothing, bounds: BOUNDS }, params)
            .await
            .unwrap()
            .rows
            .rows
    }

    fn runs_here(lease: &SqliteLease, text: &str) -> bool {
        lease.parts().unwrap().0.known.short(&guest_text(text)).is_some()
    }

    /// Runs a statement until it is known; on a busy machine any run may be slow.
    async fn known(lease: &mut SqliteLease, text: &str, params: &[Value]) {
        assert!(!runs_here(lease, text));
        while !runs_here(lease, text) {
            run(lease, text, params).await;
        }
    }

    #[tokio::test]
    async fn a_value_that_is_not_small_is_read_all_the_same() {
        let (_folder, _files, mut lease) = app().await;
        let (read, write) = ("select b from t where a = $1", "insert into t (a, b) values ($1, $2)");
        known(&mut lease, read, &[Value::Integer(1)]).await;
        let large = Value::Text("x".repeat(SMALL + 1));
        run(&mut lease, write, &[Value::Integer(1), large.clone()]).await;
        assert_eq!(run(&mut lease, read, &[Value::Integer(1)]).await, [[large]]);
        assert!(!runs_here(&lease, read));
    }

    #[tokio::test]
    async fn a_read_that_turns_out_long_is_begun_anew() {
        let (_folder, _files, mut lease) = app().await;
        let read =
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < $1) select max(i) from n";
        known(&mut lease, read, &[Value::Integer(3)]).await;
        assert_eq!(run(&mut lease, read, &[Value::Integer(3_000_000)]).await, [[Value::Integer(3_000_000)]]);
        assert!(!runs_here(&lease, read));
    }

    /// Without the index this reads the table, with it the index; and a view may become anything.
    #[tokio::test]
    async fn a_statement_is_looked_at_again_when_it_is_compiled_again() {
        let (_folder, files, mut lease) = app().await;
        lease.script("create view v as select b as x from t").await.unwrap();
        let read = "select x from v";
        known(&mut lease, read, &[]).await;
        let mut other = files.reader("app.sqlite").await.unwrap();
        known(&mut other, read, &[]).await;
        lease.script("drop view v; create view v as select json_patch('{}', '{\"a\":1}') as x").await.unwrap();
        for lease in [&mut lease, &mut other] {
            for _ in 0..40 {
                assert_eq!(run(lease, read, &[]).await, [[Value::Text("{\"a\":1}".to_owned())]]);
                assert!(!runs_here(lease, read));
            }
        }
    }

    /// What the authorizer has let pass counts for the tables that were there then.
    #[tokio::test]
    async fn a_view_that_becomes_another_one_is_judged_again() {
        let (_folder, files, mut lease) = app().await;
        lease.script("create table innkeeper_kept (x text); create view v as select b as x from t").await.unwrap();
        let read = "select x from v";
        let sql = GuestSql { text: read, steady: false, growth: Growth::Nothing, bounds: BOUNDS };
        let mut other = files.reader("app.sqlite").await.unwrap();
        known(&mut lease, read, &[]).await;
        known(&mut other, read, &[]).await;
        for kept in
            ["select x from innkeeper_kept", "select name as x from sqlite_schema", "select sqlite_version() as x"]
        {
            lease.script(&format!("drop view v; create view v as {kept}")).await.unwrap();
            for lease in [&mut lease, &mut other] {
                for _ in 0..3 {
                    assert_eq!(lease.guest(&sql, &[]).await.unwrap_err().code, Code::Denied, "{kept}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_pattern_that_is_a_parameter_is_looked_for_in_the_index() {
        let (_folder, _files, mut lease) = app().await;
        lease.script("create index i on t (b)").await.unwrap();
        let fill = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 100) \
                    insert into t (b) select 'x' || i from n";
        run(&mut lease, fill, &[]).await;
        let read = "select count(a) from t where b like $1";
        for (pattern, count) in [("x1%", 12), ("x10%", 2), ("%0", 10)] {
            let found = run(&mut lease, read, &[Value::Text(pattern.to_owned())]).await;
            assert_eq!(found, [[Value::Integer(count)]]);
            let conn = lease.parts().unwrap().0;
            let statement = conn.link.prepare_cached(&guest_text(read)).unwrap();
            let scanned = statement.reset_status(StatementStatus::FullscanStep);
            assert_eq!(scanned > 0, pattern.starts_with('%'), "{pattern}: {scanned}");
        }
    }

    #[tokio::test]
    async fn a_limit_that_is_a_parameter_is_compiled_once() {
        let (_folder, _files, mut lease) = app().await;
        let read = "select a from t order by a limit $1 offset $2";
        known(&mut lease, read, &[Value::Integer(1), Value::Integer(0)]).await;
        let compilations = |lease: &SqliteLease| lease.parts().unwrap().1.compilations();
        let before = compilations(&lease);
        for limit in 0..20 {
            run(&mut lease, read, &[Value::Integer(limit), Value::Integer(1)]).await;
        }
        assert_eq!(compilations(&lease), before);
    }

    #[tokio::test]
    async fn an_error_on_the_worker_undoes_the_statement_alone() {
        let (_folder, _files, mut lease) = app().await;
        let write = "insert into t (a, b) values ($1, $2) returning a";
        let mut next = 0;
        while !runs_here(&lease, write) {
            next += 1;
            run(&mut lease, write, &[Value::Integer(next), Value::Null]).await;
        }
        let again = GuestSql { text: write, steady: false, growth: Growth::Nothing, bounds: BOUNDS };
        let error = lease.guest(&again, &[Value::Integer(1), Value::Null]).await.unwrap_err();
        assert_eq!(error.code, Code::UniqueViolation);
        assert_eq!(run(&mut lease, "select max(a) from t", &[]).await, [[Value::Integer(next)]]);
    }
}
