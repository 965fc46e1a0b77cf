//! Requests to a collector, over a connection for each.

use super::OtlpError;
use crate::config::OtlpEndpoint;
use crate::outbound::tls_connector;
use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

/// Bytes of an answer, which says little.
const ANSWER_BYTES: usize = 64 << 10;

/// Speaks to one collector. The SDK calls it on a thread that is not tokio's; all work is done in
/// the host's runtime.
pub(super) struct Client {
    runtime: Handle,
    target: Arc<Target>,
    /// What is sent, for the log.
    what: &'static str,
    /// Whether the log says already that the collector does not take what it is sent.
    is_failing: AtomicBool,
}

struct Target {
    tls: Option<TlsConnector>,
    headers: HeaderMap,
    timeout: Duration,
    /// Without path and query, for people.
    place: String,
}

/// Ends a connection with the request it was for.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    pub(super) fn new(what: &'static str, endpoint: &OtlpEndpoint, runtime: Handle) -> Result<Self, OtlpError> {
        let place = endpoint.place();
        let tls = if place.starts_with("https:") { Some(tls_connector()?) } else { None };
        let mut headers = HeaderMap::new();
        for (name, value) in &endpoint.headers {
            let wrong = || OtlpError::Header(name.clone());
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
        }
        let target = Arc::new(Target { tls, headers, timeout: endpoint.timeout, place });
        Ok(Self { runtime, target, what, is_failing: AtomicBool::new(false) })
    }

    /// Says once that the collector takes nothing, and once that it does again.
    fn tell(&self, result: &Result<Response<Bytes>, HttpError>) {
        let (what, place) = (self.what, &self.target.place);
        let trouble = match result {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers with {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        match trouble {
            Some(trouble) if !self.is_failing.swap(true, Ordering::Relaxed) => tracing::warn!(
                "{place} does not take {what}: {trouble}; what there is no room for is lost, and nothing more is \
                 said until it takes them"
            ),
            None if self.is_failing.swap(false, Ordering::Relaxed) => {
                tracing::info!("{place} takes {what} again");
            }
            _ => {}
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("place", &self.target.place).finish()
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let target = Arc::clone(&self.target);
        let sending = self.runtime.spawn(async move {
            let timeout = target.timeout;
            let late = |_| HttpError::from(format!("no answer within {timeout:?}"));
            tokio::time::timeout(timeout, send(&target, request)).await.map_err(late)?
        });
        let result = sending.await.unwrap_or_else(|_| Err("the host ends".into()));
        self.tell(&result);
        result
    }
}

async fn send(target: &Target, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let uri = request.uri().clone();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(if target.tls.is_some() { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    let _ = stream.set_nodelay(true);
    let request = prepared(target, request, &uri)?;
    match &target.tls {
        None => ask(stream, request).await,
        Some(tls) => {
            let stream = tls.connect(ServerName::try_from(host)?, stream).await.map_err(unproven)?;
            ask(stream, request).await
        }
    }
}

/// What to do where the collector cannot prove its name to this system.
fn unproven(error: io::Error) -> HttpError {
    let of_tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    match of_tls {
        Some(rustls::Error::InvalidCertificate(_)) => {
            format!("{error}; SSL_CERT_FILE may name a file of the certificates that are to be believed").into()
        }
        _ => error.into(),
    }
}

/// The request as it goes over a connection to the collector itself.
fn prepared(target: &Target, request: Request<Bytes>, uri: &Uri) -> Result<Request<Full<Bytes>>, HttpError> {
    let (mut head, body) = request.into_parts();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse()?;
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    head.headers.insert(HOST, HeaderValue::from_str(authority)?);
    for (name, value) in &target.headers {
        head.headers.insert(name, value.clone());
    }
    Ok(Request::from_parts(head, Full::new(body)))
}

async fn ask<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let _connection = Connection(tokio::spawn(connection).abort_handle());
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await?.to_bytes();
    Ok(Response::from_parts(head, body))
}
