//! The end of a unit of work, and the writes that wait for it.

use super::{Query, Transactions, UnitOfWork};
use crate::storage::blobs::Change;
use crate::storage::connection::Control;
use crate::storage::host_sql::HostSql;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Outcome, Result, blobs};

impl UnitOfWork {
    /// Runs a write of the host whose outcome nobody asks for: at the commit, with which it travels
    /// to the server, or before the next statement of the host. Where statements are kept by
    /// themselves it runs at once.
    pub async fn defer(&mut self, sql: &'static HostSql, params: Vec<Value>) -> Result<()> {
        if self.open.is_none() && self.transactions == Transactions::Statement {
            return self.write(sql, &params).await.map(|_| ());
        }
        self.check()?;
        self.touch().await?;
        self.deferred.push((sql, params));
        Ok(())
    }

    /// Runs a write of the host that changes what the app's files take up; both or none are kept,
    /// also where statements are kept by themselves.
    pub(in crate::storage) async fn write_with_room(
        &mut self,
        sql: &HostSql,
        params: &[Value],
        change: impl FnOnce(&Outcome) -> Option<Change>,
    ) -> Result<Outcome> {
        self.write_deferred().await?;
        let alone = self.open.is_none() && self.transactions == Transactions::Statement;
        self.ensure_open(None).await?;
        let outcome = self.run_open(Query::Host(sql), params).await;
        self.written = true;
        match outcome {
            Ok(outcome) => {
                self.room.extend(change(&outcome));
                if alone {
                    self.keep().await?;
                }
                Ok(outcome)
            }
            Err(error) => {
                if alone {
                    // The first error is the one to report; a rollback that fails too costs the
                    // connection.
                    let _ = self.rollback().await;
                }
                Err(error)
            }
        }
    }

    /// Bytes that the unit takes for files, less those that it gives back: what its commit will
    /// change.
    pub(in crate::storage) fn room(&self) -> i64 {
        self.room.sum()
    }

    /// Runs what waits, in its order. Where it cannot even begin it goes on waiting.
    pub(super) async fn write_deferred(&mut self) -> Result<()> {
        if self.deferred.is_empty() {
            return Ok(());
        }
        self.ensure_open(None).await?;
        for (sql, params) in std::mem::take(&mut self.deferred) {
            if let Err(error) = self.run_write(Query::Host(sql), &params).await {
                // The caller counts it as written, so nothing may be kept without it.
                self.give_up(error.code);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Keeps everything. `CommitUnknown` when the connection broke while the database was at it.
    /// After an error nothing is run or kept until a rollback: a second commit would find nothing
    /// to keep, and call that a success.
    pub async fn commit(&mut self) -> Result<()> {
        self.check_kept()?;
        let kept = self.keep().await;
        if let Err(error) = &kept {
            self.broken = Some(error.code);
        }
        kept
    }

    /// Keeps what is there. What cannot be kept is lost, and the unit goes on without it.
    pub(in crate::storage) async fn keep(&mut self) -> Result<()> {
        if self.rehearses {
            return self.keep_rehearsed().await;
        }
        if self.following.is_some() {
            self.end_following();
            return Ok(());
        }
        let mut writes = std::mem::take(&mut self.deferred);
        if !writes.is_empty() {
            self.ensure_open(None).await?;
        }
        // Last of all: it locks a row that others wait for.
        writes.extend(self.room.settle(self.space.app()));
        let Some(mut connection) = self.forget() else { return Ok(()) };
        let committed = connection.commit(&writes).await.map_err(blobs::no_room);
        self.give_back(connection);
        committed
    }

    /// Whether there is nothing lost. Where trying again may help, or there is no room, or the
    /// outcome is not known, whoever commits is told so.
    pub fn check_kept(&self) -> Result<()> {
        let Some(cause) = self.broken else { return Ok(()) };
        let lost = match cause {
            Code::CommitUnknown => Error::new(cause, "it is not certain whether what this request wrote was kept"),
            _ => Error::new(cause, "what this request wrote has been lost"),
        };
        if lost.is_telling() || cause == Code::CommitUnknown { Err(lost) } else { self.check() }
    }

    /// Undoes everything since the unit began or was last committed.
    pub async fn rollback(&mut self) -> Result<()> {
        self.broken = None;
        if self.undo_to_rehearsed().await? {
            return Ok(());
        }
        if self.following.is_some() {
            self.end_following();
            return Ok(());
        }
        let Some(mut connection) = self.forget() else { return Ok(()) };
        let rolled_back = connection.control(Control::Rollback).await;
        self.give_back(connection);
        rolled_back
    }

    /// Gives up what was written, so that nothing is kept until a rollback: for a part that could
    /// not be undone. The connection is rolled back as it goes home.
    pub fn poison(&mut self) {
        self.give_up(Code::Other);
    }

    fn give_up(&mut self, cause: Code) {
        self.broken = Some(cause);
        if let Some(connection) = self.forget() {
            self.give_back(connection);
        }
    }
}
