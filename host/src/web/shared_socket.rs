//! A socket that a connection reads and writes while somebody else may look whether the client is
//! still there.

use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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

/// Looks after the client of a socket.
#[derive(Clone, Debug)]
pub(super) struct ClientWatch(Arc<Mutex<OwnedReadHalf>>);

impl SharedSocket {
    /// The socket as it is read and written, and who looks after its client.
    pub(super) fn new(socket: TcpStream) -> (Self, ClientWatch) {
        let (reader, writer) = socket.into_split();
        let reader = Arc::new(Mutex::new(reader));
        let watch = ClientWatch(Arc::clone(&reader));
        (Self { reader, writer }, watch)
    }
}

impl ClientWatch {
    /// Resolves some moments after the client has closed its side. One that has sent its next
    /// request already counts as there until that has been read.
    ///
    /// Nothing is read: what has come is the connection's. A client that only says that it sends
    /// nothing more looks the same; routers and browsers do that when they leave.
    pub(super) async fn client_left(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if self.has_left() {
                return;
            }
        }
    }

    fn has_left(&self) -> bool {
        let reader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut byte = [MaybeUninit::uninit()];
        let peeked = SockRef::from(AsRef::<TcpStream>::as_ref(&*reader)).peek(&mut byte);
        match peeked {
            Ok(bytes) => bytes == 0,
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }
}

impl AsyncRead for SharedSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *reader).poll_read(cx, buf)
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
