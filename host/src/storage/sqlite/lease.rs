//! One SQLite connection on loan.

use super::error::{is_busy, translate};
use super::files::{Conn, File};
use super::guard::Watch;
use super::rows::run;
use super::values::Kind;
use crate::storage::connection::{Bounds, Control, GuestSql, HOST_BOUNDS, Outcome};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// How often the write lock of another process is tried.
const RETRY_EVERY: Duration = Duration::from_millis(5);

/// A connection that goes back to its file when dropped.
#[derive(Debug)]
pub struct SqliteLease {
    file: Arc<File>,
    conn: Option<Conn>,
    /// The right to write; none for a reader.
    turn: Option<OwnedSemaphorePermit>,
    in_transaction: bool,
    /// Open cursors of the transaction.
    pub(super) cursors: Vec<CopiedRows>,
}

/// The rows of a cursor of a transaction, in a table of their own.
#[derive(Debug)]
pub(super) struct CopiedRows {
    pub(super) number: u32,
    pub(super) kinds: Vec<Kind>,
    /// What the number of a row is called.
    pub(super) rowid: &'static str,
    /// Of the last row that was handed out.
    pub(super) last: i64,
}

impl SqliteLease {
    pub(super) fn new(file: Arc<File>, conn: Conn, turn: Option<OwnedSemaphorePermit>) -> Self {
        Self { file, conn: Some(conn), turn, in_transaction: false, cursors: Vec::new() }
    }

    /// Whether statements can still be run. Some errors make SQLite undo the whole transaction by itself, a full disk
    /// among them (SQLite documentation, "Response To Errors Within A Transaction").
    pub(in crate::storage) fn is_usable(&self) -> bool {
        self.conn.as_ref().is_some_and(|conn| !self.in_transaction || !conn.link.is_autocommit())
    }

    /// Runs a statement of the host. One that is a transaction of its own waits for another process, as `Begin` does: it has changed nothing yet.
    pub(in crate::storage) async fn host(&mut self, sql: &str, params: &[Value]) -> Result<Outcome> {
        let deadline = Instant::now() + self.file.wait();
        loop {
            match self.watched(false, &HOST_BOUNDS, |conn| run(conn, sql, params, &HOST_BOUNDS)) {
                Err(error) if error.code == Code::Busy && !self.in_transaction && Instant::now() < deadline => {
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                result => return result,
            }
        }
    }

    /// Runs a statement of a guest.
    pub(in crate::storage) fn guest(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<Outcome> {
        let (text, bounds) = (guest_text(sql.text), &sql.bounds);
        self.watched(true, bounds, |conn| undone_on_error(conn, &text, || run(conn, &text, params, bounds)))
    }

    /// Runs statements separated by semicolons.
    pub(in crate::storage) fn script(&mut self, text: &str) -> Result<()> {
        self.watched(false, &HOST_BOUNDS, |conn| conn.link.execute_batch(text).map_err(|e| translate(&e)))
    }

    /// Begins or ends a transaction or a part of one. Of these only `Begin` waits, and only for another process.
    pub(in crate::storage) async fn control(&mut self, control: Control) -> Result<()> {
        if control == Control::Commit {
            self.drop_cursors()?;
        }
        let deadline = Instant::now() + self.file.wait();
        loop {
            match self.try_control(control) {
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                Ok(()) => {
                    self.note(control);
                    return Ok(());
                }
                Err(error) => return Err(translate(&error)),
            }
        }
    }

    fn note(&mut self, control: Control) {
        match control {
            Control::Begin(_) | Control::BeginReading => self.in_transaction = true,
            Control::Commit | Control::Rollback => {
                self.in_transaction = false;
                self.cursors.clear();
            }
            _ => {}
        }
    }

    fn try_control(&mut self, control: Control) -> rusqlite::Result<()> {
        let waits_for_disk = control == Control::Commit && self.file.full_synchronous();
        let Some(conn) = &self.conn else { return Err(rusqlite::Error::InvalidQuery) };
        let run = || conn.link.prepare_cached(&text_of(control))?.raw_execute().map(|_| ());
        if waits_for_disk { off_worker(run) } else { run() }
    }

    pub(super) fn watched<T>(
        &mut self,
        guest: bool,
        bounds: &Bounds,
        work: impl FnOnce(&Conn) -> Result<T>,
    ) -> Result<T> {
        let (conn, watch) = self.parts()?;
        watch.begin(guest, bounds.time);
        let result = work(conn);
        let interrupted = watch.end();
        match result {
            Err(_) if interrupted => {
                Err(Error::new(Code::Timeout, "the statement took too long and was cancelled"))
            }
            result => result,
        }
    }
}

impl SqliteLease {
    /// What watches the connection.
    pub(super) fn parts(&self) -> Result<(&Conn, &Arc<Watch>)> {
        let conn = self.conn.as_ref().ok_or_else(|| Error::closed("the connection has ended"))?;
        Ok((conn, &conn.watch))
    }
}

impl Drop for SqliteLease {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        if !conn.link.is_autocommit() && conn.link.execute_batch("rollback").is_err() {
            return;
        }
        self.file.give_back(conn, self.turn.is_some());
    }
}

/// The mark before a text keeps it apart from the host's statements in the cache of compiled ones: these were allowed more.
pub(super) const GUEST: &str = "/*guest*/";

pub(super) fn guest_text(sql: &str) -> String {
    format!("{GUEST}{sql}")
}

/// Runs something that waits for the disk without holding up the worker's other tasks.
fn off_worker<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// A write with RETURNING has changed everything before its first row comes: where its rows are too many, that has
/// to be undone (SQLite documentation, "RETURNING").
fn undone_on_error(conn: &Conn, sql: &str, work: impl FnOnce() -> Result<Outcome>) -> Result<Outcome> {
    let returning = conn.link.prepare_cached(sql).is_ok_and(|text| !text.readonly() && text.column_count() > 0);
    if !returning {
        return work();
    }
    let control = |text: &str| conn.unguarded(text).map_err(|error| translate(&error));
    control("savepoint one_statement")?;
    let result = work();
    if result.is_err() {
        control("rollback to one_statement")?;
    }
    control("release one_statement")?;
    result
}

fn text_of(control: Control) -> std::borrow::Cow<'static, str> {
    match control {
        Control::Begin(_) => "begin immediate".into(),
        Control::BeginReading => "begin".into(),
        Control::Commit => "commit".into(),
        Control::Rollback => "rollback".into(),
        Control::Savepoint(n) => format!("savepoint s{n}").into(),
        Control::Replace(_, n) => format!("savepoint s{n}").into(),
        Control::Release(n) => format!("release savepoint s{n}").into(),
        Control::RollbackTo(n) => format!("rollback to savepoint s{n}").into(),
    }
}
