//! How much an app writes to the log in a minute, all its requests together.

use crate::telemetry::metrics;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
/// What stands in a line beside the message, the app and the request: time, level, names of fields.
const AROUND: u64 = 180;
/// A character that the log's formatter escapes becomes at most as many.
const ESCAPED: u64 = 8;

/// The minute of one app under way.
#[derive(Debug)]
pub(super) struct LogMinute {
    app: Arc<str>,
    most: AtomicU64,
    now: Mutex<Minute>,
}

#[derive(Debug)]
struct Minute {
    began: Instant,
    used: u64,
    left_out: LeftOut,
}

/// What was written and did not get into the log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct LeftOut {
    lines: u64,
    bytes: u64,
}

impl LogMinute {
    /// An app that may fill as many bytes of the log in a minute.
    pub(super) fn new(app: Arc<str>, most: u64) -> Arc<Self> {
        let now = Minute { began: Instant::now(), used: 0, left_out: LeftOut::default() };
        Arc::new(Self { app, most: AtomicU64::new(most), now: Mutex::new(now) })
    }

    /// From now on it may fill so many.
    pub(super) fn bound(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Whether there is room for a line. One that finds none counts as left out.
    pub(super) fn has_room(&self, message: &str, request: &str) -> bool {
        let length =
            cost(message).saturating_add(cost(request)).saturating_add(cost(&self.app)).saturating_add(AROUND);
        let (fits, left_out) = self.take(Instant::now(), length, count(message));
        self.tell(left_out);
        fits
    }

    /// Says what the minute has left out, if it is over.
    pub(super) fn look(&self) {
        let left_out = self.renew(Instant::now());
        self.tell(left_out);
    }

    /// Says what has been left out although the minute is not over: nobody will come later.
    pub(super) fn close(&self) {
        let left_out = std::mem::take(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner).left_out);
        self.tell(left_out);
    }

    fn take(&self, now: Instant, length: u64, bytes: u64) -> (bool, LeftOut) {
        let before = self.renew(now);
        let mut minute = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let used = minute.used.saturating_add(length);
        // What is left out once is left out for the rest of the minute: shorter lines would tell
        // half of it.
        let fits = used <= self.most.load(Ordering::Relaxed) && minute.left_out == LeftOut::default();
        if fits {
            minute.used = used;
        } else {
            minute.left_out.lines += 1;
            minute.left_out.bytes = minute.left_out.bytes.saturating_add(bytes);
        }
        (fits, before)
    }

    /// Begins a new minute where the last is over, and returns what that one left out.
    fn renew(&self, now: Instant) -> LeftOut {
        let mut minute = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(minute.began) < MINUTE {
            return LeftOut::default();
        }
        minute.began = now;
        minute.used = 0;
        std::mem::take(&mut minute.left_out)
    }

    fn tell(&self, LeftOut { lines, bytes }: LeftOut) {
        metrics::log_lines_left_out(&self.app, lines);
        if lines > 0 {
            tracing::warn!(target: "guest", app = %self.app, lines, bytes, "left out: the limit of one minute was reached (INNKEEPER_LOG_BYTES_PER_MINUTE)");
        }
    }
}

/// The most bytes that a text fills in the log.
fn cost(text: &str) -> u64 {
    text.chars().map(|char| if char.is_control() || "\"\\".contains(char) { ESCAPED } else { width(char) }).sum()
}

fn width(char: char) -> u64 {
    u64::try_from(char.len_utf8()).unwrap_or(ESCAPED)
}

fn count(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_a_bound_and_the_next_one_says_what_it_left_out() {
        let log = LogMinute::new("app".into(), 1000);
        let now = Instant::now();
        let taken: Vec<bool> = (0..6).map(|_| log.take(now, 300, 100).0).collect();
        assert_eq!(taken, [true, true, true, false, false, false]);
        assert_eq!(log.take(now, 1, 1), (false, LeftOut::default()), "a short line is left out with the others");
        assert_eq!(log.take(now + MINUTE, 300, 100), (true, LeftOut { lines: 4, bytes: 301 }));
        assert_eq!(log.renew(now + 2 * MINUTE), LeftOut::default());
    }

    #[test]
    fn a_line_costs_what_it_becomes() {
        assert_eq!((cost("plain"), cost("ü"), cost("\u{1b}\""), cost("")), (5, 2, 16, 0));
    }
}
