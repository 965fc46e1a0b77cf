//! Collations that every connection knows: the order of decimals and of dates that are kept as
//! text, and the name that Postgres has for the order of code points.
//!
//! All are total orders over all texts, also those that are no decimals or dates: SQLite's indexes
//! break without (SQLite documentation, "sqlite3_create_collation").

use crate::storage::schema::{DATE_COLLATION, DECIMAL_COLLATION};
use rusqlite::Connection;
use std::cmp::Ordering;

/// Makes the collations known to a connection.
pub(super) fn register(link: &Connection) -> rusqlite::Result<()> {
    link.create_collation("C", str::cmp)?;
    link.create_collation(DECIMAL_COLLATION, compare_decimals)?;
    link.create_collation(DATE_COLLATION, compare_dates)
}

/// A number in plain digits, or with the exponent that SQLite writes for a large float.
struct Decimal<'a> {
    negative: bool,
    /// Significant digits, before and behind the point.
    digits: (&'a [u8], &'a [u8]),
    /// Power of ten of the first significant digit; None for zero.
    magnitude: Option<i64>,
}

/// As numbers: `1.0` equals `1.00`. What is no number comes behind all numbers, in the order of its
/// bytes.
fn compare_decimals(left: &str, right: &str) -> Ordering {
    match (Decimal::parse(left), Decimal::parse(right)) {
        (Some(left), Some(right)) => left.compare(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
            None => (unsigned, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        if (whole.is_empty() && part.is_empty()) || !is_digits(whole) || !is_digits(part) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let zeros = part.len() - part.trim_start_matches('0').len();
        let first = match whole.len() {
            0 => part.get(zeros..).filter(|rest| !rest.is_empty()).map(|_| -1 - i64::try_from(zeros).unwrap_or(0)),
            length => i64::try_from(length).ok().map(|length| length - 1),
        };
        let part = if whole.is_empty() { part.get(zeros..).unwrap_or_default() } else { part };
        let magnitude = first.map(|first| first + exponent);
        let digits = (whole.as_bytes(), part.as_bytes());
        Some(Self { negative: text.starts_with('-') && magnitude.is_some(), digits, magnitude })
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_sizes(other),
            (true, true) => other.compare_sizes(self),
        }
    }

    /// None, which is zero, is the least magnitude.
    fn compare_sizes(&self, other: &Self) -> Ordering {
        self.magnitude.cmp(&other.magnitude).then_with(|| self.compare_digits(other))
    }

    fn compare_digits(&self, other: &Self) -> Ordering {
        if self.digits.0.len() == other.digits.0.len() {
            return self.digits.0.cmp(other.digits.0).then_with(|| compare_parts(self.digits.1, other.digits.1));
        }
        let all = |digits: (&'a [u8], &'a [u8])| digits.0.iter().chain(digits.1).copied();
        let (mut left, mut right) = (all(self.digits), all(other.digits));
        loop {
            match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (left, right) => match left.unwrap_or(b'0').cmp(&right.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    order => return order,
                },
            }
        }
    }
}

/// Digits behind a point; zeros at the end make no difference.
fn compare_parts(left: &[u8], right: &[u8]) -> Ordering {
    let common = left.len().min(right.len());
    let rest = |digits: &[u8]| digits.get(common..).is_some_and(|rest| rest.iter().any(|digit| *digit != b'0'));
    let beginnings = left.get(..common).cmp(&right.get(..common));
    beginnings.then_with(|| rest(left).cmp(&rest(right)))
}

/// As `calendar::print_date` and `print_datetime` write them: by the number of the year, then by
/// the rest.
fn compare_dates(left: &str, right: &str) -> Ordering {
    let plain = |text: &str| text.as_bytes().first().is_none_or(u8::is_ascii_digit);
    if plain(left) && plain(right) {
        return left.cmp(right);
    }
    match (year_of(left), year_of(right)) {
        (Some(one), Some(two)) => one.cmp(&two).then_with(|| left.cmp(right)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// The year, if the text is signed and goes on like a date or begins with four digits.
fn year_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find('-').unwrap_or(digits.len());
    let year = digits.get(..end).filter(|year| year.len() >= 4 && year.bytes().all(|b| b.is_ascii_digit()))?;
    let number: i64 = year.parse().ok()?;
    Some(if text.starts_with('-') { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECIMALS: [&str; 22] = [
        "-12345678901234567890123.5",
        "-100",
        "-99.99",
        "-1.01",
        "-1.0",
        "-0.5",
        "-0.05",
        "0",
        "0.00",
        "0.001",
        "0.01",
        "0.1",
        "0.10",
        "1",
        "1.00",
        "1.5",
        "2",
        "9.99",
        "10",
        "1.0e+20",
        "100000000000000000001",
        "no number",
    ];

    #[test]
    fn decimals_are_ordered_as_numbers() {
        for (at, left) in DECIMALS.iter().enumerate() {
            for (behind, right) in DECIMALS.iter().enumerate() {
                let equal = [("0", "0.00"), ("0.1", "0.10"), ("1", "1.00")];
                let equal = equal.contains(&(left, right)) || equal.contains(&(right, left));
                let wanted = if equal { Ordering::Equal } else { at.cmp(&behind) };
                assert_eq!(compare_decimals(left, right), wanted, "{left} and {right}");
            }
        }
        assert_eq!(compare_decimals("-0", "0"), Ordering::Equal);
        assert_eq!(compare_decimals("007.50", "7.5"), Ordering::Equal);
    }

    #[test]
    fn dates_are_ordered_by_their_years() {
        let dates = [
            "-4712-11-24",
            "-0044-03-15",
            "-0044-03-16",
            "-0001-12-31",
            "0000-01-01",
            "0001-01-01",
            "2024-02-29",
            "2024-02-29 12:00:00",
            "2024-02-29 12:00:00.000001",
            "9999-12-31",
            "+10000-01-01",
            "+294276-12-31",
            "+5874897-12-31",
            "+x",
        ];
        for (at, left) in dates.iter().enumerate() {
            for (behind, right) in dates.iter().enumerate() {
                assert_eq!(compare_dates(left, right), at.cmp(&behind), "{left} and {right}");
            }
        }
    }
}
