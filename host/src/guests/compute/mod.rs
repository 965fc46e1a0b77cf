//! Computing, shared fairly between apps.
//!
//! A guest's first slice runs at once. What costs more takes turns: a guest that has used up its
//! slice, and every guest of an app that has computed much a moment ago or whose polls are long,
//! goes on with a permit. There are as many permits as cores, and the app that has had the least
//! goes first. Long polls give their runtime worker away while they run, so that a worker is free
//! for everybody else: connections, timers, `live`, and guests that need only a moment.

mod account;
mod metered;
mod slice;

pub use account::Share;
pub use metered::Metered;
pub(super) use slice::{Verdict, count};

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// More than this helps nobody: a dyno shows the cores of its host.
const MOST_PERMITS: usize = 4;
/// An app that comes back is at most so far ahead of the others, in microseconds of computing.
const MOST_CREDIT: u64 = 20_000;
/// And one that was busy alone is at most so far behind.
const MOST_DEBT: u64 = 200_000;

/// Hands out permits to compute.
#[derive(Debug)]
pub struct Compute {
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Turns {
    free: usize,
    /// What the app whose turn it was last had used by then: where newcomers begin.
    floor: u64,
    /// Never an empty queue.
    waiting: Vec<(Arc<Share>, VecDeque<oneshot::Sender<Permit>>)>,
}

/// The right to compute until it is dropped.
#[derive(Debug)]
pub struct Permit {
    /// None once it has been passed on.
    from: Option<Arc<Compute>>,
}

/// What asking for a permit comes to.
#[derive(Debug)]
enum Turn {
    Now(Permit),
    Later(oneshot::Receiver<Permit>),
}

impl Compute {
    /// As many permits as there are cores.
    pub(super) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_PERMITS));
        Self::with_permits(cores)
    }

    fn with_permits(free: usize) -> Arc<Self> {
        Arc::new(Self { turns: Mutex::new(Turns { free, floor: 0, waiting: Vec::new() }) })
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(self: &Arc<Self>, share: &Arc<Share>) -> Turn {
        let mut turns = self.turns();
        if turns.free > 0 {
            turns.free -= 1;
            turns.floor = turns.floor.max(share.used());
            return Turn::Now(Permit { from: Some(Arc::clone(self)) });
        }
        let (sender, receiver) = oneshot::channel();
        match turns.waiting.iter_mut().find(|(other, _)| Arc::ptr_eq(other, share)) {
            Some((_, queue)) => queue.push_back(sender),
            None => {
                let floor = turns.floor;
                share.keep_within(floor.saturating_sub(MOST_CREDIT), floor.saturating_add(MOST_DEBT));
                turns.waiting.push((Arc::clone(share), VecDeque::from([sender])));
            }
        }
        Turn::Later(receiver)
    }

    /// How many guests of an app wait for a permit.
    fn waiting(&self, share: &Arc<Share>) -> u64 {
        let turns = self.turns();
        let of_app = turns.waiting.iter().filter(|(other, _)| Arc::ptr_eq(other, share));
        let waiting = of_app.flat_map(|(_, queue)| queue).filter(|sender| !sender.is_closed()).count();
        u64::try_from(waiting).unwrap_or(u64::MAX)
    }

    /// Gives a permit to whoever is next, or keeps it.
    fn release(self: Arc<Self>) {
        let mut permit = Permit { from: Some(Arc::clone(&self)) };
        loop {
            let Some(next) = self.turns().next() else {
                permit.from = None;
                return;
            };
            match next.send(permit) {
                Ok(()) => return,
                // It is not waiting any more.
                Err(back) => permit = back,
            }
        }
    }
}

impl Turns {
    /// The guest that has waited longest of the app that has had the least. With nobody waiting the
    /// permit is free.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        let apps = self.waiting.iter().enumerate();
        let at = apps.min_by_key(|(_, (share, _))| share.used()).map_or(0, |(at, _)| at);
        let Some((share, queue)) = self.waiting.get_mut(at) else {
            self.free += 1;
            return None;
        };
        self.floor = self.floor.max(share.used());
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.swap_remove(at);
        }
        next
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(compute) = self.from.take() {
            compute.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn later(turn: Turn) -> oneshot::Receiver<Permit> {
        match turn {
            Turn::Later(receiver) => receiver,
            Turn::Now(_) => panic!("no permit was free"),
        }
    }

    fn now(turn: Turn) -> Permit {
        match turn {
            Turn::Now(permit) => permit,
            Turn::Later(_) => panic!("a permit was free"),
        }
    }

    #[test]
    fn the_app_that_has_had_the_least_is_next() {
        let compute = Compute::with_permits(1);
        let [hog, modest] = [Share::new(&compute), Share::new(&compute)];
        let held = now(compute.ask(&hog));
        let mut first = later(compute.ask(&hog));
        let mut second = later(compute.ask(&hog));
        let mut other = later(compute.ask(&modest));
        drop(later(compute.ask(&modest)));
        assert_eq!((hog.waiting(), modest.waiting()), (2, 1), "whoever has gone does not wait");
        hog.charge(Duration::from_millis(10), Instant::now());
        drop(held);
        assert!(first.try_recv().is_err() && second.try_recv().is_err());
        let held = other.try_recv().expect("the modest app is served before the other's first in line");
        drop(held);
        let held = first.try_recv().expect("then whoever of the hog has waited longest");
        assert!(second.try_recv().is_err(), "there is one permit");
        drop(held);
        drop(second.try_recv().expect("the last"));
        drop(now(compute.ask(&hog)));
    }

    #[test]
    fn what_an_app_used_long_ago_neither_starves_it_nor_the_others() {
        let compute = Compute::with_permits(1);
        let [old, fresh, idle] = [(); 3].map(|()| Share::new(&compute));
        old.charge(Duration::from_secs(3600), Instant::now());
        let held = now(compute.ask(&fresh));
        let _waiting = [later(compute.ask(&old)), later(compute.ask(&idle))];
        assert_eq!(old.used(), MOST_DEBT);
        drop(held);
        compute.turns().floor = 1_000_000;
        let _waits = later(compute.ask(&fresh));
        assert_eq!(fresh.used(), 1_000_000 - MOST_CREDIT);
    }

    #[test]
    fn a_guest_that_has_gone_keeps_no_permit() {
        let compute = Compute::with_permits(1);
        let share = Share::new(&compute);
        let held = now(compute.ask(&share));
        drop(later(compute.ask(&share)));
        let given = later(compute.ask(&share));
        drop(held);
        // The second in line has got it, and leaves without having used it.
        drop(given);
        drop(now(compute.ask(&share)));
    }
}
