//! Something bounded that apps and clients share: bytes of memory, or places. Who finds none left
//! waits in line, not for ever.

use super::client::{Client, Party};
use super::rule::Standing;
use super::usual::Usual;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Requests that wait at once; each costs memory, too.
const LINE: usize = 2_048;
/// Of these so many may wait on one party's account.
const LINE_OF_ONE: usize = LINE / 2;
/// Of the resident memory so much is left to parties that have little.
const RESIDENT_KEPT: i64 = 4 << 20;

/// What somebody asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Demand {
    /// Units of what is shared.
    pub(super) units: u64,
    /// Instances of guests, where those are counted.
    pub(super) instances: u64,
    /// Bytes that the process is expected to grow by, as its size is measured from outside.
    pub(super) resident: u64,
}

/// Why somebody got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There was nothing left for as long as it waited.
    Late,
    /// Too many wait already.
    LineFull,
}

/// See the module.
#[derive(Debug)]
pub struct Shares {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) total: u64,
    pub(super) used: u64,
    /// What measuring has found beyond `used`, or short of it.
    pub(super) correction: i64,
    pub(super) most_instances: u64,
    pub(super) instances: u64,
    /// Bytes by which the process may still grow.
    pub(super) resident_left: i64,
    /// Units and resident bytes that were given out since the last look of whoever measures.
    pub(super) fresh: (u64, u64),
    apps: HashMap<Arc<str>, u64>,
    clients: HashMap<Client, u64>,
    line: Vec<Waiting>,
    next_number: u64,
    refused: u64,
}

/// Somebody in the line, in the order of arrival.
#[derive(Debug)]
struct Waiting {
    number: u64,
    party: Party,
    demand: Demand,
    /// For an instance: what it is expected to take may change while it waits.
    usual: Option<Arc<Usual>>,
    /// Told what was given.
    called: oneshot::Sender<Demand>,
}

/// Figures of one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Units in use.
    pub used: u64,
    /// Units that there are.
    pub total: u64,
    /// Guests at work, where those are counted.
    pub instances: u64,
    /// Requests that wait.
    pub waiting: u64,
    /// Requests that were refused since the process began.
    pub refused: u64,
}

impl Shares {
    /// So many units.
    pub fn new(total: u64) -> Arc<Self> {
        Self::with_instances(total, u64::MAX)
    }

    pub(super) fn with_instances(total: u64, most_instances: u64) -> Arc<Self> {
        let state = State {
            total,
            used: 0,
            correction: 0,
            most_instances,
            instances: 0,
            resident_left: i64::MAX,
            fresh: (0, 0),
            apps: HashMap::new(),
            clients: HashMap::new(),
            line: Vec::new(),
            next_number: 0,
            refused: 0,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The figures of this moment.
    pub fn figures(&self) -> Figures {
        let state = self.lock();
        let waiting = u64::try_from(state.line.len()).unwrap_or(u64::MAX);
        Figures {
            used: state.occupied(),
            total: state.total,
            instances: state.instances,
            waiting,
            refused: state.refused,
        }
    }

    /// Units, if they are there and nobody waits for them.
    pub fn try_take(self: &Arc<Self>, party: &Party, units: u64) -> Option<Share> {
        self.try_demand(party, Demand { units, ..Demand::default() })
    }

    pub(super) fn try_demand(self: &Arc<Self>, party: &Party, demand: Demand) -> Option<Share> {
        let mut state = self.lock();
        if !state.fits(party, demand) || state.has_to_queue(party) {
            return None;
        }
        state.give(party, demand);
        drop(state);
        Some(Share { shares: Arc::clone(self), party: party.clone(), demand })
    }

    /// Units; waits in line for them, for so long at most.
    pub async fn take(self: &Arc<Self>, party: &Party, units: u64, wait: Duration) -> Result<Share, Refused> {
        self.demand(party, Demand { units, ..Demand::default() }, wait).await
    }

    /// Counts what is in use already.
    pub(super) fn take_in_any_case(self: &Arc<Self>, party: &Party, demand: Demand) -> Share {
        self.lock().give(party, demand);
        Share { shares: Arc::clone(self), party: party.clone(), demand }
    }

    pub(super) async fn demand(
        self: &Arc<Self>,
        party: &Party,
        demand: Demand,
        wait: Duration,
    ) -> Result<Share, Refused> {
        if let Some(share) = self.try_demand(party, demand) {
            return Ok(share);
        }
        self.wait(party, demand, None, wait).await
    }

    /// What an instance usually takes.
    pub(super) async fn enter(
        self: &Arc<Self>,
        party: &Party,
        usual: &Arc<Usual>,
        wait: Duration,
    ) -> Result<Share, Refused> {
        let demand = usual.demand();
        if let Some(share) = self.try_demand(party, demand) {
            return Ok(share);
        }
        self.wait(party, demand, Some(usual), wait).await
    }

    async fn wait(
        self: &Arc<Self>,
        party: &Party,
        demand: Demand,
        usual: Option<&Arc<Usual>>,
        wait: Duration,
    ) -> Result<Share, Refused> {
        let mut spot = self.queue(party, demand, usual.cloned())?;
        let called = tokio::time::timeout(wait, &mut spot.called).await;
        if let Ok(Ok(demand)) = called {
            spot.done = true;
            return Ok(Share { shares: Arc::clone(self), party: party.clone(), demand });
        }
        self.lock().refused += 1;
        Err(Refused::Late)
    }

    fn queue(self: &Arc<Self>, party: &Party, demand: Demand, usual: Option<Arc<Usual>>) -> Result<Spot, Refused> {
        let (called, receiver) = oneshot::channel();
        let mut state = self.lock();
        if state.line_is_full(party) {
            state.refused += 1;
            return Err(Refused::LineFull);
        }
        let number = state.next_number;
        state.next_number += 1;
        state.line.push(Waiting { number, party: party.clone(), demand, usual, called });
        // What was freed between the first look and this one calls nobody else.
        state.serve_line();
        drop(state);
        Ok(Spot { shares: Arc::clone(self), number, party: party.clone(), called: receiver, done: false })
    }
}

impl State {
    /// Units in use, as far as is known.
    pub(super) fn occupied(&self) -> u64 {
        self.used.saturating_add_signed(self.correction)
    }

    pub(super) fn standing(&self, party: &Party) -> Standing {
        let of = |found: Option<&u64>| found.copied().unwrap_or_default();
        Standing::of(of(self.apps.get(&party.app)), of(self.clients.get(&party.client)), self.total)
    }

    fn fits(&self, party: &Party, demand: Demand) -> bool {
        let standing = self.standing(party);
        // However little there is, one guest is always let in.
        if demand.instances > 0 && self.instances == 0 {
            return true;
        }
        let kept = if standing.is_small() { 0 } else { RESIDENT_KEPT };
        self.occupied().saturating_add(demand.units) <= standing.reach(self.total)
            && self.instances.saturating_add(demand.instances) <= standing.reach(self.most_instances)
            && i64::try_from(demand.resident).unwrap_or(i64::MAX) <= self.resident_left.saturating_sub(kept)
    }

    /// Whether somebody waits who would have to be passed by.
    fn has_to_queue(&self, party: &Party) -> bool {
        !self.line.is_empty()
            && self.line.iter().any(|other| other.party.app == party.app && other.party.client == party.client)
    }

    fn line_is_full(&self, party: &Party) -> bool {
        let waiting = self.line.len();
        if !(LINE_OF_ONE..LINE).contains(&waiting) {
            return waiting >= LINE;
        }
        let parties = || self.line.iter().map(|other| &other.party);
        parties().filter(|other| other.app == party.app).count() >= LINE_OF_ONE
            || parties().filter(|other| other.client == party.client).count() >= LINE_OF_ONE
    }

    fn give(&mut self, party: &Party, demand: Demand) {
        self.used = self.used.saturating_add(demand.units);
        self.instances = self.instances.saturating_add(demand.instances);
        let resident = i64::try_from(demand.resident).unwrap_or(i64::MAX);
        self.resident_left = self.resident_left.saturating_sub(resident);
        self.fresh.0 = self.fresh.0.saturating_add(demand.units);
        self.fresh.1 = self.fresh.1.saturating_add(demand.resident);
        note(&mut self.apps, Arc::clone(&party.app), demand.units);
        note(&mut self.clients, party.client, demand.units);
    }

    fn take_back(&mut self, party: &Party, demand: Demand) {
        self.used = self.used.saturating_sub(demand.units);
        self.instances = self.instances.saturating_sub(demand.instances);
        forget(&mut self.apps, &party.app, demand.units);
        forget(&mut self.clients, &party.client, demand.units);
    }

    /// Asks anew what those who wait are expected to take.
    pub(super) fn renew_line(&mut self) {
        for waiting in &mut self.line {
            if let Some(usual) = &waiting.usual {
                waiting.demand = usual.demand();
            }
        }
    }

    /// Calls those who have waited longest among those whose app and whose client have least, as
    /// long as there is room for them.
    pub(super) fn serve_line(&mut self) {
        while let Some(place) = self.next_in_line() {
            let next = self.line.remove(place);
            if next.called.send(next.demand).is_ok() {
                self.give(&next.party, next.demand);
            }
        }
    }

    fn next_in_line(&self) -> Option<usize> {
        let has = |waiting: &Waiting| {
            let of = |found: Option<&u64>| found.copied().unwrap_or_default();
            let (party, few) = (&waiting.party, (self.total / 64).max(1));
            (of(self.apps.get(&party.app)) / few, of(self.clients.get(&party.client)) / few, waiting.number)
        };
        let fitting =
            self.line.iter().enumerate().filter(|(_, waiting)| self.fits(&waiting.party, waiting.demand));
        fitting.min_by_key(|(_, waiting)| has(waiting)).map(|(place, _)| place)
    }
}

fn note<K: Hash + Eq>(parts: &mut HashMap<K, u64>, key: K, units: u64) {
    let part = parts.entry(key).or_default();
    *part = part.saturating_add(units);
}

fn forget<K: Hash + Eq>(parts: &mut HashMap<K, u64>, key: &K, units: u64) {
    if let Some(part) = parts.get_mut(key) {
        *part = part.saturating_sub(units);
        if *part == 0 {
            parts.remove(key);
        }
    }
}

/// A spot in the line. Leaving it gives back what was called out meanwhile.
struct Spot {
    shares: Arc<Shares>,
    number: u64,
    party: Party,
    called: oneshot::Receiver<Demand>,
    done: bool,
}

impl Drop for Spot {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut state = self.shares.lock();
        if let Some(place) = state.line.iter().position(|waiting| waiting.number == self.number) {
            state.line.remove(place);
        } else if let Ok(demand) = self.called.try_recv() {
            state.take_back(&self.party, demand);
            state.serve_line();
        }
    }
}

/// A part of what is shared. Dropping it gives it back.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    party: Party,
    demand: Demand,
}

impl Share {
    /// Takes more units, if they are there. It waits for nobody: whoever holds something and waits
    /// could wait for itself.
    pub(super) fn grow(&mut self, units: u64) -> bool {
        let more = Demand { units, resident: units, instances: 0 };
        let mut state = self.shares.lock();
        if !state.fits(&self.party, more) {
            state.refused += 1;
            return false;
        }
        state.give(&self.party, more);
        self.demand.units = self.demand.units.saturating_add(units);
        true
    }

    /// What is held.
    pub(super) fn demand(&self) -> Demand {
        self.demand
    }

    /// The units held.
    pub(super) fn units(&self) -> u64 {
        self.demand.units
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.shares.lock();
        state.take_back(&self.party, self.demand);
        if !state.line.is_empty() {
            state.serve_line();
        }
    }
}

#[cfg(test)]
#[path = "shares_tests.rs"]
mod tests;
