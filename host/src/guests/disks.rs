//! Looks after the room that apps have: whether the disks of SQLite's files have some left.

use super::registry::Registry;
use crate::storage::sqlite::DiskState;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the disks are looked at. Whoever writes looks, too.
const DISKS_EVERY: Duration = Duration::from_secs(1);
/// How often the logs of files on a full disk are emptied.
const LOGS_EVERY: Duration = Duration::from_secs(5);

/// Looks until `stop`.
pub async fn watch(registry: Arc<Registry>, stop: CancellationToken) {
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
