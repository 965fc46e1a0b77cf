//! Cursors.
//!
//! SQLite computes rows as they are asked for, and a statement that is under way borrows its
//! connection. So a cursor that belongs to no transaction lives in a thread of its own (`threads`),
//! with a connection of its own: it sees the file as it was when the cursor was opened. In an open
//! transaction there is one connection for all, and other statements want it in between: there the
//! rows are copied into a temporary table first, which SQLite keeps in a file once it grows.

use super::apart::GRACE;
use super::authorizer::COPY_PREFIX;
use super::conn::Conn;
use super::error::{translate, translate_running};
use super::files::CursorReader;
use super::guard::Watch;
use super::lease::{CopiedRows, SqliteLease, guest_text, too_slow};
use super::rows::{bind, columns, decode, kinds, too_large};
use super::threads;
use super::values::Kind;
use crate::storage::connection::{Bounds, GuestSql, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A cursor in a thread of its own. Dropping it ends the thread, also in the middle of a row.
#[derive(Debug)]
pub struct SqliteCursor {
    requests: mpsc::Sender<Request>,
    watch: Arc<Watch>,
    /// What the thread does at the moment.
    run: Arc<AtomicU64>,
}

struct Request {
    count: u32,
    bounds: Bounds,
    answer: oneshot::Sender<Result<Vec<Vec<Value>>>>,
}

struct Opening {
    text: String,
    params: Vec<Value>,
    bounds: Bounds,
    opened: oneshot::Sender<Result<Vec<String>>>,
}

/// The life of a cursor's thread. The first row is computed at once: from then on the file is seen
/// as it was.
fn serve(conn: &Conn, opening: Opening, mut inbox: mpsc::Receiver<Request>, run: &AtomicU64) -> Result<()> {
    let watch = &conn.watch;
    let begin = |bounds: &Bounds| run.store(watch.begin(true, bounds.time), Ordering::Relaxed);
    begin(&opening.bounds);
    // What is compiled anew in the first step is so by the tables that the connection knows.
    conn.look_at_schema();
    let prepared = prepare(conn, &opening.text, &opening.params);
    let mut statement = match prepared {
        Ok(statement) => statement,
        Err(error) => return tell(opening.opened, Err(timed(watch, error))),
    };
    let mut source = Source::new(statement.raw_query());
    let told = |error: &rusqlite::Error| conn.running_error(&opening.text, error);
    let first = source.hold(opening.bounds.bytes, told).map_err(|error| timed(watch, error));
    watch.end();
    if let Err(error) = first {
        return tell(opening.opened, Err(error));
    }
    let (columns, mut source) = match source.columns() {
        Some(columns) => (columns, Some(source)),
        // There is no row.
        None => {
            drop(source);
            (columns(&statement), None)
        }
    };
    tell(opening.opened, Ok(columns))?;
    while let Some(request) = inbox.blocking_recv() {
        begin(&request.bounds);
        let piece = match &mut source {
            Some(source) => source.piece(request.count, &request.bounds),
            None => Ok(Vec::new()),
        };
        let piece = piece.map_err(|error| timed(watch, error));
        watch.end();
        tell(request.answer, piece)?;
    }
    Ok(())
}

/// Fails where nobody listens any more.
fn tell<T>(listener: oneshot::Sender<Result<T>>, result: Result<T>) -> Result<()> {
    listener.send(result).map_err(|_| gone())
}

impl CursorReader {
    /// Moves the connection into a thread and opens a cursor there. Returns the columns.
    pub(in crate::storage) async fn open(
        self,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<(Vec<String>, SqliteCursor)> {
        let Self { lease, place } = self;
        let (requests, inbox) = mpsc::channel(1);
        let (opened, opening) = oneshot::channel();
        let (conn, watch) = lease.parts()?;
        conn.counters.set(&lease.counters);
        let watch = Arc::clone(watch);
        let run = Arc::new(AtomicU64::new(0));
        let (text, params, bounds) = (guest_text(sql.text), params.to_vec(), sql.bounds);
        let cursor = SqliteCursor { requests, watch, run: Arc::clone(&run) };
        threads::spawn(move || {
            if let Ok((conn, _)) = lease.parts() {
                let opening = Opening { text: text.clone(), params, bounds, opened };
                // Failures have been told to who asked.
                let _ = conn.with_patterns(&text, || serve(conn, opening, inbox, &run));
            }
            drop(lease);
            drop(place);
        })?;
        let columns = in_time(opening, bounds.time).await?;
        Ok((columns, cursor))
    }
}

impl SqliteLease {
    /// Opens cursor `number` inside the open transaction.
    pub(in crate::storage) async fn declare(
        &mut self,
        number: u32,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<Outcome> {
        let text = guest_text(sql.text);
        let copy = format!("/*guest*/create temp table {} as {}", table(number), sql.text);
        let params = params.to_vec();
        self.parts()?.0.counters.set(&self.counters);
        let work = move |conn: &Conn| conn.with_patterns(&text, || copy_rows(conn, &text, &copy, &params));
        let (columns, kinds, rowid) = self.apart(true, sql.bounds.time, work).await?;
        self.cursors.push(CopiedRows { number, kinds, rowid, last: 0 });
        Ok(Outcome { affected: 0, rows: Rows { columns, rows: Vec::new() } })
    }

    /// At most `count` further rows of cursor `number` within `bounds`; none at its end.
    pub(in crate::storage) async fn fetch(&mut self, number: u32, count: u32, bounds: &Bounds) -> Result<Outcome> {
        let at = self.cursors.iter().position(|cursor| cursor.number == number).ok_or_else(gone)?;
        let Some(copied) = self.cursors.get(at) else { return Err(gone()) };
        let (kinds, rowid, last) = (copied.kinds.clone(), copied.rowid, copied.last);
        let text = format!("select * from temp.{} where {rowid} > $1 order by {rowid} limit $2", table(number));
        let params = [Value::Integer(last), Value::Integer(i64::from(count))];
        let bounds = *bounds;
        let work = move |conn: &Conn| {
            let mut statement = prepare(conn, &text, &params)?;
            Source { kinds: Some(kinds), ..Source::new(statement.raw_query()) }.piece(count, &bounds)
        };
        let rows = self.apart_for_host(bounds.time, work).await?;
        if let Some(copied) = self.cursors.get_mut(at) {
            copied.last = last.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        }
        Ok(Outcome { affected: 0, rows: Rows { columns: Vec::new(), rows } })
    }

    /// Closes cursor `number`.
    pub(in crate::storage) async fn close(&mut self, number: u32) -> Result<()> {
        self.cursors.retain(|cursor| cursor.number != number);
        self.script(&format!("drop table if exists temp.{}", table(number))).await
    }

    /// What a transaction leaves behind would stay in the connection.
    pub(super) async fn drop_cursors(&mut self) -> Result<()> {
        while let Some(cursor) = self.cursors.last() {
            self.close(cursor.number).await?;
        }
        Ok(())
    }
}

impl SqliteCursor {
    /// At most `count` further rows within `bounds`; none at the end. Cancelling loses the rows.
    pub(in crate::storage) async fn fetch(&mut self, count: u32, bounds: &Bounds) -> Result<Vec<Vec<Value>>> {
        let (answer, answered) = oneshot::channel();
        let request = Request { count, bounds: *bounds, answer };
        self.requests.send(request).await.map_err(|_| gone())?;
        in_time(answered, bounds.time).await
    }
}

impl Drop for SqliteCursor {
    fn drop(&mut self) {
        self.watch.abandon(self.run.load(Ordering::Relaxed));
    }
}

/// Waits for an answer of the thread, but not for one that is in a step without an end: that keeps
/// its place until it comes back.
async fn in_time<T>(answer: oneshot::Receiver<Result<T>>, time: Duration) -> Result<T> {
    match tokio::time::timeout(time + GRACE, answer).await {
        Ok(answered) => answered.map_err(|_| gone())?,
        Err(_) => Err(too_slow()),
    }
}

/// Copies the rows of a cursor of a transaction into its table, for which the connection is
/// watched. Returns what its columns are, and what the number of a row is called.
fn copy_rows(
    conn: &Conn,
    text: &str,
    copy: &str,
    params: &[Value],
) -> Result<(Vec<String>, Vec<Kind>, &'static str)> {
    // It takes no step of its own in which it could be compiled by the tables as they are.
    conn.look_at_schema();
    let statement = conn.link.prepare(text).map_err(|error| translate(&error))?;
    let (columns, kinds) = (columns(&statement), kinds(&statement));
    drop(statement);
    let rowid = free_rowid(&columns)?;
    conn.watch.allow_copy();
    prepare(conn, copy, params)?.raw_execute().map_err(|error| conn.running_error(text, &error))?;
    Ok((columns, kinds, rowid))
}

/// Rows of a statement that is under way.
struct Source<'s> {
    rows: rusqlite::Rows<'s>,
    /// Not known before the first step: see `rows`.
    kinds: Option<Vec<Kind>>,
    /// Computed, but not yet handed out; or why it cannot be, which those before it do not suffer
    /// from.
    held: Option<Result<(Vec<Value>, usize)>>,
}

impl<'s> Source<'s> {
    fn new(rows: rusqlite::Rows<'s>) -> Self {
        Self { rows, kinds: None, held: None }
    }

    /// Names of the columns; none where the statement has ended.
    fn columns(&self) -> Option<Vec<String>> {
        self.rows.as_ref().map(columns)
    }

    /// Computes the next row, which may have `most` bytes.
    fn hold(&mut self, most: usize, told: impl Fn(&rusqlite::Error) -> Error) -> Result<()> {
        let row = self.rows.next().map_err(|error| told(&error))?;
        self.held = row.map(|row| decode(row, self.kinds.get_or_insert_with(|| kinds(row.as_ref())), most));
        Ok(())
    }

    fn piece(&mut self, count: u32, bounds: &Bounds) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        let mut left = bounds.bytes;
        for _ in 0..count {
            if self.held.is_none() {
                self.hold(bounds.bytes, translate_running)?;
            }
            match self.held.take() {
                None => break,
                Some(Ok((values, size))) if size <= left => {
                    left -= size;
                    rows.push(values);
                }
                Some(Ok(_)) if rows.is_empty() => return Err(too_large("bytes")),
                Some(Err(error)) if rows.is_empty() => return Err(error),
                later => {
                    self.held = later;
                    break;
                }
            }
        }
        Ok(rows)
    }
}

fn prepare<'c>(conn: &'c Conn, text: &str, params: &[Value]) -> Result<rusqlite::CachedStatement<'c>> {
    let mut statement = conn.prepare(text).map_err(|error| translate(&error))?;
    bind(&mut statement, params)?;
    Ok(statement)
}

/// A name of the number of a row that no column hides (SQLite documentation, "ROWIDs and the
/// INTEGER PRIMARY KEY").
fn free_rowid(columns: &[String]) -> Result<&'static str> {
    let free = |name: &&str| !columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    ["rowid", "_rowid_", "oid"].into_iter().find(free).ok_or_else(|| {
        Error::new(Code::Denied, "a cursor's columns may not be called rowid, _rowid_ and oid all three")
    })
}

fn table(number: u32) -> String {
    format!("{COPY_PREFIX}{number}")
}

fn timed(watch: &Watch, error: Error) -> Error {
    if watch.end() { too_slow() } else { error }
}

fn gone() -> Error {
    Error::closed("the cursor has ended")
}
