//! Cursors.
//!
//! SQLite computes rows as they are asked for, and a statement that is under way borrows its connection. So a cursor that belongs to no
//! transaction lives in a thread of its own, with a connection of its own: it sees the file as it was when the cursor was
//! opened. In an open transaction there is one connection for all, and other statements want it in between: there the rows are
//! copied into a temporary table first, which SQLite keeps in a file once it grows.

use super::authorizer::COPY_PREFIX;
use super::error::{translate, translate_running};
use super::files::Conn;
use super::guard::Watch;
use super::lease::{CopiedRows, SqliteLease, guest_text};
use super::rows::{bind, columns, decode, kinds, too_large};
use super::values::Kind;
use crate::storage::connection::{Bounds, GuestSql, Outcome};
use crate::storage::value::{Rows, Value};
use crate::storage::{Code, Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

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

/// The life of a cursor's thread. The first row is computed at once: from then on the file is seen as it was.
fn serve(
    lease: &SqliteLease,
    opening: Opening,
    mut inbox: mpsc::Receiver<Request>,
    run: &AtomicU64,
) -> Result<()> {
    let (conn, watch) = lease.parts()?;
    let begin = |bounds: &Bounds| run.store(watch.begin(true, bounds.time), Ordering::Relaxed);
    begin(&opening.bounds);
    let prepared = prepare(conn, &opening.text, &opening.params);
    let mut statement = match prepared {
        Ok(statement) => statement,
        Err(error) => return tell(opening.opened, Err(timed(watch, error))),
    };
    let (columns, kinds) = (columns(&statement), kinds(&statement));
    let mut source = Source { rows: statement.raw_query(), kinds, held: None };
    let first = source.hold(opening.bounds.bytes).map_err(|error| timed(watch, error));
    watch.end();
    if let Err(error) = first {
        return tell(opening.opened, Err(error));
    }
    tell(opening.opened, Ok(columns))?;
    while let Some(request) = inbox.blocking_recv() {
        begin(&request.bounds);
        let piece = source.piece(request.count, &request.bounds).map_err(|error| timed(watch, error));
        watch.end();
        tell(request.answer, piece)?;
    }
    Ok(())
}

/// Fails where nobody listens any more.
fn tell<T>(listener: oneshot::Sender<Result<T>>, result: Result<T>) -> Result<()> {
    listener.send(result).map_err(|_| gone())
}

impl SqliteLease {
    /// Moves the connection into a thread and opens a cursor there. Returns the columns.
    pub(in crate::storage) async fn into_cursor(
        self,
        thread: OwnedSemaphorePermit,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<(Vec<String>, SqliteCursor)> {
        let (requests, inbox) = mpsc::channel(1);
        let (opened, opening) = oneshot::channel();
        let watch = Arc::clone(self.parts()?.1);
        let run = Arc::new(AtomicU64::new(0));
        let (text, params, bounds) = (guest_text(sql.text), params.to_vec(), sql.bounds);
        let noted = Arc::clone(&run);
        tokio::task::spawn_blocking(move || {
            let opening = Opening { text, params, bounds, opened };
            // Failures have been told to who asked.
            let _ = serve(&self, opening, inbox, &noted);
            drop(thread);
        });
        let cursor = SqliteCursor { requests, watch, run };
        let columns = opening.await.map_err(|_| gone())??;
        Ok((columns, cursor))
    }

    /// Opens cursor `number` inside the open transaction.
    pub(in crate::storage) fn declare(
        &mut self,
        number: u32,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<Outcome> {
        let text = guest_text(sql.text);
        let copy = format!("/*guest*/create temp table {} as {}", table(number), sql.text);
        let (columns, kinds) = self.watched(true, &sql.bounds, |conn| {
            let statement = prepare(conn, &text, params)?;
            Ok((columns(&statement), kinds(&statement)))
        })?;
        let rowid = free_rowid(&columns)?;
        self.watched(true, &sql.bounds, |conn| {
            conn.watch.allow_copy();
            prepare(conn, &copy, params)?.raw_execute().map(|_| ()).map_err(|error| translate_running(&error))
        })?;
        self.cursors.push(CopiedRows { number, kinds, rowid, last: 0 });
        Ok(Outcome { affected: 0, rows: Rows { columns, rows: Vec::new() } })
    }

    /// At most `count` further rows of cursor `number` within `bounds`; none at its end.
    pub(in crate::storage) fn fetch(&mut self, number: u32, count: u32, bounds: &Bounds) -> Result<Outcome> {
        let at = self.cursors.iter().position(|cursor| cursor.number == number).ok_or_else(gone)?;
        let Some(copied) = self.cursors.get(at) else { return Err(gone()) };
        let (kinds, rowid, last) = (copied.kinds.clone(), copied.rowid, copied.last);
        let text = format!("select * from temp.{} where {rowid} > $1 order by {rowid} limit $2", table(number));
        let params = [Value::Integer(last), Value::Integer(i64::from(count))];
        let rows = self.watched(false, bounds, |conn| {
            let mut statement = prepare(conn, &text, &params)?;
            Source { rows: statement.raw_query(), kinds, held: None }.piece(count, bounds)
        })?;
        if let Some(copied) = self.cursors.get_mut(at) {
            copied.last = last.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        }
        Ok(Outcome { affected: 0, rows: Rows { columns: Vec::new(), rows } })
    }

    /// Closes cursor `number`.
    pub(in crate::storage) fn close(&mut self, number: u32) -> Result<()> {
        self.cursors.retain(|cursor| cursor.number != number);
        self.script(&format!("drop table if exists temp.{}", table(number)))
    }

    /// What a transaction leaves behind would stay in the connection.
    pub(super) fn drop_cursors(&mut self) -> Result<()> {
        while let Some(cursor) = self.cursors.last() {
            self.close(cursor.number)?;
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
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for SqliteCursor {
    fn drop(&mut self) {
        self.watch.abandon(self.run.load(Ordering::Relaxed));
    }
}

/// Rows of a statement that is under way.
struct Source<'s> {
    rows: rusqlite::Rows<'s>,
    kinds: Vec<Kind>,
    /// Computed, but not yet handed out; or why it cannot be, which those before it do not suffer
    /// from.
    held: Option<Result<(Vec<Value>, usize)>>,
}

impl Source<'_> {
    /// Computes the next row, which may have `most` bytes.
    fn hold(&mut self, most: usize) -> Result<()> {
        let row = self.rows.next().map_err(|error| translate_running(&error))?;
        self.held = row.map(|row| decode(row, &self.kinds, most));
        Ok(())
    }

    fn piece(&mut self, count: u32, bounds: &Bounds) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        let mut left = bounds.bytes;
        for _ in 0..count {
            if self.held.is_none() {
                self.hold(bounds.bytes)?;
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

/// A name of the number of a row that no column hides (SQLite documentation, "ROWIDs and the INTEGER PRIMARY KEY").
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
    if watch.end() { Error::new(Code::Timeout, "the statement took too long and was cancelled") } else { error }
}

fn gone() -> Error {
    Error::closed("the cursor has ended")
}
