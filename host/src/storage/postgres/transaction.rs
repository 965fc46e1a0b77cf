//! Beginning and ending transactions.

use super::inline::inline;
use super::lease::{Keeps, PostgresLease};
use crate::storage::connection::{Control, Durability, Isolation};
use crate::storage::host_sql::{HostSql, in_schema};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};
use std::borrow::Cow;

impl PostgresLease {
    /// Begins or ends a transaction or a part of one.
    pub(in crate::storage) async fn control(&mut self, control: Control) -> Result<()> {
        match control {
            Control::Commit => return self.commit(&[], Durability::Waits).await,
            Control::Rollback => return self.control_rollback().await,
            Control::Begin(_) | Control::BeginReading(_) => self.in_transaction = true,
            _ => {}
        }
        let result = match control {
            Control::Begin(_) | Control::BeginReading(_) => self.begin(control).await,
            _ => self.simple(&text_of(control)).await,
        };
        if matches!(control, Control::RollbackTo(_)) && result.is_ok() {
            self.aborted = false;
        }
        result
    }

    /// Runs writes of the host and keeps the transaction, in one message.
    pub(in crate::storage) async fn commit(
        &mut self,
        writes: &[(&'static HostSql, Vec<Value>)],
        durability: Durability,
    ) -> Result<()> {
        if self.aborted {
            self.control_rollback().await?;
            return Err(Error::closed("a statement of the transaction has failed: nothing was kept"));
        }
        if writes.is_empty() && self.forget_begin() {
            return Ok(());
        }
        let relax = durability == Durability::Relaxed;
        let mut script = String::from(if relax { "set local synchronous_commit = off; " } else { "" });
        for (sql, params) in writes {
            script.push_str(&inline(&in_schema(self.host_schema.as_deref(), sql.postgres()), params)?);
            script.push_str("; ");
        }
        // Nothing has been said to the server yet. If it does not answer, that is to be known
        // before there is something to keep.
        if let Some(begin) =
            self.conn.as_mut().filter(|_| !self.in_flight).and_then(|conn| conn.relay.take_begin())
        {
            self.simple(begin).await?;
        }
        self.before_end();
        let result = self.simple(&(script + "commit")).await;
        match result {
            Err(error) if error.code == Code::Unavailable => {
                Err(Error::new(Code::CommitUnknown, "the connection was lost during the commit"))
            }
            // A write failed: the server waits for the end of the transaction, which the lease
            // brings as it goes home.
            Err(error) if !writes.is_empty() => Err(error),
            result => {
                self.note_end();
                if self.keeps == Keeps::IfCommitted {
                    self.keeps = Keeps::Cursors;
                }
                result
            }
        }
    }

    async fn control_rollback(&mut self) -> Result<()> {
        if self.forget_begin() {
            return Ok(());
        }
        self.before_end();
        let result = self.simple("rollback").await;
        if self.is_usable() {
            self.note_end();
        }
        result
    }

    /// Lets a transaction begin together with its first statement. False where that is not
    /// possible. A server may refuse the serializable level, and says so by itself.
    pub(super) fn begins_with_next(&mut self, control: Control) -> bool {
        let Cow::Borrowed(text) = text_of(control) else { return false };
        control != Control::Begin(Some(Isolation::Serializable))
            && self.is_usable()
            && self.conn.as_mut().is_some_and(|conn| conn.relay.begin_with_next(text))
    }

    /// Ends a transaction of which the server has not heard yet. False if there is none.
    fn forget_begin(&mut self) -> bool {
        let forgotten =
            self.is_usable() && self.conn.as_mut().is_some_and(|conn| conn.relay.take_begin().is_some());
        if forgotten {
            self.note_end();
        }
        forgotten
    }

    fn note_end(&mut self) {
        self.in_transaction = false;
        self.aborted = false;
    }
}

/// The statement that begins or ends something.
pub(super) fn text_of(control: Control) -> Cow<'static, str> {
    match control {
        Control::Begin(None) => "begin".into(),
        Control::Begin(Some(Isolation::ReadCommitted)) => "begin isolation level read committed".into(),
        Control::Begin(Some(Isolation::RepeatableRead)) => "begin isolation level repeatable read".into(),
        Control::Begin(Some(Isolation::Serializable)) => "begin isolation level serializable".into(),
        Control::BeginReading(None) => "begin read only".into(),
        Control::BeginReading(Some(Isolation::ReadCommitted)) => {
            "begin isolation level read committed read only".into()
        }
        Control::BeginReading(Some(Isolation::RepeatableRead)) => {
            "begin isolation level repeatable read read only".into()
        }
        Control::BeginReading(Some(Isolation::Serializable)) => {
            "begin isolation level serializable read only".into()
        }
        Control::Commit => "commit".into(),
        Control::Rollback => "rollback".into(),
        Control::Savepoint(n) => format!("savepoint s{n}").into(),
        Control::Replace(old, new) => format!("release savepoint s{old}; savepoint s{new}").into(),
        Control::Release(n) => format!("release savepoint s{n}").into(),
        Control::RollbackTo(n) => format!("rollback to savepoint s{n}").into(),
    }
}
