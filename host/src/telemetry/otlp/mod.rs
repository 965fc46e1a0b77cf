//! Traces and metrics for a collector, by the standard of OpenTelemetry.
//!
//! Nobody waits for the collector: two threads of the SDK collect and send, and where it is away,
//! slow or full of errors, what there is no room for is lost. That is said once in the log.

mod client;
mod meters;

use super::figures::Measured;
use super::traces;
use crate::config::{OtlpConfig, OtlpEndpoint, OtlpSampler, OtlpTemporality};
use crate::outbound::TlsError;
use client::Client;
pub(super) use meters::answered;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, Protocol, RetryPolicy};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Spans that may wait; more are left out. Each has a bounded size: see `traces`.
const SPANS_WAITING: usize = 2_048;
/// Spans of one request to the collector.
const SPANS_AT_ONCE: usize = 512;
/// How often spans are sent.
const SPANS_EVERY: Duration = Duration::from_secs(5);
/// A collector that is away for a moment loses nothing.
const RETRIES: usize = 2;

/// Measures this process at the moment of asking.
pub type Measure = Arc<dyn Fn() -> Measured + Send + Sync>;

/// Why nothing is sent.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// There is no way to speak to the collector.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// A header that is none. Never with its value.
    #[error("OTEL_EXPORTER_OTLP_HEADERS: {0} is no header")]
    Header(String),
    /// The library refuses. Its own text may hold the URL.
    #[error("{0} cannot be sent: the endpoint is not understood")]
    Endpoint(&'static str),
}

/// What sends.
#[derive(Debug, Default)]
#[must_use = "the last spans and figures are sent when this is ended"]
pub struct Otlp {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

/// Begins to send what the configuration names. From now on requests are traced.
pub fn start(config: &OtlpConfig, measure: Measure) -> Result<Otlp, OtlpError> {
    let resource = Resource::builder_empty()
        .with_attributes(config.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())))
        .build();
    let mut otlp = Otlp::default();
    if let Some(endpoint) = &config.metrics {
        otlp.metrics = Some(metrics(endpoint, config, resource.clone(), measure)?);
        tracing::info!("metrics are sent to {}", endpoint.place());
    }
    if let Some(endpoint) = &config.traces {
        let provider = spans(endpoint, config.sampler, resource)?;
        traces::start(&provider);
        otlp.traces = Some(provider);
        tracing::info!("traces are sent to {}", endpoint.place());
    }
    Ok(otlp)
}

impl Otlp {
    /// Sends what is waiting, spans and figures at the same time, if that takes no longer. What is
    /// not sent by then is lost.
    pub async fn end(self, longest: Duration) {
        let Self { traces, metrics } = self;
        if traces.is_none() && metrics.is_none() {
            return;
        }
        // Whoever is away has been told of in the log.
        let traces = in_a_thread(move || drop(traces.map(|traces| traces.shutdown_with_timeout(longest))));
        let metrics = in_a_thread(move || drop(metrics.map(|metrics| metrics.shutdown_with_timeout(longest))));
        let _ = tokio::time::timeout(longest, async { tokio::join!(traces, metrics) }).await;
    }
}

/// Does something that waits, in a thread which the end of the process does not wait for.
async fn in_a_thread(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = tokio::sync::oneshot::channel();
    let begun = std::thread::Builder::new().name("otlp-end".into()).spawn(move || {
        work();
        let _ = done.send(());
    });
    if begun.is_ok() {
        let _ = ended.await;
    }
}

fn spans(
    endpoint: &OtlpEndpoint,
    sampler: OtlpSampler,
    resource: Resource,
) -> Result<SdkTracerProvider, OtlpError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new("traces", endpoint, Handle::current())?)
        .with_retry_policy(RetryPolicy::recommended().with_max_retries(RETRIES))
        .with_endpoint(endpoint.url.expose())
        .with_timeout(endpoint.timeout)
        .with_protocol(Protocol::HttpBinary)
        .build();
    let exporter = exporter.map_err(|_: ExporterBuildError| OtlpError::Endpoint("traces"))?;
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(SPANS_WAITING)
        .with_max_export_batch_size(SPANS_AT_ONCE)
        .with_scheduled_delay(SPANS_EVERY)
        .build();
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
    let provider = SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource);
    Ok(match sampler {
        OtlpSampler::Parent => provider.with_sampler(Sampler::parent_based(Sampler::AlwaysOn)),
        OtlpSampler::ParentOff => provider.with_sampler(Sampler::parent_based(Sampler::AlwaysOff)),
        OtlpSampler::ParentRatio(part) => {
            provider.with_sampler(Sampler::parent_based(Sampler::TraceIdRatioBased(part)))
        }
        OtlpSampler::On => provider.with_sampler(Sampler::AlwaysOn),
        OtlpSampler::Off => provider.with_sampler(Sampler::AlwaysOff),
        OtlpSampler::Ratio(part) => provider.with_sampler(Sampler::TraceIdRatioBased(part)),
    }
    .build())
}

fn metrics(
    endpoint: &OtlpEndpoint,
    config: &OtlpConfig,
    resource: Resource,
    measure: Measure,
) -> Result<SdkMeterProvider, OtlpError> {
    let temporality = match config.temporality {
        OtlpTemporality::Cumulative => Temporality::Cumulative,
        OtlpTemporality::Delta => Temporality::Delta,
        OtlpTemporality::LowMemory => Temporality::LowMemory,
    };
    let exporter = MetricExporter::builder()
        .with_temporality(temporality)
        .with_http()
        .with_http_client(Client::new("metrics", endpoint, Handle::current())?)
        .with_retry_policy(RetryPolicy::recommended().with_max_retries(RETRIES))
        .with_endpoint(endpoint.url.expose())
        .with_timeout(endpoint.timeout)
        .with_protocol(Protocol::HttpBinary)
        .build();
    let exporter = exporter.map_err(|_: ExporterBuildError| OtlpError::Endpoint("metrics"))?;
    let reader = PeriodicReader::builder(exporter).with_interval(config.interval).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build();
    meters::start(&provider, measure);
    Ok(provider)
}
