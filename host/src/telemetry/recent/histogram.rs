//! Durations sorted into classes, two for each doubling, from which percentiles are estimated.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Durations below this many microseconds, 2 to the power of `FIRST_POWER`, are one class.
const FIRST_POWER: u32 = 7;
/// From 128 microseconds to 2^25, which is longer than any request may take.
const CLASSES: usize = 37;

/// How many durations there were of each class.
#[derive(Debug)]
pub(in crate::telemetry) struct Histogram([AtomicU32; CLASSES]);

/// The counts of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::telemetry) struct Counts([u64; CLASSES]);

impl Default for Histogram {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU32::new(0)))
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self([0; CLASSES])
    }
}

impl Histogram {
    pub(in crate::telemetry) fn note(&self, took: Duration) {
        if let Some(count) = self.0.get(class(took)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn clear(&self) {
        self.0.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }

    pub(in crate::telemetry) fn counts(&self) -> Counts {
        Counts(std::array::from_fn(|class| {
            self.0.get(class).map_or(0, |count| u64::from(count.load(Ordering::Relaxed)))
        }))
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(count, more)| *count += more);
    }

    /// What has been counted since another moment of the same histogram, which may have gone
    /// beyond the end of its counters meanwhile.
    pub(in crate::telemetry) fn since(&self, before: &Self) -> Self {
        let wrapped = |count: u64, before: u64| count.wrapping_sub(before) & u64::from(u32::MAX);
        let mut since = self.clone();
        since.0.iter_mut().zip(&before.0).for_each(|(count, before)| *count = wrapped(*count, *before));
        since
    }

    pub(in crate::telemetry) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The duration in milliseconds that so many percent of all were not longer than; none where
    /// there were none. Within a class durations are taken to be spread evenly.
    pub(in crate::telemetry) fn percentile(&self, percent: u32) -> Option<f64> {
        let total = self.total();
        let rank = total.saturating_mul(u64::from(percent)).div_ceil(100);
        let mut before = 0;
        for (class, count) in self.0.iter().enumerate() {
            if rank > 0 && rank <= before + count {
                let (from, to) = (lower_end(class), lower_end(class + 1));
                let place = (float(rank - before) - 0.5) / float(*count);
                return Some((from + (to - from) * place) / 1000.0);
            }
            before += count;
        }
        None
    }
}

/// The class of a duration. The first bit after the leading one tells the two halves of a doubling
/// apart.
fn class(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let Some(power) = micros.checked_ilog2().filter(|power| *power >= FIRST_POWER) else { return 0 };
    let half = usize::from((micros >> (power - 1)) & 1 == 1);
    let doublings = usize::try_from(power - FIRST_POWER).unwrap_or(CLASSES);
    (1 + 2 * doublings + half).min(CLASSES - 1)
}

/// Where a class begins, in microseconds.
fn lower_end(class: usize) -> f64 {
    let Some(above) = class.checked_sub(1) else { return 0.0 };
    let doubling = i32::try_from(above / 2).unwrap_or(i32::MAX);
    let begins = f64::from(1 << FIRST_POWER) * 2f64.powi(doubling);
    if above % 2 == 1 { begins * 1.5 } else { begins }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Counts {
        let histogram = Histogram::default();
        micros.into_iter().for_each(|micros| histogram.note(Duration::from_micros(micros)));
        histogram.counts()
    }

    #[test]
    fn each_duration_is_within_its_class() {
        let edges = (0..36).flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) * 3 / 2]);
        for micros in edges.chain((0..20_000).map(|number| number * 1777)) {
            let class = class(Duration::from_micros(micros));
            let (from, to) = (lower_end(class), lower_end(class + 1));
            let is_last = class == CLASSES - 1;
            assert!(from <= float(micros) && (float(micros) < to || is_last), "{micros}: {from} to {to}");
        }
        assert_eq!(class(Duration::MAX), CLASSES - 1);
    }

    #[test]
    fn percentiles_are_near_the_true_ones() {
        // 1 to 1000 milliseconds, each once.
        let counts = of((1..=1000).map(|milli| milli * 1000));
        for (percent, milli) in [(1, 10.0), (50, 500.0), (95, 950.0), (99, 990.0)] {
            let found = counts.percentile(percent).expect("there are durations");
            assert!((found - milli).abs() <= milli * 0.07, "p{percent}: {found} for {milli}");
        }
        // One slow request among a hundred does not show in the p99, two do.
        let mut micros = vec![2_000u64; 99];
        micros.push(3_000_000);
        assert!(of(micros.clone()).percentile(99).expect("some") < 3.0);
        micros.push(3_000_000);
        assert!(of(micros).percentile(99).expect("some") > 2_000.0);
    }

    #[test]
    fn nothing_has_no_percentile_and_one_is_all_of_them() {
        assert_eq!(of([]).percentile(50), None);
        let one = of([700]);
        assert_eq!(one.percentile(50), one.percentile(99));
        assert_eq!(one.percentile(50), Some(0.64), "the middle of 512 to 768 microseconds");
    }

    #[test]
    fn counts_add_up() {
        let mut sum = of([100, 200]);
        sum.add(&of([200, 5_000_000]));
        assert_eq!(sum, of([100, 200, 200, 5_000_000]));
        assert_eq!(sum.total(), 4);
    }
}
