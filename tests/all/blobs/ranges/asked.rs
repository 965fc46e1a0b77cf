//! Random `Range` headers: what clients send, and what nobody should.

use support::random::Random;

/// A header, and what it means if it means anything.
pub(super) struct Asked {
    pub(super) header: String,
    /// First and last of each range, as they stand there; none if the header is no list of ranges.
    pub(super) ranges: Option<Vec<(Option<u64>, Option<u64>)>>,
}

type Pair = (Option<u64>, Option<u64>);

/// Where rows of the database end.
const CHUNK: u64 = 256 * 1024;

impl Asked {
    /// Any header for a file of this size. Most ask for little: what costs time is large answers,
    /// and a few show as much.
    pub(super) fn any(random: &mut Random, size: u64) -> Self {
        let ranges = match random.below(100) {
            0..48 => vec![bounded(random, size)],
            48..58 => vec![suffix(random, size)],
            58..66 => vec![open(random, size)],
            66..86 => several(random, size),
            86..96 => vec![absent(random, size)],
            _ => return malformed(random),
        };
        Self::of(random, ranges)
    }

    /// Writes the ranges as any client might: blanks, empty elements, another case.
    fn of(random: &mut Random, ranges: Vec<Pair>) -> Self {
        let text = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let comma = *random.one_of(&[",", ", ", " ,", ",\t", ",,"]);
        let list: Vec<String> =
            ranges.iter().map(|(first, last)| format!("{}-{}", text(*first), text(*last))).collect();
        let unit = *random.one_of(&["bytes", "bytes", "bytes", "Bytes", "BYTES"]);
        Self { header: format!("{unit}={}", list.join(comma)), ranges: Some(ranges) }
    }
}

fn bounded(random: &mut Random, size: u64) -> Pair {
    let first = place(random, size);
    let length = match random.below(100) {
        0..4 => random.below(700_000),
        4..20 => 0,
        _ => random.below(3_000),
    };
    (Some(first), Some(first + length))
}

/// Anywhere, or close to where a row ends.
fn place(random: &mut Random, size: u64) -> u64 {
    if random.below(3) > 0 {
        return random.below(size);
    }
    let boundary = random.below(size / CHUNK + 1) * CHUNK;
    (boundary + random.below(5)).saturating_sub(2).min(size - 1)
}

fn suffix(random: &mut Random, size: u64) -> Pair {
    let length = match random.below(40) {
        0 => size - 2 + random.below(5),
        1 => u64::MAX,
        2 => 1 + random.below(size),
        _ => 1 + random.below(3_000),
    };
    (None, Some(length))
}

fn open(random: &mut Random, size: u64) -> Pair {
    let first = if random.below(20) == 0 { random.below(size) } else { size - 3_000 + random.below(3_100) };
    (Some(first), None)
}

/// No byte of it is there.
fn absent(random: &mut Random, size: u64) -> Pair {
    match random.below(4) {
        0 => (Some(size), None),
        1 => (None, Some(0)),
        2 => (Some(size + random.below(1_000)), Some(u64::MAX)),
        _ => (Some(u64::MAX - 1), Some(u64::MAX)),
    }
}

/// Two to seven; some lie over each other, some are not there, some are the wrong way round.
fn several(random: &mut Random, size: u64) -> Vec<Pair> {
    let count = *random.one_of(&[2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 7]);
    let mut ranges: Vec<Pair> = Vec::new();
    for _ in 0..count {
        let range = match random.below(40) {
            0..4 => absent(random, size),
            4..6 => suffix(random, size),
            6..8 => open(random, size),
            8 => (Some(9), Some(8)),
            9..12 => ranges.last().copied().unwrap_or((Some(0), Some(0))),
            _ => bounded(random, size),
        };
        ranges.push(range);
    }
    ranges
}

fn malformed(random: &mut Random) -> Asked {
    let header = *random.one_of(&[
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=--1",
        "bytes=1",
        "bytes=1-2-3",
        "bytes=0x1-2",
        "bytes=1-2;3-4",
        "bytes=1.0-2",
        "bytes=+1-2",
        "bytes=1 - 2",
        "bytes:1-2",
        "bytes=0-1,a-b",
        "bytes=0-1,-",
        "octets=0-1",
        "byte=0-1",
        "0-1",
        "bytes 0-1/10",
        "bytes=\u{a0}0-1",
    ]);
    Asked { header: header.to_owned(), ranges: None }
}
