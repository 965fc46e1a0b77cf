//! The end of a unit of work, and the writes that wait for it.

use super::{Query, Transactions, UnitOfWork};
use crate::storage::connection::Control;
use crate::storage::host_sql::HostSql;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Outcome, Result, blobs};

impl UnitOfWork {
    /// Runs a write of the host whose outcome nobody asks for: at the commit, with which it travels to the server, or before the next
    /// statement of the host. Where statements are kept by themselves it runs at once.
    pub async fn defer(&mut self, sql: &'static HostSql, params: Vec<Value>) -> Result<()> {
        if self.open.is_none() && self.transactions == Transactions::Statement {
            return self.write(sql, &params).await.map(|_| ());
        }
        self.check()?;
        self.deferred.push((sql, params));
        Ok(())
    }

    /// Runs a write of the host, and just before the commit another one that follows from its outcome; both or none are kept, also where
    /// statements are kept by themselves.
    pub async fn write_then_last(
        &mut self,
        sql: &HostSql,
        params: &[Value],
        last: impl FnOnce(&Outcome) -> Option<(&'static HostSql, Vec<Value>)>,
    ) -> Result<Outcome> {
        self.write_deferred().await?;
        let alone = self.open.is_none() && self.transactions == Transactions::Statement;
        self.ensure_open(None).await?;
        let outcome = self.run_open(Query::Host(sql), params).await;
        self.written = true;
        match outcome {
            Ok(outcome) => {
                self.last.extend(last(&outcome));
                if alone {
                    self.commit().await?;
                }
                Ok(outcome)
            }
            Err(error) => {
                if alone {
                    // The first error is the one to report; a rollback that fails too costs the connection.
                    let _ = self.rollback().await;
                }
                Err(error)
            }
        }
    }

    /// Runs what waits, in its order.
    pub(super) async fn write_deferred(&mut self) -> Result<()> {
        for (sql, params) in std::mem::take(&mut self.deferred) {
            if let Err(error) = self.run_write(Query::Host(sql), &params).await {
                // The caller counts it as written, so nothing may be kept without it.
                self.broken = Some(error.code);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Keeps everything. `CommitUnknown` when the connection broke while the database was at it.
    pub async fn commit(&mut self) -> Result<()> {
        self.check_kept()?;
        let mut deferred = std::mem::take(&mut self.deferred);
        if !deferred.is_empty() {
            self.ensure_open(None).await?;
        }
        deferred.append(&mut self.last);
        let Some(mut connection) = self.forget() else { return Ok(()) };
        let committed = connection.commit(&deferred).await.map_err(blobs::no_room);
        self.give_back(connection);
        committed
    }

    /// Where trying again may help, or there is no room, whoever commits is told so.
    fn check_kept(&self) -> Result<()> {
        let lost = self.broken.map(|cause| Error::new(cause, "what this request wrote has been lost"));
        lost.filter(Error::is_telling).map_or_else(|| self.check(), Err)
    }

    /// Undoes everything since the unit began or was last committed.
    pub async fn rollback(&mut self) -> Result<()> {
        self.broken = None;
        let Some(mut connection) = self.forget() else { return Ok(()) };
        let rolled_back = connection.control(Control::Rollback).await;
        self.give_back(connection);
        rolled_back
    }

    /// Gives up what was written, so that nothing is kept until a rollback: for a part that could not be undone. The connection is
    /// rolled back as it goes home.
    pub fn poison(&mut self) {
        self.broken = Some(Code::Other);
        if let Some(connection) = self.forget() {
            self.give_back(connection);
        }
    }
}
