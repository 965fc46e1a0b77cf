//! Times and sizes as people read them. JSON has RFC 3339 and plain numbers instead.

use crate::storage::{calendar, now_micros};
use indicatif::HumanBytes;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// From here on the date says more than its distance.
const LONG: u64 = 60 * DAY;

/// `2026-11-28 12:13:19 UTC`, from microseconds since 1970.
pub(in crate::cli) fn time(micros: i64) -> String {
    let text = calendar::print_instant(micros);
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    format!("{} UTC", seconds.replacen('T', " ", 1))
}

/// The same, and how long ago that was.
pub(in crate::cli) fn age(micros: i64) -> String {
    match distance(micros, now_micros()) {
        Some(distance) => format!("{} ({distance})", time(micros)),
        None => time(micros),
    }
}

/// [`time()`] of a time as JSON has it.
pub(in crate::cli) fn time_of(rfc3339: &str) -> String {
    calendar::parse_instant(rfc3339).map_or_else(|| rfc3339.to_owned(), time)
}

/// [`age`] of a time as JSON has it.
pub(in crate::cli) fn age_of(rfc3339: &str) -> String {
    calendar::parse_instant(rfc3339).map_or_else(|| rfc3339.to_owned(), age)
}

fn distance(micros: i64, now: i64) -> Option<String> {
    let apart = now.abs_diff(micros);
    let amount = match apart {
        ..SECOND => return Some("now".to_owned()),
        SECOND..MINUTE => format!("{} s", apart / SECOND),
        MINUTE..HOUR => format!("{} min", apart / MINUTE),
        HOUR..DAY => format!("{} h", apart / HOUR),
        DAY..LONG => format!("{} d", apart / DAY),
        _ => return None,
    };
    Some(if micros > now { format!("in {amount}") } else { format!("{amount} ago") })
}

/// `4.32 MiB`, from bytes.
pub(in crate::cli) fn bytes(count: u64) -> String {
    HumanBytes(count).to_string()
}

/// A text that visitors or deployers have chosen, without what moves the cursor or turns the line
/// around.
pub(in crate::cli) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// The same for a text that may have several lines.
pub(in crate::cli) fn printable_lines(text: &str) -> String {
    let is_plain = |c: char| is_plain(c) || matches!(c, '\n' | '\t');
    text.chars().map(|c| if is_plain(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

fn is_plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_by_people() {
        let at = 1_709_210_096_000_001;
        assert_eq!(time(at), "2024-02-29 12:34:56 UTC");
        assert_eq!(time(1_709_210_096_000_000), "2024-02-29 12:34:56 UTC");
        for (later, said) in [
            (0, Some("now")),
            (1, Some("1 s ago")),
            (59, Some("59 s ago")),
            (60, Some("1 min ago")),
            (7_199, Some("1 h ago")),
            (86_400 * 59, Some("59 d ago")),
            (86_400 * 60, None),
            (-5_400, Some("in 1 h")),
        ] {
            assert_eq!(distance(at, at + later * 1_000_000).as_deref(), said, "{later}");
        }
        assert!(distance(i64::MIN, i64::MAX).is_none() && distance(i64::MAX, i64::MIN).is_none());
    }

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!([0, 1023, 1536, 20 << 20].map(bytes), ["0 B", "1023 B", "1.50 KiB", "20.00 MiB"]);
    }
}
