//! How many connections there may be. When there are that many, those that have waited longest for
//! a request give way to new ones.

use super::front::Presence;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One in so many gives way at a time, so that not every newcomer has to look for one.
const PART: usize = 32;
/// How long a connection that was asked to give way may take to end the head that it has begun.
pub(super) const LAST_HEAD: Duration = Duration::from_secs(1);

/// What a connection is told that there is no place for.
pub(super) const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 2\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 31\r\n\r\nthere are too many connections\n";

/// The connections that there are.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Arc<Presence>>,
}

/// A connection's place. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Entry {
    connections: Arc<Connections>,
    number: u64,
    pub(super) presence: Arc<Presence>,
}

impl Connections {
    /// At most so many, and some more for the moment in which others give way.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), open: Mutex::default() })
    }

    /// A place for a new connection; none where no other can give way.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Entry> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.by_number.len() >= self.most && !open.make_way(self.most) {
            return None;
        }
        let (number, presence) = (open.next, Arc::new(Presence::default()));
        open.next = open.next.wrapping_add(1);
        open.by_number.insert(number, Arc::clone(&presence));
        Some(Entry { connections: Arc::clone(self), number, presence })
    }

    /// Makes some of those that wait give way, because the system has no descriptor left.
    pub(super) fn make_way(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.make_way(open.by_number.len());
    }
}

impl Open {
    /// Asks those that have waited longest to go. Returns whether there are some, and few of those
    /// that were asked before are still there.
    fn make_way(&self, most: usize) -> bool {
        let part = (most / PART).max(1);
        let mut waiting: Vec<_> =
            self.by_number.values().filter_map(|one| one.waiting_since().map(|since| (since, one))).collect();
        waiting.sort_unstable_by_key(|(since, _)| *since);
        for (_, one) in waiting.iter().take(part) {
            one.ask_to_go();
        }
        !waiting.is_empty() && self.by_number.len() < most.saturating_add(part)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_way_who_has_a_request() {
        let connections = Connections::new(2);
        let first = connections.enter().unwrap();
        let second = connections.enter();
        assert!(second.is_some() && connections.enter().is_none(), "both are at work");
        drop(first);
        assert!(connections.enter().is_some());
        assert_eq!(FULL.rsplit(|byte| *byte == b'\r').next().map(<[u8]>::len), Some(32));
    }
}
