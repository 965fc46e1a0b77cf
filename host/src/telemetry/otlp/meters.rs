//! The figures that a collector gets. Names are those of the semantic conventions where there is
//! one.

use super::Measure;
use crate::telemetry::log_queue;
use crate::telemetry::own_process::{computing_time, own_memory};
use http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use std::sync::OnceLock;
use std::time::Duration;

/// Upper ends of the classes of durations, in seconds, as the conventions want them.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const KNOWN_METHODS: [Method; 9] = [
    Method::CONNECT,
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];

static ANSWERS: OnceLock<Histogram<f64>> = OnceLock::new();

/// A status that nobody has defined counts as the first of its class, which is how it is to be
/// read (RFC 9110, section 15). So a guest cannot make up a thousand of them: what a meter can tell
/// apart is bounded for all apps together.
fn known(status: u16) -> u16 {
    let is_known = StatusCode::from_u16(status).is_ok_and(|status| status.canonical_reason().is_some());
    if is_known { status } else { status / 100 * 100 }
}

/// Counts an answer, where metrics are sent.
pub(in crate::telemetry) fn answered(app: &str, method: &Method, status: u16, took: Duration) {
    let Some(answers) = ANSWERS.get() else { return };
    let method = if KNOWN_METHODS.contains(method) { method.as_str().to_owned() } else { "_OTHER".to_owned() };
    let attributes = [
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.response.status_code", i64::from(known(status))),
        KeyValue::new("innkeeper.app", app.to_owned()),
    ];
    answers.record(took.as_secs_f64(), &attributes);
}

/// Makes all instruments.
pub(super) fn start(provider: &SdkMeterProvider, measure: Measure) {
    let meter = provider.meter("innkeeper");
    let answers = meter
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_description("Time from the head of a request to the head of its answer")
        .with_boundaries(SECONDS.to_vec())
        .build();
    // Those of the first provider stay, as in tests of one process.
    let _ = ANSWERS.set(answers);
    of_process(&meter);
    of_guests(&meter, &measure);
    of_pools(&meter, measure);
}

fn of_process(meter: &Meter) {
    gauge(meter, "process.memory.usage", "By", || own_memory().resident);
    gauge(meter, "process.memory.swap", "By", || own_memory().swapped);
    gauge(meter, "process.thread.count", "{thread}", || own_memory().threads);
    let _ = meter
        .f64_observable_counter("process.cpu.time")
        .with_unit("s")
        .with_callback(|observer| observer.observe(computing_time().as_secs_f64(), &[]))
        .build();
    let _ = meter
        .u64_observable_counter("innkeeper.log.lines_left_out")
        .with_callback(|observer| observer.observe(log_queue::left_out(), &[]))
        .build();
}

fn of_guests(meter: &Meter, measure_of: &Measure) {
    let measure = |meter: &Meter, name, unit, figure: fn(&super::Measured) -> u64| {
        let measure = measure_of.clone();
        gauge(meter, name, unit, move || figure(&measure()));
    };
    measure(meter, "innkeeper.guests.active", "{guest}", |now| now.guests_in_flight);
    measure(meter, "innkeeper.guests.limit", "{guest}", |now| now.guests_most);
    measure(meter, "innkeeper.guests.waiting", "{request}", |now| now.guest_memory.waiting);
    measure(meter, "innkeeper.guests.memory.usage", "By", |now| now.guest_memory.bytes);
    measure(meter, "innkeeper.guests.memory.limit", "By", |now| now.guest_memory.bytes_most);
    let refused = measure_of.clone();
    let _ = meter
        .u64_observable_counter("innkeeper.guests.refused")
        .with_unit("{request}")
        .with_callback(move |observer| observer.observe(refused().guest_memory.refused, &[]))
        .build();
    of_waits(meter, measure_of.clone());
}

/// Who waits, and for what.
fn of_waits(meter: &Meter, measure: Measure) {
    let _ = meter
        .u64_observable_gauge("innkeeper.app.waiting")
        .with_unit("{request}")
        .with_callback(move |observer| {
            let note = |app: &str, what: &'static str, number: u64| {
                let attributes =
                    [KeyValue::new("innkeeper.app", app.to_owned()), KeyValue::new("innkeeper.waiting_for", what)];
                observer.observe(number, &attributes);
            };
            let now = measure();
            now.memory_by_app.iter().for_each(|app| note(&app.app, "memory", app.waiting));
            for app in &now.waits {
                note(&app.app, "connection", app.connections);
                note(&app.app, "turn", app.turns);
            }
        })
        .build();
}

fn of_pools(meter: &Meter, measure: Measure) {
    let of_pool = |name: &'static str, figure: fn(&crate::telemetry::figures::PoolFigures) -> u64| {
        let measure = measure.clone();
        let _ = meter
            .u64_observable_gauge(name)
            .with_callback(move |observer| {
                for pool in measure().pools {
                    observer.observe(figure(&pool), &[KeyValue::new("db.client.connection.pool.name", pool.name)]);
                }
            })
            .build();
    };
    of_pool("db.client.connection.count", |pool| pool.in_use);
    of_pool("db.client.connection.max", |pool| pool.size);
    of_pool("db.client.connection.pending_requests", |pool| pool.waiting);
    of_pool("innkeeper.db.connection.hanging", |pool| pool.hanging);
}

fn gauge(meter: &Meter, name: &'static str, unit: &'static str, figure: impl Fn() -> u64 + Send + Sync + 'static) {
    let gauge = meter.u64_observable_gauge(name).with_unit(unit);
    let _ = gauge.with_callback(move |observer| observer.observe(figure(), &[])).build();
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn a_guest_makes_up_no_status_of_its_own() {
        assert_eq!([200, 418, 599, 299, 999].map(known), [200, 418, 500, 200, 900]);
        let told_apart: std::collections::BTreeSet<u16> = (100..1000).map(known).collect();
        assert!(told_apart.len() < 80, "{}", told_apart.len());
    }
}
