//! What the fuzzer asks of the front.

use super::head::HeadScan;
use super::{Refusal, Rules};

/// Judges a head that arrives in two pieces. Answers with the length of a sound head, none where
/// its end has not come.
pub fn judge(bytes: &[u8], cut: usize) -> Result<Option<usize>, Refusal> {
    let rules = Rules::default();
    let mut scan = HeadScan::default();
    let first = bytes.get(..cut).unwrap_or(bytes);
    let head = match scan.feed(first, &rules)? {
        Some(head) => Some(head),
        None => scan.feed(bytes, &rules)?,
    };
    Ok(head.map(|head| head.len))
}
