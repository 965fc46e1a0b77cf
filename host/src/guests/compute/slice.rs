//! The time for which a guest computes without giving way. It is noted for the thread that polls
//! the guest, because the engine's callback has no other way to the poll in which it is called.

use crate::guests::engine::TICK;
use crate::telemetry::host_work;
use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static SLICE: Cell<Option<Slice>> = const { Cell::new(None) };
}

/// One poll counts for no more than this: in the rest of its time the thread has been away.
const MOST: Duration = TICK.saturating_mul(2);

/// A poll under way.
#[derive(Debug, Clone, Copy)]
struct Slice {
    began: Instant,
    /// What the host had worked on this thread by then.
    host: Duration,
    /// What earlier polls took and nobody has counted.
    carried: Duration,
    ended: bool,
}

impl Slice {
    /// What the guest itself has computed, of a poll that has taken so long.
    fn computed(&self, took: Duration) -> Duration {
        let host = host_work::total().saturating_sub(self.host);
        self.carried.saturating_add(took.saturating_sub(host).min(MOST))
    }
}

/// What a tick means for a guest.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::guests) enum Verdict {
    /// It has hardly begun: the tick is one that came while it waited.
    GoOn,
    /// Its slice is over; it has computed for this long since the last one was.
    GiveWay(Duration),
}

/// What a poll leaves behind.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// What is not counted yet.
    pub(super) carried: Duration,
    /// Whether the guest gave way because its slice was over.
    pub(super) is_spent: bool,
}

/// Notes that this thread begins to poll a guest.
pub(super) fn begin(began: Instant, carried: Duration) {
    SLICE.set(Some(Slice { began, host: host_work::total(), carried, ended: false }));
}

/// Notes that the poll is over that took so long.
pub(super) fn end(took: Duration) -> Rest {
    match SLICE.take() {
        Some(slice) if slice.ended => Rest { carried: Duration::ZERO, is_spent: true },
        Some(slice) => Rest { carried: slice.computed(took), is_spent: false },
        None => Rest::default(),
    }
}

/// Called in a poll when the engine's clock has ticked since the guest was last asked.
pub(in crate::guests) fn count() -> Verdict {
    let Some(slice) = SLICE.get() else { return Verdict::GiveWay(TICK) };
    let computed = slice.computed(slice.began.elapsed());
    if computed < TICK / 2 {
        return Verdict::GoOn;
    }
    SLICE.set(Some(Slice { ended: true, ..slice }));
    Verdict::GiveWay(computed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(time: Duration) -> Instant {
        Instant::now().checked_sub(time).expect("the machine has run for longer")
    }

    #[test]
    fn a_tick_that_passed_while_the_guest_waited_is_not_counted() {
        // In the future: however long this test is held up, the guest has only just begun.
        begin(Instant::now() + Duration::from_secs(60), Duration::ZERO);
        assert_eq!(count(), Verdict::GoOn);
        let rest = end(Duration::from_millis(1));
        assert_eq!((rest.carried, rest.is_spent), (Duration::from_millis(1), false));
    }

    #[test]
    fn many_short_polls_are_counted_together() {
        begin(Instant::now(), Duration::from_millis(9));
        assert!(matches!(count(), Verdict::GiveWay(time) if time >= Duration::from_millis(9)));
        let rest = end(Duration::from_millis(1));
        assert_eq!((rest.carried, rest.is_spent), (Duration::ZERO, true));
    }

    #[test]
    fn what_the_host_does_in_a_poll_is_hardly_counted() {
        begin(ago(Duration::from_secs(3)), Duration::ZERO);
        assert_eq!(count(), Verdict::GiveWay(MOST));
        begin(ago(Duration::from_secs(3)), Duration::ZERO);
        assert_eq!(end(Duration::from_secs(3)).carried, MOST);
    }
}
