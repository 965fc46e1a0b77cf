//! Random values that can be had again: the seed is part of every failure.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that gives the seed of a failed run back.
pub const SEED_VARIABLE: &str = "INNKEEPER_TEST_SEED";

/// A generator of numbers (`SplitMix64`, Steele, Lea and Flood 2014). Its display says how to have
/// the same again.
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// Begins with the seed of the environment, or with another one at each run.
    pub fn from_environment() -> Self {
        let given = std::env::var_os(SEED_VARIABLE);
        let seed = |text: std::ffi::OsString| text.to_str().and_then(|text| text.parse().ok());
        let given = given.map(|text| seed(text).unwrap_or_else(|| panic!("{SEED_VARIABLE} is no number")));
        Self::new(given.unwrap_or_else(Self::now))
    }

    fn now() -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos()) ^ now.as_secs().rotate_left(20)
    }

    /// Begins with this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// Another generator, which follows from this one's seed and `number`. It says the same seed.
    pub fn fork(&self, number: u64) -> Self {
        let mut mixed = Self::new(self.state ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        Self { seed: self.seed, state: mixed.bits() }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to less than `end`. Slightly uneven, which no test minds.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// From `first` to `last`, both included.
    pub fn within(&mut self, first: i64, last: i64) -> i64 {
        let span = u64::try_from(i128::from(last) - i128::from(first) + 1).unwrap_or(u64::MAX);
        let offset = i128::from(self.below(span));
        i64::try_from(i128::from(first) + offset).expect("it lies between two such numbers")
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap_or_default();
        all.get(at).expect("it lies within the slice")
    }

    /// So many random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let blocks = std::iter::repeat_with(|| self.bits().to_le_bytes());
        blocks.take(count.div_ceil(8)).flatten().take(count).collect()
    }
}

impl fmt::Display for Random {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{SEED_VARIABLE}={}", self.seed)
    }
}
