//! What becomes of a request, step by step, for a collector: the request, the start of its guest,
//! each statement by its shape, the commit.
//!
//! Where no traces are sent, all of that is a look at a variable that is not set. A span holds
//! nothing that a visitor or an app keeps secret: no query string, no header, no value of a
//! statement. All its texts are bounded. What is logged on behalf of a request has its id by the
//! same way.

mod shape;

use crate::telemetry::otlp;
use http::{HeaderMap, Method};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::Span as _;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use shape::Shape;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::task::futures::TaskLocalFuture;

/// Bytes of a path or an id.
const LONGEST_TEXT: usize = 1_000;

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

tokio::task_local! {
    /// The request on whose behalf a task works.
    static CURRENT: Carried;
}

/// From now on requests are traced.
pub(super) fn start(provider: &SdkTracerProvider) {
    // Of several, as in tests of one process, the first stays.
    let _ = TRACER.set(provider.tracer("innkeeper"));
}

/// A request under way. Dropping it ends its span.
#[derive(Debug, Default)]
pub struct RequestTrace(Option<Context>);

/// What is known of a request when it comes.
#[derive(Debug)]
pub struct Arrived<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path as the log may have it, without the query.
    pub path: &'a str,
    /// Whether the visitor has come over https.
    pub https: bool,
    /// Its headers, of which `traceparent` is read.
    pub headers: &'a HeaderMap,
    /// Its id.
    pub id: &'a str,
}

/// What became of a request.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The app and its version that answered; none where the host did.
    pub guest: Option<(&'a str, i64)>,
    /// The method of the request.
    pub method: &'a Method,
    /// The status of the answer.
    pub status: u16,
    /// The time from the head of the request to that of the answer.
    pub took: Duration,
}

/// Only the parent is taken over: a state of others may be as large as a header.
struct Parent<'a>(&'a HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).filter(|_| key == "traceparent").and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

impl RequestTrace {
    /// Begins the span of a request.
    pub fn begin(arrived: &Arrived<'_>) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Parent(arrived.headers));
        let scheme = if arrived.https { "https" } else { "http" };
        let builder = SpanBuilder::from_name(bounded(arrived.method.as_str()))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", bounded(arrived.method.as_str())),
                KeyValue::new("url.path", bounded(arrived.path)),
                KeyValue::new("url.scheme", scheme),
                KeyValue::new("innkeeper.request_id", bounded(arrived.id)),
            ]);
        let span = tracer.build_with_context(builder, &parent);
        Self(span.is_recording().then(|| Context::new().with_span(span)))
    }

    /// For the work on behalf of the request with this id.
    pub fn carried(&self, id: &str) -> Carried {
        Carried { trace: self.0.clone(), id: Some(id.into()) }
    }

    /// Ends the span with the head of the answer. What the guest does after it is still noted.
    pub fn end(self, answered: &Answered<'_>) {
        let Some(context) = self.0 else { return };
        let span = context.span();
        if let Some((app, version)) = answered.guest {
            span.update_name(format!("{} {app}", bounded(answered.method.as_str())));
            span.set_attribute(KeyValue::new("innkeeper.app", app.to_owned()));
            span.set_attribute(KeyValue::new("innkeeper.version", version));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(answered.status)));
        if answered.status >= 500 {
            span.set_attribute(KeyValue::new("error.type", answered.status.to_string()));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Counts an answer for a collector.
pub fn count(answered: &Answered<'_>) {
    let app = answered.guest.map(|(app, _)| app).unwrap_or_default();
    otlp::answered(app, answered.method, answered.status, answered.took);
}

/// The request on whose behalf this task works, for work that goes on elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// None where it is not traced.
    trace: Option<Context>,
    id: Option<Arc<str>>,
}

/// The request on whose behalf this task works.
pub fn carried() -> Carried {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// The id of the request on whose behalf this task works, for lines of the log that do not say it.
pub(super) fn request_id() -> Option<Arc<str>> {
    CURRENT.try_with(|carried| carried.id.clone()).ok().flatten()
}

impl Carried {
    /// What is polled in this works on behalf of the request.
    pub fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, work)
    }
}

/// A part of a request. Dropping it ends its span.
#[derive(Debug)]
#[must_use = "a step ends when it is dropped"]
pub struct Step(Option<Span>);

/// Begins a step of the request under way.
pub fn step(name: &'static str) -> Step {
    begin(|| SpanBuilder::from_name(name).with_kind(SpanKind::Internal))
}

/// Begins a statement on a database, `postgresql` or `sqlite`. Of its text nothing is kept that
/// could be a value.
pub fn statement(system: &'static str, text: &str) -> Step {
    begin(|| {
        let Shape { text, operation, table } = shape::shape(system, text);
        let name = match &table {
            Some(table) => format!("{operation} {table}"),
            None => operation.clone(),
        };
        let mut attributes = vec![
            KeyValue::new("db.system.name", system),
            KeyValue::new("db.operation.name", operation),
            KeyValue::new("db.query.text", text),
        ];
        attributes.extend(table.map(|table| KeyValue::new("db.collection.name", table)));
        SpanBuilder::from_name(name).with_kind(SpanKind::Client).with_attributes(attributes)
    })
}

fn begin(builder: impl FnOnce() -> SpanBuilder) -> Step {
    let Some(tracer) = TRACER.get() else { return Step(None) };
    let context = carried().trace;
    Step(context.map(|context| tracer.build_with_context(builder(), &context)))
}

impl Step {
    /// Notes a number.
    pub fn note(&mut self, name: &'static str, number: impl Into<Value>) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(name, number));
        }
    }

    /// Notes that it failed, and the kind of failure.
    pub fn failed(&mut self, kind: impl FnOnce() -> String) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new("error.type", kind()));
            span.set_status(Status::error(""));
        }
    }
}

fn bounded(text: &str) -> String {
    text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default().to_owned()
}
