//! Requests for an app that is being loaded wait a while for it: a platform sends requests as soon
//! as the port is bound, and most apps are there a moment later.

use std::time::Duration;
use tokio::time::Instant;

/// How long a request waits before it is told that the app is starting.
const PATIENCE: Duration = Duration::from_secs(5);
/// From one look to the next meanwhile.
const LOOK: Duration = Duration::from_millis(25);

/// What is found once it is no longer starting, or when the request has waited long enough.
pub(super) async fn once_loaded<T>(find: impl Fn() -> T, is_starting: impl Fn(&T) -> bool) -> T {
    let found = find();
    if !is_starting(&found) {
        return found;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep(LOOK).await;
        let found = find();
        if !is_starting(&found) || Instant::now() >= deadline {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_until_there_is_something_and_not_for_ever() {
        let began = Instant::now();
        assert_eq!(once_loaded(|| 1, |_| false).await, 1);
        assert_eq!(began.elapsed(), Duration::ZERO);
        let looks = Cell::new(0);
        let find = || looks.replace(looks.get() + 1);
        assert_eq!(once_loaded(find, |found| *found < 10).await, 10);
        assert!(began.elapsed() >= 10 * LOOK && began.elapsed() < 12 * LOOK);
        assert_eq!(once_loaded(|| 0, |_| true).await, 0);
        assert!(began.elapsed() >= PATIENCE && began.elapsed() < PATIENCE + 12 * LOOK);
    }
}
