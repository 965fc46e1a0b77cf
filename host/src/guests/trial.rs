//! The first requests of a version that has just become active, or that is a canary: one that fails
//! on them is replaced by the version before it.
//!
//! Each process judges by what it sees itself. Failures of the database are nobody's fault: a
//! request that was told of one does not count.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// For so long after it began a version is on trial.
const SPAN: Duration = Duration::from_secs(60);
/// So many traps are too many.
const TRAPS: u32 = 5;
/// Of so many first requests a fifth may fail.
const FIRST: u32 = 50;
const FAILED_OF_FIRST: u32 = FIRST / 5;
/// A version that has been active for longer is on trial no more where a host is started anew. This
/// alone compares clocks of different machines.
pub(super) const RECENT_MICROS: i64 = 300_000_000;

/// How a request ended, as far as the version is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was answered.
    Answered,
    /// It was answered with a failure, or not at all.
    Failed,
    /// The guest trapped, or used up its computing time.
    Trapped,
}

/// What a version has done since it began here.
#[derive(Debug)]
pub(super) struct Trial {
    began: Instant,
    requests: AtomicU32,
    failed: AtomicU32,
    traps: AtomicU32,
    is_over: AtomicBool,
}

/// Begins now.
impl Default for Trial {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            requests: AtomicU32::new(0),
            failed: AtomicU32::new(0),
            traps: AtomicU32::new(0),
            is_over: AtomicBool::new(false),
        }
    }
}

impl Trial {
    /// Counts a request. The reason where the version is to be replaced, once.
    pub(super) fn count(&self, ending: Ending) -> Option<String> {
        self.count_at(ending, Instant::now())
    }

    fn count_at(&self, ending: Ending, now: Instant) -> Option<String> {
        if self.is_over.load(Ordering::Relaxed) {
            return None;
        }
        if now.saturating_duration_since(self.began) > SPAN {
            self.is_over.store(true, Ordering::Relaxed);
            return None;
        }
        let requests = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if ending == Ending::Answered {
            return None;
        }
        let traps = self.traps.fetch_add(u32::from(ending == Ending::Trapped), Ordering::Relaxed)
            + u32::from(ending == Ending::Trapped);
        let failed = match requests <= FIRST {
            true => self.failed.fetch_add(1, Ordering::Relaxed) + 1,
            false => self.failed.load(Ordering::Relaxed),
        };
        let reason = if traps >= TRAPS {
            format!("it trapped {traps} times in its first {requests} requests")
        } else if failed > FAILED_OF_FIRST {
            format!("{failed} of its first {} requests failed", requests.min(FIRST))
        } else {
            return None;
        };
        (!self.is_over.swap(true, Ordering::Relaxed)).then_some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(endings: &[(Ending, usize)]) -> Vec<String> {
        let trial = Trial::default();
        let all = endings.iter().flat_map(|(ending, count)| std::iter::repeat_n(*ending, *count));
        all.filter_map(|ending| trial.count(ending)).collect()
    }

    #[test]
    fn five_traps_are_too_many_and_said_once() {
        use Ending::{Answered, Trapped};
        assert!(verdicts(&[(Trapped, 4), (Answered, 1000)]).is_empty());
        assert_eq!(verdicts(&[(Trapped, 9)]), ["it trapped 5 times in its first 5 requests"]);
        let late = verdicts(&[(Answered, 900), (Trapped, 5)]);
        assert_eq!(late, ["it trapped 5 times in its first 905 requests"], "traps count for the whole time");
    }

    #[test]
    fn more_than_a_fifth_of_the_first_fifty_is_too_much() {
        use Ending::{Answered, Failed};
        assert!(verdicts(&[(Failed, 10), (Answered, 40)]).is_empty());
        assert_eq!(verdicts(&[(Failed, 20)]), ["11 of its first 11 requests failed"]);
        assert_eq!(verdicts(&[(Answered, 39), (Failed, 11)]), ["11 of its first 50 requests failed"]);
        assert!(verdicts(&[(Answered, 50), (Failed, 500)]).is_empty(), "later ones are not the first");
    }

    #[test]
    fn a_version_that_lasts_is_on_trial_no_more() {
        let trial = Trial::default();
        let later = trial.began + SPAN + Duration::from_millis(1);
        assert_eq!(trial.count_at(Ending::Trapped, later), None);
        for _ in 0..10 {
            assert_eq!(trial.count(Ending::Trapped), None, "it is over");
        }
    }
}
