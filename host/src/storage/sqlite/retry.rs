//! Trying again while another process has a file locked.

use crate::storage::{Code, Result};
use std::time::{Duration, Instant};

/// How often a lock of another process is tried.
pub(super) const RETRY_EVERY: Duration = Duration::from_millis(5);

/// Tries something until no other process is in the way. `Busy` when one is at `deadline`.
/// Cancel-safe.
pub(super) async fn retry_while_busy<T>(deadline: Instant, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match attempt() {
            Err(error) if error.code == Code::Busy && Instant::now() < deadline => {
                tokio::time::sleep(RETRY_EVERY).await;
            }
            result => return result,
        }
    }
}
