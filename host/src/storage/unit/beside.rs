//! What a request does on the database while its cursors hold a connection.
//!
//! A request that holds one never waits for another: ten such requests would wait for each other
//! until none can go on. It takes a second one where one is free at once. Else everything goes over
//! the connection of the cursors. A read runs inside their transaction. A write has a transaction
//! of its own: theirs is ended first. The server then keeps the rest of the rows, which stay as
//! they were. Behind a transaction pooler it cannot, and the rest is read into memory.

use super::{Query, UnitOfWork};
use crate::storage::connection::{Connection, Control, Isolation, Outcome};
use crate::storage::value::Value;
use crate::storage::{Code, Result};
use std::ops::{Deref, DerefMut};

/// A connection beside the unit of work.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives for one write")]
pub(in crate::storage) enum Beside<'a> {
    Own(Connection),
    /// That of the cursors, which roll back what is left open in it.
    OfCursors(&'a mut Connection),
}

impl Deref for Beside<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Own(connection) => connection,
            Self::OfCursors(connection) => connection,
        }
    }
}

impl DerefMut for Beside<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        match self {
            Self::Own(connection) => connection,
            Self::OfCursors(connection) => connection,
        }
    }
}

impl UnitOfWork {
    /// A connection for a write that is kept by itself. No transaction of the unit may be open.
    pub(in crate::storage) async fn writer_beside(&mut self) -> Result<Beside<'_>> {
        self.touch().await?;
        if !self.snapshot.is_holding() {
            return self.space.writer().await.map(Beside::Own);
        }
        if let Some(another) = self.space.try_writer().await? {
            return Ok(Beside::Own(another));
        }
        match self.snapshot.free().await? {
            Some(connection) => Ok(Beside::OfCursors(connection)),
            None => self.space.writer().await.map(Beside::Own),
        }
    }

    /// The same with a transaction begun.
    pub(in crate::storage) async fn begin_beside(&mut self) -> Result<Beside<'_>> {
        self.touch().await?;
        if !self.snapshot.is_holding() {
            return self.space.begin(None).await.map(Beside::Own);
        }
        if let Some(another) = self.space.try_begin(None).await? {
            return Ok(Beside::Own(another));
        }
        match self.snapshot.free().await? {
            Some(connection) => {
                connection.control(Control::Begin(None)).await?;
                Ok(Beside::OfCursors(connection))
            }
            None => self.space.begin(None).await.map(Beside::Own),
        }
    }

    /// A connection for a write that can be left out: none where cursors hold one and no other is
    /// free at once, and where nothing is kept.
    pub(in crate::storage) async fn spare_writer(&mut self) -> Result<Option<Connection>> {
        if self.is_rehearsal() {
            Ok(None)
        } else if self.snapshot.is_holding() {
            self.space.try_writer().await
        } else {
            self.space.writer().await.map(Some)
        }
    }

    /// A connection for the transaction of the unit.
    pub(super) async fn begin_beside_cursors(&mut self, isolation: Option<Isolation>) -> Result<Connection> {
        if let Some(another) = self.space.try_begin(isolation).await? {
            return Ok(another);
        }
        let Some(connection) = self.snapshot.free().await? else { return self.space.begin(isolation).await };
        connection.control(Control::Begin(isolation)).await?;
        self.snapshot.lend()
    }

    /// Runs a read that needs no transaction.
    pub(super) async fn read_beside_cursors(&mut self, text: Query<'_>, params: &[Value]) -> Result<Outcome> {
        if let Some(mut another) = self.space.try_writer().await? {
            match text.run(&mut another, params).await {
                // It had died while it lay in the pool.
                Err(error) if error.code == Code::Unavailable => {}
                result => return result,
            }
        }
        self.snapshot.run(&text, params).await
    }
}
