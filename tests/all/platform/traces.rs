//! Traces and metrics for a collector of OpenTelemetry.

use http::Request;
use http_body_util::Full;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::collector::{Collector, Mood, attribute};
use support::haproxy::Haproxy;
use support::probe::{all_ok, execute, op, query};
use support::{Engine, TestHost, until};

on_both_databases! {
    a_request_is_a_trace_of_its_parts,
    a_caller_and_a_sampler_decide_what_is_traced,
    metrics_arrive_under_the_names_of_the_conventions,
    a_collector_that_takes_nothing_stops_nobody,
    without_an_endpoint_nothing_is_said_and_nothing_sent,
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn steps() -> serde_json::Value {
    json!([
        execute("create table notes (id bigint primary key, text text)", json!([])),
        execute("insert into notes (id, text) values ($1, 'a literal')", json!([1])),
        query("select id from notes where text = 'a literal' or id in (1, 2)", json!([])),
        query("select id from elsewhere", json!([])),
    ])
}

fn traced(flags: &str) -> http::request::Builder {
    let parent = format!("00-{TRACE}-{PARENT}-{flags}");
    Request::post("/run?with=query").header("content-type", "application/json").header("traceparent", parent)
}

async fn a_request_is_a_trace_of_its_parts(engine: Engine) {
    let collector = Collector::start(Mood::Takes).await;
    let mut host = TestHost::with(engine).app("probe", "probe").env(ENDPOINT, &collector.url()).start().await;
    host.visitor().send(traced("01"), Full::from(steps().to_string())).await.expect(200);
    // At its end a host sends what is waiting.
    let (status, log) = host.terminate().await;
    assert!(status.success(), "{log}");
    let spans: Vec<Span> = collector.spans().into_iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let root = spans.iter().find(|span| hex(&span.parent_span_id) == PARENT).expect("the span of the request");
    let of = |name: &str| attribute(&root.attributes, name);
    assert_eq!((root.name.as_str(), root.kind), ("POST probe", 2), "{root:?}");
    for (name, value) in [
        ("http.request.method", "POST"),
        ("url.path", "/run"),
        ("url.scheme", "http"),
        ("http.response.status_code", "200"),
        ("innkeeper.app", "probe"),
        ("innkeeper.version", "1"),
    ] {
        assert_eq!(of(name), value, "{name}: {root:?}");
    }
    assert!(of("innkeeper.request_id").len() > 8, "{root:?}");
    let parts: Vec<&Span> = spans.iter().filter(|span| span.parent_span_id == root.span_id).collect();
    assert_eq!(parts.len() + 1, spans.len(), "each is a part of the request: {spans:?}");
    for name in ["instantiate", "commit", "CREATE notes", "INSERT notes", "SELECT notes", "SELECT elsewhere"] {
        let found = parts.iter().filter(|span| span.name == name).count();
        assert!(found == 1 || name == "commit" && found > 0, "{name}: {found} of {parts:?}");
    }
    check_statements(engine, &parts);
    assert!(spans.iter().all(|span| span.start_time_unix_nano <= span.end_time_unix_nano), "{spans:?}");
    let sum: u64 = spans.iter().map(|span| span.end_time_unix_nano - span.start_time_unix_nano).sum();
    assert!(sum > 0, "{spans:?}");
}

fn check_statements(engine: Engine, parts: &[&Span]) {
    let part = |name: &str| *parts.iter().find(|span| span.name == name).expect("a part of this name");
    let text = |name: &str| attribute(&part(name).attributes, "db.query.text").to_ascii_lowercase();
    assert_eq!(text("INSERT notes"), "insert into notes (id, text) values ($1, ?)");
    assert_eq!(text("SELECT notes"), "select id from notes where text = ? or id in (?, ?)");
    let system = match engine {
        Engine::Postgres => "postgresql",
        Engine::Sqlite => "sqlite",
    };
    let select = &part("SELECT notes").attributes;
    assert_eq!(attribute(select, "db.system.name"), system);
    assert_eq!(attribute(select, "db.operation.name"), "SELECT");
    assert_eq!(attribute(select, "db.collection.name"), "notes");
    assert_eq!(attribute(select, "db.response.returned_rows"), "1");
    assert_eq!(attribute(&part("SELECT elsewhere").attributes, "error.type"), "Syntax");
}

async fn a_caller_and_a_sampler_decide_what_is_traced(engine: Engine) {
    for (sampler, argument, flags, wanted) in [
        ("parentbased_always_on", "", "00", 0),
        ("parentbased_always_off", "", "01", 1),
        ("always_on", "", "00", 1),
        ("always_off", "", "01", 0),
        ("traceidratio", "0", "01", 0),
    ] {
        let collector = Collector::start(Mood::Takes).await;
        let host = TestHost::with(engine).app("probe", "probe").env(ENDPOINT, &collector.url());
        let host = host.env("OTEL_TRACES_SAMPLER", sampler).env("OTEL_TRACES_SAMPLER_ARG", argument);
        let mut host = host.start().await;
        host.visitor().send(traced(flags), Full::from("[]")).await.expect(200);
        let of_caller = || collector.spans().iter().filter(|span| hex(&span.parent_span_id) == PARENT).count();
        if wanted > 0 {
            until("the span comes", async || (of_caller() > 0).then_some(())).await;
        }
        host.terminate().await;
        assert_eq!(of_caller(), wanted, "{sampler} {argument} {flags}");
    }
}

async fn metrics_arrive_under_the_names_of_the_conventions(engine: Engine) {
    let collector = Collector::start(Mood::Takes).await;
    let host = TestHost::with(engine).app("probe", "probe").env(ENDPOINT, &collector.url());
    let host = host.env("OTEL_SERVICE_NAME", "shop").env("OTEL_RESOURCE_ATTRIBUTES", "team=blue");
    let host = host.env("OTEL_TRACES_EXPORTER", "none").env("OTEL_METRIC_EXPORT_INTERVAL", "200").start().await;
    for _ in 0..3 {
        all_ok(&host.probe(json!([{ "op": "sleep", "ms": 20 }])).await);
    }
    let (metrics, resource) = until("three answers have been counted", async || {
        let (metrics, resource) = collector.metrics()?;
        let found = metrics.iter().find(|metric| metric.name == "http.server.request.duration")?.data.clone()?;
        let Data::Histogram(histogram) = found else { panic!("no histogram: {found:?}") };
        let point = histogram.data_points.iter().find(|point| is_of_probe(point))?;
        assert!(point.sum.is_some_and(|sum| sum >= 0.02), "{point:?}");
        (point.count == 3).then_some((metrics, resource))
    })
    .await;
    assert_eq!(
        (attribute(&resource, "service.name"), attribute(&resource, "team")),
        ("shop".into(), "blue".into())
    );
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    let pools =
        ["db.client.connection.count", "db.client.connection.max", "db.client.connection.pending_requests"];
    let others = ["process.memory.usage", "process.cpu.time", "innkeeper.guests.active", "innkeeper.guests.limit"];
    let waiting = ["innkeeper.guests.waiting", "innkeeper.guests.memory.usage", "innkeeper.guests.memory.limit"];
    for name in others.iter().chain(&waiting).chain(pools.iter().filter(|_| engine == Engine::Postgres)) {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    assert!(collector.spans().is_empty(), "traces are switched off");
}

fn is_of_probe(point: &opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint) -> bool {
    attribute(&point.attributes, "innkeeper.app") == "probe"
        && attribute(&point.attributes, "http.request.method") == "POST"
        && attribute(&point.attributes, "http.response.status_code") == "200"
}

async fn a_collector_that_takes_nothing_stops_nobody(engine: Engine) {
    for mood in [Some(Mood::Fails), Some(Mood::Throttles), Some(Mood::Hangs), None] {
        let collector = Collector::start(mood.unwrap_or(Mood::Takes)).await;
        let url = collector.url();
        // Nobody listens there any more.
        let collector = mood.map(|_| collector);
        let host = TestHost::with(engine).app("probe", "probe").env(ENDPOINT, &url);
        // Whoever takes again has to be in time, however busy this machine is.
        let time = if matches!(mood, Some(Mood::Fails | Mood::Throttles)) { "10000" } else { "300" };
        let host = host.env("OTEL_EXPORTER_OTLP_TIMEOUT", time).env("OTEL_METRIC_EXPORT_INTERVAL", "200");
        let mut host = host.start().await;
        let mut visitor = host.visitor();
        visitor.probe_answer(json!([op("echo-uri")])).await.expect(200);
        host.wait_for_log("does not take metrics").await;
        host.wait_for_log("does not take traces").await;
        let before = host.rss_kib();
        // More spans than may wait.
        for _ in 0..1_500 {
            visitor.probe_answer(json!([op("echo-uri")])).await.expect(200);
        }
        let grown = host.rss_kib().saturating_sub(before);
        assert!(grown < 40 << 10, "{mood:?}: {grown} KiB more");
        if let Some(collector) = &collector
            && matches!(mood, Some(Mood::Fails | Mood::Throttles))
        {
            collector.be(Mood::Takes);
            host.wait_for_log("takes metrics again").await;
            host.wait_for_log("takes traces again").await;
        }
        let began = Instant::now();
        let (status, log) = host.terminate().await;
        assert!(status.success() && began.elapsed() < Duration::from_secs(15), "{mood:?}: {:?}", began.elapsed());
        for what in ["metrics", "traces"] {
            let said = log.matches(&format!("does not take {what}")).count();
            assert_eq!(said, 1, "{mood:?}: {what}: {log}");
        }
    }
}

async fn without_an_endpoint_nothing_is_said_and_nothing_sent(engine: Engine) {
    let mut plain = TestHost::with(engine).app("probe", "probe").start().await;
    plain.visitor().send(traced("01"), Full::from("[]")).await.expect(200);
    let (_, log) = plain.terminate().await;
    assert!(!log.contains("traces") && !log.contains("metrics are"), "{log}");
    let collector = Collector::start(Mood::Takes).await;
    let host = TestHost::with(engine).app("probe", "probe").env(ENDPOINT, &collector.url());
    let mut host = host.env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").start().await;
    host.visitor().send(traced("01"), Full::from("[]")).await.expect(200);
    let (_, log) = host.terminate().await;
    assert!(log.contains("OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken"), "{log}");
    assert!(collector.exports().is_empty());
}

/// A certificate for `localhost` that is its own root, with its key in the same file.
fn certificate(folder: &Path) -> PathBuf {
    let file = folder.join("certificate.pem");
    let mut make = std::process::Command::new("openssl");
    make.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]);
    make.args(["-subj", "/CN=tests", "-addext", "subjectAltName=DNS:localhost"]);
    make.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    make.arg("-keyout").arg(folder.join("key.pem")).arg("-out").arg(&file);
    let made = make.output().expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |file: &Path| std::fs::read_to_string(file).expect("a file of our own");
    let both = read(&file) + &read(&folder.join("key.pem"));
    std::fs::write(&file, both).expect("a folder of our own");
    file
}

/// Where nothing is stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_over_tls_has_to_prove_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = certificate(folder.path());
    for is_known in [true, false] {
        let collector = Collector::start(Mood::Takes).await;
        let haproxy = Haproxy::with_tls(collector.address(), &certificate).await;
        let host = TestHost::with(Engine::Sqlite).app("probe", "probe");
        let host = host.env(ENDPOINT, &format!("https://localhost:{}/below", haproxy.port()));
        let host = host.env("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b%2Cc");
        let roots = certificate.to_str().expect("a UTF-8 path");
        let host = if is_known { host.env("SSL_CERT_FILE", roots) } else { host };
        let mut host = host.start().await;
        host.visitor().send(traced("01"), Full::from("[]")).await.expect(200);
        let is_sent = || collector.exports().iter().any(|export| export.target == "/below/v1/traces");
        match is_known {
            true => until("the span comes", async || is_sent().then_some(())).await,
            false => drop(host.wait_for_log("SSL_CERT_FILE").await),
        }
        let (status, log) = host.terminate().await;
        assert!(status.success());
        assert_eq!(log.contains("SSL_CERT_FILE"), !is_known, "{log}");
        let exports = collector.exports();
        assert_eq!(is_sent(), is_known, "{exports:?}");
        assert!(exports.iter().all(|export| export.headers["api-key"] == "a b,c"), "{exports:?}");
    }
}
