//! Medians and what lies around them, and random orders.

use std::time::{SystemTime, UNIX_EPOCH};

/// The middle of some figures, and how far they lie apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    /// The middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of some figures; all zero where there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or_default();
        let last = figures.len().saturating_sub(1);
        Self { median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), min: at(0), max: at(last) }
    }
}

/// The figure below which this many of a thousand sorted ones lie.
pub fn of_thousand(sorted: &[u32], thousandth: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * thousandth / 1000).copied().unwrap_or_default().into()
}

/// Random orders (xorshift64).
#[derive(Debug)]
pub struct Shuffle(u64);

impl Shuffle {
    /// Another one in each run.
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::from(now.subsec_nanos()) << 20 | 1)
    }

    /// The numbers below `count` in a random order.
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<(u64, usize)> = (0..count).map(|index| (self.next(), index)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, index)| index).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]);
        assert!((spread.median - 2.5).abs() < 1e-9 && spread.min < 1.1 && spread.max > 3.9);
    }

    #[test]
    fn an_order_has_each_number_once() {
        let mut order = Shuffle::new().order(5);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }
}
