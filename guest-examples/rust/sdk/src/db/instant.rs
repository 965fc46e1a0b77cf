//! Points in time.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::{Date, DateTime, NotATime, Time};

const MINUTE: i64 = 60_000_000;

/// A point in time, to the microsecond. It is written as RFC 3339 has it, in UTC:
/// `2026-10-03T14:05:06.000123Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// This moment.
    pub fn now() -> Instant {
        Instant::from(SystemTime::now())
    }

    /// So many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// How long ago it was; zero for what is still to come.
    pub fn elapsed(self) -> Duration {
        Instant::now() - self
    }

    /// The day in UTC.
    pub fn date(self) -> Date {
        DateTime::from_utc(self).date
    }

    /// As RFC 3339 has it, without a fraction of the second: for `datetime` in HTML.
    pub fn to_seconds_string(self) -> String {
        let DateTime { date, time } = DateTime::from_utc(self);
        format!("{date}T{}Z", Time { microsecond: 0, ..time })
    }
}

/// What is left of a microsecond is cut off.
impl From<SystemTime> for Instant {
    fn from(time: SystemTime) -> Instant {
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Instant(micros(after)),
            Err(before) => Instant(-micros(before.duration())),
        }
    }
}

impl From<Instant> for SystemTime {
    fn from(instant: Instant) -> SystemTime {
        let distance = Duration::from_micros(instant.0.unsigned_abs());
        if instant.0 < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
    }
}

/// Ends at the last instant that there is.
impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// Ends at the first instant that there is.
impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// The time between them; zero where the other is later.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, other: Instant) -> Duration {
        if self <= other { Duration::ZERO } else { Duration::from_micros(self.0.abs_diff(other.0)) }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let DateTime { date, time: Time { hour, minute, second, microsecond } } = DateTime::from_utc(*self);
        write!(out, "{date}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}Z")
    }
}

/// Takes RFC 3339 with any offset. More than six digits of a second are refused.
impl FromStr for Instant {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Instant, NotATime> {
        rfc3339(text).ok_or_else(|| NotATime(text.to_owned()))
    }
}

fn rfc3339(text: &str) -> Option<Instant> {
    let (datetime, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(datetime) => (datetime, 0),
        None => {
            let (datetime, zone) = text.split_at_checked(text.len().checked_sub("+00:00".len())?)?;
            let time: Time = zone.get(1..)?.parse().ok()?;
            let minutes = i64::from(time.hour) * 60 + i64::from(time.minute);
            let sign = match zone.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            (datetime, sign * minutes * MINUTE)
        }
    };
    let local: DateTime = datetime.parse().ok()?;
    Some(Instant(local.to_utc()?.0.checked_sub(offset)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_rfc_3339() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Instant(micros).to_string(), text);
            assert_eq!(text.parse(), Ok(Instant(micros)));
        }
        assert_eq!(Instant(1_791_036_306_500_000).to_seconds_string(), "2026-10-03T14:05:06Z");
    }

    #[test]
    fn offsets_are_taken_into_account() {
        let noon: Instant = "2026-10-03T12:00:00Z".parse().unwrap();
        for text in ["2026-10-03T14:00:00+02:00", "2026-10-03T06:30:00.000-05:30", "2026-10-03 12:00:00z"] {
            assert_eq!(text.parse(), Ok(noon), "{text}");
        }
        for text in
            ["2026-10-03T12:00:00", "2026-10-03", "2026-10-03T12:00:00 02:00", "é", "2026-10-03T12:00:00.1234567Z"]
        {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_clock_of_the_system_and_back() {
        for micros in [-1_500_000, 0, 1_791_036_306_500_123] {
            assert_eq!(Instant::from(SystemTime::from(Instant(micros))), Instant(micros));
        }
        let later = Instant(5) + Duration::from_secs(1);
        assert_eq!((later - Instant(5), Instant(5) - later), (Duration::from_secs(1), Duration::ZERO));
        assert_eq!(later - Duration::from_secs(1), Instant(5));
    }
}
