//! One SQLite connection on loan.

use super::error::{is_busy, translate};
use super::files::{Conn, File};
use super::values;
use crate::storage::connection::{Bounds, Control, HOST_BOUNDS, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use rusqlite::CachedStatement;
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
}

impl SqliteLease {
    pub(super) fn new(file: Arc<File>, conn: Conn, turn: Option<OwnedSemaphorePermit>) -> Self {
        Self { file, conn: Some(conn), turn, in_transaction: false }
    }

    /// Whether statements can still be run. Some errors make SQLite undo the whole transaction by itself, a full disk
    /// among them (SQLite documentation, "Response To Errors Within A Transaction").
    pub(in crate::storage) fn is_usable(&self) -> bool {
        self.conn.as_ref().is_some_and(|conn| !self.in_transaction || !conn.link.is_autocommit())
    }

    /// Runs a statement of the host.
    pub(in crate::storage) fn host(&mut self, sql: &str, params: &[Value]) -> Result<Outcome> {
        self.watched(false, &HOST_BOUNDS, |conn| run(conn, sql, params, &HOST_BOUNDS))
    }

    /// Runs a statement of a guest. The mark before its text keeps it apart from the host's statements in the cache of compiled ones:
    /// these were allowed more.
    pub(in crate::storage) fn guest(&mut self, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        let text = format!("/*guest*/{sql}");
        self.watched(true, bounds, |conn| undone_on_error(conn, &text, || run(conn, &text, params, bounds)))
    }

    /// Runs statements separated by semicolons.
    pub(in crate::storage) fn script(&mut self, text: &str) -> Result<()> {
        self.watched(false, &HOST_BOUNDS, |conn| conn.link.execute_batch(text).map_err(|e| translate(&e)))
    }

    /// Begins or ends a transaction or a part of one. Only `Begin` waits, and only for another process.
    pub(in crate::storage) async fn control(&mut self, control: Control) -> Result<()> {
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
            Control::Begin(_) => self.in_transaction = true,
            Control::Commit | Control::Rollback => self.in_transaction = false,
            _ => {}
        }
    }

    fn try_control(&mut self, control: Control) -> rusqlite::Result<()> {
        let waits_for_disk = control == Control::Commit && self.file.full_synchronous();
        let Some(conn) = &self.conn else { return Err(rusqlite::Error::InvalidQuery) };
        let run = || conn.link.prepare_cached(&text_of(control))?.raw_execute().map(|_| ());
        if waits_for_disk { off_worker(run) } else { run() }
    }

    fn watched<T>(&mut self, guest: bool, bounds: &Bounds, work: impl FnOnce(&Conn) -> Result<T>) -> Result<T> {
        let conn = self.conn.as_ref().ok_or_else(|| Error::closed("the connection has ended"))?;
        conn.watch.begin(guest, bounds.time);
        let result = work(conn);
        let interrupted = conn.watch.end();
        match result {
            Err(_) if interrupted => {
                Err(Error::new(Code::Timeout, "the statement took too long and was cancelled"))
            }
            result => result,
        }
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

fn run(conn: &Conn, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
    let mut statement = conn.link.prepare_cached(sql).map_err(|e| translate(&e))?;
    bind(&mut statement, params)?;
    let rows = collect(&mut statement, bounds)?;
    let affected = if statement.readonly() { 0 } else { conn.link.changes() };
    Ok(Outcome { affected, rows })
}

/// To SQLite `$2` is a name, numbered by where it stands first in the text; the number in the name is the one that counts.
fn bind(statement: &mut CachedStatement<'_>, params: &[Value]) -> Result<()> {
    let mut used = 0;
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).and_then(|name| name.strip_prefix('$'));
        let number: usize = name.and_then(|number| number.parse().ok()).unwrap_or_default();
        let value =
            number.checked_sub(1).and_then(|at| params.get(at)).ok_or_else(|| wrong_count(params, number))?;
        values::check(value)?;
        statement.raw_bind_parameter(index, values::to_sql(value)).map_err(|e| translate(&e))?;
        used = used.max(number);
    }
    if used == params.len() { Ok(()) } else { Err(wrong_count(params, used)) }
}

fn wrong_count(params: &[Value], wanted: usize) -> Error {
    Error::new(Code::BadParameter, format!("{} parameters given, {wanted} wanted", params.len()))
}

fn collect(statement: &mut CachedStatement<'_>, bounds: &Bounds) -> Result<Rows> {
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let kinds: Vec<values::Kind> =
        statement.columns().iter().map(|column| values::kind_of(column.decl_type())).collect();
    let mut rows = Vec::new();
    let mut bytes_left = bounds.bytes;
    let mut cursor = statement.raw_query();
    while let Some(row) = cursor.next().map_err(|e| translate(&e))? {
        if rows.len() >= bounds.rows {
            return Err(too_large("rows"));
        }
        let mut values = Vec::with_capacity(kinds.len());
        for (at, kind) in kinds.iter().enumerate() {
            let value = values::from_sql(row.get_ref(at).map_err(|e| translate(&e))?, *kind)?;
            bytes_left = bytes_left.checked_sub(value.size()).ok_or_else(|| too_large("bytes"))?;
            values.push(value);
        }
        rows.push(values);
    }
    Ok(Rows { columns, rows })
}

fn too_large(what: &str) -> Error {
    Error::new(Code::TooLarge, format!("the result has more {what} than allowed"))
}

fn text_of(control: Control) -> std::borrow::Cow<'static, str> {
    match control {
        Control::Begin(_) => "begin immediate".into(),
        Control::Commit => "commit".into(),
        Control::Rollback => "rollback".into(),
        Control::Savepoint(n) => format!("savepoint s{n}").into(),
        Control::Renew(n) => format!("savepoint s{n}").into(),
        Control::Release(n) => format!("release savepoint s{n}").into(),
        Control::RollbackTo(n) => format!("rollback to savepoint s{n}").into(),
    }
}
