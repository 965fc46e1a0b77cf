//! The unit of work: all that one request changes, kept together or not at all.
//!
//! Reads run alone until the first write. The first write begins a transaction on a connection that
//! the unit then holds until [`UnitOfWork::commit`] or [`UnitOfWork::rollback`]. Dropping the unit
//! rolls back (see the leases). A guest's statement that fails inside the transaction is undone by
//! itself: SQLite does so, on Postgres a savepoint stands before it unless the statement is a read
//! in which there is nothing to fail. Writes of the host may wait for the commit, to travel with it
//! (`ending`). `parts` are savepoints of the guest, `cursors` what is read piece by piece,
//! `following` what a follower answers.

mod beside;
mod cursors;
mod ending;
mod following;
mod parts;
mod rehearsal;

pub use cursors::Cursor;

use super::app_space::AppSpace;
use super::blobs::Balance;
use super::connection::{Bounds, Connection, Control, CursorLife, GuestSql, Isolation, Outcome};
use super::host_sql::HostSql;
use super::sqlite::Counters;
use super::statement::Growth;
use super::value::Value;
use super::{Code, Error, Result};
use std::sync::Arc;

/// What is kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transactions {
    /// Everything that a request writes.
    #[default]
    Request,
    /// Every statement by itself.
    Statement,
}

/// The number of the savepoint that stands before each guest statement on Postgres; transactions of
/// guests count from 1.
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
    /// Set while the open transaction is one of a follower, which only reads.
    following: Option<following::Following>,
    /// Whether the request has written or begun to, or its visitor has a moment ago: what it reads
    /// from then on comes from the primary.
    has_touched: bool,
    /// Whether a statement of the guest's may have changed rows.
    has_changed_rows: bool,
    /// Whether the statement mark stands in the open transaction.
    marked: bool,
    /// Open transactions of the guest, from the outermost inwards, each with how many changes of
    /// room came before it.
    savepoints: Vec<(u32, usize)>,
    next_savepoint: u32,
    /// Why what was written has been lost against the guest's will, by a statement or by a commit
    /// that failed: nothing more is run or kept until it rolls back.
    broken: Option<Code>,
    /// Writes of the host that wait for the commit.
    deferred: Vec<(&'static HostSql, Vec<Value>)>,
    /// The room for files that is taken and given back by the commit.
    room: Balance,
    /// Counts the transactions that have ended: a cursor of an earlier one is closed.
    generation: u32,
    /// Cursors that are open in the transaction.
    cursors_inside: u32,
    snapshot: cursors::Snapshot,
    /// What the guest's statements have done on SQLite.
    counters: Arc<Counters>,
    /// Whether nothing is kept, see `rehearsal`.
    rehearses: bool,
    /// Whether something was committed in the open transaction, where nothing is kept.
    rehearsed: bool,
}

/// Whose statement runs.
enum Query<'a> {
    Host(&'a HostSql),
    /// A write of the host whose failure leaves what was written before it.
    Attempt(&'a HostSql),
    Built(&'a str),
    Guest(&'a GuestSql<'a>, Arc<Counters>),
    Declare(u32, CursorLife, &'a GuestSql<'a>),
    Fetch(u32, u32, &'a Bounds),
}

impl UnitOfWork {
    /// An empty unit: no connection, no transaction.
    pub fn new(space: AppSpace, transactions: Transactions) -> Self {
        Self {
            space,
            transactions,
            open: None,
            written: false,
            following: None,
            has_touched: false,
            has_changed_rows: false,
            marked: false,
            savepoints: Vec::new(),
            next_savepoint: 1,
            broken: None,
            deferred: Vec::new(),
            room: Balance::default(),
            generation: 0,
            cursors_inside: 0,
            snapshot: cursors::Snapshot::default(),
            counters: Arc::default(),
            rehearses: false,
            rehearsed: false,
        }
    }

    /// Where the app's things are.
    pub fn space(&self) -> &AppSpace {
        &self.space
    }

    /// Begins the transaction and lets no other request change the app's tables until it ends.
    pub(super) async fn lock_schema(&mut self) -> Result<()> {
        self.ensure_open(None).await?;
        let space = self.space.clone();
        let connection = self.open.as_mut().ok_or_else(ended)?;
        space.lock_schema(connection).await?;
        // The lock is not to be lost with a statement that fails.
        self.written = true;
        Ok(())
    }

    /// The connection with the open transaction.
    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        self.open.as_mut().ok_or_else(ended)
    }

    /// From now on nothing is read from a follower.
    pub fn read_from_primary(&mut self) {
        self.has_touched = true;
    }

    /// Whether a statement of the guest's may have changed rows.
    pub fn has_changed_rows(&self) -> bool {
        self.has_changed_rows
    }

    /// Whether the unit holds a connection with an open transaction.
    pub fn is_holding(&self) -> bool {
        self.open.is_some()
    }

    /// Whether cursors are open.
    pub fn has_cursors(&self) -> bool {
        self.snapshot.is_any_open()
    }

    /// From now on keeps every statement by itself. Called once the response is on its way; nothing
    /// may be open.
    pub fn finish(&mut self) {
        self.transactions = Transactions::Statement;
    }

    /// Runs a read of the host.
    pub async fn read(&mut self, sql: &HostSql, params: &[Value]) -> Result<Outcome> {
        self.write_deferred().await?;
        self.run_read(Query::Host(sql), params).await
    }

    /// Runs a write of the host.
    pub async fn write(&mut self, sql: &HostSql, params: &[Value]) -> Result<Outcome> {
        self.write_deferred().await?;
        self.run_write(Query::Host(sql), params).await
    }

    /// Runs a write of the host that may well fail: what was written before it stands then.
    pub async fn attempt(&mut self, sql: &HostSql, params: &[Value]) -> Result<Outcome> {
        self.write_deferred().await?;
        self.run_write(Query::Attempt(sql), params).await
    }

    /// Runs a write of the host whose text was put together.
    pub async fn write_text(&mut self, sql: &str, params: &[Value]) -> Result<Outcome> {
        self.write_deferred().await?;
        self.run_write(Query::Built(sql), params).await
    }

    /// Runs a guest's statement that only reads.
    pub async fn guest_read(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<Outcome> {
        self.run_read(Query::Guest(sql, Arc::clone(&self.counters)), params).await
    }

    /// Runs a guest's statement that may write.
    pub async fn guest_write(&mut self, sql: &GuestSql<'_>, params: &[Value]) -> Result<Outcome> {
        if sql.growth != Growth::Nothing {
            self.space.rows().check()?;
        }
        let outcome = self.run_write(Query::Guest(sql, Arc::clone(&self.counters)), params).await;
        self.has_changed_rows |= outcome.is_ok();
        let brought = match sql.growth {
            Growth::Nothing => 0,
            _ => params.iter().map(Value::content_size).fold(sql.text.len(), usize::saturating_add),
        };
        self.space.rows().note(u64::try_from(brought).unwrap_or(u64::MAX));
        outcome
    }

    async fn run_read(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        self.check_read()?;
        // Sessions and files are read from the primary: what other requests have written counts at
        // once.
        let by_host = !text.is_guests() && self.following.is_some();
        if self.open.is_some() && !by_host {
            return self.run_open(text, params).await;
        }
        if self.snapshot.is_holding() {
            return self.read_beside_cursors(text, params).await;
        }
        let mut connection = self.space.reader().await?;
        match text.run(&mut connection, params).await {
            // The connection had died while it lay in the pool, and nothing was written: another
            // one may do.
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
            return self.run_alone(text, params).await;
        }
        self.ensure_open(None).await?;
        let outcome = self.run_open(text, params).await;
        self.written = true;
        outcome
    }

    /// Runs a write in a transaction of its own, so that an error keeps nothing and a commit whose
    /// answer is lost says so.
    async fn run_alone(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        self.ensure_open(None).await?;
        match self.run_open(text, params).await {
            Ok(outcome) => self.keep().await.map(|()| outcome),
            Err(error) => {
                // The first error is the one to report; a rollback that fails too costs the
                // connection.
                let _ = self.rollback().await;
                Err(error)
            }
        }
    }

    /// Runs a statement in the open transaction. A failing statement of the guest leaves the
    /// transaction as it was before it.
    async fn run_open(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        if self.following.is_some() {
            return self.run_following(text, params).await;
        }
        let guarded = self.needs_mark(&text, params);
        if guarded {
            self.mark().await?;
        }
        let connection = self.open.as_mut().ok_or_else(ended)?;
        let result = text.run(connection, params).await;
        let Err(error) = result else { return result };
        self.undo_statement(guarded, &text, error.code).await?;
        if !error.is_stale_plan() || self.broken.is_some() {
            return Err(self.told(error));
        }
        // Where nothing was written yet, the transaction has been undone with the statement.
        self.ensure_open(None).await?;
        let Some(connection) = self.open.as_mut() else { return Err(self.told(error)) };
        // A table had changed since the statement was prepared; now it is prepared anew.
        let result = text.run(connection, params).await;
        let Err(error) = result else { return result };
        self.undo_statement(guarded, &text, error.code).await?;
        Err(self.told(error))
    }

    /// A transaction in which nothing was written yet loses nothing when it is begun anew, so it
    /// needs no mark. Nor does a read in which nothing is left to fail, once the server knows it.
    fn needs_mark(&self, text: &Query<'_>, params: &[Value]) -> bool {
        let Some(connection) = &self.open else { return false };
        let may_fail = match text {
            Query::Host(_) | Query::Built(_) => return false,
            Query::Guest(sql, _) => !(sql.steady && connection.knows(sql.text) && params.iter().all(is_plain)),
            Query::Attempt(_) | Query::Declare(..) | Query::Fetch(..) => true,
        };
        may_fail && connection.aborts_on_error() && self.has_something()
    }

    fn has_something(&self) -> bool {
        self.written
            || self.rehearsed
            || !self.savepoints.is_empty()
            || !self.deferred.is_empty()
            || self.cursors_inside > 0
    }

    /// What the guest is told of a statement that has taken with it what was written: a read that
    /// was not to fail and failed all the same (a view may hide a division), a write that SQLite
    /// was stopped in.
    fn told(&self, error: Error) -> Error {
        if self.broken.is_none() || error.is_telling() {
            return error;
        }
        Error { code: Code::Closed, message: format!("the unit of work was undone: {error}"), ..error }
    }

    async fn mark(&mut self) -> Result<()> {
        let again = std::mem::replace(&mut self.marked, true);
        let control = match again {
            true => Control::Replace(STATEMENT_MARK, STATEMENT_MARK),
            false => Control::Savepoint(STATEMENT_MARK),
        };
        self.control(control).await
    }

    async fn undo_statement(&mut self, guarded: bool, text: &Query<'_>, cause: Code) -> Result<()> {
        let Some(connection) = &self.open else { return Ok(()) };
        if !connection.is_usable() {
            self.lose(cause);
            return Ok(());
        }
        if !connection.aborts_on_error() {
            return Ok(());
        }
        if guarded {
            return self.control(Control::RollbackTo(STATEMENT_MARK)).await;
        }
        // A read that the server has not seen fail leaves nothing to undo.
        if text.is_steady() && !connection.is_aborted() {
            return Ok(());
        }
        // Either nothing was written, or everything goes with the statement.
        let lost = self.has_something();
        let rolled_back = self.rollback().await;
        self.broken = lost.then_some(cause);
        rolled_back
    }

    /// Whether what was written has not been lost.
    pub fn check(&self) -> Result<()> {
        match self.broken {
            None => Ok(()),
            Some(Code::CommitUnknown) => Err(Error::closed(
                "it is not certain whether what this request wrote was kept: roll back before going on",
            )),
            Some(_) => {
                Err(Error::closed("what this request wrote before has been lost: roll back before going on"))
            }
        }
    }

    /// The same for a read. Who does not know whether a commit was kept may look.
    pub fn check_read(&self) -> Result<()> {
        if self.broken == Some(Code::CommitUnknown) { Ok(()) } else { self.check() }
    }

    async fn ensure_open(&mut self, isolation: Option<Isolation>) -> Result<()> {
        self.check()?;
        self.has_touched = true;
        if self.following.is_some() {
            self.leave_follower().await?;
        }
        if self.open.is_some() {
            return Ok(());
        }
        let begun = if self.snapshot.is_holding() {
            self.begin_beside_cursors(isolation).await
        } else {
            self.space.begin(isolation).await
        };
        self.open = Some(begun?);
        self.written = false;
        self.marked = false;
        Ok(())
    }

    async fn control(&mut self, control: Control) -> Result<()> {
        let connection = self.open.as_mut().ok_or_else(ended)?;
        let result = connection.control(control).await;
        if !connection.is_usable() {
            self.lose(result.as_ref().err().map_or(Code::Other, |error| error.code));
        }
        result
    }

    /// Forgets a transaction whose connection is gone; the server has rolled it back or will. With
    /// one of a follower nothing is lost.
    fn lose(&mut self, cause: Code) {
        self.broken = (self.following.is_none() && self.has_something()).then_some(cause);
        if let Some(connection) = self.forget() {
            self.give_back(connection);
        }
    }

    /// What the cursors have lent goes back to them.
    fn give_back(&mut self, connection: Connection) {
        if self.snapshot.has_lent() {
            self.snapshot.take_back(connection);
        }
    }

    /// Nothing is written, no part and no cursor is open.
    fn begin_anew(&mut self) {
        self.deferred.clear();
        self.room.clear();
        self.generation = self.generation.wrapping_add(1);
        self.cursors_inside = 0;
        self.written = false;
        self.marked = false;
        self.savepoints.clear();
    }

    fn forget(&mut self) -> Option<Connection> {
        self.begin_anew();
        self.rehearsed = false;
        self.following = None;
        self.open.take()
    }
}

impl Query<'_> {
    fn is_guests(&self) -> bool {
        matches!(self, Self::Guest(..) | Self::Declare(..) | Self::Fetch(..))
    }

    fn is_steady(&self) -> bool {
        matches!(self, Self::Guest(sql, _) if sql.steady)
    }

    async fn run(&self, connection: &mut Connection, params: &[Value]) -> Result<Outcome> {
        match self {
            Self::Host(sql) | Self::Attempt(sql) => connection.host(sql, params).await,
            Self::Built(sql) => connection.host_text(sql, params).await,
            Self::Guest(sql, counters) => {
                connection.count_for(counters);
                connection.guest(sql, params).await
            }
            Self::Declare(number, life, sql) => connection.declare(*number, *life, sql, params).await,
            Self::Fetch(number, count, bounds) => connection.fetch(*number, *count, bounds).await,
        }
    }
}

/// Whether a server that wants such a value takes every one of them. Text with a NUL it does not,
/// and what is other it reads first.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Text(text) => !text.contains('\0'),
        Value::Json(_) | Value::Other(_) => false,
        _ => true,
    }
}

fn ended() -> Error {
    Error::closed("the transaction has ended")
}
