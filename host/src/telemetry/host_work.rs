//! What the host does on a thread on behalf of the guest that the thread polls: statements, bytes
//! on their way to the database. A guest is not charged for it as for its own computing.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

thread_local! {
    static TOTAL: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static IS_UNDER_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Counts time as the host's until it is dropped.
struct UnderWay {
    began: Instant,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        IS_UNDER_WAY.set(false);
        TOTAL.set(TOTAL.get().saturating_add(self.began.elapsed()));
    }
}

/// Does some work of the host, and counts its time once, however it is nested.
pub fn counted<T>(work: impl FnOnce() -> T) -> T {
    if IS_UNDER_WAY.replace(true) {
        return work();
    }
    let _under_way = UnderWay { began: Instant::now() };
    work()
}

/// The same for work that waits now and then.
pub async fn counted_polls<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| counted(|| work.as_mut().poll(cx))).await
}

/// All time that this thread has spent on such work.
pub fn total() -> Duration {
    TOTAL.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(2) {}
    }

    #[test]
    fn nested_work_is_counted_once() {
        let (before, began) = (total(), Instant::now());
        counted(|| counted(busy));
        let took = began.elapsed();
        let counted = total() - before;
        assert!(counted >= Duration::from_millis(2) && counted <= took, "{counted:?} of {took:?}");
        busy();
        assert_eq!(total() - before, counted);
    }
}
