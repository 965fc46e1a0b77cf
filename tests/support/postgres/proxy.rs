//! A proxy between the host and a server: counts round trips, holds a statement back, is slow after
//! an error, and loses the answer to a COMMIT.
//!
//! A round trip is what a client waits for: it ends with the `ReadyForQuery` after which nothing
//! that the client has asked for is outstanding. Statements sent together are one round trip.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::hold::{Held, Hold};
use super::wire::{self, Opening, Statements};

const READ_BYTES: usize = 64 * 1024;

/// A proxy in front of a server. It ends with this value, and with it all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// What was asked in each round trip.
    trips: Vec<String>,
    /// A COMMIT on a connection that has run a statement with this in its text loses its answer.
    doomed: Option<String>,
    /// The statement that is to be held back.
    hold: Option<Hold>,
    /// How long what follows an error takes.
    after_error: Duration,
    connections: Vec<JoinHandle<()>>,
}

/// One connection, as both directions know it.
#[derive(Debug, Default)]
struct Conversation {
    statements: Statements,
    /// Texts since the last round trip ended.
    said: Vec<String>,
    /// How many `ReadyForQuery` the server owes.
    outstanding: usize,
    is_doomed: bool,
    /// The next `ReadyForQuery` ends the connection, and nothing before it is delivered.
    is_last: bool,
}

impl Proxy {
    /// A proxy in front of the server at a port of this machine.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::<Mutex<Shared>>::default();
        let listening = tokio::spawn(listen(listener, port, shared.clone()));
        Self { address, shared, listening }
    }

    /// The same database through this proxy.
    pub fn url(&self, direct: &str) -> String {
        let (before, database) = direct.rsplit_once('/').expect("a URL has a path");
        let (user, _) = before.rsplit_once('@').expect("a URL with a user");
        format!("{user}@{}/{database}", self.address)
    }

    /// What was asked in each round trip since the last call.
    pub fn take_trips(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared).trips)
    }

    /// Of the next connection that runs a statement with `text` in it, the following COMMIT reaches
    /// the server and its answer does not come back: both sides are cut.
    pub fn lose_commit_after(&self, text: &str) {
        lock(&self.shared).doomed = Some(text.to_owned());
    }

    /// Of the next messages about statements with `text` in them, in lower case, lets `before`
    /// pass; the one after these waits in the proxy, and its connection with it. Most statements
    /// make two messages: to prepare, and to run.
    pub fn hold(&self, text: &str, before: usize) -> Held {
        let (hold, held) = Hold::of(text, before);
        lock(&self.shared).hold = Some(hold);
        held
    }

    /// From now on what a server says after an error comes so much later, as over a network that is
    /// not the fastest.
    pub fn be_slow_after_errors(&self, pause: Duration) {
        lock(&self.shared).after_error = pause;
    }

    /// Whether no COMMIT waits for its loss: it has been lost, or none was asked for.
    pub fn has_lost(&self) -> bool {
        lock(&self.shared).doomed.is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        lock(&self.shared).connections.iter().for_each(JoinHandle::abort);
    }
}

/// A panic elsewhere leaves nothing in halves here.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, port: u16, shared: Arc<Mutex<Shared>>) {
    while let Ok((client, _)) = listener.accept().await {
        let connection = tokio::spawn(connect(client, port, shared.clone()));
        lock(&shared).connections.push(connection);
    }
}

async fn connect(client: TcpStream, port: u16, shared: Arc<Mutex<Shared>>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let conversation = Arc::<Mutex<Conversation>>::default();
    let encryption = Arc::new(tokio::sync::Mutex::new(to_client));
    // The end of either direction ends both: a connection is cut as a whole.
    tokio::select! {
        _ = client_side(from_client, to_server, &encryption, &conversation, &shared) => {}
        _ = server_side(from_server, &encryption, &conversation, &shared) => {}
    }
}

async fn client_side(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    back: &tokio::sync::Mutex<OwnedWriteHalf>,
    conversation: &Mutex<Conversation>,
    shared: &Mutex<Shared>,
) -> Option<()> {
    let (mut buffer, mut begun) = (Vec::new(), false);
    loop {
        read(&mut from, &mut buffer).await?;
        let mut onwards = Vec::new();
        while !begun {
            match wire::take_opening(&mut buffer) {
                None => break,
                Some((Opening::Encryption, _)) => back.lock().await.write_all(b"N").await.ok()?,
                Some((Opening::Startup, message)) => {
                    onwards.extend(message);
                    begun = true;
                }
            }
        }
        while let Some(message) = begun.then(|| wire::take_message(&mut buffer)).flatten() {
            let hold = lock(conversation).note_client(&message, shared);
            if let Some(hold) = hold {
                to.write_all(&std::mem::take(&mut onwards)).await.ok()?;
                hold.wait().await;
            }
            onwards.extend(message);
        }
        to.write_all(&onwards).await.ok()?;
    }
}

async fn server_side(
    mut from: OwnedReadHalf,
    to: &tokio::sync::Mutex<OwnedWriteHalf>,
    conversation: &Mutex<Conversation>,
    shared: &Mutex<Shared>,
) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        read(&mut from, &mut buffer).await?;
        let mut onwards = Vec::new();
        while let Some(message) = wire::take_message(&mut buffer) {
            lock(conversation).note_server(&message, shared)?;
            let pause = Some(lock(shared).after_error).filter(|pause| is_error(&message) && !pause.is_zero());
            if !lock(conversation).is_last {
                onwards.extend(message);
            }
            if let Some(pause) = pause {
                to.lock().await.write_all(&std::mem::take(&mut onwards)).await.ok()?;
                tokio::time::sleep(pause).await;
            }
        }
        to.lock().await.write_all(&onwards).await.ok()?;
    }
}

async fn read(from: &mut OwnedReadHalf, buffer: &mut Vec<u8>) -> Option<()> {
    let mut piece = vec![0; READ_BYTES];
    let count = from.read(&mut piece).await.ok().filter(|count| *count > 0)?;
    buffer.extend_from_slice(piece.get(..count)?);
    Some(())
}

impl Conversation {
    /// Returns what holds the message back, if it is to be.
    fn note_client(&mut self, message: &[u8], shared: &Mutex<Shared>) -> Option<Hold> {
        // Query, Sync and Flush: what a client waits after.
        self.outstanding += usize::from(matches!(message.first(), Some(b'Q' | b'S')));
        let text = self.statements.text_of(message)?;
        let mut shared = lock(shared);
        let written = text.to_ascii_lowercase();
        self.is_doomed |= shared.doomed.as_ref().is_some_and(|doomed| written.contains(doomed));
        if self.is_doomed && is_commit(&text) {
            self.is_last = true;
            shared.doomed = None;
        }
        self.said.push(text);
        shared.hold.take_if(|hold| hold.is_for(&written))
    }

    /// None when the connection is to be cut.
    fn note_server(&mut self, message: &[u8], shared: &Mutex<Shared>) -> Option<()> {
        if message.first() != Some(&b'Z') {
            return Some(());
        }
        // The first one ends the greeting.
        if self.outstanding > 0 {
            self.outstanding -= 1;
            if self.outstanding == 0 {
                lock(shared).trips.push(self.said.join("; "));
                self.said.clear();
            }
        }
        (!self.is_last || self.outstanding > 0).then_some(())
    }
}

fn is_error(message: &[u8]) -> bool {
    message.first() == Some(&b'E')
}

fn is_commit(text: &str) -> bool {
    let text = text.trim_end_matches([';', ' ']).to_ascii_lowercase();
    !text.starts_with("prepare") && text.ends_with("commit")
}
