//! Looks after the room that apps have: what their rows take up, and whether the disks of SQLite's
//! files have some left.

use super::registry::Registry;
use crate::storage::row_size::{self, Measured};
use crate::storage::sqlite::DiskState;
use crate::storage::{AppSpace, Error, RowRoom};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often the disks are looked at. Whoever writes looks, too.
const DISKS_EVERY: Duration = Duration::from_secs(1);
/// How often the logs of files on a full disk are emptied.
const LOGS_EVERY: Duration = Duration::from_secs(5);

/// How often it is asked which apps are to be measured.
const APPS_EVERY: Duration = Duration::from_millis(250);
/// How long the size of an app's rows is good for that nobody has written to; that one has written
/// to; one that has little room left.
const QUIET: Duration = Duration::from_secs(60);
const WRITTEN: Duration = Duration::from_secs(1);
/// How long one is that was too large.
const FULL: Duration = Duration::from_secs(5);
const NEAR: Duration = Duration::from_millis(50);
/// Measuring an app takes at most this part of the time.
const SHARE: u32 = 10;
/// How long one measurement may take, and how long one that has failed is not tried again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks until `stop`.
pub async fn watch(registry: Arc<Registry>, stop: CancellationToken) {
    tokio::join!(watch_disks(Arc::clone(&registry), stop.clone()), watch_rows(registry, stop));
}

async fn watch_disks(registry: Arc<Registry>, stop: CancellationToken) {
    let mut emptied: Option<Instant> = None;
    loop {
        let mut full = Vec::new();
        for database in registry.databases() {
            database.keep_reserve();
            full.extend(database.disk().filter(|(_, disk)| disk.state == DiskState::Full).map(|_| database));
        }
        if !full.is_empty() && emptied.is_none_or(|at| at.elapsed() > LOGS_EVERY) {
            emptied = Some(Instant::now());
            // Nobody waits for it: a failure is tried again.
            drop(tokio::task::spawn_blocking(move || full.iter().for_each(crate::storage::Database::empty_logs)));
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(DISKS_EVERY) => {}
        }
    }
}

/// What is known of one app.
#[derive(Default)]
struct Seen {
    measured: Measured,
    /// The app's own account: another one means that the app was loaded anew.
    rows: Option<Arc<RowRoom>>,
    at: Option<Instant>,
    pause: Duration,
}

impl Seen {
    fn is_due(&self, rows: &Arc<RowRoom>) -> bool {
        let same = self.rows.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, rows));
        let Some(at) = self.at.filter(|_| same) else { return true };
        let wanted = match rows.is_due() {
            (true, true) => NEAR,
            (true, false) => WRITTEN,
            // It may have become smaller by itself, and the app waits for it.
            (false, _) if rows.is_full() => FULL,
            (false, _) => QUIET,
        };
        at.elapsed() >= wanted.max(self.pause)
    }
}

/// Measures the rows of apps, one app after the other: soon those that write and have little room
/// left, the others now and then.
async fn watch_rows(registry: Arc<Registry>, stop: CancellationToken) {
    let wake = Arc::new(Notify::new());
    let mut seen: HashMap<Arc<str>, Seen> = HashMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
            () = tokio::time::sleep(APPS_EVERY) => {}
        }
        let routes = Arc::clone(&registry.routes());
        let mut apps = 0;
        let quota = registry.limits().app_row_bytes;
        for space in routes.guests().map(|guest| &guest.app.space) {
            apps += 1;
            let seen = seen.entry(Arc::clone(space.app())).or_default();
            if seen.is_due(space.rows()) {
                space.rows().wakes(&wake);
                look_at(space, quota, seen).await;
            }
        }
        if seen.len() > apps {
            seen.retain(|app, _| routes.guest_of(app).is_some());
        }
        // Who writes on and on near its quota wakes this task with every statement.
        tokio::time::sleep(NEAR / 2).await;
    }
}

async fn look_at(space: &AppSpace, quota: u64, seen: &mut Seen) {
    let began = Instant::now();
    space.rows().begin();
    let size = tokio::time::timeout(PATIENCE, row_size::measure(space, quota, &mut seen.measured)).await;
    let size = size.unwrap_or_else(|_| Err(Error::unavailable("it took too long")));
    seen.rows = Some(Arc::clone(space.rows()));
    seen.at = Some(Instant::now());
    let (app, took) = (space.app(), began.elapsed());
    seen.pause = took.saturating_mul(SHARE);
    let bytes = match size {
        Ok(size) => {
            let bytes = size.bytes;
            match space.rows().measured(bytes, size.is_over, quota) {
                Some(false) => {
                    tracing::warn!(%app, bytes, quota, "its rows take up all their space: it reads and deletes only");
                }
                Some(true) => tracing::info!(%app, bytes, quota, "its rows have room again"),
                None => {}
            }
            bytes
        }
        Err(error) => {
            tracing::debug!(%app, "its rows cannot be measured: {error}");
            seen.pause = PATIENCE;
            return;
        }
    };
    tracing::debug!(%app, bytes, ?took, "measured");
}
