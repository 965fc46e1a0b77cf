//! The proleptic Gregorian calendar: days, times of day and instants as numbers and as ISO 8601
//! text.
//!
//! Both engines use it: Postgres sends days and microseconds since 2000, SQLite keeps dates, times
//! and datetimes as text. A datetime is printed with a space, as SQLite's own functions and
//! Postgres do (so that texts of both sort alike); a `T` is understood too. Years outside 0 to 9999
//! carry a sign (ISO 8601, expanded representation).

use super::value::{Date, Datetime, Time};
use std::fmt::Write as _;

/// Microseconds of one second.
pub const SECOND_MICROS: i64 = 1_000_000;
/// Microseconds of one day.
pub const DAY_MICROS: i64 = 86_400 * SECOND_MICROS;

/// Days from 1970-01-01 to `date`.
///
/// `days_from_civil` of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// <https://howardhinnant.github.io/date_algorithms.html>: years begin in March, so that the leap
/// day comes last.
pub fn days_from_date(date: Date) -> i64 {
    let (month, day) = (i64::from(date.month), i64::from(date.day));
    let year = i64::from(date.year) - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The day that is `days` after 1970-01-01. None where its year does not fit 32 bits.
///
/// `civil_from_days` of the same source.
pub fn date_from_days(days: i64) -> Option<Date> {
    let days = days.checked_add(719_468)?;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    Some(Date {
        year: i32::try_from(year_of_era + era * 400 + i64::from(month <= 2)).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day_of_year - (153 * shifted + 2) / 5 + 1).ok()?,
    })
}

/// Microseconds from midnight to `time`.
pub fn micros_from_time(time: Time) -> i64 {
    let seconds = (i64::from(time.hour) * 60 + i64::from(time.minute)) * 60 + i64::from(time.second);
    seconds * SECOND_MICROS + i64::from(time.microsecond)
}

/// The time of day that is `micros` after midnight. None outside of the day; its end, 24:00:00, is
/// part of it.
pub fn time_from_micros(micros: i64) -> Option<Time> {
    if !(0..=DAY_MICROS).contains(&micros) {
        return None;
    }
    let seconds = micros / SECOND_MICROS;
    Some(Time {
        hour: u8::try_from(seconds / 3_600).ok()?,
        minute: u8::try_from(seconds / 60 % 60).ok()?,
        second: u8::try_from(seconds % 60).ok()?,
        microsecond: u32::try_from(micros % SECOND_MICROS).ok()?,
    })
}

/// Microseconds from midnight of the day `epoch_days` after 1970-01-01 to `datetime`. None where
/// they do not fit 64 bits.
pub fn micros_from_datetime(datetime: Datetime, epoch_days: i64) -> Option<i64> {
    let days = days_from_date(datetime.date).checked_sub(epoch_days)?;
    // In 128 bits: the lowest day may lie below the range while its time lifts it in.
    let micros = i128::from(days) * i128::from(DAY_MICROS) + i128::from(micros_from_time(datetime.time));
    i64::try_from(micros).ok()
}

/// The date and time that is `micros` after midnight of the day `epoch_days` after 1970-01-01.
pub fn datetime_from_micros(micros: i64, epoch_days: i64) -> Option<Datetime> {
    let date = date_from_days(micros.div_euclid(DAY_MICROS).checked_add(epoch_days)?)?;
    Some(Datetime { date, time: time_from_micros(micros.rem_euclid(DAY_MICROS))? })
}

/// The same moment with an hour below 24: the end of a day is the beginning of the next, as
/// Postgres keeps it.
pub fn normal_datetime(at: Datetime) -> Datetime {
    if at.time.hour < 24 {
        return at;
    }
    micros_from_datetime(at, 0).and_then(|micros| datetime_from_micros(micros, 0)).unwrap_or(at)
}

/// Whether there is such a day.
pub fn is_date(date: Date) -> bool {
    let leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    let last = match date.month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    };
    (1..=12).contains(&date.month) && (1..=last).contains(&date.day)
}

/// Whether there is such a time of day. Leap seconds are none: neither engine keeps them.
pub fn is_time(time: Time) -> bool {
    let Time { hour, minute, second, microsecond } = time;
    let within = hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000;
    within || (hour, minute, second, microsecond) == (24, 0, 0, 0)
}

/// `2024-02-29`.
pub fn print_date(date: Date) -> String {
    let mut out = String::with_capacity(10);
    let Date { year, month, day } = date;
    // Writing into a string does not fail.
    let _ = match year {
        0..=9_999 => write!(out, "{year:04}-{month:02}-{day:02}"),
        _ => write!(out, "{year:+05}-{month:02}-{day:02}"),
    };
    out
}

/// `12:34:56`, or `12:34:56.000001` where there is a fraction.
pub fn print_time(time: Time) -> String {
    let mut out = String::with_capacity(15);
    let Time { hour, minute, second, microsecond } = time;
    let _ = write!(out, "{hour:02}:{minute:02}:{second:02}");
    if microsecond != 0 {
        let _ = write!(out, ".{microsecond:06}");
    }
    out
}

/// `2024-02-29 12:34:56.000001`.
pub fn print_datetime(datetime: Datetime) -> String {
    format!("{} {}", print_date(datetime.date), print_time(datetime.time))
}

/// `2024-02-29T12:34:56.000001Z` (RFC 3339) from microseconds since 1970.
pub fn print_instant(micros: i64) -> String {
    // Every 64-bit count of microseconds has a year that fits: the last is 294247.
    let datetime = datetime_from_micros(micros, 0);
    datetime.map_or_else(String::new, |at| format!("{}T{}Z", print_date(at.date), print_time(at.time)))
}

/// Reads `2024-02-29`, `-0044-03-15`, `+12024-01-01`. None if there is no such day.
pub fn parse_date(text: &str) -> Option<Date> {
    let signed = text.starts_with(['+', '-']);
    let (sign, digits) = text.split_at_checked(usize::from(signed))?;
    let mut parts = digits.split('-');
    let year =
        parts.next().filter(|year| if signed { (4..=10).contains(&year.len()) } else { year.len() == 4 })?;
    let year = i64::try_from(number(year)?).ok()?;
    let year = i32::try_from(if sign == "-" { -year } else { year }).ok()?;
    let date = Date { year, month: two_digits(parts.next()?)?, day: two_digits(parts.next()?)? };
    (parts.next().is_none() && is_date(date)).then_some(date)
}

/// Reads `12:34`, `12:34:56` and `12:34:56.000001`. None if there is no such time or it is finer
/// than a microsecond.
pub fn parse_time(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let seconds = parts.next().unwrap_or("00");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let time = Time { hour, minute, second: two_digits(second)?, microsecond: microseconds(fraction)? };
    (parts.next().is_none() && is_time(time)).then_some(time)
}

/// Reads a date and a time of day with a `T` or a space between them.
pub fn parse_datetime(text: &str) -> Option<Datetime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    Some(Datetime { date: parse_date(date)?, time: parse_time(time)? })
}

/// Reads RFC 3339 into microseconds since 1970: a date and a time with `Z` or an offset such as
/// `+05:30` or `+05`.
pub fn parse_instant(text: &str) -> Option<i64> {
    let (local, offset_minutes) = match text.strip_suffix(['Z', 'z']) {
        Some(local) => (local, 0),
        None => {
            // The offset's sign is the last one; a date has its hyphens before the time.
            let (local, offset) = text.split_at_checked(text.rfind(['+', '-'])?)?;
            (local, parse_offset(offset)?)
        }
    };
    let micros = micros_from_datetime(parse_datetime(local)?, 0)?;
    micros.checked_sub(offset_minutes * 60 * SECOND_MICROS)
}

fn parse_offset(text: &str) -> Option<i64> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "00"));
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let total = i64::from(hours) * 60 + i64::from(minutes);
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -total } else { total })
}

fn microseconds(fraction: &str) -> Option<u32> {
    let (digits, finer) = fraction.split_at_checked(fraction.len().min(6))?;
    let zeros = u32::try_from(digits.len()).ok()?;
    let finer_is_zero = finer.bytes().all(|digit| digit == b'0');
    let value = u32::try_from(number(digits)?).ok()?;
    finer_is_zero.then_some(value * 10_u32.checked_pow(6_u32.checked_sub(zeros)?)?)
}

fn two_digits(text: &str) -> Option<u8> {
    if text.len() == 2 { u8::try_from(number(text)?).ok() } else { None }
}

/// Digits only, unlike `parse`, which takes a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u8, day: u8) -> Date {
        Date { year, month, day }
    }

    #[test]
    fn known_days_have_known_numbers() {
        let known = [
            (date(1970, 1, 1), 0),
            (date(2000, 1, 1), 10_957),
            (date(2000, 3, 1), 11_017),
            (date(1969, 12, 31), -1),
            (date(0, 1, 1), -719_528),
            (date(-4713, 11, 24), -2_440_588),
        ];
        for (date, days) in known {
            assert_eq!(days_from_date(date), days, "{date:?}");
            assert_eq!(date_from_days(days), Some(date));
        }
    }

    #[test]
    fn every_day_of_two_eras_is_followed_by_the_next() {
        let mut previous = date_from_days(-150_000).unwrap();
        for days in -149_999..150_000 {
            let date = date_from_days(days).unwrap();
            assert!(is_date(date), "{date:?}");
            assert_eq!(days_from_date(date), days);
            let new_month = date.day == 1 && !is_date(Date { day: previous.day + 1, ..previous });
            assert!(new_month || date.day == previous.day + 1, "{date:?}");
            previous = date;
        }
    }

    #[test]
    fn the_ends_of_the_range_are_kept_or_refused() {
        for year in [i32::MIN, i32::MAX] {
            let end = date(year, 12, 31);
            assert_eq!(date_from_days(days_from_date(end)), Some(end));
            assert_eq!(parse_date(&print_date(end)), Some(end));
        }
        assert_eq!(date_from_days(i64::MAX), None);
        assert_eq!(date_from_days(i64::MIN), None);
        for micros in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert_eq!(parse_instant(&print_instant(micros)), Some(micros));
            let datetime = datetime_from_micros(micros, 10_957).unwrap();
            assert_eq!(micros_from_datetime(datetime, 10_957), Some(micros));
        }
    }

    #[test]
    fn texts_are_iso() {
        let at =
            Datetime { date: date(2024, 2, 29), time: Time { hour: 12, minute: 34, second: 56, microsecond: 1 } };
        assert_eq!(print_datetime(at), "2024-02-29 12:34:56.000001");
        assert_eq!(parse_datetime("2024-02-29T12:34:56.000001"), Some(at));
        assert_eq!(print_instant(1_709_210_096_000_001), "2024-02-29T12:34:56.000001Z");
        assert_eq!(parse_instant("2024-02-29T18:04:56.000001+05:30"), Some(1_709_210_096_000_001));
        assert_eq!(parse_instant("2024-02-29 11:34:56-01"), Some(1_709_210_096_000_000));
        assert_eq!(print_date(date(-43, 3, 15)), "-0043-03-15");
        assert_eq!(print_date(date(12_024, 1, 1)), "+12024-01-01");
        assert_eq!(parse_time("24:00"), Some(Time { hour: 24, minute: 0, second: 0, microsecond: 0 }));
        assert_eq!(parse_time("01:02:03.5000000").map(|time| time.microsecond), Some(500_000));
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        let dates =
            ["", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-1-01", "24-01-01", "2024-01-01x"];
        let more =
            ["12024-01-01", "+-024-01-01", "2024-01-32", "2024-01-01-01", "２０２４-01-01", "+99999999999-01-01"];
        assert!(dates.iter().chain(&more).all(|text| parse_date(text).is_none()));
        let times = [
            "",
            "12",
            "24:00:01",
            "12:60",
            "12:34:60",
            "12:34:56.",
            "12:34:56.1234567",
            "1:02",
            "+1:02",
            "12:34:56:00",
        ];
        assert!(times.iter().all(|text| parse_time(text).is_none()), "{times:?}");
        let instants = [
            "2024-02-29T12:34:56",
            "2024-02-29",
            "2024-02-29T12:34:56+5",
            "2024-02-29T12:34:56+24:00",
            "Z",
            "é+01",
        ];
        assert!(instants.iter().all(|text| parse_instant(text).is_none()));
    }
}
