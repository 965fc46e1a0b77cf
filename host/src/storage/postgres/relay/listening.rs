//! A connection that does nothing but hear notifications (PostgreSQL documentation, "LISTEN",
//! "Asynchronous Operations"). It needs no driver.

use super::server::{Server, Wire, unreachable};
use crate::storage::{Error, Result};
use postgres_protocol::message::frontend;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Bytes of a message. What is heard has no content that is looked at.
const LONGEST: usize = 64 << 10;
const NOTIFICATION: u8 = b'A';
const ERROR: u8 = b'E';
const READY: u8 = b'Z';

/// A connection that listens.
pub(in crate::storage::postgres) struct Listener {
    wire: Wire,
}

impl Server {
    /// Connects, logs in and listens on a channel, whose name is a plain identifier.
    pub(in crate::storage::postgres) async fn listen(&self, channel: &'static str) -> Result<Listener> {
        let (wire, _) = self.connect().await?;
        let mut listener = Listener { wire };
        listener.ask(&format!("listen {channel}")).await?;
        Ok(listener)
    }
}

impl Listener {
    /// Ends at the next notification, whatever it says. An error where the connection is gone.
    /// Dropping the future may lose a part of a message: the listener is good for nothing then.
    pub(in crate::storage::postgres) async fn hear(&mut self) -> Result<()> {
        while self.message().await? != NOTIFICATION {}
        Ok(())
    }

    /// Asks for nothing, to see whether the server is still there. True if a notification came by.
    pub(in crate::storage::postgres) async fn check(&mut self) -> Result<bool> {
        self.ask("").await
    }

    /// Runs a statement without rows. True if a notification came by.
    async fn ask(&mut self, text: &str) -> Result<bool> {
        let mut buffer = bytes::BytesMut::new();
        frontend::query(text, &mut buffer).map_err(|error| unreachable(&error))?;
        self.wire.stream().write_all(&buffer).await.map_err(|error| unreachable(&error))?;
        self.wire.stream().flush().await.map_err(|error| unreachable(&error))?;
        let mut has_heard = false;
        loop {
            match self.message().await? {
                READY => return Ok(has_heard),
                NOTIFICATION => has_heard = true,
                ERROR => return Err(Error::unavailable("the database does not let this process listen")),
                _ => {}
            }
        }
    }

    /// Reads a message and returns its kind.
    async fn message(&mut self) -> Result<u8> {
        let stream = self.wire.stream();
        let gone = |error: io::Error| unreachable(&error);
        let kind = stream.read_u8().await.map_err(gone)?;
        let length = usize::try_from(stream.read_i32().await.map_err(gone)?).unwrap_or(usize::MAX);
        let Some(rest) = length.checked_sub(4).filter(|rest| *rest <= LONGEST) else {
            return Err(Error::unavailable("the database broke the protocol: a message of no sound length"));
        };
        let mut body = vec![0; rest];
        stream.read_exact(&mut body).await.map_err(gone)?;
        Ok(kind)
    }
}
