//! What is counted of one version.

use super::histogram::Histogram;
use super::snapshot::Counted;
use super::{Ending, MINUTES, Totals};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Requests, and those of them that ended badly.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    failures: AtomicU64,
    unavailable: AtomicU64,
}

/// One minute. Several minutes an hour apart use it in turn.
#[derive(Debug, Default)]
struct Slot {
    /// Which minute it holds.
    minute: AtomicU64,
    counters: Counters,
    took: Histogram,
}

/// The counts of one version, since the start and by the minute.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) number: i64,
    since_start: Counters,
    slots: Box<[Slot; MINUTES]>,
    /// The last minute with a request.
    last: AtomicU64,
    /// Held while a slot is made ready for another minute.
    turning: Mutex<()>,
}

impl Counters {
    pub(super) fn note(&self, ending: Ending) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let counter = match ending {
            Ending::Answered(500..) => &self.errors,
            Ending::Failed => &self.failures,
            Ending::ByHost(500..) => &self.unavailable,
            Ending::Answered(_) | Ending::ByHost(_) => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            requests: read(&self.requests),
            errors: read(&self.errors),
            failures: read(&self.failures),
            unavailable: read(&self.unavailable),
        }
    }

    fn clear(&self) {
        for counter in [&self.requests, &self.errors, &self.failures, &self.unavailable] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

impl Version {
    pub(super) fn new(number: i64, minute: u64) -> Self {
        Self {
            number,
            since_start: Counters::default(),
            slots: Box::new(std::array::from_fn(|_| Slot::default())),
            last: AtomicU64::new(minute),
            turning: Mutex::default(),
        }
    }

    pub(super) fn note(&self, minute: u64, ending: Ending, took: Duration) {
        self.since_start.note(ending);
        let Some(slot) = self.slots.get(place(minute)) else { return };
        if slot.minute.load(Ordering::Acquire) != minute {
            self.turn(slot, minute);
        }
        slot.counters.note(ending);
        slot.took.note(took);
    }

    /// Whether there was a request within the last hour.
    pub(super) fn is_recent(&self, minute: u64) -> bool {
        is_within_the_hour(self.last.load(Ordering::Relaxed), minute)
    }

    pub(super) fn totals(&self) -> Totals {
        self.since_start.totals()
    }

    /// The minutes of the last hour, the oldest first.
    pub(super) fn minutes(&self, minute: u64) -> Vec<Counted> {
        let of = |ago| {
            let wanted = minute.checked_sub(ago)?;
            let slot = self.slots.get(place(wanted)).filter(|slot| slot.holds(wanted))?;
            Some(Counted { totals: slot.counters.totals(), took: slot.took.counts() })
        };
        (0..MINUTES as u64).rev().map(|ago| of(ago).unwrap_or_default()).collect()
    }

    /// Makes a slot ready for a minute. Once a minute, so the lock is no hindrance; and nobody
    /// counts into a slot that is being emptied.
    fn turn(&self, slot: &Slot, minute: u64) {
        let _turning = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.holds(minute) {
            return;
        }
        slot.counters.clear();
        slot.took.clear();
        self.last.fetch_max(minute, Ordering::Relaxed);
        slot.minute.store(minute, Ordering::Release);
    }
}

impl Slot {
    fn holds(&self, minute: u64) -> bool {
        self.minute.load(Ordering::Acquire) == minute
    }
}

fn place(minute: u64) -> usize {
    usize::try_from(minute % (MINUTES as u64)).unwrap_or_default()
}

fn is_within_the_hour(then: u64, now: u64) -> bool {
    then.saturating_add(MINUTES as u64) > now
}
