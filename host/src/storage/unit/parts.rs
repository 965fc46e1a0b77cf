//! Parts of a unit of work that can be undone by themselves: savepoints.

use super::{STATEMENT_MARK, Transactions, UnitOfWork, ended};
use crate::storage::connection::{Control, Isolation};
use crate::storage::{Code, Error, Result};

impl UnitOfWork {
    /// Begins a part that can be undone by itself and returns its number. One that only reads may
    /// be answered by a follower.
    pub async fn begin(&mut self, isolation: Option<Isolation>, only_reads: bool) -> Result<u32> {
        self.check_isolation(isolation)?;
        let follows = only_reads && (self.following.is_some() || self.try_follow(isolation).await?);
        if follows {
            return self.begin_following().await;
        }
        self.begin_at_primary(isolation).await?;
        self.begin_marked().await
    }

    async fn begin_at_primary(&mut self, isolation: Option<Isolation>) -> Result<()> {
        // First, since what waits to be written would open a transaction of the usual isolation.
        match self.ensure_open(isolation).await {
            Err(error) if error.code == Code::ReadOnly && self.deferred.is_empty() => self.open_to_read().await?,
            opened => opened?,
        }
        self.write_deferred().await
    }

    pub(super) async fn begin_marked(&mut self) -> Result<u32> {
        let number = self.next_savepoint;
        // A mark from before would be released together with this savepoint's content.
        let control = match std::mem::take(&mut self.marked) {
            true => Control::Replace(STATEMENT_MARK, number),
            false => Control::Savepoint(number),
        };
        self.control(control).await?;
        self.next_savepoint += 1;
        self.savepoints.push((number, self.room.len()));
        Ok(number)
    }

    /// Begins a transaction on a database that takes no writes: what writes in it is refused, and
    /// what reads goes on.
    pub(super) async fn open_to_read(&mut self) -> Result<()> {
        let mut connection = self.space.reader().await?;
        connection.control(Control::BeginReading(None)).await?;
        self.open = Some(connection);
        self.written = false;
        self.marked = false;
        Ok(())
    }

    /// `Conflict` where a transaction is open already and so has its isolation.
    pub fn check_isolation(&self, isolation: Option<Isolation>) -> Result<()> {
        if self.open.is_some() && isolation.is_some() {
            return Err(Error::new(Code::Conflict, "a transaction is open already: its isolation cannot change"));
        }
        Ok(())
    }

    /// Whether the part with this number is still open.
    pub fn is_open(&self, number: u32) -> bool {
        self.savepoints.iter().any(|(open, _)| *open == number)
    }

    /// Makes a part's changes those of what is around it; ends the parts inside it.
    pub async fn commit_part(&mut self, number: u32) -> Result<()> {
        if self.ends_following(number) {
            self.end_following();
            return Ok(());
        }
        if self.following.is_some() {
            return self.end_part_following(number, false).await;
        }
        if self.is_open(number) {
            self.write_deferred().await?;
        }
        self.end_part(number)?;
        self.control(Control::Release(number)).await?;
        self.written = true;
        self.after_part().await
    }

    /// Undoes a part; ends the parts inside it.
    pub async fn rollback_part(&mut self, number: u32) -> Result<()> {
        if self.ends_following(number) {
            self.end_following();
            return Ok(());
        }
        if self.following.is_some() {
            return self.end_part_following(number, true).await;
        }
        let room = self.end_part(number)?;
        self.deferred.clear();
        self.room.truncate(room);
        self.control(Control::RollbackTo(number)).await?;
        self.control(Control::Release(number)).await?;
        self.after_part().await
    }

    /// Returns how many changes of room came before the part.
    pub(super) fn end_part(&mut self, number: u32) -> Result<usize> {
        let at = self.savepoints.iter().position(|(open, _)| *open == number).ok_or_else(ended)?;
        let room = self.savepoints.get(at).map_or(0, |(_, room)| *room);
        self.savepoints.truncate(at);
        self.marked = false;
        Ok(room)
    }

    /// Where statements are kept by themselves, the outermost part is a transaction of its own.
    async fn after_part(&mut self) -> Result<()> {
        if self.transactions == Transactions::Statement && self.savepoints.is_empty() {
            return self.keep().await;
        }
        Ok(())
    }

    /// Runs several statements of the host in one transaction, also where statements are kept by
    /// themselves. An error undoes them there; elsewhere that is up to whoever rolls back.
    pub async fn together<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.open.is_some() || self.transactions == Transactions::Request {
            return work(self).await;
        }
        self.write_deferred().await?;
        self.ensure_open(None).await?;
        let worked = match work(self).await {
            Ok(value) => self.keep().await.map(|()| value),
            error => error,
        };
        if worked.is_err() {
            // The first error is the one to report; a rollback that fails too costs the connection.
            let _ = self.rollback().await;
        }
        worked
    }
}
