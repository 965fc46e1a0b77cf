//! The unit of work: all that one request changes, kept together or not at all.
//!
//! Reads run alone until the first write. The first write begins a transaction on a connection that the unit then holds until
//! [`UnitOfWork::commit`] or [`UnitOfWork::rollback`]. Dropping the unit rolls back (see the leases). A guest's statement that fails inside the
//! transaction is undone by itself: SQLite does so, on Postgres a savepoint stands before it.

use super::connection::{Bounds, Connection, Control, Isolation, Outcome};
use super::database::AppSpace;
use super::host_sql::HostSql;
use super::value::Value;
use super::{Code, Error, Result};

/// What is kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transactions {
    /// Everything that a request writes.
    #[default]
    Request,
    /// Every statement by itself.
    Statement,
}

/// The number of the savepoint that stands before each guest statement on Postgres; transactions of guests count from 1.
const STATEMENT_MARK: u32 = 0;

/// All that one request changes in one app.
#[derive(Debug)]
pub struct UnitOfWork {
    space: AppSpace,
    transactions: Transactions,
    /// The connection with the open transaction.
    open: Option<Connection>,
    /// Whether something has been written in the open transaction.
    written: bool,
    /// Whether the statement mark stands in the open transaction.
    marked: bool,
    /// Open transactions of the guest, from the outermost inwards.
    savepoints: Vec<u32>,
    next_savepoint: u32,
    /// What was written has been lost against the guest's will: nothing more is run or kept until it rolls back.
    broken: bool,
}

/// Whose statement runs.
enum Query<'a> {
    Host(&'a HostSql),
    Built(&'a str),
    Guest(&'a str, &'a Bounds),
}

impl UnitOfWork {
    /// An empty unit: no connection, no transaction.
    pub fn new(space: AppSpace, transactions: Transactions) -> Self {
        Self {
            space,
            transactions,
            open: None,
            written: false,
            marked: false,
            savepoints: Vec::new(),
            next_savepoint: 1,
            broken: false,
        }
    }

    /// Where the app's things are.
    pub fn space(&self) -> &AppSpace {
        &self.space
    }

    /// Whether a transaction is open in which something may have been written.
    pub fn has_written(&self) -> bool {
        self.written
    }

    /// Begins the transaction and lets no other request change the app's tables until it ends.
    pub(super) async fn lock_schema(&mut self) -> Result<()> {
        self.ensure_open(None).await?;
        let space = self.space.clone();
        let connection = self.open.as_mut().ok_or_else(ended)?;
        space.lock_schema(connection).await
    }

    /// Whether the unit holds a connection with an open transaction.
    pub fn is_holding(&self) -> bool {
        self.open.is_some()
    }

    /// From now on keeps every statement by itself. Called once the response is on its way; nothing may be open.
    pub fn finish(&mut self) {
        self.transactions = Transactions::Statement;
    }

    /// Runs a read of the host.
    pub async fn read(&mut self, sql: &HostSql, params: &[Value]) -> Result<Outcome> {
        self.run_read(Query::Host(sql), params).await
    }

    /// Runs a write of the host.
    pub async fn write(&mut self, sql: &HostSql, params: &[Value]) -> Result<Outcome> {
        self.run_write(Query::Host(sql), params).await
    }

    /// Runs a write of the host whose text was put together.
    pub async fn write_text(&mut self, sql: &str, params: &[Value]) -> Result<Outcome> {
        self.run_write(Query::Built(sql), params).await
    }

    /// Runs a guest's statement that only reads.
    pub async fn guest_read(&mut self, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        self.run_read(Query::Guest(sql, bounds), params).await
    }

    /// Runs a guest's statement that may write.
    pub async fn guest_write(&mut self, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Outcome> {
        self.run_write(Query::Guest(sql, bounds), params).await
    }

    async fn run_read(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        self.check()?;
        if self.open.is_some() {
            return self.run_open(text, params).await;
        }
        let mut connection = self.space.reader().await?;
        match text.run(&mut connection, params).await {
            // The connection had died while it lay in the pool, and nothing was written: another one may do.
            Err(error) if error.code == Code::Unavailable => {
                drop(connection);
                text.run(&mut self.space.reader().await?, params).await
            }
            result => result,
        }
    }

    async fn run_write(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        self.check()?;
        if self.open.is_none() && self.transactions == Transactions::Statement {
            return text.run(&mut self.space.writer().await?, params).await;
        }
        self.ensure_open(None).await?;
        let outcome = self.run_open(text, params).await;
        self.written = true;
        outcome
    }

    /// Runs a statement in the open transaction. A failing statement of the guest leaves the transaction as it was before it.
    async fn run_open(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        let guarded = matches!(text, Query::Guest(..)) && self.needs_mark();
        if guarded {
            self.mark().await?;
        }
        let connection = self.open.as_mut().ok_or_else(ended)?;
        let result = text.run(connection, params).await;
        let Err(error) = result else { return result };
        self.undo_statement(guarded).await?;
        match &mut self.open {
            // A table had changed since the statement was prepared; now it is prepared anew.
            Some(connection) if guarded && error.is_stale_plan() => text.run(connection, params).await,
            _ => Err(error),
        }
    }

    /// A transaction in which nothing was written yet loses nothing when it is begun anew, so it needs no mark.
    fn needs_mark(&self) -> bool {
        let aborts = self.open.as_ref().is_some_and(Connection::aborts_on_error);
        aborts && (self.written || !self.savepoints.is_empty())
    }

    async fn mark(&mut self) -> Result<()> {
        let again = std::mem::replace(&mut self.marked, true);
        let control = if again { Control::Renew(STATEMENT_MARK) } else { Control::Savepoint(STATEMENT_MARK) };
        self.control(control).await
    }

    async fn undo_statement(&mut self, guarded: bool) -> Result<()> {
        let Some(connection) = &self.open else { return Ok(()) };
        if !connection.is_usable() {
            self.lose();
            return Ok(());
        }
        if !connection.aborts_on_error() {
            return Ok(());
        }
        if guarded {
            return self.control(Control::RollbackTo(STATEMENT_MARK)).await;
        }
        // Either nothing was written, or a statement of the host failed and everything with it.
        let lost = self.written || !self.savepoints.is_empty();
        self.rollback().await?;
        self.broken = lost;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.broken {
            return Err(Error::closed("what this request wrote before has been lost: roll back before going on"));
        }
        Ok(())
    }

    async fn ensure_open(&mut self, isolation: Option<Isolation>) -> Result<()> {
        self.check()?;
        if self.open.is_some() {
            return Ok(());
        }
        let mut connection = self.space.writer().await?;
        let mut begun = connection.control(Control::Begin(isolation)).await;
        if matches!(&begun, Err(error) if error.code == Code::Unavailable) {
            drop(connection);
            connection = self.space.writer().await?;
            begun = connection.control(Control::Begin(isolation)).await;
        }
        begun?;
        self.open = Some(connection);
        self.written = false;
        self.marked = false;
        Ok(())
    }

    async fn control(&mut self, control: Control) -> Result<()> {
        let connection = self.open.as_mut().ok_or_else(ended)?;
        let result = connection.control(control).await;
        if !connection.is_usable() {
            self.lose();
        }
        result
    }

    /// Forgets a transaction whose connection is gone; the server has rolled it back or will.
    fn lose(&mut self) {
        self.broken = self.written || !self.savepoints.is_empty();
        self.forget();
    }

    fn forget(&mut self) -> Option<Connection> {
        self.written = false;
        self.marked = false;
        self.savepoints.clear();
        self.open.take()
    }

    /// Keeps everything. `CommitUnknown` when the connection broke while the database was at it.
    pub async fn commit(&mut self) -> Result<()> {
        self.check()?;
        let Some(mut connection) = self.forget() else { return Ok(()) };
        connection.control(Control::Commit).await
    }

    /// Undoes everything since the unit began or was last committed.
    pub async fn rollback(&mut self) -> Result<()> {
        self.broken = false;
        let Some(mut connection) = self.forget() else { return Ok(()) };
        connection.control(Control::Rollback).await
    }

    /// Gives up what was written, so that nothing is kept until a rollback: for a part that could not be undone. The connection is
    /// rolled back as it goes home.
    pub fn poison(&mut self) {
        self.broken = true;
        drop(self.forget());
    }

    /// Begins a part that can be undone by itself and returns its number.
    pub async fn begin(&mut self, isolation: Option<Isolation>) -> Result<u32> {
        if self.open.is_some() && isolation.is_some() {
            return Err(Error::new(Code::Conflict, "a transaction is open already: its isolation cannot change"));
        }
        self.ensure_open(isolation).await?;
        let number = self.next_savepoint;
        self.control(Control::Savepoint(number)).await?;
        // A mark from before would be released together with this savepoint's content.
        self.marked = false;
        self.next_savepoint += 1;
        self.savepoints.push(number);
        Ok(number)
    }

    /// Whether the part with this number is still open.
    pub fn is_open(&self, number: u32) -> bool {
        self.savepoints.contains(&number)
    }

    /// Makes a part's changes those of what is around it; ends the parts inside it.
    pub async fn commit_part(&mut self, number: u32) -> Result<()> {
        self.end_part(number)?;
        self.control(Control::Release(number)).await?;
        self.written = true;
        self.after_part().await
    }

    /// Undoes a part; ends the parts inside it.
    pub async fn rollback_part(&mut self, number: u32) -> Result<()> {
        self.end_part(number)?;
        self.control(Control::RollbackTo(number)).await?;
        self.control(Control::Release(number)).await?;
        self.after_part().await
    }

    fn end_part(&mut self, number: u32) -> Result<()> {
        let at = self.savepoints.iter().position(|open| *open == number).ok_or_else(ended)?;
        self.savepoints.truncate(at);
        self.marked = false;
        Ok(())
    }

    /// Where statements are kept by themselves, the outermost part is a transaction of its own.
    async fn after_part(&mut self) -> Result<()> {
        if self.transactions == Transactions::Statement && self.savepoints.is_empty() {
            return self.commit().await;
        }
        Ok(())
    }
}

impl Query<'_> {
    async fn run(&self, connection: &mut Connection, params: &[Value]) -> Result<Outcome> {
        match self {
            Self::Host(sql) => connection.host(sql, params).await,
            Self::Built(sql) => connection.host_text(sql, params).await,
            Self::Guest(sql, bounds) => connection.guest(sql, params, bounds).await,
        }
    }
}

fn ended() -> Error {
    Error::closed("the transaction has ended")
}
