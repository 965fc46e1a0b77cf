//! Transactions that only read, answered by a follower of the app's database.
//!
//! Only the first ones of a request, before it has written: it reads what it has written itself.
//! While such a transaction is open, everything that the guest reads belongs to it; sessions and
//! files are read from the primary. A write, or a follower that fails, moves it to the primary,
//! with the savepoints in it; nobody notices, because nothing was written. Only a transaction that
//! has read a snapshot (repeatable read) cannot be moved: it ends.

use super::{Query, UnitOfWork, ended};
use crate::storage::connection::{Control, Isolation, Outcome};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};
use crate::telemetry::metrics;

/// A transaction that is open at a follower.
#[derive(Debug, Clone, Copy)]
pub(super) struct Following {
    isolation: Option<Isolation>,
    has_read: bool,
}

impl Following {
    /// Whether another server may go on with it: it has read nothing that it has to see again.
    fn is_movable(self) -> bool {
        self.isolation != Some(Isolation::RepeatableRead) || !self.has_read
    }
}

impl UnitOfWork {
    /// Begins the transaction at the follower. False where the primary has to answer.
    pub(super) async fn try_follow(&mut self, isolation: Option<Isolation>) -> Result<bool> {
        self.check_read()?;
        if self.space.follower().is_none() || self.rehearses {
            return Ok(false);
        }
        let is_first = self.open.is_none() && !self.has_touched && self.deferred.is_empty();
        let connection = if is_first { self.space.begin_at_follower(isolation).await } else { None };
        metrics::read_only_transaction(self.space.app(), connection.is_some());
        let Some(connection) = connection else { return Ok(false) };
        self.open = Some(connection);
        self.following = Some(Following { isolation, has_read: false });
        self.written = false;
        self.marked = false;
        Ok(true)
    }

    /// Notes that the request writes from now on, beside the open transaction or later.
    pub(super) async fn touch(&mut self) -> Result<()> {
        self.has_touched = true;
        if self.following.is_some() { self.leave_follower().await } else { Ok(()) }
    }

    /// Moves the transaction to the primary, so that it can be written in. One that cannot be moved
    /// ends.
    pub(super) async fn leave_follower(&mut self) -> Result<()> {
        let Some(following) = self.following else { return Ok(()) };
        match following.is_movable() {
            true => self.move_to_primary(following, self.savepoints.clone()).await,
            false => {
                self.end_following();
                Ok(())
            }
        }
    }

    /// Runs a statement at the follower, or, where that cannot answer it as the primary would, at
    /// the primary.
    pub(super) async fn run_following(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        let (following, savepoints) = (self.following.ok_or_else(ended)?, self.savepoints.clone());
        let error = match self.try_following(&text, params).await {
            Ok(outcome) => {
                self.following = self.following.map(|following| Following { has_read: true, ..following });
                return Ok(outcome);
            }
            Err(error) => error,
        };
        self.note_failure(&error);
        // The rows of a cursor are at the follower and nowhere else.
        let may_go_on = following.is_movable() && !matches!(text, Query::Fetch(..));
        if !may_go_on || !may_differ_at_primary(&error) {
            if self.open.is_none() {
                // Nothing was written, so nothing is lost but the transaction.
                self.broken = None;
            }
            return Err(error);
        }
        self.move_to_primary(following, savepoints).await?;
        Box::pin(self.run_open(text, params)).await
    }

    /// Begins a part at the follower, or at the primary where the follower fails.
    pub(super) async fn begin_following(&mut self) -> Result<u32> {
        let (following, savepoints) = (self.following.ok_or_else(ended)?, self.savepoints.clone());
        match self.begin_marked().await {
            Err(error) if following.is_movable() && may_differ_at_primary(&error) => {
                self.note_failure(&error);
                self.move_to_primary(following, savepoints).await?;
                self.begin_marked().await
            }
            begun => begun,
        }
    }

    /// Ends a part inside the transaction of a follower. Where the follower fails, the transaction
    /// goes on at the primary without the part: it has written nothing.
    pub(super) async fn end_part_following(&mut self, number: u32, undo: bool) -> Result<()> {
        self.end_part(number)?;
        let (following, savepoints) = (self.following.ok_or_else(ended)?, self.savepoints.clone());
        let ending = async {
            if undo {
                self.control(Control::RollbackTo(number)).await?;
            }
            self.control(Control::Release(number)).await
        };
        match ending.await {
            Err(error) if following.is_movable() && may_differ_at_primary(&error) => {
                self.note_failure(&error);
                self.move_to_primary(following, savepoints).await
            }
            ended => ended,
        }
    }

    fn note_failure(&self, error: &Error) {
        if let Some((follower, _)) = self.space.follower().filter(|_| error.code == Code::Unavailable) {
            follower.note_failure(error);
        }
    }

    /// Whether the open transaction is one of a follower.
    pub fn is_following(&self) -> bool {
        self.following.is_some()
    }

    /// Whether the whole transaction of a follower ends with this part: there is nothing to keep
    /// and nothing to undo.
    pub(super) fn ends_following(&self, number: u32) -> bool {
        self.following.is_some() && self.savepoints.first().is_some_and(|(outermost, _)| *outermost == number)
    }

    async fn try_following(&mut self, text: &Query<'_>, params: &[Value]) -> Result<Outcome> {
        let guarded = self.needs_mark(text, params);
        if guarded {
            self.mark().await?;
        }
        let connection = self.open.as_mut().ok_or_else(ended)?;
        let result = text.run(connection, params).await;
        if let Err(error) = &result {
            self.undo_statement(guarded, text, error.code).await?;
        }
        result
    }

    /// Cursors in it are closed, since their rows are at the follower.
    async fn move_to_primary(&mut self, following: Following, savepoints: Vec<(u32, usize)>) -> Result<()> {
        self.end_following();
        self.broken = None;
        match self.space.begin(following.isolation).await {
            Ok(connection) => self.open = Some(connection),
            Err(error) if error.code == Code::ReadOnly => self.open_to_read().await?,
            Err(error) => return Err(error),
        }
        self.has_touched = true;
        for (number, _) in &savepoints {
            self.control(Control::Savepoint(*number)).await?;
        }
        self.savepoints = savepoints;
        Ok(())
    }

    /// Ends it. The connection is rolled back as it goes home.
    pub(super) fn end_following(&mut self) {
        drop(self.forget());
    }
}

/// Whether the primary may have another answer: the follower is gone, does not have a table yet,
/// may lock nothing, or has cancelled the statement because it was in the way of what it replays.
fn may_differ_at_primary(error: &Error) -> bool {
    matches!(error.code, Code::Unavailable | Code::Busy | Code::Serialization | Code::ReadOnly | Code::Closed)
        || error.is_about_the_text()
        || error.is_stale_plan()
}
