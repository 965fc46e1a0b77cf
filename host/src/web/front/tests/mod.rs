//! The front with a real hyper behind it: raw bytes in, raw bytes out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod bodies;
mod flow;
mod heads;
mod mutated;
mod names;
mod refused;
mod table;
mod timers;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::{Guarded, Refusal, Rules, builder, refusal};

/// Large enough for any request of these tests to be in the pipe at once.
const WIDE: usize = 1 << 20;
/// How long `/slow` takes: longer than every limit of [`Rules`].
const SLOW: Duration = Duration::from_secs(200);

/// A connection to a server behind the front.
struct Served {
    client: DuplexStream,
    server: JoinHandle<hyper::Result<()>>,
    runs: Runs,
}

/// The requests that the service has run.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<Vec<String>>>);

impl Runs {
    fn list(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Serves over a pipe that holds `pipe_bytes`: with 1, every byte arrives alone.
fn serve(rules: Rules, pipe_bytes: usize) -> Served {
    let (client, socket) = duplex(pipe_bytes);
    let runs = Runs::default();
    let server = tokio::spawn(serve_socket(socket, rules, runs.clone()));
    Served { client, server, runs }
}

async fn serve_socket<S>(socket: S, rules: Rules, runs: Runs) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    serve_guarded(Guarded::new(socket, rules), rules, runs).await
}

async fn serve_guarded<S>(socket: Guarded<S>, rules: Rules, runs: Runs) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request| answer(request, runs.clone()));
    builder(&rules).serve_connection(TokioIo::new(socket), service).await
}

async fn answer(request: Request<Incoming>, runs: Runs) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(refusal) = refusal(&request) {
        return Ok(refusal.answer().map(Full::from));
    }
    let path = request.uri().path().to_owned();
    runs.0.lock().unwrap().push(format!("{} {path}", request.method()));
    match path.as_str() {
        "/slow" => tokio::time::sleep(SLOW).await,
        "/big" => return Ok(Response::new(Full::from(vec![b'x'; 4 * WIDE]))),
        "/unread" => return Ok(Response::new(Full::from("unread"))),
        _ => {}
    }
    Ok(echo(request).await)
}

async fn echo(request: Request<Incoming>) -> Response<Full<Bytes>> {
    match request.into_body().collect().await {
        Ok(body) => {
            let trailers = body.trailers().map_or(0, http::HeaderMap::len);
            let mut response = Response::new(Full::from(body.to_bytes()));
            response.headers_mut().insert("trailers", trailers.into());
            response
        }
        Err(error) => match Refusal::behind(&error) {
            Some(refusal) => refusal.answer().map(Full::from),
            None => {
                let mut response = Response::new(Full::from("cut"));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response
            }
        },
    }
}

impl Served {
    /// Sends everything, ends the sending side, and returns all that comes back.
    async fn talk(mut self, request: &[u8]) -> (String, Runs) {
        let (mut reader, mut writer) = tokio::io::split(&mut self.client);
        let mut answer = Vec::new();
        let sending = async {
            // The server may refuse before it has read everything.
            let _cut = writer.write_all(request).await;
            let _cut = writer.shutdown().await;
        };
        let ((), end) = tokio::join!(sending, reader.read_to_end(&mut answer));
        end.unwrap();
        self.server.await.unwrap().unwrap();
        (String::from_utf8_lossy(&answer).into_owned(), self.runs)
    }

    /// Reads up to the end of an answer that ends in `tail`.
    async fn read_until(&mut self, tail: &str) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(tail.as_bytes()) {
            answer.push(self.client.read_u8().await.expect("the answer goes on"));
        }
        String::from_utf8(answer).unwrap()
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.client.write_all(bytes.as_ref()).await.unwrap();
    }
}

/// The statuses of all responses in an answer.
fn statuses(answer: &str) -> Vec<u16> {
    // A reason may name a version too, without a status behind it.
    answer
        .split("HTTP/1.1 ")
        .chain(answer.split("HTTP/1.0 "))
        .filter_map(|head| head.get(..3)?.parse().ok())
        .collect()
}
