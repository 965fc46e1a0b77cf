//! The least pace at which the other side has to send or to take bytes, on average.

use std::time::Duration;

/// Time that a client may keep us waiting. Waiting uses it up, and bytes earn it back: so many a
/// second, and up to a bound, so that nobody saves up for a long rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    left: Duration,
    most: Duration,
    rate: u64,
}

impl Pace {
    /// A client that has waited for nothing yet. It may keep us waiting for `first`; what it earns
    /// is at most `most`.
    pub(super) fn new(first: Duration, most: Duration, rate: u64) -> Self {
        Self { left: first, most, rate: rate.max(1) }
    }

    /// How long the client may keep us waiting from now on.
    pub(super) fn left(&self) -> Duration {
        self.left
    }

    /// Notes that so many bytes have come after a wait.
    pub(super) fn moved(&mut self, bytes: usize, waited: Duration) {
        let nanos = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(1_000_000_000) / self.rate;
        let left = self.left.saturating_sub(waited).saturating_add(Duration::from_nanos(nanos));
        self.left = left.min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn who_is_slow_but_fair_goes_on_and_who_dribbles_does_not() {
        let mut fair = Pace::new(seconds(10), seconds(30), 500);
        (0..1_000).for_each(|_| fair.moved(1_500, seconds(3)));
        assert_eq!(fair.left(), seconds(10));
        let mut slow = Pace::new(seconds(10), seconds(30), 500);
        slow.moved(1, seconds(8));
        assert!(slow.left() < seconds(3) && slow.left() > seconds(1));
    }

    #[test]
    fn what_was_earned_is_no_more_than_so_much() {
        let mut pace = Pace::new(seconds(10), seconds(30), 500);
        pace.moved(10_000_000, seconds(1));
        assert_eq!(pace.left(), seconds(30));
        pace.moved(0, seconds(40));
        assert_eq!(pace.left(), Duration::ZERO);
    }
}
