//! The figures as they are shown.

use super::histogram::Counts;
use serde::{Deserialize, Serialize};
use std::ops::Add;
use utoipa::ToSchema;

/// Requests of a time, and those of them that ended badly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// All that were meant for the guest.
    pub requests: u64,
    /// The guest answered with a status of 500 or above.
    pub errors: u64,
    /// The guest could not answer: it trapped, ran out of time or set no response.
    pub failures: u64,
    /// The host answered with a status of 500 or above: there was no room, or no database.
    pub unavailable: u64,
}

/// How long requests took, in milliseconds, to within some percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Latency {
    /// Half of them took no longer; none where there were no requests.
    pub p50: Option<f64>,
    /// 95 of a hundred took no longer.
    pub p95: Option<f64>,
    /// 99 of a hundred took no longer.
    pub p99: Option<f64>,
}

/// One minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MinuteTraffic {
    /// How many requests.
    #[serde(flatten)]
    pub totals: Totals,
    /// How long they took.
    pub latency: Latency,
}

/// The last hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HourTraffic {
    /// How many requests.
    #[serde(flatten)]
    pub totals: Totals,
    /// How long they took.
    pub latency: Latency,
    /// Its sixty minutes, the oldest first, the one under way last.
    pub minutes: Vec<MinuteTraffic>,
}

/// What one version has answered in this process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionTraffic {
    /// The number of the version.
    pub version: i64,
    /// Since the process began, or since it last had no requests for an hour.
    pub since_start: Totals,
    /// In the last hour.
    pub hour: HourTraffic,
}

/// What an app has answered in this process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppTraffic {
    /// The app.
    pub app: String,
    /// Since the process began.
    pub since_start: Totals,
    /// When the minute under way began, in seconds since 1970.
    pub minute: u64,
    /// All versions together in the last hour.
    pub hour: HourTraffic,
    /// Versions with requests in the last hour, by their numbers.
    pub versions: Vec<VersionTraffic>,
}

/// A minute as it was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) totals: Totals,
    pub(super) took: Counts,
}

impl Totals {
    /// Requests that ended badly, whoever was to blame.
    pub fn bad(&self) -> u64 {
        self.errors + self.failures + self.unavailable
    }
}

impl Add for Totals {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            errors: self.errors + other.errors,
            failures: self.failures + other.failures,
            unavailable: self.unavailable + other.unavailable,
        }
    }
}

impl Counted {
    pub(super) fn add(&mut self, other: &Self) {
        self.totals = self.totals + other.totals;
        self.took.add(&other.took);
    }
}

impl From<&[Counted]> for HourTraffic {
    fn from(minutes: &[Counted]) -> Self {
        let mut all = Counted::default();
        minutes.iter().for_each(|minute| all.add(minute));
        let minutes =
            minutes.iter().map(|minute| MinuteTraffic { totals: minute.totals, latency: (&minute.took).into() });
        Self { totals: all.totals, latency: (&all.took).into(), minutes: minutes.collect() }
    }
}

impl From<&Counts> for Latency {
    fn from(counts: &Counts) -> Self {
        Self { p50: counts.percentile(50), p95: counts.percentile(95), p99: counts.percentile(99) }
    }
}
