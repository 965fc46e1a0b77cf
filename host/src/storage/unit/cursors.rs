//! Cursors of a request: rows in bounded memory.
//!
//! A cursor that is opened while a transaction is open sees what it has written, and ends with it. Any other reads on a connection
//! of its own (on Postgres one for all of them), so that it outlives the commit: rows can be streamed while the response is under way.

use super::{Query, UnitOfWork, ended};
use crate::storage::connection::{Bounds, Connection, Control, GuestSql};
use crate::storage::sqlite::SqliteCursor;
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Error, Outcome, Result};

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
}

/// The connection for cursors that belong to no transaction of the unit.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    connection: Option<Connection>,
    generation: u32,
    /// Cursors open in the connection.
    open: u32,
    /// Cursors open in all.
    total: u32,
    last_number: u32,
}

impl Cursor {
    /// Names of the columns from left to right.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

impl UnitOfWork {
    /// Opens a cursor for a statement that only reads. To be closed with [`Self::close_cursor`]; the end of the request closes all.
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
            let outcome = self.run_open(Query::Declare(number, sql), params).await?;
            self.cursors_inside += 1;
            let part = self.savepoints.last().map(|(part, _)| *part);
            return Ok((outcome.rows.columns, Place::Unit { generation: self.generation, part }));
        }
        if let Some(reader) = self.space.cursor_reader().await? {
            let (columns, cursor) = reader.open(sql, params).await?;
            return Ok((columns, Place::Own(cursor)));
        }
        let columns = self.snapshot.declare(&self.space, number, sql, params).await?;
        Ok((columns, Place::Snapshot { generation: self.snapshot.generation }))
    }

    /// At most `most` further rows and as many bytes as a result may have; none at the end. An error ends the cursor.
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
            Place::Snapshot { .. } => self.snapshot.fetch(cursor.number, count, bounds).await?,
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
            Place::Own(_) => true,
        }
    }

    /// Closes a cursor. A failure to do so costs nothing but the connection.
    pub async fn close_cursor(&mut self, cursor: Cursor) {
        self.snapshot.total = self.snapshot.total.saturating_sub(1);
        if !self.is_live(&cursor.place) {
            return;
        }
        match cursor.place {
            Place::Own(_) => {}
            Place::Snapshot { .. } => self.snapshot.close(cursor.number).await,
            Place::Unit { .. } => {
                self.cursors_inside = self.cursors_inside.saturating_sub(1);
                if let Some(connection) = &mut self.open
                    && connection.close(cursor.number).await.is_err()
                {
                    self.poison();
                }
            }
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
    async fn declare(
        &mut self,
        space: &AppSpace,
        number: u32,
        sql: &GuestSql<'_>,
        params: &[Value],
    ) -> Result<Vec<String>> {
        if self.connection.is_none() {
            let fresh = begin_reading(space).await?;
            self.connection = Some(fresh);
            self.generation = self.generation.wrapping_add(1);
            self.open = 0;
        }
        let outcome = self.run(Query::Declare(number, sql), params, self.open > 0).await?;
        self.open += 1;
        Ok(outcome.rows.columns)
    }

    async fn fetch(&mut self, number: u32, count: u32, bounds: &Bounds) -> Result<Outcome> {
        self.run(Query::Fetch(number, count, bounds), &[], self.open > 1).await
    }

    /// `guarded` where others are open, which an error must not end too.
    async fn run(&mut self, query: Query<'_>, params: &[Value], guarded: bool) -> Result<Outcome> {
        let connection = self.connection.as_mut().ok_or_else(ended)?;
        if guarded {
            connection.control(Control::Savepoint(0)).await?;
        }
        let result = query.run(connection, params).await;
        let settled = match (&result, guarded) {
            (Ok(_), true) => connection.control(Control::Release(0)).await,
            (Err(_), true) => connection.control(Control::RollbackTo(0)).await,
            (Ok(_), false) => Ok(()),
            (Err(error), false) => Err(error.clone()),
        };
        if settled.is_err() {
            self.forget();
        }
        result
    }

    async fn close(&mut self, number: u32) {
        self.open = self.open.saturating_sub(1);
        let Some(connection) = &mut self.connection else { return };
        let closed = match self.open {
            0 => connection.control(Control::Rollback).await,
            _ => connection.close(number).await,
        };
        if self.open == 0 || closed.is_err() {
            self.forget();
        }
    }

    /// The connection goes home; cursors in it are closed.
    fn forget(&mut self) {
        self.connection = None;
        self.open = 0;
        self.generation = self.generation.wrapping_add(1);
    }
}

/// A connection that had died while it lay in the pool is replaced by another.
async fn begin_reading(space: &AppSpace) -> Result<Connection> {
    let mut connection = space.reader().await?;
    match connection.control(Control::BeginReading).await {
        Err(error) if error.code == Code::Unavailable => {
            drop(connection);
            connection = space.reader().await?;
            connection.control(Control::BeginReading).await?;
        }
        begun => begun?,
    }
    Ok(connection)
}
