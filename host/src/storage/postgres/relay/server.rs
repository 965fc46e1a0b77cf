//! The connection to the server itself.

use super::certificate::end_point;
use super::login::Login;
use super::tls::Trust;
use super::tls_trouble;
use crate::config::{PostgresHost, PostgresTarget, SslMode};
use crate::storage::{Error, Result};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// Asks the server whether it speaks TLS (PostgreSQL documentation, "SSL Session Encryption").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// The code of a server whose rules let nobody in who comes like this.
const NOT_LET_IN: &str = "28000";

/// Where a server is and how the connection to it is protected.
#[derive(Clone)]
pub(in crate::storage::postgres) struct Server {
    host: PostgresHost,
    address: Option<IpAddr>,
    port: u16,
    mode: SslMode,
    trust: Trust,
    login: Login,
}

/// The bytes on their way to the server and back.
pub(super) struct Wire(Box<dyn Stream>);

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {
    fn socket(&self) -> BorrowedFd<'_>;

    /// What a login is bound to; none without TLS, or where the certificate gives nothing.
    fn end_point(&self) -> Option<Vec<u8>> {
        None
    }

    fn is_encrypted(&self) -> bool {
        false
    }
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

    fn end_point(&self) -> Option<Vec<u8>> {
        end_point(self.get_ref().1.peer_certificates()?.first()?)
    }

    fn is_encrypted(&self) -> bool {
        true
    }
}

/// An attempt that failed, and whether libpq would try the other way, with or without TLS.
struct Failure {
    error: Error,
    tries_again: bool,
}

impl Server {
    /// The server that `target` names.
    pub(in crate::storage::postgres) fn new(target: &PostgresTarget) -> Result<Self> {
        Ok(Self {
            host: target.host.clone(),
            address: target.address,
            port: target.port,
            mode: target.ssl_mode,
            trust: Trust::new(target)?,
            login: Login::new(target),
        })
    }

    /// The same for a connection through a transaction pooler.
    pub(in crate::storage::postgres) fn through_pooler(mut self) -> Self {
        self.login.through_pooler();
        self
    }

    /// Connects and logs in. Returns what the server has said of the session, too.
    pub(super) async fn connect(&self) -> Result<(Wire, Vec<u8>)> {
        let ways: &[bool] = match self.mode {
            SslMode::Disable => &[false],
            SslMode::Allow => &[false, true],
            SslMode::Prefer => &[true, false],
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[true],
        };
        let mut first = None;
        for encrypts in ways {
            let failure = match self.attempt(*encrypts).await {
                Ok(connected) => return Ok(connected),
                Err(failure) => failure,
            };
            let error = first.unwrap_or(failure.error);
            if !failure.tries_again {
                return Err(error);
            }
            first = Some(error);
        }
        Err(first.unwrap_or_else(|| Error::unavailable("cannot reach the database")))
    }

    async fn attempt(&self, encrypts: bool) -> std::result::Result<(Wire, Vec<u8>), Failure> {
        let mut wire = self.open(encrypts).await?;
        match self.login.log_in(&mut wire).await {
            Ok(said) => Ok((wire, said)),
            // The rules of the server (pg_hba.conf) may let in what comes the other way.
            Err(error) => Err(Failure { tries_again: error.sqlstate == NOT_LET_IN, error }),
        }
    }

    async fn open(&self, encrypts: bool) -> std::result::Result<Wire, Failure> {
        let failed = |e: io::Error| Failure { error: unreachable(&e), tries_again: false };
        match (&self.host, self.address) {
            (PostgresHost::Socket(folder), None) => {
                let path = folder.join(format!(".s.PGSQL.{}", self.port));
                // As in libpq there is no TLS over a socket.
                Ok(Wire(Box::new(UnixStream::connect(path).await.map_err(failed)?)))
            }
            (host, address) => {
                let name = host.to_string();
                let name = name.trim_start_matches('[').trim_end_matches(']');
                let stream = match address {
                    Some(address) => TcpStream::connect((address, self.port)).await,
                    None => TcpStream::connect((name, self.port)).await,
                };
                let stream = stream.map_err(failed)?;
                stream.set_nodelay(true).map_err(failed)?;
                if encrypts { self.protect(stream, name).await } else { Ok(Wire(Box::new(stream))) }
            }
        }
    }

    async fn protect(&self, mut stream: impl Stream + 'static, name: &str) -> std::result::Result<Wire, Failure> {
        let failed = |error| Failure { error, tries_again: true };
        let gone = |e: io::Error| failed(no_answer(&e));
        stream.write_all(&SSL_REQUEST).await.map_err(gone)?;
        // Not a byte more: whatever else has come unencrypted must not count as encrypted.
        match stream.read_u8().await.map_err(gone)? {
            b'S' => Ok(Wire(Box::new(self.trust.handshake(stream, name).await.map_err(failed)?))),
            b'N' if self.mode <= SslMode::Prefer => Ok(Wire(Box::new(stream))),
            b'N' => Err(failed(Error::unavailable(
                "no TLS connection to the database: the server does not support TLS: switch it on there (ssl = on)",
            ))),
            other => {
                let text = format!(
                    "the database broke the protocol: unexpected answer 0x{other:02x} to SSLRequest; look at host and port"
                );
                Err(failed(Error::unavailable(text)))
            }
        }
    }
}

/// A server that ends the connection where it is asked for TLS speaks another protocol.
fn no_answer(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::unavailable(
            "no TLS connection to the database: the server ends the connection when it is asked for TLS; look at host and port",
        ),
        _ => unreachable(error),
    }
}

/// The server cannot be reached, or no longer.
pub(super) fn unreachable(error: &io::Error) -> Error {
    if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
        return tls_trouble::said(error);
    }
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
    /// The stream itself, before the connection belongs to a relay.
    pub(super) fn stream(&mut self) -> &mut (impl AsyncRead + AsyncWrite + Unpin) {
        &mut self.0
    }

    /// What a login is bound to; none without TLS, or where the certificate gives nothing.
    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        self.0.end_point()
    }

    /// Whether TLS protects it.
    pub(super) fn is_encrypted(&self) -> bool {
        self.0.is_encrypted()
    }

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
