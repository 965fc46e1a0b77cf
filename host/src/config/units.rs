//! Sizes, durations and counts as text: `64MiB`, `500ms`, `1000`, read and written the same way.

use std::time::Duration;

/// A kind of setting that is a number with or without a unit.
pub(super) trait Quantity: Copy {
    /// What the number measures, for tables.
    const UNIT: &'static str;
    /// What an error asks for, to be read after "not".
    const EXPECTED: &'static str;

    /// The value of a text, if it is one and within bounds.
    fn parse(text: &str) -> Option<Self>;

    /// A text that [`Quantity::parse`] reads as the same value.
    fn show(self) -> String;
}

/// Far above any sensible duration, and far below what overflows when it is added to an instant.
const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Far above any sensible size in bytes, and still an integer that both databases can store.
const MAX_BYTES: u64 = 1 << 50;
/// Above any sensible count, and still an `integer` of Postgres.
const MAX_COUNT: u32 = 1_000_000_000;

/// Largest first where it is written out: the first unit that divides the value is the one shown.
const DURATION_UNITS_MS: [(&str, u64); 5] =
    [("h", 3_600_000), ("min", 60_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Binary units stand before decimal ones of about the same size: 1024000 is `1000KiB`.
const BYTE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

impl Quantity for Duration {
    const UNIT: &'static str = "duration";
    const EXPECTED: &'static str = "a duration such as 500ms, 2s, 30min or 12h, at most 8760h";

    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split(text)?;
        let milliseconds = number.checked_mul(factor(unit, &DURATION_UNITS_MS)?)?;
        let duration = Duration::from_millis(milliseconds);
        (!duration.is_zero() && duration <= MAX_DURATION).then_some(duration)
    }

    fn show(self) -> String {
        let milliseconds = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        with_unit(milliseconds, &DURATION_UNITS_MS)
    }
}

/// Bytes.
impl Quantity for u64 {
    const UNIT: &'static str = "bytes";
    const EXPECTED: &'static str = "a size such as 65536, 100KB, 64MiB or 1GiB, at most 1048576GiB";

    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split(text)?;
        let unit = if unit.is_empty() { "B" } else { unit };
        let bytes = number.checked_mul(factor(unit, &BYTE_UNITS)?)?;
        (1..=MAX_BYTES).contains(&bytes).then_some(bytes)
    }

    fn show(self) -> String {
        with_unit(self, &BYTE_UNITS)
    }
}

/// A number of things.
impl Quantity for u32 {
    const UNIT: &'static str = "count";
    const EXPECTED: &'static str = "a whole number from 1 to 1000000000";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|count| (1..=MAX_COUNT).contains(count))
    }

    fn show(self) -> String {
        self.to_string()
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, unit.trim_start()))
}

fn factor(unit: &str, units: &[(&str, u64)]) -> Option<u64> {
    let known = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    Some(known.1)
}

fn with_unit(value: u64, units: &[(&str, u64)]) -> String {
    let divides = |&&(_, factor): &&(&str, u64)| value.is_multiple_of(factor);
    match units.iter().find(divides) {
        Some((name, factor)) if value != 0 => format!("{}{name}", value / factor),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_binary_decimal_and_no_units() {
        let cases = [
            ("65536", 65_536),
            ("1B", 1),
            ("100KB", 100_000),
            ("64KiB", 65_536),
            ("64 mib", 64 << 20),
            ("2MB", 2_000_000),
            ("1GiB", 1 << 30),
            ("3GB", 3_000_000_000),
        ];
        for (text, bytes) in cases {
            assert_eq!(u64::parse(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn durations_are_read_in_their_units() {
        let cases = [("500ms", 500), ("2s", 2_000), ("30min", 1_800_000), ("30m", 1_800_000), ("12h", 43_200_000)];
        for (text, milliseconds) in cases {
            assert_eq!(Duration::parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn nonsense_zero_and_overflow_are_refused() {
        for text in ["", "MiB", "-1", "1.5GiB", "64M", "0", "0KiB", "99999999999GiB", "1e3", "1 2"] {
            assert_eq!(u64::parse(text), None, "{text}");
        }
        for text in ["", "2", "s", "0s", "-2s", "8761h", "18446744073709551615h", "2 days"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
        for text in ["", "0", "-1", "1000000001", "5s"] {
            assert_eq!(u32::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same_value() {
        for bytes in [1, 1_023, 1_024, 65_536, 100_000, 1_024_000, 8 << 20, 1 << 30, (1 << 30) + 1] {
            assert_eq!(u64::parse(&bytes.show()), Some(bytes), "{}", bytes.show());
        }
        for milliseconds in [1, 999, 1_000, 90_000, 1_800_000, 43_200_000] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(Duration::parse(&duration.show()), Some(duration), "{}", duration.show());
        }
        assert_eq!((100_000_u32.show(), (64_u64 << 20).show()), ("100000".to_owned(), "64MiB".to_owned()));
    }
}
