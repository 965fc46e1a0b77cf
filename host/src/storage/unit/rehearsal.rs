//! A unit of which nothing is ever kept: what it commits is there for what comes after it in the
//! same unit, and goes when the unit does.

use super::{Transactions, UnitOfWork};
use crate::storage::Result;
use crate::storage::app_space::AppSpace;
use crate::storage::connection::Control;

/// The savepoint that stands where something was committed last. Parts of guests count from 1.
const REHEARSED: u32 = u32::MAX;

impl UnitOfWork {
    /// An empty unit of which nothing is kept.
    pub fn rehearsal(space: AppSpace, transactions: Transactions) -> Self {
        Self { rehearses: true, ..Self::new(space, transactions) }
    }

    /// Whether nothing of it is kept.
    pub fn is_rehearsal(&self) -> bool {
        self.rehearses
    }

    /// Where nothing is kept, what is kept by itself elsewhere becomes part of the unit. True where
    /// [`Self::keep`] is due after it: then nothing of the guest's waits for a commit.
    pub(in crate::storage) async fn joins(&mut self) -> Result<bool> {
        if !self.rehearses || self.has_uncommitted() {
            return Ok(false);
        }
        self.ensure_open(None).await?;
        Ok(true)
    }

    /// Whether something was written that was not committed yet, or a transaction is open for it.
    pub fn has_uncommitted(&self) -> bool {
        let is_between = self.rehearsed && !self.written && self.savepoints.is_empty() && self.deferred.is_empty();
        self.open.is_some() && !is_between
    }

    /// What a commit comes to here: a savepoint.
    pub(super) async fn keep_rehearsed(&mut self) -> Result<()> {
        if !self.deferred.is_empty() {
            self.ensure_open(None).await?;
        }
        let Some(connection) = self.open.as_mut() else { return Ok(()) };
        for (sql, params) in std::mem::take(&mut self.deferred) {
            connection.host(sql, &params).await?;
        }
        let control = match self.rehearsed {
            true => Control::Replace(REHEARSED, REHEARSED),
            false => Control::Savepoint(REHEARSED),
        };
        self.control(control).await?;
        self.begin_anew();
        self.rehearsed = true;
        Ok(())
    }

    /// Undoes what was written since the last commit. False where there was none, and everything
    /// is to be undone.
    pub(super) async fn undo_to_rehearsed(&mut self) -> Result<bool> {
        if !self.rehearsed || self.open.is_none() {
            return Ok(false);
        }
        self.control(Control::RollbackTo(REHEARSED)).await?;
        self.begin_anew();
        Ok(true)
    }
}
