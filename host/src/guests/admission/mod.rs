//! Lets requests in by the memory that guests take, not by counting them.
//!
//! The process has a budget: a part of the memory that it may use, less what the host itself takes.
//! A request is let in while there is room for what an instance of its app usually takes
//! ([`usual`]); what an instance grows by comes on top, counted as it grows ([`limiter`]).
//! [`watch`] measures how large the process really is and corrects the account. Apps and clients
//! share the budget by [`rule`]; who finds no room waits in a line ([`shares`]). What a crowd
//! leaves behind is given back ([`trim`]).

mod client;
mod fresh;
mod limiter;
mod rule;
mod shares;
mod state;
mod trim;
mod usual;
mod watch;

pub use client::{Client, Party};
pub use limiter::Limiter;
pub use shares::{AppShare, Figures, Refused, Share, Shares};
pub(in crate::guests) use trim::WARM_SLOTS;
pub use trim::{Filler, Trimmer};
pub use usual::{InstanceSize, Usual};

use super::compiling::Running;
use crate::config::MemoryBudget;
use state::{Demand, State};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// See the module.
#[derive(Debug)]
pub struct Admission {
    shares: Arc<Shares>,
    budget: MemoryBudget,
    /// The part of the room that goes with one of the engine's slots.
    slot: u64,
    /// How long a request waits for room.
    wait: Duration,
    /// Set while the process is larger than it may be at all.
    pressed: AtomicBool,
    versions: Mutex<Vec<Weak<Usual>>>,
}

impl Admission {
    /// All the room of a budget, and somebody who measures, also what `compiler` takes beside it.
    pub fn new(
        budget: MemoryBudget,
        slots: u32,
        wait: Duration,
        trimmer: Trimmer,
        compiler: Running,
    ) -> Arc<Self> {
        let room = Arc::new(Self {
            shares: Shares::with_instances(budget.guests, u64::from(slots)),
            budget,
            slot: slot(budget, slots),
            wait,
            pressed: AtomicBool::new(false),
            versions: Mutex::default(),
        });
        watch::start(&room, trimmer, compiler);
        room
    }

    /// The estimate for a version whose component declares so much memory.
    pub fn usual(&self, declared: u64) -> Arc<Usual> {
        let usual = Arc::new(Usual::of(declared, self.slot));
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.retain(|version| version.strong_count() > 0);
        versions.push(Arc::downgrade(&usual));
        usual
    }

    /// A place for an instance; waits in line for it.
    pub async fn enter(self: &Arc<Self>, party: &Party, usual: &Arc<Usual>) -> Result<Place, Refused> {
        self.enter_within(self.wait, party, usual).await
    }

    /// The same for somebody who waits for so long.
    pub async fn enter_within(
        self: &Arc<Self>,
        wait: Duration,
        party: &Party,
        usual: &Arc<Usual>,
    ) -> Result<Place, Refused> {
        let share = self.shares.enter(party, usual, wait).await?;
        let prepaid = share.demand();
        usual.begun(prepaid.units, prepaid.resident);
        let (room, usual) = (Arc::clone(self), Arc::clone(usual));
        Ok(Place { room, share, usual, prepaid })
    }

    /// Room for bytes that the host holds for a request before its guest is there.
    pub async fn hold(&self, party: &Party, bytes: u64) -> Result<Share, Refused> {
        self.shares.demand(party, Demand { units: bytes, instances: 0, resident: bytes }, self.wait).await
    }

    /// Room for bytes that are there already: an answer is sent, however little room there is for
    /// others then.
    pub fn hold_in_any_case(&self, party: &Party, bytes: u64) -> Share {
        self.shares.take_in_any_case(party, Demand { units: bytes, instances: 0, resident: 0 })
    }

    /// Whether there is so much room that a guest may be started before it is known to have
    /// something to do.
    pub fn is_plentiful_for(&self, party: &Party) -> bool {
        let state = self.shares.lock();
        state.standing(party).is_small()
            && state.occupied() <= state.total / 2
            && state.instances <= state.most_instances / 2
    }

    /// The figures of this moment.
    pub fn figures(&self) -> Figures {
        self.shares.figures()
    }

    /// The figures of this moment by app: of those that have something or wait for something.
    pub fn by_app(&self) -> Vec<AppShare> {
        self.shares.by_app()
    }
}

/// How many guests of one app, each asked by another client, are let in at once by a host that has
/// nothing else to do, where each is so large.
pub fn most_at_once(budget: MemoryBudget, instance: InstanceSize) -> u64 {
    let slots = budget.slots();
    let mut state = State::new(budget.guests, u64::from(slots));
    state.resident_left = i64::try_from(budget.guests).unwrap_or(i64::MAX);
    let demand =
        Demand { units: instance.own.max(slot(budget, slots)), instances: 1, resident: instance.resident };
    let app: Arc<str> = "app".into();
    let parties = (0..slots).map(|number| {
        let client = Client::at(std::net::Ipv4Addr::from_bits(number).into());
        Party { app: Arc::clone(&app), client }
    });
    let let_in = parties.map_while(|party| state.fits(&party, demand).then(|| state.give(&party, demand)));
    u64::try_from(let_in.count()).unwrap_or(u64::MAX)
}

/// The part of the room that goes with one of so many slots.
fn slot(budget: MemoryBudget, slots: u32) -> u64 {
    budget.guests / u64::from(slots).max(1)
}

/// The room of one instance. Dropping it gives the room back.
#[derive(Debug)]
pub struct Place {
    room: Arc<Admission>,
    share: Share,
    usual: Arc<Usual>,
    prepaid: Demand,
}

/// An instance of this size may be one of those that take the memory away.
const LARGE: u64 = 4 << 20;

impl Place {
    /// Takes room for so many bytes more, if there is some.
    fn grow(&mut self, bytes: u64) -> bool {
        self.share.grow(bytes)
    }

    /// Whether the process is too large and this instance, which is at work, is no small one.
    pub fn has_to_end(&self) -> bool {
        self.room.pressed.load(Ordering::Relaxed) && self.share.units().max(self.usual.declared()) >= LARGE
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.usual.ended(self.prepaid.units, self.prepaid.resident);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_dyno_has_room_for_hundreds_in_rust_or_some_in_python() {
        let budget = MemoryBudget::of(512 << 20);
        let at_once = |own, resident| most_at_once(budget, InstanceSize { own, resident });
        let (rust, python) = (at_once(512 << 10, 512 << 10), at_once(10 << 20, 10 << 20));
        // An eighth is kept for other apps and other clients.
        assert!((600..700).contains(&rust) && (30..36).contains(&python), "{rust} {python}");
        // By pages that instances share no app has too much, and yet they bind.
        let shared = at_once(1 << 20, 10 << 20);
        assert!((36..39).contains(&shared), "{shared}");
        assert_eq!(at_once(1 << 40, 0), 1, "one is always let in");
    }
}
