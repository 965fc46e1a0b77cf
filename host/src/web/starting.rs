//! Requests for an app that is being loaded wait a while for it: a platform sends requests as soon
//! as the port is bound, and most apps are there a moment later.
//!
//! Whoever waits keeps a connection busy, so only some may: however many ask for an app that takes
//! long, others still find a connection, and those who ask for other apps a place to wait.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::futures::Notified;
use tokio::time::{Instant, timeout_at};

/// How long a request waits before it is told that the app is starting.
const PATIENCE: Duration = Duration::from_secs(5);
/// One connection of so many may wait, and half of those for the same app.
const PART: usize = 4;

/// The requests that wait.
#[derive(Debug)]
pub(super) struct Waiters {
    most: usize,
    /// By what they wait for.
    waiting: Mutex<HashMap<String, usize>>,
}

/// A place among those who wait. Dropping it gives it back.
struct Place<'a> {
    waiters: &'a Waiters,
    app: String,
}

impl Waiters {
    /// Of a host that takes so many connections.
    pub(super) fn new(connections: usize) -> Self {
        Self { most: (connections / PART).max(2), waiting: Mutex::default() }
    }

    /// What is found once it is no longer starting, or when the request has waited long enough or
    /// may not wait. `starting` names the app that is being loaded, if what was found is one;
    /// `changed` resolves when something else may be found.
    pub(super) async fn once_loaded<'c, T>(
        &self,
        changed: impl Fn() -> Notified<'c>,
        find: impl Fn() -> T,
        starting: impl Fn(&T) -> Option<String>,
    ) -> T {
        let found = find();
        let Some(_place) = starting(&found).and_then(|app| self.enter(app)) else { return found };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut change = pin!(changed());
            // Before the look: what changes after it is not missed.
            change.as_mut().enable();
            let found = find();
            if starting(&found).is_none() || timeout_at(deadline, change).await.is_err() {
                return found;
            }
        }
    }

    fn enter(&self, app: String) -> Option<Place<'_>> {
        let mut waiting = self.waiting();
        let (all, here) = (waiting.values().sum::<usize>(), waiting.get(&app).copied().unwrap_or_default());
        if all >= self.most || here >= self.most / 2 {
            return None;
        }
        waiting.insert(app.clone(), here + 1);
        Some(Place { waiters: self, app })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiters.waiting();
        if let Some(count) = waiting.get_mut(&self.app) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.app);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::sync::Notify;

    fn app(name: &str) -> impl Fn(&i32) -> Option<String> {
        move |found| (*found == 0).then(|| name.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_until_there_is_something_and_not_for_ever() {
        let (waiters, changed, began) = (Waiters::new(100), Notify::new(), Instant::now());
        assert_eq!(waiters.once_loaded(|| changed.notified(), || 1, app("a")).await, 1);
        let found = Cell::new(0);
        let waiting = waiters.once_loaded(|| changed.notified(), || found.get(), app("a"));
        let loading = async {
            for now in [0, 0, 2] {
                tokio::time::sleep(Duration::from_secs(1)).await;
                found.set(now);
                changed.notify_waiters();
            }
        };
        assert_eq!(tokio::join!(waiting, loading).0, 2);
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        assert_eq!(waiters.once_loaded(|| changed.notified(), || 0, app("a")).await, 0);
        assert_eq!(began.elapsed(), Duration::from_secs(3) + PATIENCE);
        assert!(waiters.waiting().is_empty());
    }

    #[test]
    fn so_many_wait_and_no_more_and_half_of_them_for_one_app() {
        let waiters = Waiters::new(40);
        let enter = |app: &str| waiters.enter(app.to_owned());
        let five: Vec<_> = (0..5).map(|_| enter("a")).collect();
        assert!(five.iter().all(Option::is_some) && enter("a").is_none(), "half of ten");
        let others: Vec<_> = ["b", "b", "c", "c", "c"].into_iter().map(enter).collect();
        assert!(others.iter().all(Option::is_some) && enter("d").is_none(), "ten in all");
        drop(five);
        assert!(enter("d").is_some() && enter("a").is_some());
    }
}
