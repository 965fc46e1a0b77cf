//! Transactions as a guest holds them.

use crate::interfaces::Context;
use crate::storage::{Code, Error, Isolation, Result};

/// A guest's handle to a part of the unit of work.
#[derive(Debug, Clone, Copy)]
pub struct Transaction {
    /// The number of the part in the unit of work.
    pub(super) number: u32,
    /// Whether writes are refused.
    pub(super) read_only: bool,
}

impl Context {
    /// Begins a part of the unit of work. What the session holds back is written first, so that
    /// undoing the part cannot undo it.
    pub(super) async fn begin_part(&mut self, isolation: Option<Isolation>, only_reads: bool) -> Result<u32> {
        self.unit.check_isolation(isolation)?;
        self.session.flush(&mut self.unit).await?;
        let number = self.unit.begin(isolation, only_reads).await?;
        self.marks.push((number, self.session.clone()));
        Ok(number)
    }

    /// Rolls back a transaction that is open for too long, with those inside it. `Timeout` if there
    /// was one.
    pub(super) async fn check_times(&mut self) -> Result<()> {
        let now = tokio::time::Instant::now();
        self.deadlines.retain(|(number, _)| self.unit.is_open(*number));
        let Some((number, _)) = self.deadlines.iter().find(|(_, deadline)| *deadline < now).copied() else {
            return Ok(());
        };
        self.rollback_part(number).await?;
        Err(Error::new(Code::Timeout, "a transaction was open for too long and was rolled back"))
    }

    /// Makes a part's changes those of what is around it.
    pub(super) async fn commit_part(&mut self, number: u32) -> Result<()> {
        let was_open = self.unit.is_open(number);
        if was_open {
            self.session.flush(&mut self.unit).await?;
        }
        // What a follower has answered ends by itself, and nothing with it.
        let follows = self.unit.is_following();
        let committed = self.unit.commit_part(number).await;
        // Where statements are kept by themselves the outermost part ends the transaction, and with
        // it what the session has written in it.
        let has_ended = was_open && !follows && !self.unit.is_holding();
        if let Err(error) = committed {
            if has_ended {
                self.marks.clear();
                self.session.rolled_back();
            }
            return Err(error);
        }
        self.forget_marks(number);
        if has_ended {
            self.session.committed(self.app.space.app());
        }
        Ok(())
    }

    /// Undoes a part, in the session too.
    pub(in crate::interfaces) async fn rollback_part(&mut self, number: u32) -> Result<()> {
        self.unit.rollback_part(number).await?;
        if let Some(before) = self.forget_marks(number) {
            self.session = before;
        }
        Ok(())
    }

    /// The session as it was when the part began.
    fn forget_marks(&mut self, number: u32) -> Option<crate::interfaces::session::State> {
        let at = self.marks.iter().position(|(mark, _)| *mark == number)?;
        self.marks.drain(at..).next().map(|(_, session)| session)
    }
}
