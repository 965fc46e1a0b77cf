//! All figures as OpenMetrics text: what was counted, and what is measured at the moment of asking.

use super::metrics::{self, ByApp, by};
use super::own_process::own_memory;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// What is measured at the moment of asking.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Guests at work.
    pub guests_in_flight: u64,
    /// How many there may be at once.
    pub guests_most: u64,
    /// Of the memory that guests share.
    pub guest_memory: GuestMemoryFigures,
    /// Of that memory, by app.
    pub memory_by_app: Vec<AppMemoryFigures>,
    /// Who waits for what else, of the apps that are served.
    pub waits: Vec<AppWaits>,
    /// Of each app.
    pub apps: Vec<AppFigures>,
    /// Of each pool of connections; none on SQLite.
    pub pools: Vec<PoolFigures>,
    /// Of each follower that apps name.
    pub followers: Vec<FollowerFigures>,
    /// Of each folder of SQLite's files.
    pub disks: Vec<DiskFigures>,
}

/// How a follower is.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowerFigures {
    /// The variable that holds its URL.
    pub name: String,
    /// Whether it answered when it was asked last, and is one.
    pub usable: bool,
    /// How old what it shows may be; none where that is not known.
    pub behind_seconds: Option<f64>,
}

/// How the disk under a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFigures {
    /// The folder.
    pub folder: String,
    /// Bytes left, without the reserve.
    pub free: u64,
    /// Bytes of the reserve.
    pub reserve: u64,
    /// Whether rows can be added.
    pub takes_writes: bool,
}

/// What the memory that guests share is used for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GuestMemoryFigures {
    /// Bytes in use.
    pub bytes: u64,
    /// Bytes that there are.
    pub bytes_most: u64,
    /// Requests that wait for room.
    pub waiting: u64,
    /// Requests and growing guests that were refused since the process began.
    pub refused: u64,
}

/// What an app has of the memory that guests share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppMemoryFigures {
    /// The app.
    pub app: String,
    /// Bytes in use.
    pub bytes: u64,
    /// Requests that wait for room.
    pub waiting: u64,
}

/// How many requests of an app wait, and for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppWaits {
    /// The app.
    pub app: String,
    /// For a connection to its database; 0 on SQLite.
    pub connections: u64,
    /// For their turn to compute.
    pub turns: u64,
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
    /// Bytes of rows as last measured; none where they have not been yet.
    pub row_bytes: Option<u64>,
    /// Whether the app may add no rows.
    pub rows_full: bool,
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
    /// Connections in statements that nobody waits for and the server does not stop.
    pub hanging: u64,
}

type ByState = [(&'static str, String); 2];
type ByFolder = [(&'static str, String); 1];
type ByPool = [(&'static str, &'static str); 1];

/// Everything as text, to its end.
pub fn text(measured: &Measured) -> String {
    let mut registry = Registry::with_prefix("innkeeper");
    metrics::register(&mut registry);
    guests(&mut registry, measured);
    memory_by_app(&mut registry, &measured.memory_by_app);
    waits(&mut registry, &measured.waits);
    apps(&mut registry, &measured.apps);
    pools(&mut registry, &measured.pools);
    followers(&mut registry, &measured.followers);
    disks(&mut registry, &measured.disks);
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = encode(&mut text, &registry);
    text
}

fn guests(registry: &mut Registry, measured: &Measured) {
    let figures = [
        ("guests_in_flight", "Guests at work", measured.guests_in_flight),
        ("guests_most", "Guests that may be at work at once", measured.guests_most),
        ("guest_memory_bytes", "Bytes of memory that guests take", measured.guest_memory.bytes),
        (
            "guest_memory_bytes_most",
            "Bytes of memory that guests may take together",
            measured.guest_memory.bytes_most,
        ),
        ("guest_memory_waiting", "Requests that wait for room in memory", measured.guest_memory.waiting),
    ];
    let counted = [
        (
            "guest_memory_refused",
            "Requests and growing guests for which there was no room in memory",
            measured.guest_memory.refused,
        ),
        (
            "log_lines_left_out",
            "Lines of the log that nobody read as fast as they came",
            super::log_queue::left_out(),
        ),
    ];
    for (name, help, value) in counted {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
    let memory = own_memory();
    let of_process = [
        ("process_resident_bytes", "Bytes of memory that the process holds", memory.resident),
        ("process_swapped_bytes", "Bytes of the process that are swapped out", memory.swapped),
        ("process_threads", "Threads of the process", memory.threads),
    ];
    for (name, help, value) in figures.into_iter().chain(of_process) {
        let gauge: Gauge = Gauge::default();
        gauge.set(signed(value));
        registry.register(name, help, gauge);
    }
}

/// An app that has nothing and waits for nothing is not there.
fn memory_by_app(registry: &mut Registry, apps: &[AppMemoryFigures]) {
    let [bytes, waiting] = [(); 2].map(|()| Family::<ByApp, Gauge>::default());
    for app in apps {
        bytes.get_or_create(&by(&app.app)).set(signed(app.bytes));
        waiting.get_or_create(&by(&app.app)).set(signed(app.waiting));
    }
    let help = "Bytes of memory that the guests of an app take, with what the host holds for them";
    registry.register("app_guest_memory_bytes", help, bytes);
    registry.register("app_guest_memory_waiting", "Requests of an app that wait for room in memory", waiting);
}

fn waits(registry: &mut Registry, apps: &[AppWaits]) {
    let [connections, turns] = [(); 2].map(|()| Family::<ByApp, Gauge>::default());
    for app in apps {
        connections.get_or_create(&by(&app.app)).set(signed(app.connections));
        turns.get_or_create(&by(&app.app)).set(signed(app.turns));
    }
    let help = "Requests of an app that wait for a connection to its database";
    registry.register("app_connections_waited_for", help, connections);
    registry.register("app_turns_waited_for", "Guests of an app that wait for their turn to compute", turns);
}

fn apps(registry: &mut Registry, apps: &[AppFigures]) {
    let (up, sessions) = (Family::<ByApp, Gauge>::default(), Family::<ByApp, Gauge>::default());
    let (row_bytes, rows_full) = (Family::<ByApp, Gauge>::default(), Family::<ByApp, Gauge>::default());
    let (blobs, bytes) = (Family::<ByState, Gauge>::default(), Family::<ByState, Gauge>::default());
    for app in apps {
        up.get_or_create(&by(&app.app)).set(i64::from(app.found.is_some()));
        let Some(found) = &app.found else { continue };
        sessions.get_or_create(&by(&app.app)).set(found.sessions);
        rows_full.get_or_create(&by(&app.app)).set(i64::from(found.rows_full));
        if let Some(bytes) = found.row_bytes {
            row_bytes.get_or_create(&by(&app.app)).set(signed(bytes));
        }
        for (state, number, size) in &found.blobs {
            let labels = [("app", app.app.clone()), ("state", (*state).to_owned())];
            blobs.get_or_create(&labels).set(*number);
            bytes.get_or_create(&labels).set(*size);
        }
    }
    registry.register("database_up", "Whether the database of an app has answered in time", up);
    registry.register("sessions", "Sessions that have not ended; an estimate from 5000 on", sessions);
    registry.register("row_bytes", "Bytes of the rows of an app, as last measured", row_bytes);
    registry.register("rows_full", "Whether an app may add no rows", rows_full);
    registry.register("blobs", "Files, by app and state; an estimate from 5000 on", blobs);
    registry.register("blob_bytes", "Bytes of files, by app and state", bytes);
}

fn pools(registry: &mut Registry, pools: &[PoolFigures]) {
    let [size, in_use, waiting, hanging] = [(); 4].map(|()| Family::<ByPool, Gauge>::default());
    for pool in pools {
        let labels = [("pool", pool.name)];
        size.get_or_create(&labels).set(signed(pool.size));
        in_use.get_or_create(&labels).set(signed(pool.in_use));
        waiting.get_or_create(&labels).set(signed(pool.waiting));
        hanging.get_or_create(&labels).set(signed(pool.hanging));
    }
    registry.register("connections_most", "Connections to the host's database at most", size);
    registry.register("connections_in_use", "Connections to the host's database on loan", in_use);
    registry.register("connections_waited_for", "Requests that wait for a connection", waiting);
    let help = "Connections in statements that were given up and that the database does not cancel";
    registry.register("connections_hanging", help, hanging);
}

fn followers(registry: &mut Registry, followers: &[FollowerFigures]) {
    if followers.is_empty() {
        return;
    }
    let usable = Family::<ByFolder, Gauge>::default();
    let behind = Family::<ByFolder, Gauge<f64, AtomicU64>>::default();
    for follower in followers {
        let labels = [("follower", follower.name.clone())];
        usable.get_or_create(&labels).set(i64::from(follower.usable));
        if let Some(seconds) = follower.behind_seconds {
            behind.get_or_create(&labels).set(seconds);
        }
    }
    registry.register("follower_usable", "Whether a follower answered when it was asked last", usable);
    registry.register("follower_behind_seconds", "How old what a follower shows may be", behind);
}

fn disks(registry: &mut Registry, disks: &[DiskFigures]) {
    if disks.is_empty() {
        return;
    }
    let [free, reserve, takes_writes] = [(); 3].map(|()| Family::<ByFolder, Gauge>::default());
    for disk in disks {
        let labels = [("folder", disk.folder.clone())];
        free.get_or_create(&labels).set(signed(disk.free));
        reserve.get_or_create(&labels).set(signed(disk.reserve));
        takes_writes.get_or_create(&labels).set(i64::from(disk.takes_writes));
    }
    registry.register("disk_free_bytes", "Bytes that the disk of a data folder has left", free);
    registry.register("disk_reserve_bytes", "Bytes that are kept for the time when it is full", reserve);
    registry.register("disk_takes_writes", "Whether rows can be added in a data folder", takes_writes);
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
