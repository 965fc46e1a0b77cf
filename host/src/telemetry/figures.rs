//! All figures as OpenMetrics text: what was counted, and what is measured at the moment of asking.

use super::metrics::{self, ByApp, by};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is measured at the moment of asking.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Guests at work.
    pub guests_in_flight: u64,
    /// How many there may be at once.
    pub guests_most: u64,
    /// Of each app.
    pub apps: Vec<AppFigures>,
    /// Of each pool of connections; none on SQLite.
    pub pools: Vec<PoolFigures>,
}

/// What an app has in its database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppFigures {
    /// The app.
    pub app: String,
    /// What was found; none where the database did not answer in time.
    pub found: Option<Found>,
}

/// Counts of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Sessions that have not ended.
    pub sessions: i64,
    /// State, number and bytes of blobs.
    pub blobs: Vec<(&'static str, i64, i64)>,
}

/// What a pool of connections is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolFigures {
    /// For whom it is.
    pub name: &'static str,
    /// Connections at most.
    pub size: u64,
    /// Connections on loan.
    pub in_use: u64,
    /// Requests that wait for one.
    pub waiting: u64,
}

type ByState = [(&'static str, String); 2];
type ByPool = [(&'static str, &'static str); 1];

/// Everything as text, to its end.
pub fn text(measured: &Measured) -> String {
    let mut registry = Registry::with_prefix("innkeeper");
    metrics::register(&mut registry);
    guests(&mut registry, measured);
    apps(&mut registry, &measured.apps);
    pools(&mut registry, &measured.pools);
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = encode(&mut text, &registry);
    text
}

fn guests(registry: &mut Registry, measured: &Measured) {
    let figures = [
        ("guests_in_flight", "Guests at work", measured.guests_in_flight),
        ("guests_most", "Guests that may be at work at once", measured.guests_most),
    ];
    for (name, help, value) in figures {
        let gauge: Gauge = Gauge::default();
        gauge.set(signed(value));
        registry.register(name, help, gauge);
    }
}

fn apps(registry: &mut Registry, apps: &[AppFigures]) {
    let (up, sessions) = (Family::<ByApp, Gauge>::default(), Family::<ByApp, Gauge>::default());
    let (blobs, bytes) = (Family::<ByState, Gauge>::default(), Family::<ByState, Gauge>::default());
    for app in apps {
        up.get_or_create(&by(&app.app)).set(i64::from(app.found.is_some()));
        let Some(found) = &app.found else { continue };
        sessions.get_or_create(&by(&app.app)).set(found.sessions);
        for (state, number, size) in &found.blobs {
            let labels = [("app", app.app.clone()), ("state", (*state).to_owned())];
            blobs.get_or_create(&labels).set(*number);
            bytes.get_or_create(&labels).set(*size);
        }
    }
    registry.register("database_up", "Whether the database of an app has answered in time", up);
    registry.register("sessions", "Sessions that have not ended; an estimate from 5000 on", sessions);
    registry.register("blobs", "Files, by app and state; an estimate from 5000 on", blobs);
    registry.register("blob_bytes", "Bytes of files, by app and state", bytes);
}

fn pools(registry: &mut Registry, pools: &[PoolFigures]) {
    let [size, in_use, waiting] = [(); 3].map(|()| Family::<ByPool, Gauge>::default());
    for pool in pools {
        let labels = [("pool", pool.name)];
        size.get_or_create(&labels).set(signed(pool.size));
        in_use.get_or_create(&labels).set(signed(pool.in_use));
        waiting.get_or_create(&labels).set(signed(pool.waiting));
    }
    registry.register("connections_most", "Connections to the host's database at most", size);
    registry.register("connections_in_use", "Connections to the host's database on loan", in_use);
    registry.register("connections_waited_for", "Requests that wait for a connection", waiting);
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
