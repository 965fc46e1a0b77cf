//! Byte ranges (RFC 9110, section 14.1.2).

use http::HeaderValue;

/// What part of a file to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// All of it: no range was asked for, or one that may be ignored.
    Whole,
    /// From the first of these bytes to the last, both included.
    Part(u64, u64),
    /// No byte that was asked for is there.
    Unsatisfiable,
}

/// Chooses by the `Range` header. What is malformed, or asks for several ranges, is ignored.
pub(super) fn choose(range: Option<&HeaderValue>, size: u64) -> Choice {
    let Some(text) = range.and_then(|range| range.to_str().ok()) else { return Choice::Whole };
    let Some((unit, set)) = text.split_once('=') else { return Choice::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Choice::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Choice::Whole;
    }
    match (number(first), number(last)) {
        (Number::None, Number::Some(suffix)) => from_end(suffix, size),
        (Number::Some(first), Number::None) => part(first, u64::MAX, size),
        (Number::Some(first), Number::Some(last)) if first <= last => part(first, last, size),
        _ => Choice::Whole,
    }
}

enum Number {
    None,
    Some(u64),
    Malformed,
}

/// Digits; a number too large for 64 bits is larger than any file.
fn number(text: &str) -> Number {
    let text = text.trim();
    match text.parse() {
        _ if text.is_empty() => Number::None,
        _ if !text.bytes().all(|b| b.is_ascii_digit()) => Number::Malformed,
        Ok(number) => Number::Some(number),
        Err(_) => Number::Some(u64::MAX),
    }
}

fn part(first: u64, last: u64, size: u64) -> Choice {
    match size.checked_sub(1) {
        Some(end) if first <= end => Choice::Part(first, last.min(end)),
        _ => Choice::Unsatisfiable,
    }
}

fn from_end(suffix: u64, size: u64) -> Choice {
    if suffix == 0 || size == 0 {
        Choice::Unsatisfiable
    } else {
        part(size.saturating_sub(suffix), u64::MAX, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        for (text, expected) in [
            ("bytes=0-", Choice::Part(0, 99)),
            ("bytes=10-19", Choice::Part(10, 19)),
            ("Bytes = 90-200", Choice::Part(90, 99)),
            ("bytes=-10", Choice::Part(90, 99)),
            ("bytes=-1000", Choice::Part(0, 99)),
            ("bytes=-0", Choice::Unsatisfiable),
            ("bytes=100-", Choice::Unsatisfiable),
            ("bytes=99999999999999999999999-", Choice::Unsatisfiable),
            ("bytes=5-2", Choice::Whole),
            ("bytes=a-b", Choice::Whole),
            ("bytes=-", Choice::Whole),
            ("bytes=0-1,5-6", Choice::Whole),
            ("items=0-1", Choice::Whole),
            ("bytes=+1-2", Choice::Whole),
        ] {
            assert_eq!(choose(Some(&HeaderValue::from_static(text)), 100), expected, "{text}");
        }
        assert_eq!(choose(None, 100), Choice::Whole);
        assert_eq!(choose(Some(&HeaderValue::from_static("bytes=0-")), 0), Choice::Unsatisfiable);
    }
}
