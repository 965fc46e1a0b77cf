//! Requests to a host elsewhere, over one connection as long as it is good.
//!
//! What may be sent twice is sent again where the connection breaks or the router in front says
//! that nobody is there, as it does while a host is restarted. All else is sent again only where it
//! was never sent. Where another try cannot help, such as with a certificate that is not good,
//! there is none.

use super::super::output;
use crate::config::{RemoteConfig, Secret};
use crate::operations::OperationError;
use crate::outbound::tls_connector;
use crate::web::admin::ErrorBody;
use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

/// How long it may take until there is a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an answer may take. Routers end a request sooner.
const ANSWER: Duration = Duration::from_secs(100);
/// Before each further try. Together longer than a host needs to end and to be started anew.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(8),
    Duration::from_secs(8),
    Duration::from_secs(8),
];
/// After so long there is no further try: a server that takes requests and is silent is not one
/// that is being started.
const LONGEST: Duration = Duration::from_secs(180);
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

/// A connection to one host, with the token for it.
pub(super) struct Transport {
    url: Url,
    token: Secret,
    tls: Option<TlsConnector>,
    open: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// Why there is no answer.
enum Trouble {
    /// The request has not left this machine, and another try would end alike.
    Final(anyhow::Error),
    /// The request has not left this machine.
    Unsent(anyhow::Error),
    /// Nobody knows whether it has arrived.
    Broken(anyhow::Error),
}

impl Transport {
    pub(super) fn new(remote: RemoteConfig) -> anyhow::Result<Self> {
        let RemoteConfig { url, token } = remote;
        let tls = if url.scheme() == "https" { Some(tls_connector()?) } else { None };
        Ok(Self { url, token, tls, open: Mutex::new(None) })
    }

    /// Where the host is, for people.
    pub(super) fn place(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Sends a request, again if need be, and returns what came back.
    pub(super) async fn send(&self, call: &Call) -> anyhow::Result<Answer> {
        let (began, mut pauses) = (Instant::now(), PAUSES.into_iter());
        let mut is_told = false;
        loop {
            let trouble = match self.send_once(call).await {
                Ok(answer) if is_of_a_router(&answer) => Trouble::Broken(anyhow!("{}", Self::said(&answer))),
                Ok(answer) if call.is_repeatable && is_passing(answer.status) => {
                    Trouble::Unsent(anyhow!("{}", Self::said(&answer)))
                }
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let error = match trouble {
                Trouble::Final(error) => return Err(error.context(self.place().to_owned())),
                Trouble::Unsent(error) => error,
                Trouble::Broken(error) if call.is_repeatable => error,
                Trouble::Broken(error) => {
                    let text =
                        format!("{}: nobody knows whether it was done; look before you try again", self.place());
                    return Err(error.context(text));
                }
            };
            let Some(pause) = pauses.next().filter(|_| began.elapsed() < LONGEST) else {
                return Err(error.context(format!("{} cannot be reached", self.place())));
            };
            if !is_told {
                output::note(format!("{}: no answer yet ({error:#}), trying again", self.place()));
                is_told = true;
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn send_once(&self, call: &Call) -> Result<Answer, Trouble> {
        let request = self.request(call).map_err(Trouble::Final)?;
        let mut open = self.open.lock().await;
        let mut sender = match usable(open.take()).await {
            Some(sender) => sender,
            None => {
                let connecting = timeout(CONNECT, self.connect()).await;
                let too_late = || Trouble::Unsent(anyhow!("no connection within {CONNECT:?}"));
                connecting.unwrap_or_else(|_| Err(too_late()))?
            }
        };
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

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Trouble> {
        let host =
            self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = self.url.port_or_known_default().unwrap_or(443);
        let unsent = |error: std::io::Error| Trouble::Unsent(error.into());
        let addresses = lookup_host((host.as_str(), port)).await;
        let addresses: Vec<_> = addresses.map_err(|error| unknown_name(&host, &error))?.collect();
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(unsent)?;
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => {
                check_is_here(&host, stream.peer_addr().map_err(unsent)?.ip())?;
                open(TokioIo::new(stream)).await
            }
            Some(tls) => {
                let name = ServerName::try_from(host).map_err(|error| Trouble::Final(error.into()))?;
                open(TokioIo::new(tls.connect(name, stream).await.map_err(of_tls)?)).await
            }
        }
    }

    /// What a host says that has not done what it was asked for.
    pub(super) fn said(answer: &Answer) -> String {
        match error_of(answer) {
            Some(error) => error.message,
            None => format!("the answer is {}, and not from the admin API of an Innkeeper", answer.status),
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
            StatusCode::NOT_FOUND if error_of(&answer).is_none() => {
                bail!("{}: there is no admin API of an Innkeeper", self.place())
            }
            status if status.is_redirection() => {
                let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
                let to = to.map(|to| format!(" to {to}")).unwrap_or_default();
                bail!("{} redirects{to} ({status}): name the host itself with --to", self.place())
            }
            _ => match serde_json::from_slice::<OperationError>(&answer.body) {
                Ok(error) => Err(error.into()),
                Err(_) => bail!("{}: {said}", self.place()),
            },
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

/// Whether a router in front has answered instead of a host, which may have got the request.
fn is_of_a_router(answer: &Answer) -> bool {
    is_passing(answer.status) && error_of(answer).is_none()
}

/// What the admin API says of a failure; none where somebody else has answered.
fn error_of(answer: &Answer) -> Option<ErrorBody> {
    serde_json::from_slice(&answer.body).ok()
}

fn unknown_name(host: &str, error: &std::io::Error) -> Trouble {
    Trouble::Final(anyhow!("the name {host} leads to no address ({error}): check --to and this machine's network"))
}

/// Names of this machine may lead elsewhere, and then everybody on the way could read the token.
fn check_is_here(host: &str, address: IpAddr) -> Result<(), Trouble> {
    match address.to_canonical().is_loopback() {
        true => Ok(()),
        false => Err(Trouble::Final(anyhow!(
            "{host} is {address}, which is another machine: over plain http, everybody on the way could read \
             the token; https is wanted"
        ))),
    }
}

/// What a certificate or the other side's TLS is refused for stays as it is.
fn of_tls(error: std::io::Error) -> Trouble {
    let Some(found) = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) else {
        return Trouble::Unsent(anyhow::Error::from(error).context("TLS"));
    };
    let hint = match found {
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => ": --to needs a name for which the host has a certificate",
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => ": the host needs another certificate, or this machine another time",
        rustls::Error::InvalidCertificate(_) => {
            ": this machine knows nobody who has signed it; the certificate of an authority of your own goes into a file \
             that the variable SSL_CERT_FILE names"
        }
        rustls::Error::InvalidMessage(_) => ": what answers there does not speak TLS; is the port the right one?",
        _ => "",
    };
    Trouble::Final(anyhow!("TLS: {found}{hint}"))
}

async fn open<S>(stream: TokioIo<S>) -> Result<SendRequest<Full<Bytes>>, Trouble>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(stream).await.map_err(|error| Trouble::Unsent(error.into()))?;
    // It ends with the sender.
    tokio::spawn(connection);
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_plain_http_only_this_machine_is_spoken_to_whatever_its_name_is() {
        for here in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(check_is_here("a.localhost", here.parse().unwrap()).is_ok(), "{here}");
        }
        for elsewhere in ["192.0.2.2", "10.0.0.1", "::ffff:192.0.2.2", "fe80::1", "0.0.0.0", "::"] {
            let refused = check_is_here("a.localhost", elsewhere.parse().unwrap());
            let Err(Trouble::Final(error)) = refused else { panic!("{elsewhere} is not this machine") };
            let said = error.to_string();
            assert!(said.starts_with("a.localhost is ") && said.contains("https is wanted"), "{said}");
        }
    }

    #[test]
    fn the_pauses_outlast_a_host_that_is_started_anew() {
        // It answers for another 21 seconds, and then it has to load its apps.
        assert!(PAUSES.iter().sum::<Duration>() > Duration::from_secs(35));
    }
}
