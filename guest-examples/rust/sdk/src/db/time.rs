//! Days and times of day, and how they are written: `2026-10-03`, `14:05:06.000123`, and
//! `2026-10-03T14:05:06.000123`.

use std::fmt;
use std::str::FromStr;

use super::{Date, DateTime, Instant, Time};

const DAY: i64 = 86_400_000_000;

/// A text is no date or time, or one that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotATime(pub(super) String);

impl fmt::Display for NotATime {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "`{}` is no date or time that exists", self.0)
    }
}

impl std::error::Error for NotATime {}

impl From<NotATime> for crate::Error {
    #[track_caller]
    fn from(error: NotATime) -> crate::Error {
        crate::Error::other(error)
    }
}

impl Date {
    /// A day of the Gregorian calendar, if it exists.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Date> {
        let date = Date { year, month, day };
        (Date::from_days(date.days()) == date).then_some(date)
    }

    /// Days since 1970-01-01.
    ///
    /// Years that begin in March put the leap day at their end, so that months before it have the
    /// same lengths in every year.
    pub fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let march_month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * march_month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The day that is so many days after 1970-01-01.
    pub fn from_days(days: i64) -> Date {
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Date { year: year as i32, month: month as u8, day: day as u8 }
    }
}

impl Time {
    /// A time of day, if it exists. 24:00:00 does: it is the end of the day.
    pub fn new(hour: u8, minute: u8, second: u8, microsecond: u32) -> Option<Time> {
        let time = Time { hour, minute, second, microsecond };
        let fits = hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000;
        (fits || time == Time { hour: 24, minute: 0, second: 0, microsecond: 0 }).then_some(time)
    }

    fn micros(self) -> i64 {
        let seconds = (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second);
        seconds * 1_000_000 + i64::from(self.microsecond)
    }

    fn from_micros(micros: i64) -> Time {
        let seconds = micros / 1_000_000;
        Time {
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
            microsecond: (micros % 1_000_000) as u32,
        }
    }
}

impl DateTime {
    /// What a clock in UTC shows at that moment.
    pub fn from_utc(instant: Instant) -> DateTime {
        let micros = instant.micros();
        DateTime { date: Date::from_days(micros.div_euclid(DAY)), time: Time::from_micros(micros.rem_euclid(DAY)) }
    }

    /// The moment at which a clock in UTC shows this; none beyond what an [`Instant`] holds.
    pub fn to_utc(self) -> Option<Instant> {
        let micros = self.date.days().checked_mul(DAY)?.checked_add(self.time.micros())?;
        Some(Instant::from_micros(micros))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let sign = match self.year {
            ..0 => "-",
            0..=9999 => "",
            10_000.. => "+",
        };
        write!(out, "{sign}{:04}-{:02}-{:02}", self.year.unsigned_abs(), self.month, self.day)
    }
}

/// Without a fraction where there is none.
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.microsecond > 0 {
            write!(out, ".{:06}", self.microsecond)?;
        }
        Ok(())
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}T{}", self.date, self.time)
    }
}

impl FromStr for Date {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Date, NotATime> {
        date(text).ok_or_else(|| NotATime(text.to_owned()))
    }
}

impl FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Time, NotATime> {
        time(text).ok_or_else(|| NotATime(text.to_owned()))
    }
}

impl FromStr for DateTime {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<DateTime, NotATime> {
        let parts = text.split_once(['T', 't', ' ']);
        let parts = parts.and_then(|(day, hours)| Some(DateTime { date: date(day)?, time: time(hours)? }));
        parts.ok_or_else(|| NotATime(text.to_owned()))
    }
}

fn date(text: &str) -> Option<Date> {
    let (unsigned, before_zero) = match text.strip_prefix('-') {
        Some(unsigned) => (unsigned, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    let mut parts = unsigned.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() < 4 {
        return None;
    }
    let year: i32 = digits(year)?;
    Date::new(if before_zero { -year } else { year }, two_digits(month)?, two_digits(day)?)
}

fn time(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.splitn(3, ':').map(two_digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    // A browser leaves the seconds out where they are none.
    let second = parts.next().unwrap_or(Some(0))?;
    let zeros = fraction.trim_end_matches('0');
    let microsecond = match zeros.len() {
        0 => digits::<u32>(fraction).map(|_| 0)?,
        1..=6 => digits::<u32>(zeros)? * 10_u32.pow(6 - zeros.len() as u32),
        _ => return None,
    };
    Time::new(hour, minute, second, microsecond)
}

fn two_digits(text: &str) -> Option<u8> {
    if text.len() == 2 { digits(text) } else { None }
}

/// Digits only: `parse` takes a sign too.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_both_ways() {
        for days in [-2_472_632, -719_528, -1, 0, 11_016, 20_729, 2_932_896, 100_000_000] {
            assert_eq!(Date::from_days(days).days(), days);
        }
        assert_eq!(Date::from_days(11_016), Date { year: 2000, month: 2, day: 29 });
        assert_eq!(Date::new(1900, 2, 29), None);
        assert_eq!(Date::new(2000, 13, 1), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["2026-10-03", "-0044-03-15", "+12026-01-01", "0000-12-31"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in ["14:05:06", "00:00:00.000001", "24:00:00"] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), text);
        }
        assert_eq!("14:05".parse::<Time>().unwrap().to_string(), "14:05:00");
        assert_eq!("2026-10-03T14:05".parse::<DateTime>().unwrap().to_string(), "2026-10-03T14:05:00");
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for text in ["", "2026-1-1", "26-01-01", "2026-02-30", "2026-10-+3", "--2026-10-03"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in ["", "1:05", "25:00", "24:00:01", "14:05:06.", "14:05:06.0000001", "14:60"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
