//! What somebody beside a connection sees of it: since when it waits for a request, if it does.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
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

    /// Asks the connection to give way to others.
    pub fn ask_to_go(&self) {
        self.asked_to_go.notify_one();
    }

    /// Resolves when the connection is asked to give way.
    pub async fn asked_to_go(&self) {
        self.asked_to_go.notified().await;
    }
}
