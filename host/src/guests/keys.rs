//! The keys that sign URLs are there before the first is signed, and are exchanged by themselves: a
//! new one every month, an old one kept until everything that it has signed is over.

use super::registry::Registry;
use crate::interfaces::blob_upload::LONGEST_SECONDS;
use crate::storage::{Result, now_micros};
use std::time::Duration;

/// How often this process looks whether there are others, beside every change of the registry.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(3600);
const MICROS: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * MICROS;
/// A key older than this signs nothing more.
const SIGNS: i64 = 30 * DAY;
/// A key older than this has signed nothing that is still good.
const VERIFIES: i64 = SIGNS + LONGEST_SECONDS as i64 * MICROS + DAY;

/// Loads the keys; makes a new one where the newest is too old. A database that takes no writes for
/// now keeps the old ones working; an error where there is none.
pub(super) async fn refresh(registry: &Registry) -> Result<()> {
    // One at a time: who has read before a key was revoked must not put it back after another has
    // read.
    let _turn = registry.refreshing_keys.lock().await;
    let mut keys = registry.database().keys().await?;
    let now = now_micros();
    if keys.first().is_none_or(|newest| newest.created_at < now.saturating_sub(SIGNS)) {
        match registry.database().make_key(now.saturating_sub(VERIFIES)).await {
            Ok(key) => keys.insert(0, key),
            Err(error) if error.takes_no_writes() && !keys.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    registry.keyring().put(keys);
    Ok(())
}
