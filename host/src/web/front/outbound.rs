//! The writing side of a guarded socket: a client that takes nothing is dropped, and an early
//! answer is not lost.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::gate::Awaited;
use super::guarded::Guarded;

/// What is discarded at a time.
const DISCARD_BYTES: usize = 4 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.bound_write(cx, progress)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.socket).poll_write_vectored(cx, slices);
        this.bound_write(cx, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.socket).poll_flush(cx);
        this.bound_wait(cx, progress, |()| 0)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger_deadline.is_none() {
            let progress = Pin::new(&mut this.socket).poll_shutdown(cx);
            ready!(this.bound_wait(cx, progress, |()| 0))?;
        }
        this.poll_linger(cx).map(Ok)
    }
}

impl<S: AsyncRead + Unpin> Guarded<S> {
    fn bound_write(&mut self, cx: &mut Context<'_>, progress: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.bound_wait(cx, progress, |written| *written)
    }

    /// Turns a write that waits too long, or too often for what comes of it, into an error.
    fn bound_wait<T>(
        &mut self,
        cx: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
        written: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = progress {
            if let Some(began) = self.write_began.take() {
                self.write_pace.moved(done.as_ref().map_or(0, written), began.elapsed());
            }
            return Poll::Ready(done);
        }
        let began = *self.write_began.get_or_insert_with(Instant::now);
        ready!(self.alarm.poll_at(cx, began + self.write_pace.left()));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes too little of the response")))
    }

    /// Discards for a while what the client still sends, after our side of the connection was
    /// closed.
    ///
    /// A close with unread bytes resets the connection, and the reset may overtake the answer (RFC
    /// 9112 section 9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_at_end || !self.is_owed_bytes() {
            return Poll::Ready(());
        }
        // It counts as a connection that waits, so that it gives way to new ones.
        if let Some(presence) = &self.presence {
            presence.waits(true);
        }
        let linger = self.gate.rules().linger;
        let deadline = *self.linger_deadline.get_or_insert_with(|| Instant::now() + linger);
        while Instant::now() < deadline {
            let mut space = [0; DISCARD_BYTES];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut self.socket).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.alarm.poll_at(cx, deadline),
            }
        }
        Poll::Ready(())
    }

    /// Whether the client may still be sending what nobody will read.
    fn is_owed_bytes(&self) -> bool {
        self.gate.is_shut() || self.gate.awaits(&self.held) != Awaited::NextHead
    }
}
