//! What the rows of an app take up, and whether it may add to them.
//!
//! A statement costs a look at a flag and an addition. The size itself is measured in the
//! background (`row_size`), soon after a statement that may have used up what was left. So an app
//! can exceed its quota by what it writes until then. On SQLite the engine stops what could add any
//! amount (`sqlite/growth.rs`).

use super::{Code, Error, Result};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// The size has not been measured.
const UNKNOWN: u64 = u64::MAX;
/// With less than this part of the quota left the size is measured at once, and not now and then.
const NEAR: u64 = 8;
/// What a statement may exceed the quota by where the engine stops it: it may be near only because
/// of what it has replaced.
const MORE: std::ops::RangeInclusive<u64> = (1 << 20)..=(64 << 20);

/// See the module.
#[derive(Debug)]
pub struct RowRoom {
    is_full: AtomicBool,
    /// As last measured.
    bytes: AtomicU64,
    /// What was left then, without what statements have brought since.
    left: AtomicI64,
    quota: AtomicU64,
    /// Whether a statement has written since.
    changed: AtomicBool,
    wake: OnceLock<Arc<Notify>>,
}

impl Default for RowRoom {
    fn default() -> Self {
        Self {
            is_full: AtomicBool::new(false),
            bytes: AtomicU64::new(UNKNOWN),
            left: AtomicI64::new(i64::MAX),
            quota: AtomicU64::new(UNKNOWN),
            changed: AtomicBool::new(false),
            wake: OnceLock::new(),
        }
    }
}

impl RowRoom {
    /// What the rows may take up. Until they have been measured that much is left.
    pub fn begin_with(&self, quota: u64) {
        if self.quota.swap(quota, Ordering::Relaxed) == UNKNOWN {
            self.left.store(i64::try_from(quota).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// Refuses a statement that may add to the rows of an app that has as many as it may have.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_full.load(Ordering::Relaxed) { Err(full()) } else { Ok(()) }
    }

    /// Notes that a statement has written, and how many bytes it may have added.
    pub(super) fn note(&self, bytes: u64) {
        self.changed.store(true, Ordering::Relaxed);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let left = self.left.fetch_sub(bytes, Ordering::Relaxed).saturating_sub(bytes);
        if left < self.near()
            && let Some(wake) = self.wake.get()
        {
            wake.notify_one();
        }
    }

    /// How many bytes the engine may let one statement add; none where there is no quota, as in
    /// commands.
    pub(super) fn most_growth(&self) -> Option<u64> {
        let quota = self.quota.load(Ordering::Relaxed);
        let left = u64::try_from(self.left.load(Ordering::Relaxed)).unwrap_or(0);
        let more = (quota / NEAR).clamp(*MORE.start(), *MORE.end());
        (quota != UNKNOWN).then(|| left.saturating_add(more))
    }

    /// Who is told when little is left.
    pub fn wakes(&self, whom: &Arc<Notify>) {
        let _has_it = self.wake.set(Arc::clone(whom));
    }

    /// Whether a statement has written since the last measurement, and whether little is left.
    pub fn is_due(&self) -> (bool, bool) {
        (self.changed.load(Ordering::Relaxed), self.left.load(Ordering::Relaxed) < self.near())
    }

    /// To be called before measuring: what is written from now on counts for the next one.
    pub fn begin(&self) {
        self.changed.store(false, Ordering::Relaxed);
    }

    /// Notes what was measured. Returns whether the app may add rows now where that has changed.
    pub fn measured(&self, bytes: u64, is_full: bool, quota: u64) -> Option<bool> {
        self.bytes.store(bytes, Ordering::Relaxed);
        self.quota.store(quota, Ordering::Relaxed);
        let left =
            i64::try_from(quota).unwrap_or(i64::MAX).saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.left.store(left, Ordering::Relaxed);
        let was_full = self.is_full.swap(is_full, Ordering::Relaxed);
        (was_full != is_full).then_some(!is_full)
    }

    /// Bytes of the app's rows as last measured.
    pub fn bytes(&self) -> Option<u64> {
        Some(self.bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes != UNKNOWN)
    }

    /// Whether the app may add no rows.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    fn near(&self) -> i64 {
        match self.quota.load(Ordering::Relaxed) {
            UNKNOWN => i64::MIN,
            quota => i64::try_from(quota / NEAR).unwrap_or(i64::MAX),
        }
    }
}

/// The app has as many rows as it may have.
pub(super) fn full() -> Error {
    let text = "the rows of this app take up all their space (INNKEEPER_APP_ROW_BYTES): delete some first";
    Error::new(Code::TooLarge, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_full_from_one_measurement_to_the_next() {
        let room = RowRoom::default();
        assert!(room.check().is_ok() && room.most_growth().is_none() && room.bytes().is_none());
        room.begin_with(1000);
        assert_eq!(room.most_growth(), Some(1000 + (1 << 20)));
        assert_eq!(room.measured(900, false, 1000), None);
        assert_eq!((room.bytes(), room.is_due()), (Some(900), (false, true)));
        room.note(50);
        assert_eq!(room.is_due(), (true, true));
        assert_eq!(room.most_growth(), Some(50 + (1 << 20)));
        assert_eq!(room.measured(1200, true, 1000), Some(false));
        assert_eq!(room.check().map_err(|error| error.code), Err(Code::TooLarge));
        assert_eq!(room.measured(100, false, 1000), Some(true));
        assert!(room.check().is_ok());
    }
}
