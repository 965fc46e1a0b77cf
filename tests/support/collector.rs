//! A collector of OpenTelemetry: takes what is sent over http/protobuf, and shows it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a collector does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes everything.
    Takes,
    /// It answers 500.
    Fails,
    /// It has had enough, and wants to be left alone for an hour.
    Throttles,
    /// It reads the request and says nothing.
    Hangs,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Export {
    /// Path and query.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

/// A collector on a port of its own. It ends with the value.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    exports: Vec<Export>,
}

impl Collector {
    /// Starts one.
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State { mood, exports: Vec::new() }));
        let shared = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        Self { address, state, serving }
    }

    /// Its URL, as `OTEL_EXPORTER_OTLP_ENDPOINT` wants it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it does this.
    pub fn be(&self, mood: Mood) {
        self.state.lock().expect("nobody panics while holding it").mood = mood;
    }

    /// Everything that has come.
    pub fn exports(&self) -> Vec<Export> {
        self.state.lock().expect("nobody panics while holding it").exports.clone()
    }

    /// All spans that have come, with the attributes of their resource.
    pub fn spans(&self) -> Vec<Span> {
        let of_traces = self.exports().into_iter().filter(|export| export.target.starts_with("/v1/traces"));
        let decode = |export: Export| ExportTraceServiceRequest::decode(export.body).expect("a message of OTLP");
        let resources = of_traces.map(decode).flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The metrics of the last request that brought some, and the attributes of the resource.
    pub fn metrics(&self) -> Option<(Vec<Metric>, Vec<KeyValue>)> {
        let mut exports = self.exports().into_iter();
        let export = exports.rfind(|export| export.target.starts_with("/v1/metrics"))?;
        let request = ExportMetricsServiceRequest::decode(export.body).expect("a message of OTLP");
        let resource = request.resource_metrics.into_iter().next()?;
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        Some((resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics).collect(), attributes))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The value of an attribute as text; nothing where there is none.
pub fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.clone()?.value);
    match found {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let mood = {
        let mut state = state.lock().expect("nobody panics while holding it");
        state.exports.push(Export { target, headers: head.headers, body });
        state.mood
    };
    let mut response = Response::new(Full::default());
    match mood {
        Mood::Takes => {}
        Mood::Fails => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Throttles => {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("3600"));
        }
        Mood::Hangs => tokio::time::sleep(Duration::from_secs(600)).await,
    }
    Ok(response)
}
