//! The connection to the server itself.

use super::tls::Trust;
use crate::config::{PostgresHost, PostgresTarget, SslMode};
use crate::storage::{Error, Result};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// Asks the server whether it speaks TLS (PostgreSQL documentation, "SSL Session Encryption").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Where a server is and how the connection to it is protected.
#[derive(Clone)]
pub(in crate::storage::postgres) struct Server {
    host: PostgresHost,
    port: u16,
    mode: SslMode,
    trust: Trust,
}

/// The bytes on their way to the server and back.
pub(super) struct Wire(Box<dyn Stream>);

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {
    fn socket(&self) -> BorrowedFd<'_>;
}

impl Stream for TcpStream {
    fn socket(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl Stream for UnixStream {
    fn socket(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl<S: Stream> Stream for TlsStream<S> {
    fn socket(&self) -> BorrowedFd<'_> {
        self.get_ref().0.socket()
    }
}

impl Server {
    /// The server that `target` names.
    pub(in crate::storage::postgres) fn new(target: &PostgresTarget) -> Result<Self> {
        let trust = Trust::new(target.ssl_mode, target.ssl_root.as_ref())?;
        Ok(Self { host: target.host.clone(), port: target.port, mode: target.ssl_mode, trust })
    }

    pub(super) async fn connect(&self) -> Result<Wire> {
        match &self.host {
            PostgresHost::Tcp(host) => {
                let stream = TcpStream::connect((host.as_str(), self.port)).await.map_err(|e| unreachable(&e))?;
                stream.set_nodelay(true).map_err(|e| unreachable(&e))?;
                self.protect(stream, host).await
            }
            PostgresHost::Socket(folder) => {
                let path = folder.join(format!(".s.PGSQL.{}", self.port));
                let stream = UnixStream::connect(path).await.map_err(|e| unreachable(&e))?;
                self.protect(stream, "localhost").await
            }
        }
    }

    async fn protect(&self, mut stream: impl Stream + 'static, name: &str) -> Result<Wire> {
        if self.mode <= SslMode::Allow {
            return Ok(Wire(Box::new(stream)));
        }
        stream.write_all(&SSL_REQUEST).await.map_err(|e| unreachable(&e))?;
        // Not a byte more: whatever else has come unencrypted must not count as encrypted.
        match stream.read_u8().await.map_err(|e| unreachable(&e))? {
            b'S' => Ok(Wire(Box::new(self.trust.handshake(stream, name).await?))),
            b'N' if self.mode == SslMode::Prefer => Ok(Wire(Box::new(stream))),
            b'N' => Err(Error::unavailable("no TLS connection to the database: the server does not support TLS")),
            other => {
                let text =
                    format!("the database broke the protocol: unexpected answer 0x{other:02x} to SSLRequest");
                Err(Error::unavailable(text))
            }
        }
    }
}

/// The server cannot be reached, or no longer.
pub(super) fn unreachable(error: &io::Error) -> Error {
    // The kind of what has no kind says nothing, such as a name that is not found.
    let kind = error.kind();
    let text = if error.raw_os_error().is_some() || error.get_ref().is_none() {
        kind.to_string()
    } else {
        error.to_string()
    };
    Error::unavailable(format!("cannot reach the database: {text}"))
}

impl Wire {
    /// Whether nothing has come that was not read, also not the end. Asks the system.
    pub(super) fn is_quiet(&self) -> bool {
        recv(self.0.socket(), &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT) == Err(Errno::AGAIN)
    }

    /// Reads into `buffer`; none at the end.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        Pin::new(&mut self.0).poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
