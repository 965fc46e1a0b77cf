//! A socket that a connection reads and writes while somebody else may look whether the client is
//! still there.

use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// From one look at a client to the next, while a request is under way. Most requests are over
/// before the first.
const LOOK: Duration = Duration::from_millis(250);

/// See the module. Cloning shares the socket; only one of the clones may read.
#[derive(Clone, Debug)]
pub(super) struct SharedSocket(Arc<TcpStream>);

impl SharedSocket {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self(Arc::new(socket))
    }

    /// Resolves some moments after the client has closed its side. One that has sent its next
    /// request already counts as there until that has been read.
    ///
    /// Nothing is read: what has come is the connection's. A client that only says that it sends
    /// nothing more looks the same; routers and browsers do that when they leave.
    pub(super) async fn client_left(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let mut byte = [MaybeUninit::uninit()];
            match SockRef::from(self.0.as_ref()).peek(&mut byte) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(_) => return,
            }
        }
    }

    fn poll_io<T>(
        cx: &mut Context<'_>,
        ready: impl Fn(&mut Context<'_>) -> Poll<io::Result<()>>,
        mut act: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            ready!(ready(cx))?;
            match act() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for SharedSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.0.as_ref();
        let read = Self::poll_io(cx, |cx| socket.poll_read_ready(cx), || socket.try_read_buf(buf));
        read.map(|done| done.map(drop))
    }
}

impl AsyncWrite for SharedSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let socket = self.0.as_ref();
        Self::poll_io(cx, |cx| socket.poll_write_ready(cx), || socket.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket = self.0.as_ref();
        Self::poll_io(cx, |cx| socket.poll_write_ready(cx), || socket.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(self.0.as_ref()).shutdown(Shutdown::Write))
    }
}
