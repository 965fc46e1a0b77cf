//! Components that could not be compiled, so that one that costs the compiler all its time is not
//! compiled again whenever the list of apps is read.

use super::ComponentError;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What failed for a passing reason is tried again after this long.
const AGAIN: Duration = Duration::from_secs(30);

/// By the hash of the component: apps may have the same one.
#[derive(Debug, Default)]
pub(super) struct FailedCompiles {
    failed: Mutex<HashMap<Vec<u8>, Failed>>,
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
    fn failed(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a component with this hash is not to be compiled now.
    pub(super) fn find(&self, hash: &[u8]) -> Option<Failed> {
        let mut failed = self.failed();
        let found = failed.get(hash)?.clone();
        if found.again.is_some_and(|again| again <= Instant::now()) {
            failed.remove(hash);
            return None;
        }
        Some(found)
    }

    /// Notes why a component with this hash was not compiled.
    pub(super) fn note(&self, hash: &[u8], error: &ComponentError) -> Failed {
        let again = if error.is_final() { None } else { Some(Instant::now() + AGAIN) };
        let failed = Failed { reason: error.to_string(), again };
        self.failed().insert(hash.to_owned(), failed.clone());
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
        compiles.failed().entry(vec![2]).and_modify(|failed| failed.again = Some(Instant::now()));
        assert_eq!(compiles.find(&[2]), None);
    }
}
