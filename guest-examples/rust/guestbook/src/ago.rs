//! Times for people: how long ago it was, and the day once a week has gone by.

use innkeeper_sdk::db::{Date, Instant};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
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

/// For example `5 minutes ago` or `29 February 2000`.
pub fn spoken(instant: Instant, now: Instant) -> String {
    match (now - instant).as_secs() {
        ..MINUTE => "just now".to_owned(),
        age @ ..HOUR => ago(age / MINUTE, "minute"),
        age @ ..DAY => ago(age / HOUR, "hour"),
        age if age < 7 * DAY => ago(age / DAY, "day"),
        _ => {
            let Date { year, month, day } = instant.date();
            let month = MONTHS.get(usize::from(month) - 1).copied().unwrap_or_default();
            format!("{day} {month} {year}")
        }
    }
}

fn ago(count: u64, unit: &str) -> String {
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn people_read_how_long_ago_it_was() {
        let then: Instant = "2000-02-29T00:00:00Z".parse().unwrap();
        let after = |seconds| spoken(then, then + Duration::from_secs(seconds));
        assert_eq!(after(59), "just now");
        assert_eq!(after(MINUTE), "1 minute ago");
        assert_eq!(after(47 * HOUR), "1 day ago");
        assert_eq!(after(6 * DAY), "6 days ago");
        assert_eq!(after(7 * DAY), "29 February 2000");
        assert_eq!(spoken(then + Duration::from_secs(5), then), "just now");
    }
}
