//! What somebody beside a connection sees of it: since when it waits for a request, if it does, and
//! whether something has been read that nobody has asked for yet.

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
    holds_unread: AtomicBool,
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

    /// Notes whether the connection holds back bytes that have come, such as the next request.
    pub(super) fn holds(&self, some: bool) {
        self.holds_unread.store(some, Ordering::Relaxed);
    }

    /// Whether it does.
    pub fn holds_unread(&self) -> bool {
        self.holds_unread.load(Ordering::Relaxed)
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
