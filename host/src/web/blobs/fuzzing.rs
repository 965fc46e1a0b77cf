//! What the fuzzer asks of ranges.

use super::range::{Choice, choose};
use http::HeaderValue;

/// Chooses by a `Range` header for a file of `size` bytes. Answers with the first and last byte of
/// each part; none where the whole file is sent.
pub fn parts(header: &[u8], size: u64) -> Option<Vec<(u64, u64)>> {
    match choose(HeaderValue::from_bytes(header).ok().as_ref(), size) {
        Choice::Whole => None,
        Choice::One(range) => Some(vec![(range.first, range.last)]),
        Choice::Several(ranges) => Some(ranges.iter().map(|range| (range.first, range.last)).collect()),
        Choice::Unsatisfiable => Some(Vec::new()),
    }
}
