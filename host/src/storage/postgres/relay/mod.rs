//! What stands between the driver and the server: no message beyond its bound is ever held in
//! memory.
//!
//! The driver receives a message whole before anybody can look at its length, and takes no stream
//! of ours. So it is connected to us over a local socket, and this module carries the bytes between
//! it and the server. What the server sends passes a [`Filter`](filter::Filter), which reads the
//! heads of messages. The relay logs in by itself. The driver is let in, prepares statements and
//! runs what returns next to nothing. Statements whose rows are wanted are run without it
//! ([`Relay::execute`]): a row is decoded where it was received, and one that is too long is never
//! kept.
//!
//! There is no task for it: whoever waits for the driver carries its bytes meanwhile
//! ([`Relay::carry`]). Everything that is awaited on the driver's connection has to be awaited
//! through its relay.

mod certificate;
mod door;
mod execution;
mod filter;
mod inbox;
mod listening;
mod login;
mod outbox;
mod pump;
mod request;
mod server;
mod tls;
mod tls_trouble;
mod verifier;

pub(super) use execution::Step;
pub(super) use listening::Listener;
pub(super) use pump::Relay;
pub(super) use request::Statement;
pub(super) use server::Server;

use super::error::translate;
use crate::storage::{Error, Result};
use door::Door;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use std::io;

/// Connects to the server, logs in, and lets the driver in.
pub(super) async fn connect(options: &PgConnectOptions, server: &Server) -> Result<(PgConnection, Box<Relay>)> {
    let (wire, said) = server.connect().await?;
    let door = Door::open().map_err(|error| no_door(&error))?;
    // What is encrypted is encrypted by the relay.
    let options = options.clone().socket(door.folder()).port(door.port()).ssl_mode(PgSslMode::Disable);
    let connecting = async { options.connect().await.map_err(translate) };
    let letting_in = async { door.let_in(&said).await.map_err(|error| no_door(&error)) };
    let (near, link) = tokio::try_join!(letting_in, connecting)?;
    Ok((link, Box::new(Relay::new(near, wire))))
}

/// Says to the server that the connection ends.
pub(super) async fn close(link: PgConnection, mut relay: Box<Relay>) -> Result<()> {
    relay.carry(sqlx::Connection::close(link)).await?;
    relay.finish().await
}

fn no_door(error: &io::Error) -> Error {
    Error::unavailable(format!("cannot connect the database driver inside this process: {error}"))
}
