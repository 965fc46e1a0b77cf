//! An app as it is at one moment, to be read in pieces while others go on writing.
//!
//! On Postgres a transaction that sees one state from its beginning to its end. On SQLite a reader
//! with an open transaction, which the log ahead of the file lets see the old state (SQLite
//! documentation, "Write-Ahead Logging", 2.2).

use super::quoted;
use crate::storage::connection::{Bounds, Connection, Control, CursorLife, GuestSql, Isolation};
use crate::storage::schema::{self, FoundTable, Table};
use crate::storage::statement::Growth;
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Engine, Error, Result};
use std::time::Duration;

/// Rows that are read first; twice as many the next time, as long as they are small.
const FIRST_ROWS: u32 = 16;
const MOST_ROWS: u32 = 1024;
/// What is read at once takes up so much, but for a single row.
const PIECE_BYTES: usize = 4 << 20;
/// The same for cursors of Postgres, which have moved on when a row is found to be too large.
const ROW_BYTES: usize = 64 << 20;
/// How long one piece may take.
const PIECE_TIME: Duration = Duration::from_secs(600);

/// See the module.
pub struct Snapshot {
    /// Inside a transaction.
    pub(super) connection: Connection,
    pub(super) app: String,
    engine: Engine,
}

/// The rows of a table, piece by piece.
pub struct RowReader {
    text: String,
    place: Place,
    pace: u32,
}

/// How far a reader is.
enum Place {
    /// On Postgres: a cursor, once it is open.
    Cursor { open: bool },
    /// On SQLite: the number of the next row. None behind the last.
    Next(Option<i64>),
}

impl Snapshot {
    /// Takes it.
    pub async fn take(space: &AppSpace) -> Result<Self> {
        let (mut connection, control) = match space.engine() {
            Engine::Sqlite => (space.reader().await?, Control::BeginReading(None)),
            Engine::Postgres => (space.upkeep().await?, Control::Begin(Some(Isolation::RepeatableRead))),
        };
        let before = schema::table_names(&mut connection).await?;
        connection.control(control).await?;
        wait_long(&mut connection).await?;
        hold(&mut connection, &before).await?;
        // The first look decides what is seen.
        connection
            .host(crate::storage::host_sql::host_sql!("select 1 from innkeeper.app_migrations limit 1"), &[])
            .await?;
        if schema::table_names(&mut connection).await? != before {
            return Err(Error::new(Code::Conflict, "tables were made or dropped just now: try again"));
        }
        Ok(Self { connection, app: space.app().as_ref().to_owned(), engine: space.engine() })
    }

    /// Whose words the tables are in.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The app's tables, by name.
    pub async fn tables(&mut self) -> Result<Vec<(String, FoundTable)>> {
        schema::tables_on(&mut self.connection).await
    }

    /// A table's portable description. `Conflict` says what has none.
    pub async fn describe(&mut self, name: &str, found: &FoundTable) -> Result<Table> {
        schema::describe(&mut self.connection, name, found).await
    }

    /// Further rows of a table; none at the end.
    pub async fn rows(&mut self, reader: &mut RowReader) -> Result<Vec<Vec<Value>>> {
        reader.next(&mut self.connection).await
    }

    /// Ends it.
    pub async fn end(mut self) -> Result<()> {
        self.connection.control(Control::Rollback).await
    }
}

impl RowReader {
    /// Begins at the first row.
    pub fn of(table: &Table, engine: Engine) -> Self {
        let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        let (columns, name) = (columns.join(", "), quoted(&table.name));
        let (text, place) = match engine {
            Engine::Postgres => (format!("select {columns} from {name}"), Place::Cursor { open: false }),
            Engine::Sqlite => (
                format!("select {columns}, _rowid_ from {name} where _rowid_ >= $1 order by _rowid_ limit $2"),
                Place::Next(Some(i64::MIN)),
            ),
        };
        Self { text, place, pace: FIRST_ROWS }
    }

    /// Further rows, about as many as fit; none at the end.
    pub(super) async fn next(&mut self, connection: &mut Connection) -> Result<Vec<Vec<Value>>> {
        let rows = match self.place {
            Place::Cursor { open } => self.fetch(connection, open).await?,
            Place::Next(Some(next)) => self.select(connection, next).await?,
            Place::Next(None) => Vec::new(),
        };
        let bytes: usize = rows.iter().flatten().map(Value::size).sum();
        self.pace = match bytes {
            0..0x2_0000 => (self.pace * 2).min(MOST_ROWS),
            0x8_0000.. => (self.pace / 2).max(1),
            _ => self.pace,
        };
        Ok(rows)
    }

    async fn fetch(&mut self, connection: &mut Connection, open: bool) -> Result<Vec<Vec<Value>>> {
        if !open {
            connection
                .declare(
                    0,
                    CursorLife::Transaction,
                    &GuestSql {
                        text: &self.text,
                        steady: false,
                        growth: Growth::Nothing,
                        bounds: bounds(ROW_BYTES),
                    },
                    &[],
                )
                .await?;
            self.place = Place::Cursor { open: true };
        }
        let rows = connection.fetch(0, self.pace, &bounds(ROW_BYTES)).await?.rows.rows;
        if rows.is_empty() {
            connection.close(0).await?;
        }
        Ok(rows)
    }

    async fn select(&mut self, connection: &mut Connection, next: i64) -> Result<Vec<Vec<Value>>> {
        loop {
            let most = if self.pace == 1 { usize::MAX } else { PIECE_BYTES };
            let sql = GuestSql { text: &self.text, steady: false, growth: Growth::Nothing, bounds: bounds(most) };
            let params = [Value::Integer(next), Value::Integer(i64::from(self.pace))];
            match connection.guest(&sql, &params).await {
                Err(error) if error.code == Code::TooLarge && self.pace > 1 => self.pace = (self.pace / 4).max(1),
                Err(error) => return Err(error),
                Ok(outcome) => {
                    let mut rows = outcome.rows.rows;
                    let numbers: Vec<i64> = rows.iter_mut().filter_map(|row| row.pop()?.as_integer()).collect();
                    self.place = Place::Next(numbers.last().and_then(|last| last.checked_add(1)));
                    return Ok(rows);
                }
            }
        }
    }
}

fn bounds(bytes: usize) -> Bounds {
    Bounds { rows: usize::MAX, bytes, time: PIECE_TIME }
}

/// Who reads or writes the file may be slow: the server is not to take the silence between two
/// statements for the end.
pub(super) async fn wait_long(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Postgres(_) => connection.script("set local idle_in_transaction_session_timeout = 0").await,
        Connection::Sqlite(_) => Ok(()),
    }
}

/// Keeps tables from being emptied or rewritten: to a transaction that sees an older state, such a
/// table of Postgres is empty (PostgreSQL documentation, "Caveats" of concurrency control). Taking
/// a lock is no look yet.
async fn hold(connection: &mut Connection, tables: &[String]) -> Result<()> {
    if matches!(connection, Connection::Sqlite(_)) || tables.is_empty() {
        return Ok(());
    }
    let tables: Vec<String> = tables.iter().map(|name| quoted(name)).collect();
    connection.script(&format!("lock table {} in access share mode", tables.join(", "))).await
}

/// A failure with a table's name before it.
pub(super) fn of_table(name: &str, error: Error) -> Error {
    Error { message: format!("table {name}: {}", error.message), ..error }
}
