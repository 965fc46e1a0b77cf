//! Requests to a host elsewhere, over one connection as long as it is good.
//!
//! What may be sent twice is sent again where the connection breaks or the router in front says
//! that nobody is there, as it does while a host is restarted. All else is sent again only where it
//! was never sent.

use crate::config::{RemoteConfig, Secret};
use crate::web::admin::ErrorBody;
use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

/// How long it may take until there is a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an answer may take. Routers end a request sooner.
const ANSWER: Duration = Duration::from_secs(100);
/// Before each further try. Together about as long as a host needs to be started anew.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(8),
];
/// Bytes of an answer: more than the largest component.
const ANSWER_BYTES: usize = 1 << 30;

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(HeaderName, String)>,
    /// With its media type.
    pub(super) body: Option<(&'static str, Bytes)>,
    /// Whether it does the same when it comes twice.
    pub(super) is_repeatable: bool,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// See the module.
pub(super) struct Transport {
    url: Url,
    token: Secret,
    tls: Option<TlsConnector>,
    open: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// Why there is no answer.
enum Trouble {
    /// The request has not left this machine.
    Unsent(anyhow::Error),
    /// Nobody knows whether it has arrived.
    Broken(anyhow::Error),
}

impl Transport {
    pub(super) fn new(remote: RemoteConfig) -> anyhow::Result<Self> {
        let RemoteConfig { url, token } = remote;
        let tls = if url.scheme() == "https" { Some(connector()?) } else { None };
        Ok(Self { url, token, tls, open: Mutex::new(None) })
    }

    /// Where the host is, for people.
    pub(super) fn place(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Sends a request, again if need be, and returns what came back.
    pub(super) async fn send(&self, call: &Call) -> anyhow::Result<Answer> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let trouble = match self.send_once(call).await {
                Ok(answer) if call.is_repeatable && is_passing(answer.status) => {
                    anyhow!("{}", Self::said(&answer))
                }
                Ok(answer) => return Ok(answer),
                Err(Trouble::Unsent(error)) => error,
                Err(Trouble::Broken(error)) if call.is_repeatable => error,
                Err(Trouble::Broken(error)) => {
                    let text =
                        format!("{}: nobody knows whether it was done; look before you try again", self.place());
                    return Err(error.context(text));
                }
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(trouble.context(format!("{} cannot be reached", self.place()))),
            }
        }
    }

    async fn send_once(&self, call: &Call) -> Result<Answer, Trouble> {
        let mut open = self.open.lock().await;
        let mut sender = match usable(open.take()).await {
            Some(sender) => sender,
            None => {
                let connecting = timeout(CONNECT, self.connect()).await;
                let connected = connecting.unwrap_or_else(|_| Err(anyhow!("no connection within {CONNECT:?}")));
                connected.map_err(Trouble::Unsent)?
            }
        };
        let request = self.request(call).map_err(Trouble::Unsent)?;
        let answering = timeout(ANSWER, async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| anyhow!("the answer broke off: {error}"))?.to_bytes();
            Ok::<_, anyhow::Error>(Answer { status: head.status, headers: head.headers, body })
        });
        let answer = answering.await.unwrap_or_else(|_| Err(anyhow!("no answer within {ANSWER:?}")));
        let answer = answer.map_err(Trouble::Broken)?;
        *open = Some(sender);
        Ok(answer)
    }

    fn request(&self, call: &Call) -> anyhow::Result<Request<Full<Bytes>>> {
        let target: Uri = call.target.parse().context("the path of a request")?;
        let authority = self.url.authority();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.token.expose()))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(target)
            .header(HOST, authority)
            .header(AUTHORIZATION, bearer)
            .header(USER_AGENT, concat!("innkeeper/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let bytes = match &call.body {
            Some((media_type, bytes)) => {
                request = request.header(CONTENT_TYPE, *media_type);
                bytes.clone()
            }
            None => Bytes::new(),
        };
        Ok(request.body(Full::new(bytes))?)
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let host =
            self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = self.url.port_or_known_default().unwrap_or(443);
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => open(TokioIo::new(stream)).await,
            Some(tls) => {
                let name = ServerName::try_from(host)?;
                open(TokioIo::new(tls.connect(name, stream).await.context("TLS")?)).await
            }
        }
    }

    /// What a host says that has not done what it was asked for.
    pub(super) fn said(answer: &Answer) -> String {
        match serde_json::from_slice::<ErrorBody>(&answer.body) {
            Ok(body) => body.message,
            Err(_) => format!("the answer is {}, and not from the admin API of an Innkeeper", answer.status),
        }
    }

    /// The body of an answer that is one of success; else an error with what the host says.
    pub(super) fn expect(&self, answer: Answer) -> anyhow::Result<Answer> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let said = Self::said(&answer);
        match answer.status {
            StatusCode::UNAUTHORIZED => bail!("{}: INNKEEPER_TOKEN: {said}", self.place()),
            StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => bail!("{}: {said}", self.place()),
            StatusCode::NOT_FOUND if serde_json::from_slice::<ErrorBody>(&answer.body).is_err() => {
                bail!("{}: there is no admin API of an Innkeeper", self.place())
            }
            _ => bail!(said),
        }
    }
}

/// The connection that is there, if it takes another request.
async fn usable(sender: Option<SendRequest<Full<Bytes>>>) -> Option<SendRequest<Full<Bytes>>> {
    let mut sender = sender?;
    sender.ready().await.ok().map(|()| sender)
}

/// Statuses of a router in front that reaches no host, and of a host without its database.
fn is_passing(status: StatusCode) -> bool {
    let passing = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
    passing.contains(&status)
}

async fn open<S>(stream: TokioIo<S>) -> anyhow::Result<SendRequest<Full<Bytes>>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(stream).await?;
    // It ends with the sender.
    tokio::spawn(connection);
    Ok(sender)
}

fn connector() -> anyhow::Result<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        bail!(
            "this system has no root certificates, by which the host could prove who it is: install ca-certificates"
        );
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
}
