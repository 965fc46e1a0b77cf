//! What is counted while the host works. Counting is a look into a map and an addition; nothing
//! here waits or asks a database.
//!
//! The counters belong to the process and begin at 0 with it. [`super::figures`] writes them out,
//! with what is measured at that moment.

use super::recent::{Counts, Histogram as Classes};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the classes of durations, in seconds; the last ones are Heroku's and our own
/// deadline.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0];

/// The app that something is counted for; empty where it is the host itself.
pub(super) type ByApp = [(&'static str, String); 1];
type ByServer = [(&'static str, String); 2];
type ByStatus = [(&'static str, String); 2];
type Counters = Family<ByApp, Counter>;

/// What happened to sessions in a unit of work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionEvents {
    /// Sessions that were stored for the first time.
    pub begun: u64,
    /// Sessions that got a new id.
    pub renewed: u64,
    /// Sessions that the app has ended.
    pub ended: u64,
}

#[derive(Default)]
struct Metrics {
    requests: Family<ByStatus, Counter>,
    request_seconds: Durations,
    sessions_begun: Counters,
    sessions_renewed: Counters,
    sessions_ended: Counters,
    sessions_swept: Counters,
    blobs_received: Counters,
    blobs_sent: Counters,
    blobs_swept: Counters,
    blobs_refused: Counters,
    cross_origin_refused: Counters,
    statements_given_up: Counters,
    log_lines_left_out: Counters,
    read_only_transactions: Family<ByServer, Counter>,
    all: All,
}

/// What is counted of all requests together, to be read while it is counted.
#[derive(Default)]
struct All {
    by_class: [AtomicU64; 5],
    took: Classes,
}

/// What all requests together came to at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Requests {
    /// Answers with a status of 100 to 199, of 200 to 299, and so on to 599.
    pub(super) by_class: [u64; 5],
    /// How long they took.
    pub(super) took: Counts,
}

struct Durations(Family<ByApp, Histogram, fn() -> Histogram>);

impl Default for Durations {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(SECONDS)))
    }
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

/// Counts an answer, and the time from the request's head to the answer's.
pub fn request(app: &str, status: u16, took: Duration) {
    let class = format!("{}xx", status / 100);
    METRICS.requests.get_or_create(&[("app", app.to_owned()), ("status", class)]).inc();
    METRICS.request_seconds.0.get_or_create(&by(app)).observe(took.as_secs_f64());
    if let Some(count) = METRICS.all.by_class.get(usize::from(status / 100).saturating_sub(1)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    METRICS.all.took.note(took);
}

/// What all requests together have come to since the process began.
pub(super) fn requests() -> Requests {
    let all = &METRICS.all;
    let by_class =
        std::array::from_fn(|class| all.by_class.get(class).map_or(0, |count| count.load(Ordering::Relaxed)));
    Requests { by_class, took: all.took.counts() }
}

/// Counts lines of an app that its bound of the log left out.
pub fn log_lines_left_out(app: &str, lines: u64) {
    add(&METRICS.log_lines_left_out, app, lines);
}

/// Counts what has been kept of sessions.
pub fn sessions(app: &str, events: SessionEvents) {
    add(&METRICS.sessions_begun, app, events.begun);
    add(&METRICS.sessions_renewed, app, events.renewed);
    add(&METRICS.sessions_ended, app, events.ended);
}

/// Counts sessions that have been swept.
pub fn sessions_swept(app: &str, sessions: u64) {
    add(&METRICS.sessions_swept, app, sessions);
}

/// Counts bytes of files that were received.
pub fn blob_bytes_received(app: &str, bytes: u64) {
    add(&METRICS.blobs_received, app, bytes);
}

/// Counts bytes of files that were sent.
pub fn blob_bytes_sent(app: &str, bytes: u64) {
    add(&METRICS.blobs_sent, app, bytes);
}

/// Counts blobs that nothing kept and that have been swept.
pub fn blobs_swept(app: &str, blobs: u64) {
    add(&METRICS.blobs_swept, app, blobs);
}

/// Counts an upload for which the app had no room left.
pub fn upload_refused(app: &str) {
    add(&METRICS.blobs_refused, app, 1);
}

/// Counts a request that came from another origin with a visitor's session.
pub fn cross_origin_refused(app: &str) {
    add(&METRICS.cross_origin_refused, app, 1);
}

/// Counts a statement on SQLite that went on beyond its time and could not be interrupted.
pub fn statement_given_up(app: &str) {
    add(&METRICS.statements_given_up, app, 1);
}

/// Counts a transaction that only reads of an app with a follower, and who has answered it.
pub fn read_only_transaction(app: &str, by_follower: bool) {
    let by = if by_follower { "follower" } else { "primary" };
    METRICS.read_only_transactions.get_or_create(&[("app", app.to_owned()), ("by", by.to_owned())]).inc();
}

fn add(counters: &Counters, app: &str, number: u64) {
    if number > 0 {
        counters.get_or_create(&by(app)).inc_by(number);
    }
}

pub(super) fn by(app: &str) -> ByApp {
    [("app", app.to_owned())]
}

/// Lists the counters under their names; the writer appends `_total` to those of counters.
pub(super) fn register(registry: &mut Registry) {
    let metrics = &*METRICS;
    registry.register("requests", "Answers, by app and class of their status", metrics.requests.clone());
    registry.register(
        "request_seconds",
        "Time from the head of a request to the head of its answer",
        metrics.request_seconds.0.clone(),
    );
    registry.register(
        "read_only_transactions",
        "Transactions that only read, of apps with a follower, by who has begun to answer them",
        metrics.read_only_transactions.clone(),
    );
    let counters = [
        ("sessions_begun", "Sessions that were begun", &metrics.sessions_begun),
        ("sessions_renewed", "Sessions that got a new id", &metrics.sessions_renewed),
        ("sessions_ended", "Sessions that an app has ended", &metrics.sessions_ended),
        ("sessions_swept", "Ended sessions that this process has swept", &metrics.sessions_swept),
        ("blob_received_bytes", "Bytes of files that were received", &metrics.blobs_received),
        ("blob_sent_bytes", "Bytes of files that were sent", &metrics.blobs_sent),
        ("blobs_swept", "Files that nothing kept and that this process has swept", &metrics.blobs_swept),
        ("uploads_refused", "Uploads for which an app had no room left", &metrics.blobs_refused),
        (
            "cross_origin_refused",
            "Requests that came from another origin with a visitor's session",
            &metrics.cross_origin_refused,
        ),
        (
            "statements_given_up",
            "Statements on SQLite that went on beyond their time and could not be interrupted",
            &metrics.statements_given_up,
        ),
        (
            "guest_log_lines_left_out",
            "Lines of guests beyond what their app may log in a minute",
            &metrics.log_lines_left_out,
        ),
    ];
    for (name, help, counters) in counters {
        registry.register(name, help, counters.clone());
    }
}
