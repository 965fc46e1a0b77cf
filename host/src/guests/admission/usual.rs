//! What an instance of one version usually takes.

use super::state::Demand;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// Even the smallest instance has a stack, a store and a connection.
const LEAST: u64 = 128 << 10;

/// What one instance is expected to take when it begins, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSize {
    /// Memory that belongs to it alone.
    pub own: u64,
    /// What the process grows by, as its size is measured: also pages that all instances share.
    pub resident: u64,
}

/// A running estimate. It begins with the memory that the component declares, and follows what is
/// measured.
#[derive(Debug)]
pub struct Usual {
    /// Bytes of memory that belong to one instance alone.
    own: AtomicU64,
    /// Bytes by which the process grows with one instance. Of pages that instances share only the
    /// size of the process counts each.
    resident: AtomicU64,
    /// The memory that the component declares.
    declared: u64,
    /// What an instance takes of the room in any case, since slots are as scarce as bytes.
    slot: u64,
    /// Instances at work, and what was taken for them together.
    instances: AtomicU64,
    taken_own: AtomicU64,
    taken_resident: AtomicU64,
}

/// How far the measured size of all guests is from what was taken for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    pub(super) own: f64,
    pub(super) resident: f64,
}

impl Usual {
    /// Of a component that declares so many bytes of memory.
    pub fn of(declared: u64, slot: u64) -> Self {
        let first = declared.saturating_add(LEAST);
        let zero = AtomicU64::default;
        Self {
            own: AtomicU64::new(first),
            resident: AtomicU64::new(first),
            declared,
            slot,
            instances: zero(),
            taken_own: zero(),
            taken_resident: zero(),
        }
    }

    /// What the next instance is expected to take.
    pub(super) fn demand(&self) -> Demand {
        Demand {
            units: self.own.load(Ordering::Relaxed).max(self.slot),
            instances: 1,
            resident: self.resident.load(Ordering::Relaxed),
        }
    }

    /// What the next instance is expected to take, before it counts for a slot.
    pub fn size(&self) -> InstanceSize {
        InstanceSize { own: self.own.load(Ordering::Relaxed), resident: self.resident.load(Ordering::Relaxed) }
    }

    /// The memory that the component declares.
    pub(super) fn declared(&self) -> u64 {
        self.declared
    }

    /// Notes that an instance has begun for which so much was taken.
    pub(super) fn begun(&self, own: u64, resident: u64) {
        self.instances.fetch_add(1, Ordering::Relaxed);
        self.taken_own.fetch_add(own, Ordering::Relaxed);
        self.taken_resident.fetch_add(resident, Ordering::Relaxed);
    }

    /// Notes that one has ended.
    pub(super) fn ended(&self, own: u64, resident: u64) {
        self.instances.fetch_sub(1, Ordering::Relaxed);
        self.taken_own.fetch_sub(own, Ordering::Relaxed);
        self.taken_resident.fetch_sub(resident, Ordering::Relaxed);
    }

    /// What was taken for the instances at work.
    pub(super) fn taken(&self) -> (u64, u64) {
        (self.taken_own.load(Ordering::Relaxed), self.taken_resident.load(Ordering::Relaxed))
    }

    /// Goes half the way to what was measured.
    pub(super) fn learn(&self, ratio: Ratio) {
        let instances = self.instances.load(Ordering::Relaxed);
        if instances == 0 {
            return;
        }
        let most = self.declared.saturating_mul(2).saturating_add(LEAST);
        let (taken_own, taken_resident) = self.taken();
        for (estimate, taken, ratio) in
            [(&self.own, taken_own, ratio.own), (&self.resident, taken_resident, ratio.resident)]
        {
            let found = scaled(taken / instances, ratio);
            let before = estimate.load(Ordering::Relaxed);
            estimate.store((before / 2 + found / 2).clamp(LEAST, most), Ordering::Relaxed);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate; the factor is between 0 and 4"
)]
fn scaled(bytes: u64, ratio: f64) -> u64 {
    (bytes as f64 * ratio.clamp(0.0, 4.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_follows_what_is_measured() {
        let get = |usual: &Usual| (usual.demand().units, usual.demand().resident);
        let usual = Usual::of(20 << 20, 1);
        let (own, resident) = get(&usual);
        assert_eq!(own, (20 << 20) + LEAST, "at first what the component declares");
        (0..10).for_each(|_| usual.begun(own, resident));
        (0..20).for_each(|_| usual.learn(Ratio { own: 0.1, resident: 0.5 }));
        let (own, resident) = get(&usual);
        assert!(((19 << 20) / 10..(21 << 20) / 10).contains(&own), "{own}");
        assert!(((19 << 20) / 2..(21 << 20) / 2).contains(&resident), "{resident}");
        (0..20).for_each(|_| usual.learn(Ratio { own: 0.0, resident: 100.0 }));
        assert_eq!(get(&usual), (LEAST, (40 << 20) + LEAST), "within bounds");
    }
}
