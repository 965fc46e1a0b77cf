//! Components that could not be compiled, so that one that costs the compiler all its time is not
//! compiled again whenever the list of apps is read.

use super::ComponentError;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What failed for a passing reason is tried again after this long, and each time after twice as
/// long: where a dyno has too little memory for the compiler, that does not pass.
const AGAIN: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(32 * 60);

/// By the hash of the component: apps may have the same one.
#[derive(Debug, Default)]
pub(super) struct FailedCompiles {
    failed: Mutex<HashMap<Vec<u8>, (Failed, Duration)>>,
}

/// Why a component was not compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    /// For the log.
    pub(super) reason: String,
    /// When it may be tried again; none where the same error would come of it.
    pub(super) again: Option<Instant>,
}

impl FailedCompiles {
    /// With each the time after which it is tried again.
    fn failed(&self) -> MutexGuard<'_, HashMap<Vec<u8>, (Failed, Duration)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a component with this hash is not to be compiled now.
    pub(super) fn find(&self, hash: &[u8]) -> Option<Failed> {
        let (found, _) = self.failed().get(hash)?.clone();
        Some(found).filter(|found| found.again.is_none_or(|again| again > Instant::now()))
    }

    /// Notes why a component with this hash was not compiled.
    pub(super) fn note(&self, hash: &[u8], error: &ComponentError) -> Failed {
        let mut all = self.failed();
        let wait = all.get(hash).map_or(AGAIN, |(_, last)| LONGEST.min(*last * 2));
        let again = if error.is_final() { None } else { Some(Instant::now() + wait) };
        let failed = Failed { reason: error.to_string(), again };
        all.insert(hash.to_owned(), (failed.clone(), wait));
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_for_good_is_not_tried_again() {
        let compiles = FailedCompiles::default();
        assert_eq!(compiles.find(&[1]), None);
        let failed = compiles.note(&[1], &ComponentError::Unfit("it spins".to_owned()));
        assert_eq!((failed.reason.as_str(), failed.again), ("it spins", None));
        assert_eq!(compiles.find(&[1]), Some(failed));
    }

    #[test]
    fn what_failed_in_passing_is_tried_again_after_a_while() {
        let compiles = FailedCompiles::default();
        let failed = compiles.note(&[2], &ComponentError::Stopped);
        assert!(failed.again.is_some_and(|again| again > Instant::now()));
        assert_eq!(compiles.find(&[2]), Some(failed));
        let due = || {
            compiles.failed().entry(vec![2]).and_modify(|(failed, _)| failed.again = Some(Instant::now()));
        };
        due();
        assert_eq!(compiles.find(&[2]), None);
        // Each time it has twice as long, up to half an hour.
        for wait in [60, 120, 240, 480, 960, 1920, 1920] {
            let failed = compiles.note(&[2], &ComponentError::Stopped);
            let left = failed.again.unwrap().saturating_duration_since(Instant::now());
            assert!(left > Duration::from_secs(wait - 10) && left <= Duration::from_secs(wait), "{left:?} {wait}");
            due();
        }
    }
}
