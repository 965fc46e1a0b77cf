//! Traffic of the last hour, minute by minute, of each version of each app, as far as this process
//! has answered it.
//!
//! Counting is a look into a map and a few additions. A version takes the same memory however much
//! traffic it has, and is forgotten when it has had none for an hour.

mod histogram;
mod snapshot;
mod version;

pub(super) use histogram::{Counts, Histogram};
pub use snapshot::{AppTraffic, HourTraffic, Latency, MinuteTraffic, Totals, VersionTraffic};

use arc_swap::ArcSwap;
use snapshot::Counted;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use version::{Counters, Version};

/// Minutes that are kept, with the one under way.
pub const MINUTES: usize = 60;
/// Apps without recent traffic whose totals are kept.
const MOST_QUIET_APPS: usize = 4096;

static TRAFFIC: LazyLock<Traffic> = LazyLock::new(Traffic::default);

/// How a request to a guest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The guest has answered with this status.
    Answered(u16),
    /// The guest was to answer and could not: it trapped, ran out of time or set no response.
    Failed,
    /// The host has answered in the guest's place with this status: a refusal, no room, no
    /// database.
    ByHost(u16),
}

/// Counts a request to a version of an app.
pub fn note(app: &str, version: i64, ending: Ending, took: Duration) {
    TRAFFIC.note(TRAFFIC.minute(), app, version, ending, took);
}

/// The traffic of one app; none where it has had none.
pub fn of_app(app: &str) -> Option<AppTraffic> {
    TRAFFIC.of_app(TRAFFIC.minute(), app)
}

/// The traffic of all apps that have had any, by their names.
pub fn of_all() -> Vec<AppTraffic> {
    TRAFFIC.of_all(TRAFFIC.minute())
}

/// The counts of all apps that this process has answered.
#[derive(Debug)]
struct Traffic {
    began: Instant,
    /// Seconds since 1970 at that moment. Later changes of the clock change nothing here.
    began_at: u64,
    apps: ArcSwap<HashMap<Arc<str>, App>>,
    /// Held while apps or versions are added or forgotten.
    changing: Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct App {
    since_start: Arc<Counters>,
    versions: Vec<Arc<Version>>,
}

impl Default for Traffic {
    fn default() -> Self {
        let began_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            began: Instant::now(),
            began_at: began_at.as_secs(),
            apps: ArcSwap::default(),
            changing: Mutex::default(),
        }
    }
}

impl Traffic {
    /// The minute under way, counted from 1970.
    fn minute(&self) -> u64 {
        (self.began_at + self.began.elapsed().as_secs()) / 60
    }

    fn note(&self, minute: u64, app: &str, version: i64, ending: Ending, took: Duration) {
        let known = self.apps.load();
        let found = known.get(app).and_then(|app| Some((app, app.version(version)?)));
        match found {
            Some((app, version)) => {
                app.since_start.note(ending);
                version.note(minute, ending, took);
            }
            None => {
                let (since_start, version) = self.add(minute, app, version);
                since_start.note(ending);
                version.note(minute, ending, took);
            }
        }
    }

    /// Adds a version, and forgets those that have had no traffic for an hour.
    fn add(&self, minute: u64, app: &str, number: i64) -> (Arc<Counters>, Arc<Version>) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut apps = HashMap::clone(&self.apps.load());
        for app in apps.values_mut() {
            app.versions.retain(|version| version.is_recent(minute));
        }
        if apps.len() >= MOST_QUIET_APPS {
            apps.retain(|_, app| !app.versions.is_empty());
        }
        let entry = apps.entry(app.into()).or_default();
        let version = match entry.version(number) {
            Some(version) => Arc::clone(version),
            None => {
                let version = Arc::new(Version::new(number, minute));
                entry.versions.push(Arc::clone(&version));
                version
            }
        };
        let since_start = Arc::clone(&entry.since_start);
        self.apps.store(Arc::new(apps));
        (since_start, version)
    }

    fn of_app(&self, minute: u64, app: &str) -> Option<AppTraffic> {
        self.apps.load().get_key_value(app).map(|(name, app)| app.traffic(minute, name))
    }

    fn of_all(&self, minute: u64) -> Vec<AppTraffic> {
        let apps = self.apps.load();
        let mut all: Vec<AppTraffic> = apps.iter().map(|(name, app)| app.traffic(minute, name)).collect();
        all.sort_unstable_by(|one, other| one.app.cmp(&other.app));
        all
    }
}

impl App {
    fn version(&self, number: i64) -> Option<&Arc<Version>> {
        self.versions.iter().find(|version| version.number == number)
    }

    fn traffic(&self, minute: u64, name: &str) -> AppTraffic {
        let mut together = vec![Counted::default(); MINUTES];
        let recent = self.versions.iter().filter(|version| version.is_recent(minute));
        let versions = recent.map(|version| {
            let minutes = version.minutes(minute);
            together.iter_mut().zip(&minutes).for_each(|(sum, minute)| sum.add(minute));
            VersionTraffic {
                version: version.number,
                since_start: version.totals(),
                hour: minutes.as_slice().into(),
            }
        });
        let mut versions: Vec<_> = versions.collect();
        versions.sort_unstable_by_key(|version| version.version);
        AppTraffic {
            app: name.to_owned(),
            since_start: self.since_start.totals(),
            minute: minute * 60,
            hour: together.as_slice().into(),
            versions,
        }
    }
}

#[cfg(test)]
mod tests;
