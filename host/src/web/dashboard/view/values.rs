//! Values as people read them.

use crate::storage::calendar::{parse_instant, print_instant};
use maud::{Markup, html};

const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// A text that somebody else has written. What cannot be seen, or turns the text around it, is
/// shown by its code point.
pub(in crate::web::dashboard) fn shown(text: &str) -> Markup {
    if !text.contains(is_hidden) {
        return html! { (text) };
    }
    html! {
        @for part in text.split_inclusive(is_hidden) {
            @let hidden = part.chars().last().filter(|last| is_hidden(*last));
            (part.trim_end_matches(is_hidden))
            @if let Some(hidden) = hidden { span.hidden-character { (format!("U+{:04X}", u32::from(hidden))) } }
        }
    }
}

/// Control characters, and those that turn the direction of a text.
fn is_hidden(letter: char) -> bool {
    let is_space = matches!(letter, '\n' | '\t');
    let turns =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (letter.is_control() && !is_space)
}

/// A number of things, with thin spaces between thousands.
pub(in crate::web::dashboard) fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("\u{202f}")
}

/// A number of bytes, to three digits.
pub(in crate::web::dashboard) fn bytes(number: u64) -> String {
    let power = (0..UNITS.len() - 1).take_while(|power| number >> (10 * (power + 1)) > 0).count();
    let unit = UNITS.get(power).copied().unwrap_or_default();
    if power == 0 {
        return format!("{number} {unit}");
    }
    // A value below 1024 that is written with three digits.
    let tenths = (u128::from(number) * 10 + (1 << (10 * power - 1))) >> (10 * power);
    match tenths {
        0..100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        _ => format!("{} {unit}", (tenths + 5) / 10),
    }
}

/// A duration in milliseconds; a dash where there is none.
pub(in crate::web::dashboard) fn millis(millis: Option<f64>) -> String {
    match millis {
        None => "\u{2013}".to_owned(),
        Some(millis) if millis < 0.05 => "<\u{2009}0.1 ms".to_owned(),
        Some(millis) if millis < 9.95 => format!("{millis:.1} ms"),
        Some(millis) if millis < 999.5 => format!("{millis:.0} ms"),
        Some(millis) => format!("{:.1} s", millis / 1000.0),
    }
}

/// What part of a whole something is; a dash where there is nothing. What is not nothing is never
/// shown as 0, and what is not all never as 100.
pub(in crate::web::dashboard) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "\u{2013}".to_owned();
    }
    let hundredths = u128::from(part.min(whole)) * 10_000 / u128::from(whole);
    match hundredths {
        0 if part > 0 => "<\u{2009}0.01 %".to_owned(),
        0 => "0 %".to_owned(),
        10_000 => "100 %".to_owned(),
        1..1000 => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
        _ => format!("{}.{} %", hundredths / 100, hundredths % 100 / 10),
    }
}

/// A moment (RFC 3339) as the time that has passed since; the exact one is there for whoever points
/// at it. `now` is in microseconds since 1970.
pub(in crate::web::dashboard) fn when_text(at: &str, now: i64) -> Markup {
    let passed = parse_instant(at).map_or_else(|| at.to_owned(), |at| passed(now.saturating_sub(at)));
    html! { time.nowrap datetime=(at) title=(at) { (passed) } }
}

/// The time of day of a moment, in microseconds since 1970.
pub(in crate::web::dashboard) fn clock(at: i64) -> Markup {
    let exact = print_instant(at);
    let millis = at.div_euclid(1000);
    let part = |unit: i64, most: i64| (millis / unit).rem_euclid(most);
    let [hours, minutes, seconds] = [part(3_600_000, 24), part(60_000, 60), part(1000, 60)];
    html! {
        time datetime=(exact) title=(exact) { (format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", part(1, 1000))) }
    }
}

fn passed(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let (number, unit) = match seconds {
        ..5 => return "just now".to_owned(),
        5..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "min"),
        3600..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{number} {unit} ago")
}

/// A minute of the last hour.
pub(in crate::web::dashboard) fn minutes_ago(ago: usize) -> String {
    match ago {
        0 => "this minute".to_owned(),
        1 => "1 minute ago".to_owned(),
        ago => format!("{ago} minutes ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_named() {
        assert_eq!(shown("a <b>\tc\n").into_string(), "a &lt;b&gt;\tc\n");
        let named = shown("a\u{202e}b\u{0}\u{1b}[31m").into_string();
        let box_of = |code: &str| format!("<span class=\"hidden-character\">U+{code}</span>");
        assert_eq!(named, format!("a{}b{}{}[31m", box_of("202E"), box_of("0000"), box_of("001B")));
    }

    #[test]
    fn numbers_have_groups() {
        let shown = [0, 7, 999, 1000, 1_234_567].map(count);
        assert_eq!(shown, ["0", "7", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
    }

    #[test]
    fn sizes_have_a_unit_that_fits() {
        for (number, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (10 << 10, "10 KiB"),
            (1 << 20, "1.0 MiB"),
            (20_971_520, "20 MiB"),
            (999 << 30, "999 GiB"),
            (u64::MAX, "16777216 TiB"),
        ] {
            assert_eq!(bytes(number), shown, "{number}");
        }
    }

    #[test]
    fn durations_have_two_or_three_digits() {
        let shown = [Some(0.01), Some(0.64), Some(12.4), Some(640.2), Some(1300.0), None].map(millis);
        assert_eq!(shown, ["<\u{2009}0.1 ms", "0.6 ms", "12 ms", "640 ms", "1.3 s", "\u{2013}"]);
    }

    #[test]
    fn a_part_is_never_rounded_to_nothing_or_all() {
        for (part, whole, shown) in [
            (0, 0, "\u{2013}"),
            (0, 10, "0 %"),
            (1, 1_000_000, "<\u{2009}0.01 %"),
            (1, 8, "12.5 %"),
            (1, 64, "1.56 %"),
            (999_999, 1_000_000, "99.9 %"),
            (7, 7, "100 %"),
        ] {
            assert_eq!(percent(part, whole), shown, "{part} of {whole}");
        }
    }

    #[test]
    fn a_moment_is_told_by_what_has_passed_since() {
        let now = 1_800_000_000_000_000;
        for (seconds, shown) in [
            (-10, "just now"),
            (4, "just now"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (7_200, "2 h ago"),
            (259_200, "3 days ago"),
        ] {
            assert_eq!(passed(seconds * 1_000_000), shown);
        }
        let text = when_text("2027-01-15T07:59:00Z", now).into_string();
        assert!(
            text.contains("datetime=\"2027-01-15T07:59:00Z\"") && text.ends_with(">1 min ago</time>"),
            "{text}"
        );
        assert!(when_text("yesterday", now).into_string().contains(">yesterday<"));
        assert!(clock(now + 1_002_000).into_string().contains(">08:00:01.002<"));
    }
}
