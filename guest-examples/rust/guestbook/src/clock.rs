//! Points in time: microseconds since 1970-01-01T00:00:00Z, and how people and programs read them.

use crate::bindings::wasi::clocks::wall_clock;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// This moment.
pub fn now() -> i64 {
    let now = wall_clock::now();
    now.seconds as i64 * SECOND + i64::from(now.nanoseconds / 1000)
}

/// As RFC 3339 writes it, to the microsecond: `2026-10-03T14:05:06.000123Z`.
pub fn rfc3339(instant: i64) -> String {
    format!("{}.{:06}Z", to_the_second(instant), instant.rem_euclid(SECOND))
}

/// For the attribute `datetime`, which knows no more than three digits of a second.
pub fn html_datetime(instant: i64) -> String {
    to_the_second(instant) + "Z"
}

/// For people: `5 minutes ago`, and the day once a week has gone by.
pub fn spoken(instant: i64, now: i64) -> String {
    let ago = |unit: i64, name: &str| {
        let count = (now - instant) / unit;
        format!("{count} {name}{} ago", if count == 1 { "" } else { "s" })
    };
    match now - instant {
        age if age < MINUTE => "just now".to_owned(),
        age if age < HOUR => ago(MINUTE, "minute"),
        age if age < DAY => ago(HOUR, "hour"),
        age if age < 7 * DAY => ago(DAY, "day"),
        _ => {
            let (year, month, day) = date(instant);
            let name = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
            format!("{day} {name} {year}")
        }
    }
}

fn to_the_second(instant: i64) -> String {
    let (year, month, day) = date(instant);
    let time = instant.rem_euclid(DAY);
    let (hour, minute, second) = (time / HOUR, time % HOUR / MINUTE, time % MINUTE / SECOND);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// Year, month and day of the Gregorian calendar, after Howard Hinnant's `civil_from_days`: years
/// that begin in March put the leap day at their end.
fn date(instant: i64) -> (i64, i64, i64) {
    let days = instant.div_euclid(DAY) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(rfc3339(951_782_400_000_001), "2000-02-29T00:00:00.000001Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(html_datetime(1_791_036_306_500_000), "2026-10-03T14:05:06Z");
    }

    #[test]
    fn people_read_how_long_ago_it_was() {
        assert_eq!(spoken(0, 59 * SECOND), "just now");
        assert_eq!(spoken(5, 0), "just now");
        assert_eq!(spoken(0, MINUTE), "1 minute ago");
        assert_eq!(spoken(0, 47 * HOUR), "1 day ago");
        assert_eq!(spoken(0, 6 * DAY), "6 days ago");
        assert_eq!(spoken(951_782_400_000_000, 951_782_400_000_000 + 7 * DAY), "29 February 2000");
    }
}
