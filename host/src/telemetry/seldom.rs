//! Lines of the log that would come with each request, where one in a while says as much.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets something pass once in a while.
#[derive(Debug)]
pub struct Seldom {
    pause: Duration,
    last: Mutex<Option<Instant>>,
}

impl Seldom {
    /// Once in so long a time, the first time at once.
    pub const fn every(pause: Duration) -> Self {
        Self { pause, last: Mutex::new(None) }
    }

    /// Whether it may pass now. If so, it may not again for a while.
    pub fn is_due(&self) -> bool {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= self.pause);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_while_passes() {
        let (seldom, now) = (Seldom::every(Duration::from_secs(10)), Instant::now());
        let after = |seconds| seldom.is_due_at(now + Duration::from_secs(seconds));
        assert_eq!(
            [after(0), after(1), after(9), after(10), after(15), after(21)],
            [true, false, false, true, false, true]
        );
    }
}
