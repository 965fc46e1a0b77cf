//! Cursors of a request: rows in bounded memory.
//!
//! A cursor that is opened while a transaction is open sees what it has written, and ends with it.
//! Any other reads on a connection of its own (on Postgres one for all of them), so that it
//! outlives the commit: rows can be streamed while the response is under way.

use super::{Query, UnitOfWork, ended};
use crate::storage::connection::{Bounds, Connection, Control, CursorLife, GuestSql};
use crate::storage::sqlite::SqliteCursor;
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Error, Outcome, Result};
use crate::telemetry::traces;
use std::collections::VecDeque;

/// Cursors that a request may have open at once.
const MOST: u32 = 8;
/// Rows that are fetched first; twice as many the next time, as long as they are small.
const FIRST_ROWS: u32 = 16;
const MOST_ROWS: u32 = 1024;

/// A query whose rows are fetched piece by piece.
#[derive(Debug)]
pub struct Cursor {
    number: u32,
    columns: Vec<String>,
    place: Place,
    /// Rows to fetch at once.
    pace: u32,
    bounds: Bounds,
    state: State,
}

/// How far a cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// All rows have been read.
    AtEnd,
    Failed,
}

/// Where a cursor is open.
#[derive(Debug)]
enum Place {
    /// In the transaction of the unit: which one, and in which part of it.
    Unit { generation: u32, part: Option<u32> },
    /// In the connection that all other cursors of a request share on Postgres.
    Snapshot { generation: u32 },
    /// In a SQLite connection of its own.
    Own(SqliteCursor),
    /// In memory: all its rows have been read.
    Read(VecDeque<Vec<Value>>),
}

/// The connection for cursors that belong to no transaction of the unit.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    connection: Option<Connection>,
    /// Whether the transaction is open that the cursors read in. Without it the server keeps their
    /// rows.
    reading: bool,
    /// Whether the unit has the connection, for its transaction.
    lent: bool,
    generation: u32,
    /// Cursors that are open there.
    open: Vec<OpenCursor>,
    /// Cursors open in all.
    total: u32,
    last_number: u32,
}

/// A cursor of the server.
#[derive(Debug)]
struct OpenCursor {
    number: u32,
    bounds: Bounds,
    /// Rows that have been read ahead.
    ahead: VecDeque<Vec<Value>>,
    /// Whether these are all that were left.
    is_read: bool,
}

impl Cursor {
    /// Names of the columns from left to right.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

impl UnitOfWork {
    /// Opens a cursor for a statement that only reads. To be closed with [`Self::close_cursor`];
    /// the end of the request closes all.
    pub async fn open_cursor(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<Cursor> {
        self.check()?;
        if self.snapshot.total >= MOST {
            return Err(Error::new(Code::TooLarge, format!("{MOST} cursors are open already: drop one first")));
        }
        self.snapshot.last_number = self.snapshot.last_number.wrapping_add(1);
        let number = self.snapshot.last_number;
        let (columns, place) = self.open_numbered(number, sql, params).await?;
        self.snapshot.total += 1;
        Ok(Cursor { number, columns, place, pace: FIRST_ROWS, bounds: sql.bounds, state: State::Open })
    }

    async fn open_numbered(
        &mut self,
        number: u32,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<(Vec<String>, Place)> {
        if self.open.is_some() {
            let outcome = self.run_open(Query::Declare(number, CursorLife::Transaction, sql), params).await?;
            self.cursors_inside += 1;
            let part = self.savepoints.last().map(|(part, _)| *part);
            return Ok((outcome.rows.columns, Place::Unit { generation: self.generation, part }));
        }
        if let Some(reader) = self.space.cursor_reader(self.snapshot.total > 0).await? {
            let _step = traces::statement("sqlite", sql.text);
            let (columns, cursor) = reader.open(sql, params).await?;
            return Ok((columns, Place::Own(cursor)));
        }
        if self.space.is_sqlite() {
            return self.read_whole(sql, params).await;
        }
        let columns = self.snapshot.declare(&self.space, number, sql, params).await?;
        Ok((columns, Place::Snapshot { generation: self.snapshot.generation }))
    }

    /// Reads all rows of a cursor at once, where the threads for cursors are all taken.
    async fn read_whole(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<(Vec<String>, Place)> {
        let whole = GuestSql { bounds: Bounds { rows: usize::MAX, ..sql.bounds }, ..*sql };
        match self.space.reader().await?.guest(&whole, params).await {
            Ok(outcome) => Ok((outcome.rows.columns, Place::Read(outcome.rows.rows.into()))),
            Err(error) if error.code == Code::TooLarge => {
                Err(Error::new(Code::Busy, "other requests have too many cursors open"))
            }
            Err(error) => Err(error),
        }
    }

    /// At most `most` further rows and as many bytes as a result may have; none at the end. An
    /// error ends the cursor.
    pub async fn fetch(&mut self, cursor: &mut Cursor, most: u32) -> Result<Vec<Vec<Value>>> {
        if cursor.state == State::Failed {
            return Err(ended());
        }
        let mut rows: Vec<Vec<Value>> = Vec::new();
        let mut left = cursor.bounds.bytes;
        while cursor.state == State::Open {
            let wanted = most.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX)).min(cursor.pace);
            if wanted == 0 {
                break;
            }
            let piece = self.fetch_piece(cursor, wanted).await.inspect_err(|_| cursor.state = State::Failed)?;
            let (got, bytes) = (piece.len(), piece.iter().flatten().map(Value::size).sum::<usize>());
            cursor.note(got, bytes);
            rows.extend(piece);
            left = left.saturating_sub(bytes);
            // The next piece will be about as large as this one.
            if left < bytes || got < wanted as usize {
                break;
            }
        }
        Ok(rows)
    }

    async fn fetch_piece(&mut self, cursor: &mut Cursor, count: u32) -> Result<Vec<Vec<Value>>> {
        let bounds = &cursor.bounds;
        if !self.is_live(&cursor.place) {
            return Err(ended());
        }
        let outcome = match &mut cursor.place {
            Place::Own(own) => return own.fetch(count, bounds).await,
            Place::Read(rows) => {
                let count = rows.len().min(usize::try_from(count).unwrap_or(usize::MAX));
                return Ok(rows.drain(..count).collect());
            }
            Place::Snapshot { .. } => match self.snapshot.take_read(cursor.number, count) {
                Some(rows) => return Ok(rows),
                None if self.snapshot.lent => {
                    self.run_open(Query::Fetch(cursor.number, count, bounds), &[]).await?
                }
                None => self.snapshot.run(&Query::Fetch(cursor.number, count, bounds), &[]).await?,
            },
            Place::Unit { .. } => self.run_open(Query::Fetch(cursor.number, count, bounds), &[]).await?,
        };
        Ok(outcome.rows.rows)
    }

    fn is_live(&self, place: &Place) -> bool {
        match place {
            Place::Unit { generation, part } => {
                *generation == self.generation && part.is_none_or(|part| self.is_open(part))
            }
            Place::Snapshot { generation } => *generation == self.snapshot.generation,
            Place::Own(_) | Place::Read(_) => true,
        }
    }

    /// Closes a cursor. A failure to do so costs nothing but the connection.
    pub async fn close_cursor(&mut self, cursor: Cursor) {
        self.snapshot.total = self.snapshot.total.saturating_sub(1);
        if !self.is_live(&cursor.place) {
            return;
        }
        match cursor.place {
            Place::Own(_) | Place::Read(_) => {}
            Place::Snapshot { .. } => {
                let at_server = self.snapshot.note_closed(cursor.number);
                match at_server {
                    false if self.snapshot.is_open_at_server() => {}
                    false => self.snapshot.go_home(),
                    true if self.snapshot.lent => self.close_inside(cursor.number).await,
                    true => self.snapshot.close(cursor.number).await,
                }
            }
            Place::Unit { .. } => {
                self.cursors_inside = self.cursors_inside.saturating_sub(1);
                self.close_inside(cursor.number).await;
            }
        }
    }

    async fn close_inside(&mut self, number: u32) {
        if let Some(connection) = &mut self.open
            && connection.close(number).await.is_err()
        {
            self.poison();
        }
    }
}

impl Cursor {
    /// Large rows are fetched one by one, small ones by the thousand.
    fn note(&mut self, rows: usize, bytes: usize) {
        if rows == 0 {
            self.state = State::AtEnd;
        }
        self.pace = match bytes {
            0..0x2_0000 => (self.pace * 2).min(MOST_ROWS),
            0x8_0000.. => (self.pace / 2).max(1),
            _ => self.pace,
        };
    }
}

impl Snapshot {
    /// Whether cursors hold a connection at the moment.
    pub(super) fn is_holding(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether any cursor is open, wherever its rows are.
    pub(super) fn is_any_open(&self) -> bool {
        self.total > 0
    }

    /// Whether the unit has the connection.
    pub(super) fn has_lent(&self) -> bool {
        self.lent
    }

    async fn declare(
        &mut self,
        space: &AppSpace,
        number: u32,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<Vec<String>> {
        self.settle().await?;
        match &mut self.connection {
            Some(connection) if !self.reading => connection.control(Control::BeginReading(None)).await?,
            Some(_) => {}
            None => {
                self.connection = Some(begin_reading(space).await?);
                self.generation = self.generation.wrapping_add(1);
                self.open.clear();
            }
        }
        self.reading = true;
        let outcome = self.run(&Query::Declare(number, CursorLife::Connection, sql), params).await?;
        self.open.push(OpenCursor { number, bounds: sql.bounds, ahead: VecDeque::new(), is_read: false });
        Ok(outcome.rows.columns)
    }

    /// Runs something beside the cursors. An error must not end those that are open in the same
    /// transaction.
    pub(super) async fn run(&mut self, query: &Query<'_>, params: &[Value]) -> Result<Outcome> {
        self.settle().await?;
        let others = match query {
            Query::Fetch(number, ..) => self.open.iter().any(|cursor| cursor.number != *number),
            _ => !self.open.is_empty(),
        };
        let guarded = self.reading && others;
        let connection = self.connection.as_mut().ok_or_else(ended)?;
        if guarded {
            connection.control(Control::Savepoint(0)).await?;
        }
        let result = query.run(connection, params).await;
        let settled = match (&result, guarded) {
            (Ok(_), true) => connection.control(Control::Release(0)).await,
            (Err(_), true) => connection.control(Control::RollbackTo(0)).await,
            (Err(error), false) if self.reading => Err(error.clone()),
            _ => Ok(()),
        };
        if settled.is_err() || !connection.is_usable() {
            self.forget();
        }
        result
    }

    /// Rolls back what somebody else has left open in the connection.
    async fn settle(&mut self) -> Result<()> {
        let Some(connection) = self.connection.as_mut().filter(|_| !self.reading) else { return Ok(()) };
        if connection.is_in_transaction() && connection.control(Control::Rollback).await.is_err() {
            self.forget();
            return Err(ended());
        }
        Ok(())
    }

    /// Ends the transaction of the cursors, which stay, so that the connection can be used for
    /// something else. None where they have too many rows left to be kept.
    pub(super) async fn free(&mut self) -> Result<Option<&mut Connection>> {
        self.settle().await?;
        if self.reading {
            let connection = self.connection.as_mut().ok_or_else(ended)?;
            let control = if connection.keeps_cursors() {
                Control::Commit
            } else if self.read_rest().await? {
                Control::Rollback
            } else {
                return Ok(None);
            };
            self.reading = false;
            let connection = self.connection.as_mut().ok_or_else(ended)?;
            if let Err(error) = connection.control(control).await {
                self.forget();
                return Err(not_kept(error));
            }
        }
        self.connection.as_mut().ok_or_else(ended).map(Some)
    }

    /// Gives the connection to the unit. It has been freed.
    pub(super) fn lend(&mut self) -> Result<Connection> {
        let connection = self.connection.take().ok_or_else(ended)?;
        self.lent = true;
        Ok(connection)
    }

    /// Takes the connection back from the unit.
    pub(super) fn take_back(&mut self, connection: Connection) {
        self.lent = false;
        if !connection.is_usable() {
            self.forget();
        } else if self.is_open_at_server() {
            self.connection = Some(connection);
        }
    }

    /// Reads the rest of all cursors into memory. False where that is too much: what has been read
    /// is handed out first.
    async fn read_rest(&mut self) -> Result<bool> {
        let mut left = self.open.iter().map(|cursor| cursor.bounds.bytes).max().unwrap_or(0);
        for at in 0..self.open.len() {
            while let Some(cursor) = self.open.get(at).filter(|cursor| !cursor.is_read) {
                if left == 0 {
                    return Ok(false);
                }
                let (number, bounds) = (cursor.number, cursor.bounds);
                let piece = self.run(&Query::Fetch(number, MOST_ROWS, &bounds), &[]).await?.rows.rows;
                left = left.saturating_sub(piece.iter().flatten().map(Value::size).sum());
                if let Some(cursor) = self.open.get_mut(at) {
                    cursor.is_read = piece.is_empty();
                    cursor.ahead.extend(piece);
                }
            }
        }
        Ok(true)
    }

    /// At most `count` of the rows that have been read ahead; none where the server has to be
    /// asked.
    fn take_read(&mut self, number: u32, count: u32) -> Option<Vec<Vec<Value>>> {
        let cursor = self.open.iter_mut().find(|cursor| cursor.number == number)?;
        let count = cursor.ahead.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        (count > 0 || cursor.is_read).then(|| cursor.ahead.drain(..count).collect())
    }

    /// Notes that a cursor is closed. Whether it was open at the server.
    fn note_closed(&mut self, number: u32) -> bool {
        let at = self.open.iter().position(|cursor| cursor.number == number);
        at.is_some_and(|at| !self.open.remove(at).is_read)
    }

    fn is_open_at_server(&self) -> bool {
        self.open.iter().any(|cursor| !cursor.is_read)
    }

    /// Closes a cursor at the server. With the last one the connection goes home.
    async fn close(&mut self, number: u32) {
        let last = !self.is_open_at_server();
        let Some(connection) = &mut self.connection else { return };
        let closed = match last {
            true if self.reading => connection.control(Control::Rollback).await,
            _ => connection.close(number).await,
        };
        if last {
            self.go_home();
        } else if closed.is_err() {
            self.forget();
        }
    }

    fn go_home(&mut self) {
        self.connection = None;
        self.reading = false;
    }

    /// The connection goes home; cursors in it are closed.
    fn forget(&mut self) {
        self.go_home();
        self.open.clear();
        self.generation = self.generation.wrapping_add(1);
    }
}

/// What to say where the server could not keep the rows of the open cursors.
fn not_kept(error: Error) -> Error {
    let message = format!("the open cursors were closed, since the rest of their rows could not be kept: {error}");
    let code = if error.code == Code::CommitUnknown { Code::Unavailable } else { error.code };
    Error { code, message, ..error }
}

/// A connection that had died while it lay in the pool is replaced by another.
async fn begin_reading(space: &AppSpace) -> Result<Connection> {
    let mut connection = space.reader().await?;
    match connection.control(Control::BeginReading(None)).await {
        Err(error) if error.code == Code::Unavailable => {
            drop(connection);
            connection = space.reader().await?;
            connection.control(Control::BeginReading(None)).await?;
        }
        begun => begun?,
    }
    Ok(connection)
}
