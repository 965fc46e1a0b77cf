//! One SQLite connection on loan.

use super::conn::Conn;
use super::counters::Counters;
use super::disk::DiskState;
use super::error::translate;
use super::file::File;
use super::guard::Watch;
use super::retry::{RETRY_EVERY, retry_while_busy};
use super::rows::run;
use super::threads;
use super::values::Kind;
use crate::storage::connection::{Bounds, Control, GuestSql, HOST_BOUNDS, Outcome};
use crate::storage::statement::Growth;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result, RowRoom};
use crate::telemetry::host_work;
use rusqlite::limits::Limit;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// A connection that goes back to its file when dropped.
#[derive(Debug)]
pub struct SqliteLease {
    pub(super) file: Arc<File>,
    /// None while a thread has it; if that does not give it back, for good.
    pub(super) held: Option<Held>,
    in_transaction: bool,
    /// Something has run on a thread, so that ending the transaction may take long, too.
    pub(super) heavy: bool,
    /// What the app's rows take up.
    pub(super) rows: Option<Arc<RowRoom>>,
    /// What guests' statements have brought into the open transaction, about, in bytes.
    pub(super) brought: u64,
    /// What they have made the file grow by where that was bounded, in bytes: a measurement does
    /// not see it yet.
    pub(super) grown: u64,
    /// What the statements of the unit of work have done.
    pub(super) counters: Arc<Counters>,
    /// Open cursors of the transaction.
    pub(super) cursors: Vec<CopiedRows>,
}

/// A connection, wherever it is used. Rolled back and given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) file: Arc<File>,
    conn: Option<Conn>,
    /// The right to write; none for a reader.
    turn: Option<OwnedSemaphorePermit>,
    /// Whether the connection was opened while the folder took no writes: another one may be able
    /// to write by now.
    outdated: bool,
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
        let held = Held { file: Arc::clone(&file), conn: Some(conn), turn, outdated: false };
        Self {
            file,
            held: Some(held),
            in_transaction: false,
            heavy: false,
            rows: None,
            brought: 0,
            grown: 0,
            counters: Arc::default(),
            cursors: Vec::new(),
        }
    }

    /// Whether statements can still be run. Some errors make SQLite undo the whole transaction by
    /// itself, a full disk among them (SQLite documentation, "Response To Errors Within A
    /// Transaction").
    pub(in crate::storage) fn is_usable(&self) -> bool {
        self.parts().is_ok_and(|(conn, _)| !self.in_transaction || !conn.link.is_autocommit())
    }

    /// Whether a transaction is open.
    pub(in crate::storage) fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Runs a statement of the host. One that is a transaction of its own waits for another
    /// process, as `Begin` does: it has changed nothing yet.
    pub(in crate::storage) async fn host(&mut self, sql: &str, params: &[Value]) -> Result<Outcome> {
        let wait = if self.in_transaction { Duration::ZERO } else { self.file.wait() };
        retry_while_busy(Instant::now() + wait, || {
            self.watched(&HOST_BOUNDS, |conn| run(conn, sql, params, &HOST_BOUNDS))
        })
        .await
    }

    /// Runs a statement of a guest: here if it is known to be quick, else on a thread. Cancelling
    /// loses the connection.
    pub(in crate::storage) async fn guest(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<Outcome> {
        let bound = self.bound_growth(sql)?;
        let outcome = self.run_guest(sql, params).await;
        match sql.growth {
            Growth::Nothing => outcome,
            _ => self.note_growth(bound, params, outcome),
        }
    }

    /// From now on the connection serves the unit of work with these counters.
    pub(in crate::storage) fn count_for(&mut self, counters: &Arc<Counters>) {
        self.counters = Arc::clone(counters);
    }

    async fn run_guest(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<Outcome> {
        let text = guest_text(sql.text);
        let conn = self.parts()?.0;
        conn.counters.set(&self.counters);
        if let Some(result) = host_work::counted(|| conn.run_here(&text, params, &sql.bounds)) {
            return self.judged(result);
        }
        let (params, bounds) = (params.to_vec(), sql.bounds);
        self.apart(true, bounds.time, move |conn| conn.run_apart(&text, &params, &bounds)).await
    }

    /// Runs statements separated by semicolons, on a thread: they may make an index over all that
    /// an app has.
    pub(in crate::storage) async fn script(&mut self, text: &str) -> Result<()> {
        let text = text.to_owned();
        let work = move |conn: &Conn| conn.link.execute_batch(&text).map_err(|error| translate(&error));
        self.apart_for_host(HOST_BOUNDS.time, work).await
    }

    /// Writes the file anew with what is in it now, so that nothing that was deleted can be read in
    /// it. Not in a transaction.
    pub(in crate::storage) async fn rewrite(&mut self) -> Result<()> {
        let work = |conn: &Conn| {
            // The engine attaches the file that it copies to.
            let rewritten = conn
                .link
                .set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)
                .and_then(|_| conn.link.execute_batch("vacuum"));
            let bounded = conn.link.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0);
            rewritten.and(bounded.map(|_| ())).map_err(|error| translate(&error))?;
            let checkpoint = "pragma wal_checkpoint(truncate)";
            let is_busy = conn.link.query_row(checkpoint, [], |row| row.get::<_, bool>(0));
            match is_busy.map_err(|error| translate(&error))? {
                false => Ok(()),
                true => Err(Error::new(Code::Busy, "another process reads the file")),
            }
        };
        self.apart_for_host(HOST_BOUNDS.time, work).await
    }

    /// Begins or ends a transaction or a part of one. Of these only `Begin` waits, and only for
    /// another process.
    pub(in crate::storage) async fn control(&mut self, control: Control) -> Result<()> {
        if control == Control::Commit {
            self.drop_cursors().await?;
            self.check_room_to_commit()?;
        }
        let deadline = Instant::now() + self.file.wait();
        loop {
            match self.try_control(control).await {
                Err(error) if error.code == Code::Busy && Instant::now() < deadline => {
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                Ok(()) => {
                    self.note(control);
                    return Ok(());
                }
                Err(error) => return self.judged(Err(error)),
            }
        }
    }

    fn note(&mut self, control: Control) {
        match control {
            Control::Begin(_) | Control::BeginReading(_) => self.in_transaction = true,
            Control::Commit | Control::Rollback => {
                self.in_transaction = false;
                let grown = std::mem::take(&mut self.grown);
                if let Some(rows) = self.rows.as_ref().filter(|_| control == Control::Commit) {
                    rows.note(grown);
                }
                self.brought = 0;
                self.cursors.clear();
            }
            _ => {}
        }
    }

    /// What may have much to write or to undo is left to a thread. What only waits for the disk
    /// gives its worker away and goes on: each file has one writer, so no more threads wait than
    /// there are files.
    async fn try_control(&mut self, control: Control) -> Result<()> {
        let run = move |conn: &Conn| conn.link.prepare_cached(&text_of(control))?.raw_execute().map(|_| ());
        let ends = matches!(control, Control::Commit | Control::Rollback | Control::RollbackTo(_));
        let waits_for_disk = control == Control::Commit && self.file.full_synchronous();
        if ends && self.heavy {
            let run = move |conn: &Conn| run(conn).map_err(|error| translate(&error));
            let result = self.apart_for_host(HOST_BOUNDS.time, run).await;
            return match self.held {
                None if control == Control::Commit => {
                    Err(Error::new(Code::CommitUnknown, "the database takes too long to keep what was written"))
                }
                _ => result,
            };
        }
        let conn = self.parts()?.0;
        let result = if waits_for_disk { host_work::counted(|| off_worker(|| run(conn))) } else { run(conn) };
        result.map_err(|error| translate(&error))
    }

    fn watched<T>(&mut self, bounds: &Bounds, work: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let held = self.held.as_ref().ok_or_else(ended)?;
        self.parts()?.1.begin(false, bounds.time);
        let result = host_work::counted(|| held.watched(work));
        self.judged(result)
    }

    /// The same result, with what an error means on the disk that the file is on.
    pub(super) fn judged<T>(&mut self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            let error = self.file.disk().judge(error);
            if let Some(held) = self.held.as_mut().filter(|_| error.code == Code::ReadOnly) {
                held.outdated = true;
            }
            error
        })
    }
}

impl SqliteLease {
    /// What watches the connection.
    pub(super) fn parts(&self) -> Result<(&Conn, &Arc<Watch>)> {
        let conn = self.held.as_ref().and_then(|held| held.conn.as_ref());
        conn.map(|conn| (conn, &conn.watch)).ok_or_else(ended)
    }
}

impl Held {
    /// Runs what the connection is watched for.
    pub(super) fn watched<T>(&self, work: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let conn = self.conn.as_ref().ok_or_else(ended)?;
        let result = work(conn);
        if conn.watch.end() && result.is_err() { Err(too_slow()) } else { result }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        if !conn.link.is_autocommit() && conn.link.execute_batch("rollback").is_err() {
            return;
        }
        if self.outdated && self.file.disk().state() == DiskState::Roomy {
            drop(conn);
            return self.file.close_idle();
        }
        self.file.give_back(conn, self.turn.is_some());
    }
}

impl Drop for SqliteLease {
    /// What there is to be undone may be much.
    fn drop(&mut self) {
        let Some(held) = self.held.take().filter(|_| self.heavy && self.in_transaction) else { return };
        // Without a thread it is undone here.
        let _ = threads::spawn(move || drop(held));
    }
}

pub(super) fn ended() -> Error {
    Error::closed("the connection has ended")
}

pub(super) fn too_slow() -> Error {
    Error::new(Code::Timeout, "the statement took too long and was cancelled")
}

/// The mark before a text keeps it apart from the host's statements in the cache of compiled ones:
/// these were allowed more.
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

fn text_of(control: Control) -> std::borrow::Cow<'static, str> {
    match control {
        Control::Begin(_) => "begin immediate".into(),
        Control::BeginReading(_) => "begin".into(),
        Control::Commit => "commit".into(),
        Control::Rollback => "rollback".into(),
        Control::Savepoint(n) => format!("savepoint s{n}").into(),
        Control::Replace(_, n) => format!("savepoint s{n}").into(),
        Control::Release(n) => format!("release savepoint s{n}").into(),
        Control::RollbackTo(n) => format!("rollback to savepoint s{n}").into(),
    }
}
