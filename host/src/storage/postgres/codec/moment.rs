//! Dates, times, timestamps and intervals in the binary format, and their text with `DateStyle`
//! ISO, `IntervalStyle` postgres and `TimeZone` UTC.
//!
//! Source: `src/backend/utils/adt/date.c`, `timestamp.c`, and `EncodeDateTime`, `EncodeInterval` in
//! `datetime.c`.

use super::scalar::{fixed, take, take_i32};
use crate::storage::calendar::{self, DAY_MICROS, SECOND_MICROS};
use crate::storage::value::{Date, Datetime, Time};
use std::fmt::Write as _;

/// Postgres counts from 2000-01-01: days after 1970-01-01.
pub(super) const EPOCH_DAYS: i64 = 10_957;
/// The same in microseconds.
pub(super) const EPOCH_MICROS: i64 = EPOCH_DAYS * DAY_MICROS;

/// A date or timestamp, or one of the two values that stand for no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment<T> {
    At(T),
    Infinity,
    MinusInfinity,
}

impl<T> Moment<T> {
    /// The text of the two that are no moment.
    pub(super) fn or_name(self) -> Result<T, &'static str> {
        match self {
            Self::At(at) => Ok(at),
            Self::Infinity => Err("infinity"),
            Self::MinusInfinity => Err("-infinity"),
        }
    }
}

/// `date`. None if malformed.
pub(super) fn date(bytes: &[u8]) -> Option<Moment<Date>> {
    match fixed(bytes).map(i32::from_be_bytes)? {
        i32::MAX => Some(Moment::Infinity),
        i32::MIN => Some(Moment::MinusInfinity),
        days => calendar::date_from_days(i64::from(days) + EPOCH_DAYS).map(Moment::At),
    }
}

/// `time`. None if malformed.
pub(super) fn time(bytes: &[u8]) -> Option<Time> {
    calendar::time_from_micros(fixed(bytes).map(i64::from_be_bytes)?)
}

/// `timestamp` and `timestamptz` in microseconds since 2000. None if malformed.
pub(super) fn micros(bytes: &[u8]) -> Option<Moment<i64>> {
    Some(match fixed(bytes).map(i64::from_be_bytes)? {
        i64::MAX => Moment::Infinity,
        i64::MIN => Moment::MinusInfinity,
        micros => Moment::At(micros),
    })
}

/// `timestamp`. None if malformed.
pub(super) fn datetime(bytes: &[u8]) -> Option<Moment<Datetime>> {
    Some(match micros(bytes)? {
        Moment::At(micros) => Moment::At(calendar::datetime_from_micros(micros, EPOCH_DAYS)?),
        Moment::Infinity => Moment::Infinity,
        Moment::MinusInfinity => Moment::MinusInfinity,
    })
}

/// Writes a `date`. None if malformed.
pub(super) fn write_date(bytes: &[u8], out: &mut String) -> Option<()> {
    match date(bytes)?.or_name() {
        Ok(date) => push_date(date, "", out),
        Err(name) => out.push_str(name),
    }
    Some(())
}

/// Writes a `time`. None if malformed.
pub(super) fn write_time(bytes: &[u8], out: &mut String) -> Option<()> {
    push_time(time(bytes)?, out);
    Some(())
}

/// Writes a `timestamp`, or a `timestamptz` with `zone` behind it. None if malformed.
pub(super) fn write_timestamp(bytes: &[u8], zone: &str, out: &mut String) -> Option<()> {
    match datetime(bytes)?.or_name() {
        Ok(datetime) => {
            let mut rest = String::from(" ");
            push_time(datetime.time, &mut rest);
            rest.push_str(zone);
            push_date(datetime.date, &rest, out);
        }
        Err(name) => out.push_str(name),
    }
    Some(())
}

/// Writes a `timetz`: the time and, as seconds west of Greenwich, its zone. None if malformed.
pub(super) fn write_timetz(mut bytes: &[u8], out: &mut String) -> Option<()> {
    push_time(calendar::time_from_micros(take(&mut bytes).map(i64::from_be_bytes)?)?, out);
    let west = take_i32(&mut bytes)?;
    let (sign, seconds) = (if west <= 0 { '+' } else { '-' }, west.unsigned_abs());
    let _ = write!(out, "{sign}{:02}", seconds / 3600);
    if seconds % 3600 != 0 {
        let _ = write!(out, ":{:02}", seconds / 60 % 60);
    }
    if seconds % 60 != 0 {
        let _ = write!(out, ":{:02}", seconds % 60);
    }
    bytes.is_empty().then_some(())
}

/// Writes an `interval`. None if malformed.
pub(super) fn write_interval(mut bytes: &[u8], out: &mut String) -> Option<()> {
    let micros = take(&mut bytes).map(i64::from_be_bytes)?;
    let (days, months) = (take_i32(&mut bytes)?, take_i32(&mut bytes)?);
    // Since Postgres 17 the ends of all three ranges together stand for infinity
    // (`INTERVAL_IS_NOEND`).
    match (micros, days, months) {
        (i64::MAX, i32::MAX, i32::MAX) => out.push_str("infinity"),
        (i64::MIN, i32::MIN, i32::MIN) => out.push_str("-infinity"),
        _ => push_interval(micros, days, months, out),
    }
    bytes.is_empty().then_some(())
}

fn push_interval(micros: i64, days: i32, months: i32, out: &mut String) {
    let start = out.len();
    let mut after_negative = false;
    for (number, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if number != 0 {
            let space = if out.len() == start { "" } else { " " };
            // A plus is written only where it could be taken for a minus.
            let plus = if after_negative && number > 0 { "+" } else { "" };
            let plural = if number == 1 { "" } else { "s" };
            let _ = write!(out, "{space}{plus}{number} {unit}{plural}");
            after_negative = number < 0;
        }
    }
    if micros != 0 || out.len() == start {
        let space = if out.len() == start { "" } else { " " };
        let sign = match (micros < 0, after_negative) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        out.push_str(space);
        out.push_str(sign);
        push_clock(micros.unsigned_abs(), out);
    }
}

/// `04:05:06.789`; the hours of an interval have no end.
fn push_clock(micros: u64, out: &mut String) {
    let second = SECOND_MICROS.unsigned_abs();
    let seconds = micros / second;
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = micros % second;
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

fn push_time(time: Time, out: &mut String) {
    push_clock(calendar::micros_from_time(time).unsigned_abs(), out);
}

/// Postgres has no year 0: it writes the years before 1 AD as BC, behind everything else.
fn push_date(date: Date, rest: &str, out: &mut String) {
    let (year, era) = if date.year > 0 { (date.year, "") } else { (1 - date.year, " BC") };
    let _ = write!(out, "{year:04}-{:02}-{:02}{rest}{era}", date.month, date.day);
}
