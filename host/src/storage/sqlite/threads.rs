//! Threads of our own for statements that may take long, and how many of them an app may hold.
//!
//! They are apart from the runtime's workers and from its threads for what blocks: whatever a
//! guest's statement does, requests, compiling and commits go on. A thread whose statement does not
//! end counts until it does, so the number of threads is bounded.

use crate::config::threads;
use crate::storage::{Error, Result};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Threads that serve statements of all apps, besides those that each app has for itself: so many,
/// or this part of all where that is less.
const COMMON_STATEMENTS: usize = 24;
const PART_OF_STATEMENTS: usize = 5;
/// Threads that serve cursors of all apps, besides those that each app has for itself. Mostly they
/// wait for the guest.
const COMMON_CURSORS: usize = 48;
const PART_OF_CURSORS: usize = 3;
/// How long a thread waits for further work before it ends.
const KEEP: Duration = Duration::from_secs(10);

/// The threads that one file may hold at once for one purpose.
#[derive(Debug)]
pub(super) struct Share {
    /// Those that nobody else can take away.
    own: Arc<Semaphore>,
    /// Those beyond, which are shared with other apps.
    more: Arc<Semaphore>,
    common: Arc<Semaphore>,
}

/// The right to one thread. Given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _share: OwnedSemaphorePermit,
    _common: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// For statements: one of its own, five of the common ones.
    pub(super) fn of_statements() -> Self {
        static COMMON: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| common(COMMON_STATEMENTS.min(threads().sqlite / PART_OF_STATEMENTS)));
        Self::new(1, 5, &COMMON)
    }

    /// For cursors: two of its own, fourteen of the common ones. A request may have eight.
    pub(super) fn of_cursors() -> Self {
        static COMMON: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| common(COMMON_CURSORS.min(threads().sqlite / PART_OF_CURSORS)));
        Self::new(2, 14, &COMMON)
    }

    fn new(own: usize, more: usize, common: &Arc<Semaphore>) -> Self {
        let (own, more) = (Arc::new(Semaphore::new(own)), Arc::new(Semaphore::new(more)));
        Self { own, more, common: Arc::clone(common) }
    }

    /// A place that is free at once.
    pub(super) fn try_place(&self) -> Option<Place> {
        if let Ok(share) = Arc::clone(&self.own).try_acquire_owned() {
            return Some(Place { _share: share, _common: None });
        }
        let share = Arc::clone(&self.more).try_acquire_owned().ok()?;
        let common = Arc::clone(&self.common).try_acquire_owned().ok()?;
        Some(Place { _share: share, _common: Some(common) })
    }

    /// Waits for a place for at most `wait`; none if there was none. Cancel-safe.
    pub(super) async fn place(&self, wait: Duration) -> Option<Place> {
        if let Ok(share) = Arc::clone(&self.own).try_acquire_owned() {
            return Some(Place { _share: share, _common: None });
        }
        let own = async { Arc::clone(&self.own).acquire_owned().await.map(|share| (share, None)) };
        let more = async {
            let share = Arc::clone(&self.more).acquire_owned().await?;
            let common = Arc::clone(&self.common).acquire_owned().await?;
            Ok((share, Some(common)))
        };
        let either = async {
            tokio::select! {
                place = own => place,
                place = more => place,
            }
        };
        let (share, common) = tokio::time::timeout(wait, either).await.ok()?.ok()?;
        Some(Place { _share: share, _common: common })
    }
}

fn common(places: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(places))
}

/// Runs `job` on one of the threads, of which the dyno allows so many: with very many apps a job
/// may have to wait for one. At the end of the process none is waited for.
pub(super) fn spawn(job: impl FnOnce() + Send + 'static) -> Result<()> {
    static THREADS: OnceLock<Option<Runtime>> = OnceLock::new();
    let begin = || {
        let mut builder = Builder::new_current_thread();
        builder.max_blocking_threads(threads().sqlite).thread_keep_alive(KEEP).thread_name("sqlite").build().ok()
    };
    let Some(threads) = THREADS.get_or_init(begin) else {
        return Err(Error::unavailable("no thread can be started for SQLite"));
    };
    drop(threads.spawn_blocking(job));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);

    async fn all(share: &Share) -> Vec<Place> {
        let mut places = Vec::new();
        while let Some(place) = share.place(MOMENT).await {
            places.push(place);
        }
        places
    }

    #[tokio::test]
    async fn one_app_takes_its_share_and_no_more() {
        let common = Arc::new(Semaphore::new(24));
        let (one, other) = (Share::new(1, 5, &common), Share::new(1, 5, &common));
        let taken = all(&one).await;
        assert_eq!(taken.len(), 6);
        assert_eq!(all(&other).await.len(), 6);
        drop(taken);
        assert_eq!(all(&one).await.len(), 6);
    }

    #[tokio::test]
    async fn each_app_keeps_its_own_thread_however_many_others_are_greedy() {
        let common = Arc::new(Semaphore::new(7));
        let greedy: Vec<Share> = (0..4).map(|_| Share::new(1, 5, &common)).collect();
        let mut taken = Vec::new();
        for share in &greedy {
            taken.extend(all(share).await);
        }
        assert_eq!(taken.len(), 4 + 7);
        assert_eq!(all(&Share::new(1, 5, &common)).await.len(), 1);
    }

    #[tokio::test]
    async fn who_waits_gets_the_place_that_becomes_free() {
        let share = Arc::new(Share::new(1, 0, &Arc::new(Semaphore::new(0))));
        let place = share.place(MOMENT).await.unwrap();
        let waiting = tokio::spawn({
            let share = Arc::clone(&share);
            async move { share.place(Duration::from_secs(60)).await }
        });
        tokio::task::yield_now().await;
        drop(place);
        assert!(waiting.await.unwrap().is_some());
    }
}
