//! What somebody beside a connection sees of it: since when it waits for a request, if it does, and
//! whether the next one has come already.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Times are counted from here.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// See the module.
#[derive(Debug, Default)]
pub struct Presence {
    /// Milliseconds since the start, and one; 0 while there is a request.
    waits_since: AtomicU64,
    /// Requests whose heads have come, and those that have been begun to be answered.
    heads: AtomicU64,
    begun: AtomicU64,
    /// Whether there is the beginning of one more.
    holds_more: AtomicBool,
    asked_to_go: Notify,
}

impl Presence {
    /// Notes that the connection waits for a request or the rest of its head, or that it does not.
    /// A wait that goes on is one.
    pub(super) fn waits(&self, waits: bool) {
        if !waits {
            self.waits_since.store(0, Ordering::Relaxed);
        } else if self.waits_since.load(Ordering::Relaxed) == 0 {
            let millis = u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.waits_since.store(millis.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// When the connection began to wait for a request; none while it has one.
    pub fn waiting_since(&self) -> Option<Duration> {
        self.waits_since.load(Ordering::Relaxed).checked_sub(1).map(Duration::from_millis)
    }

    /// Notes that so many heads have come so far, and whether there are bytes behind the last one.
    pub(super) fn came(&self, heads: u64, more: bool) {
        self.heads.store(heads, Ordering::Relaxed);
        self.holds_more.store(more, Ordering::Relaxed);
    }

    /// Notes that a request is begun to be answered.
    pub fn begin_request(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the client has sent its next request, or the beginning of it.
    pub fn has_next(&self) -> bool {
        let (heads, begun) = (self.heads.load(Ordering::Relaxed), self.begun.load(Ordering::Relaxed));
        heads > begun || self.holds_more.load(Ordering::Relaxed)
    }

    /// Asks the connection to give way to others.
    pub fn ask_to_go(&self) {
        self.asked_to_go.notify_one();
    }

    /// Resolves when the connection is asked to give way.
    pub async fn asked_to_go(&self) {
        self.asked_to_go.notified().await;
    }
}
