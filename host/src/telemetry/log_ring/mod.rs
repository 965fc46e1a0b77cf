//! The last lines of the log in memory, those of each app by themselves, so that an operator can
//! look at them without a log drain.
//!
//! All apps share a number of bytes. Half of it is split equally: what an app has of that, no
//! other app pushes out. The rest belongs to whoever logs most. The hot path is a look into a map
//! and one short lock, of the app alone.
//!
//! Only what is logged anyway is here, so a line is as free of secrets as the log is.

mod layer;
mod line;

pub(super) use layer::RingLayer;
pub use line::{Level, LogLine, Source};

use arc_swap::ArcSwap;
use line::Stored;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use utoipa::ToSchema;

/// Apps whose lines are kept. Deleted ones are among them until they make way for newer ones.
const MOST_APPS: usize = 4096;

static RING: OnceLock<LogRing> = OnceLock::new();

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingBounds {
    /// Bytes of all lines together.
    pub bytes: u64,
    /// Lines of one app.
    pub lines: u32,
}

/// Which lines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinesWanted<'a> {
    /// The app; none: lines of the host that belong to no app.
    pub app: Option<&'a str>,
    /// Only lines with this number or a higher one, the oldest of them first; none: the last ones.
    pub since: Option<u64>,
    /// Only lines of this request.
    pub request_id: Option<&'a str>,
    /// Only lines of this level or a graver one.
    pub level: Option<Level>,
    /// How many lines at most.
    pub most: usize,
}

/// A part of the log of one app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogExcerpt {
    /// Names the process whose log this is. Numbers of lines mean nothing in another one.
    pub process: String,
    /// Where to go on reading: give this as `since`.
    pub next: u64,
    /// Lines from `since` on that are no longer there: the reader was too slow for them.
    pub missed: u64,
    /// The lines, the oldest first.
    pub lines: Vec<LogLine>,
}

/// Reads from the log of this process. There is nothing in it before the log has been started.
pub fn read(wanted: &LinesWanted<'_>) -> LogExcerpt {
    RING.get().map(|ring| ring.read(wanted)).unwrap_or_default()
}

/// The ring of this process. The bounds of the first call hold.
pub(super) fn start(bounds: RingBounds) -> &'static LogRing {
    RING.get_or_init(|| LogRing::new(bounds))
}

/// The lines of all apps, and of the host itself.
#[derive(Debug)]
pub(super) struct LogRing {
    process: String,
    most_bytes: usize,
    most_lines: usize,
    /// Bytes of all lines that are kept.
    used: AtomicUsize,
    apps: ArcSwap<HashMap<Arc<str>, Arc<AppRing>>>,
    /// Held while an app is added.
    adding: Mutex<()>,
}

/// The lines of one app.
#[derive(Debug, Default)]
struct AppRing {
    /// What the lines take, to be read without the lock.
    bytes: AtomicUsize,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    /// The number of the oldest line that is kept.
    first: u64,
    kept: VecDeque<Arc<Stored>>,
}

impl LogRing {
    fn new(bounds: RingBounds) -> Self {
        let mut random = [0u8; 4];
        // Without random numbers a reader cannot tell this process from another one. That is all.
        let _ = getrandom::fill(&mut random);
        Self {
            process: format!("{:08x}", u32::from_le_bytes(random)),
            most_bytes: whole(bounds.bytes),
            most_lines: whole(u64::from(bounds.lines)).max(1),
            used: AtomicUsize::new(0),
            apps: ArcSwap::default(),
            adding: Mutex::default(),
        }
    }

    /// Keeps a line of an app, or of the host where the name is empty.
    fn push(&self, app: &str, line: Stored) {
        let ring = self.ring(app);
        let grown = line.size();
        // Before the line can be taken out: the sum never falls below what there is.
        self.used.fetch_add(grown, Ordering::Relaxed);
        let is_over = {
            let mut lines = ring.lines();
            lines.kept.push_back(Arc::new(line));
            ring.bytes.fetch_add(grown, Ordering::Relaxed);
            lines.kept.len() > self.most_lines
        };
        if is_over {
            self.shrink(&ring, |lines, _| lines > self.most_lines);
        }
        if self.used.load(Ordering::Relaxed) > self.most_bytes {
            self.make_room(&ring);
        }
    }

    /// Takes out old lines until all bytes are within their bound: lines of the app that logs, if
    /// it has more than what is its own, else of the one that has most.
    fn make_room(&self, ring: &AppRing) {
        let excess = || self.used.load(Ordering::Relaxed).saturating_sub(self.most_bytes);
        let apps = self.apps.load();
        let own = self.most_bytes / 2 / apps.len().max(1);
        if ring.bytes.load(Ordering::Relaxed) > own {
            self.shrink(ring, |_, bytes| bytes > own && excess() > 0);
        }
        while excess() > 0 {
            let largest = apps.values().max_by_key(|ring| ring.bytes.load(Ordering::Relaxed));
            let Some(largest) = largest else { return };
            // More than is wanted now, so that not every line looks through all apps.
            let bytes = largest.bytes.load(Ordering::Relaxed);
            let less = bytes - (bytes.saturating_sub(own) / 2).min(self.most_bytes / 64);
            if self.shrink(largest, |_, bytes| bytes >= less) == 0 {
                return;
            }
        }
    }

    /// Takes out the oldest lines while there are too many lines or bytes. Returns how many bytes
    /// that were.
    fn shrink(&self, ring: &AppRing, is_too_much: impl Fn(usize, usize) -> bool) -> usize {
        let mut lines = ring.lines();
        let mut freed = 0;
        while is_too_much(lines.kept.len(), ring.bytes.load(Ordering::Relaxed)) {
            let Some(oldest) = lines.kept.pop_front() else { break };
            lines.first += 1;
            let size = oldest.size();
            ring.bytes.fetch_sub(size, Ordering::Relaxed);
            self.used.fetch_sub(size, Ordering::Relaxed);
            freed += size;
        }
        freed
    }

    fn ring(&self, app: &str) -> Arc<AppRing> {
        if let Some(ring) = self.apps.load().get(app) {
            return Arc::clone(ring);
        }
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut apps = HashMap::clone(&self.apps.load());
        if let Some(ring) = apps.get(app) {
            return Arc::clone(ring);
        }
        if apps.len() >= MOST_APPS {
            let stalest = apps.iter().min_by_key(|(_, ring)| ring.last_at()).map(|(app, _)| Arc::clone(app));
            if let Some(ring) = stalest.and_then(|app| apps.remove(&app)) {
                self.shrink(&ring, |lines, _| lines > 0);
            }
        }
        let ring = Arc::<AppRing>::default();
        apps.insert(app.into(), Arc::clone(&ring));
        self.apps.store(Arc::new(apps));
        ring
    }

    fn read(&self, wanted: &LinesWanted<'_>) -> LogExcerpt {
        let process = self.process.clone();
        let app = wanted.app.unwrap_or_default();
        let Some(ring) = self.apps.load().get(app).map(Arc::clone) else {
            return LogExcerpt { process, ..LogExcerpt::default() };
        };
        // Whoever logs waits only until the lines have been counted up, not written out.
        let (first, kept) = {
            let lines = ring.lines();
            (lines.first, lines.kept.iter().map(Arc::clone).collect::<Vec<_>>())
        };
        let end = first.saturating_add(kept.len().try_into().unwrap_or(u64::MAX));
        let is_wanted = |(_, line): &(u64, &Arc<Stored>)| line.is_wanted(wanted);
        let numbered: Vec<_> = (first..).zip(&kept).filter(is_wanted).collect();
        let shown =
            |lines: &[(u64, &Arc<Stored>)]| lines.iter().map(|(number, line)| line.shown(*number)).collect();
        let Some(since) = wanted.since else {
            let skipped = numbered.len().saturating_sub(wanted.most);
            let lines = shown(numbered.get(skipped..).unwrap_or_default());
            return LogExcerpt { process, next: end, missed: 0, lines };
        };
        // Beyond the end: the lines of the app were forgotten meanwhile, and are counted anew.
        let since = if since > end { 0 } else { since };
        let from = numbered.partition_point(|(number, _)| *number < since);
        let later = numbered.get(from..).unwrap_or_default();
        let (lines, next) = match later.split_at_checked(wanted.most) {
            Some((now, [(next, _), ..])) => (shown(now), *next),
            _ => (shown(later), end),
        };
        LogExcerpt { process, next, missed: first.saturating_sub(since), lines }
    }
}

impl AppRing {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_at(&self) -> i64 {
        self.lines().kept.back().map_or(i64::MIN, |line| line.at)
    }
}

fn whole(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
