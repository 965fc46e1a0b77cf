//! A socket that a connection reads and writes while somebody else may look whether the client is
//! still there.

use super::front::Presence;
use futures_util::FutureExt;
use http::header::CONNECTION;
use http::{Request, Version};
use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// From one look at a client to the next, while a request is under way. Most requests are over
/// before the first.
const LOOK: Duration = Duration::from_millis(250);

/// The connection's side of the socket.
#[derive(Debug)]
pub(super) struct SharedSocket {
    /// Locked for one call at a time.
    reader: Arc<Mutex<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

/// Looks after the client of a socket during one request.
#[derive(Clone, Debug)]
pub(super) struct ClientWatch {
    reader: Arc<Mutex<OwnedReadHalf>>,
    presence: Arc<Presence>,
    end: End,
}

/// What it means that a client has ended its side of a connection: TCP does not tell whether it has
/// left or only says that it sends nothing more and waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has left: a router has no other reason to end a connection that waits for an answer.
    Left,
    /// It has left if it has sent nothing more: it has given up the next request, which it
    /// might have sent on the same connection.
    LeftUnlessMore,
    /// Nothing: it had said already that this is its last request (`printf .. | nc`).
    Nothing,
}

impl End {
    /// Of the client that has sent this request; `by_router` says that a router has, which is
    /// believed.
    pub(super) fn of<B>(request: &Request<B>, by_router: bool) -> Self {
        let options = request.headers().get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
        let closes =
            options.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case("close"));
        match (by_router, closes || request.version() < Version::HTTP_11) {
            (true, _) => Self::Left,
            (false, false) => Self::LeftUnlessMore,
            (false, true) => Self::Nothing,
        }
    }
}

impl SharedSocket {
    /// The socket as it is read and written, and who looks after its client. Whether that has sent
    /// more than what is being answered is told by `presence`.
    pub(super) fn new(socket: TcpStream, presence: Arc<Presence>) -> (Self, ClientWatch) {
        let (reader, writer) = socket.into_split();
        let reader = Arc::new(Mutex::new(reader));
        let watch = ClientWatch { reader: Arc::clone(&reader), presence, end: End::Left };
        (Self { reader, writer }, watch)
    }
}

impl ClientWatch {
    /// The same, for a request of a client whose end of the connection means this.
    pub(super) fn during(&self, end: End) -> Self {
        Self { end, ..self.clone() }
    }

    /// Resolves some moments after the client has left. Nothing is read: what has come is the
    /// connection's.
    pub(super) async fn client_left(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if self.has_left() {
                return;
            }
        }
    }

    fn has_left(&self) -> bool {
        let reader = lock(&self.reader);
        // The runtime knows it already. It also knows when there are bytes before the end.
        let ready = reader.ready(Interest::READABLE).now_or_never();
        if !ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed())) {
            return false;
        }
        if self.end == End::Left {
            return true;
        }
        let mut byte = [MaybeUninit::uninit()];
        match SockRef::from(AsRef::<TcpStream>::as_ref(&*reader)).peek(&mut byte) {
            Ok(0) => self.end == End::LeftUnlessMore && !self.presence.has_next(),
            Ok(_) => false,
            // The connection was reset: nobody can be answered.
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }
}

fn lock(reader: &Mutex<OwnedReadHalf>) -> MutexGuard<'_, OwnedReadHalf> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsyncRead for SharedSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.reader)).poll_read(cx, buf)
    }
}

impl AsyncWrite for SharedSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.writer.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_have_asked_for_the_last_time_may_wait_for_the_answer() {
        let of = |version: Version, connection: &str, by_router: bool| {
            let request = Request::get("/").version(version).header(CONNECTION, connection).body(());
            End::of(&request.unwrap(), by_router)
        };
        assert_eq!(of(Version::HTTP_11, "keep-alive", false), End::LeftUnlessMore);
        assert_eq!(of(Version::HTTP_11, "upgrade, Close", false), End::Nothing);
        assert_eq!(of(Version::HTTP_10, "keep-alive", false), End::Nothing);
        assert_eq!(of(Version::HTTP_10, "close", true), End::Left);
    }
}
