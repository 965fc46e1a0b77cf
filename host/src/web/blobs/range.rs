//! Byte ranges (RFC 9110, section 14.1.2): which parts of a file a visitor asks for, and which of
//! them are sent.

use http::HeaderValue;

/// Ranges that are sent in one answer. Who asks for more gets the whole: many small ranges are how
/// servers were brought down (CVE-2011-3192), and no honest client needs them.
const MOST: usize = 5;

/// Bytes of a file from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) first: u64,
    pub(super) last: u64,
}

/// What part of a file to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// All of it: no range was asked for, or ranges that may be ignored.
    Whole,
    /// These bytes.
    One(ByteRange),
    /// Several ranges, in the order in which they were asked for.
    Several(Vec<ByteRange>),
    /// No byte that was asked for is there.
    Unsatisfiable,
}

impl ByteRange {
    /// How many bytes these are.
    pub(super) fn len(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// The value of `Content-Range` in a file of this size.
    pub(super) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }

    fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Chooses by the `Range` header. One mistake in it, too many ranges or ranges that overlap make
/// all of it ignored.
pub(super) fn choose(range: Option<&HeaderValue>, size: u64) -> Choice {
    let Some(asked) = range.and_then(|range| range.to_str().ok()).and_then(parse) else { return Choice::Whole };
    let ranges: Vec<ByteRange> = asked.iter().filter_map(|spec| spec.within(size)).collect();
    match ranges.as_slice() {
        // A suffix of an empty file is there, but no `Content-Range` can say so.
        [] if asked.iter().any(|spec| matches!(spec, Spec::Suffix(1..))) => Choice::Whole,
        [] => Choice::Unsatisfiable,
        [one] => Choice::One(*one),
        several if is_wasteful(several, size) => Choice::Whole,
        _ => Choice::Several(ranges),
    }
}

/// A range as it is asked for, before the size of the file is known.
enum Spec {
    /// From this byte to that one, or to the end.
    From(u64, Option<u64>),
    /// So many bytes before the end.
    Suffix(u64),
}

/// One to [`MOST`] ranges, or nothing.
fn parse(text: &str) -> Option<Vec<Spec>> {
    let (unit, set) = text.split_once('=')?;
    if !unit.trim_matches(BLANKS).eq_ignore_ascii_case("bytes") {
        return None;
    }
    // Empty elements of a list count for nothing (RFC 9110, section 5.6.1.2).
    let specs = set.split(',').map(|spec| spec.trim_matches(BLANKS)).filter(|spec| !spec.is_empty());
    let specs: Vec<Spec> = specs.take(MOST + 1).map(spec).collect::<Option<_>>()?;
    (1..=MOST).contains(&specs.len()).then_some(specs)
}

const BLANKS: [char; 2] = [' ', '\t'];

fn spec(text: &str) -> Option<Spec> {
    let (first, last) = text.split_once('-')?;
    match (first, last) {
        ("", suffix) => number(suffix).map(Spec::Suffix),
        (first, "") => number(first).map(|first| Spec::From(first, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::From(first, Some(last)))
        }
    }
}

/// Digits and nothing else; a number too large for 64 bits is larger than any file.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

impl Spec {
    /// The bytes of a file of this size; none if none of them is there.
    fn within(&self, size: u64) -> Option<ByteRange> {
        let end = size.checked_sub(1)?;
        match *self {
            Self::Suffix(0) => None,
            Self::Suffix(length) => Some(ByteRange { first: size.saturating_sub(length), last: end }),
            Self::From(first, last) => {
                (first <= end).then_some(ByteRange { first, last: last.map_or(end, |last| last.min(end)) })
            }
        }
    }
}

/// Whether the whole is sent instead: the ranges together are longer than the file, or more than
/// two of them overlap (RFC 9110, section 14.2).
fn is_wasteful(ranges: &[ByteRange], size: u64) -> bool {
    let total = ranges.iter().fold(0_u64, |total, range| total.saturating_add(range.len()));
    let later = |at: usize| ranges.iter().skip(at.saturating_add(1));
    let overlapping =
        ranges.iter().enumerate().flat_map(|(at, one)| later(at).filter(|other| one.overlaps(**other)));
    total > size || overlapping.count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::mutations::Mutations;

    fn chosen(text: &'static str, size: u64) -> Choice {
        choose(Some(&HeaderValue::from_static(text)), size)
    }

    fn part(first: u64, last: u64) -> ByteRange {
        ByteRange { first, last }
    }

    #[test]
    fn one_range_is_read_as_the_rfc_has_it() {
        for (text, expected) in [
            ("bytes=0-", Choice::One(part(0, 99))),
            ("bytes=10-19", Choice::One(part(10, 19))),
            ("Bytes = 90-200", Choice::One(part(90, 99))),
            ("bytes=-10", Choice::One(part(90, 99))),
            ("bytes=-1000", Choice::One(part(0, 99))),
            ("bytes=,, 7-7 ,", Choice::One(part(7, 7))),
            ("bytes=-0", Choice::Unsatisfiable),
            ("bytes=100-", Choice::Unsatisfiable),
            ("bytes=99999999999999999999999-", Choice::Unsatisfiable),
            ("bytes=5-2", Choice::Whole),
            ("bytes=a-b", Choice::Whole),
            ("bytes=-", Choice::Whole),
            ("bytes=", Choice::Whole),
            ("bytes=1 -2", Choice::Whole),
            ("items=0-1", Choice::Whole),
            ("bytes=+1-2", Choice::Whole),
            ("bytes=--2", Choice::Whole),
        ] {
            assert_eq!(chosen(text, 100), expected, "{text}");
        }
        assert_eq!(choose(None, 100), Choice::Whole);
    }

    #[test]
    fn several_ranges_are_sent_unless_they_waste() {
        for (text, expected) in [
            ("bytes=0-1,5-6", Choice::Several(vec![part(0, 1), part(5, 6)])),
            ("bytes=5-6 ,\t0-1", Choice::Several(vec![part(5, 6), part(0, 1)])),
            ("bytes=0-49,-50", Choice::Several(vec![part(0, 49), part(50, 99)])),
            ("bytes=0-9,5-6,20-20", Choice::Several(vec![part(0, 9), part(5, 6), part(20, 20)])),
            ("bytes=0-1,200-", Choice::One(part(0, 1))),
            ("bytes=200-,-0", Choice::Unsatisfiable),
            ("bytes=0-1,5-4", Choice::Whole),
            ("bytes=0-1,x", Choice::Whole),
            ("bytes=0-1,1-2,2-3", Choice::Whole),
            ("bytes=0-,0-", Choice::Whole),
            ("bytes=0-0,2-2,4-4,6-6,8-8,10-10", Choice::Whole),
            ("bytes=0-0,200-,201-,202-,203-,204-", Choice::Whole),
        ] {
            assert_eq!(chosen(text, 100), expected, "{text}");
        }
        let five = [0, 2, 4, 6, 8].map(|at| part(at, at));
        assert_eq!(chosen("bytes=0-0,2-2,4-4,6-6,8-8", 100), Choice::Several(five.to_vec()));
    }

    #[test]
    fn a_changed_header_asks_for_nothing_that_is_not_there() {
        let samples: [&[u8]; 6] =
            [b"bytes=0-", b"bytes=10-19", b"bytes=-10", b"bytes=0-1,5-6,20-", b"bytes=0-9,5-6", b"bytes=0-0,-1"];
        let words: [&[u8]; 14] = [
            b"-",
            b",",
            b"=",
            b" ",
            b"\t",
            b"bytes=",
            b"bytes",
            b"0",
            b"9",
            b"99",
            b"100",
            b"18446744073709551615",
            b"99999999999999999999",
            b"-0",
        ];
        let (mut mutations, mut sent) = (Mutations::new(2), [0_u32; 4]);
        for _ in 0..50_000 {
            let input = mutations.of(&samples, &words);
            let size = [0, 1, 2, 100, i64::MAX.unsigned_abs()][mutations.below(5)];
            let Ok(value) = HeaderValue::from_bytes(&input) else { continue };
            let choice = choose(Some(&value), size);
            let parts = match &choice {
                Choice::Whole => vec![],
                Choice::One(range) => vec![*range],
                Choice::Several(ranges) => ranges.clone(),
                Choice::Unsatisfiable => {
                    assert!(value.to_str().is_ok_and(|text| text.to_lowercase().contains("bytes")), "{value:?}");
                    vec![]
                }
            };
            sent[parts.len().min(2) + usize::from(choice == Choice::Unsatisfiable) * 3] += 1;
            assert!(parts.iter().all(|part| part.first <= part.last && part.last < size), "{value:?} {size}");
            assert!(parts.len() <= MOST, "{value:?}");
            let total: u128 = parts.iter().map(|part| u128::from(part.len())).sum();
            assert!(total <= u128::from(size), "{value:?} sends {total} of {size}");
        }
        assert!(sent.iter().all(|times| *times > 100), "whole, one, several, none: {sent:?}");
    }

    #[test]
    fn an_empty_file_has_no_part() {
        assert_eq!(chosen("bytes=0-", 0), Choice::Unsatisfiable);
        assert_eq!(chosen("bytes=-0", 0), Choice::Unsatisfiable);
        assert_eq!(chosen("bytes=-5", 0), Choice::Whole);
    }
}
