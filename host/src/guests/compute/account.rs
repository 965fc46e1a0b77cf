//! How much an app has computed.

use super::Compute;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What an app has computed a moment ago is looked at for this long.
const WINDOW: Duration = Duration::from_millis(100);
/// An app that has computed less in a window takes no turns, in microseconds.
const LITTLE: u64 = 25_000;
/// Polls are long that take more than this on the average, in microseconds.
const LONG: u64 = 1_000;
/// The last poll counts for an eighth of the average.
const WEIGHT: u64 = 8;
/// The upper half of `recent` is the number of the window.
const HALF: u32 = 32;

/// The account of one app, shared by all its guests. Two guests that add to it at the same time may
/// lose what one of them adds to `recent` and `average`: they are estimates, and nothing on the way
/// of a request waits for them.
#[derive(Debug)]
pub struct Share {
    pub(super) compute: Arc<Compute>,
    began: Instant,
    /// Microseconds in all, moved so that it can be compared with that of others.
    used: AtomicU64,
    /// The number of a window, and the microseconds in it.
    recent: AtomicU64,
    /// Microseconds that a poll takes on the average.
    average: AtomicU64,
}

impl Share {
    /// The account of an app that has used nothing.
    pub(in crate::guests) fn new(compute: &Arc<Compute>) -> Arc<Self> {
        let (used, recent, average) = Default::default();
        Arc::new(Self { compute: Arc::clone(compute), began: Instant::now(), used, recent, average })
    }

    /// How many guests of the app wait for their turn to compute.
    pub(in crate::guests) fn waiting(self: &Arc<Self>) -> u64 {
        self.compute.waiting(self)
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn keep_within(&self, least: u64, most: u64) {
        self.used.store(self.used().clamp(least, most), Ordering::Relaxed);
    }

    /// Adds what a poll took that has just ended.
    pub(super) fn charge(&self, took: Duration, now: Instant) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.used.fetch_add(micros, Ordering::Relaxed);
        let average = self.average.load(Ordering::Relaxed);
        self.average.store(average - average / WEIGHT + micros / WEIGHT, Ordering::Relaxed);
        let window = self.window(now);
        let recent = self.recent_in(window).saturating_add(micros).min(u64::from(u32::MAX));
        self.recent.store(window << HALF | recent, Ordering::Relaxed);
    }

    /// Whether the app has computed so little of late that it need not take turns.
    pub(super) fn is_light(&self, now: Instant) -> bool {
        self.recent_in(self.window(now)) < LITTLE
    }

    /// Whether a poll of a guest is likely to hold its worker for long.
    pub(super) fn is_slow(&self) -> bool {
        self.average.load(Ordering::Relaxed) > LONG
    }

    fn window(&self, now: Instant) -> u64 {
        let windows = now.saturating_duration_since(self.began).as_millis() / WINDOW.as_millis();
        u64::try_from(windows).unwrap_or(0) & u64::from(u32::MAX)
    }

    /// What has been used in this window; half of it where it was the one before.
    fn recent_in(&self, window: u64) -> u64 {
        let recent = self.recent.load(Ordering::Relaxed);
        let (noted, micros) = (recent >> HALF, recent & u64::from(u32::MAX));
        match window.checked_sub(noted) {
            Some(0) => micros,
            Some(1) => micros / 2,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_light_again_some_time_after_it_has_computed() {
        let share = Share::new(&Compute::with_permits(1));
        let now = Instant::now();
        assert!(share.is_light(now));
        share.charge(Duration::from_millis(100), now);
        assert!(!share.is_light(now));
        assert!(share.is_light(now + 3 * WINDOW));
    }

    #[test]
    fn an_app_is_slow_while_its_polls_are_long() {
        let share = Share::new(&Compute::with_permits(1));
        share.charge(Duration::from_millis(10), Instant::now());
        assert!(share.is_slow());
        (0..20).for_each(|_| share.charge(Duration::from_micros(100), Instant::now()));
        assert!(!share.is_slow());
        (0..1000).for_each(|_| share.charge(Duration::from_micros(900), Instant::now()));
        assert!(!share.is_slow());
    }
}
