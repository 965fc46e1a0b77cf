//! The account of what is shared: who has what, and who waits for more.

use super::client::{Client, Party};
use super::fresh::{Entry, Fresh, Given};
use super::rule::Standing;
use super::usual::Usual;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Requests that wait at once; each costs memory, too.
pub(super) const LINE: usize = 2_048;
/// Of these so many may wait on one party's account.
pub(super) const LINE_OF_ONE: usize = LINE / 2;
/// Of the resident memory so much is left to parties that have little. Who has little and wants no
/// more than this is not bound by it: pages that a crowd's instances share count for each of them
/// there, and are nobody's loss.
pub(super) const RESIDENT_KEPT: i64 = 4 << 20;

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

impl Demand {
    fn given(self) -> Given {
        Given { units: self.units, resident: self.resident }
    }
}

/// What somebody has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) demand: Demand,
    entry: Entry,
}

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    pub(super) total: u64,
    pub(super) used: u64,
    /// What measuring has found beyond `used`, or short of it.
    pub(super) correction: i64,
    pub(super) most_instances: u64,
    pub(super) instances: u64,
    /// Bytes by which the process might still grow when it was measured.
    pub(super) resident_left: i64,
    /// What was given out and does not show yet in what was measured.
    pub(super) fresh: Fresh,
    pub(super) apps: HashMap<Arc<str>, u64>,
    pub(super) clients: HashMap<Client, u64>,
    pub(super) line: Vec<Waiting>,
    next_number: u64,
    /// Since the process began.
    pub(super) refused: u64,
}

/// Somebody in the line, in the order of arrival.
#[derive(Debug)]
pub(super) struct Waiting {
    number: u64,
    party: Party,
    demand: Demand,
    /// For an instance: what it is expected to take may change while it waits.
    usual: Option<Arc<Usual>>,
    /// Told what was given.
    called: oneshot::Sender<Taken>,
}

impl State {
    pub(super) fn new(total: u64, most_instances: u64) -> Self {
        Self {
            total,
            used: 0,
            correction: 0,
            most_instances,
            instances: 0,
            resident_left: i64::MAX,
            fresh: Fresh::new(),
            apps: HashMap::new(),
            clients: HashMap::new(),
            line: Vec::new(),
            next_number: 0,
            refused: 0,
        }
    }

    /// Puts somebody at the end of the line. Returns the number of its place.
    pub(super) fn queue(
        &mut self,
        party: Party,
        demand: Demand,
        usual: Option<Arc<Usual>>,
        called: oneshot::Sender<Taken>,
    ) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.line.push(Waiting { number, party, demand, usual, called });
        number
    }

    /// Takes somebody out of the line. False if it is not there any more.
    pub(super) fn leave_line(&mut self, number: u64) -> bool {
        let place = self.line.iter().position(|waiting| waiting.number == number);
        place.map(|place| self.line.remove(place)).is_some()
    }

    /// Units in use, as far as is known.
    pub(super) fn occupied(&self) -> u64 {
        self.used.saturating_add_signed(self.correction)
    }

    pub(super) fn standing(&self, party: &Party) -> Standing {
        let of = |found: Option<&u64>| found.copied().unwrap_or_default();
        Standing::of(of(self.apps.get(&party.app)), of(self.clients.get(&party.client)), self.total)
    }

    pub(super) fn fits(&self, party: &Party, demand: Demand) -> bool {
        let standing = self.standing(party);
        // However little there is, one guest is always let in.
        if demand.instances > 0 && self.instances == 0 {
            return true;
        }
        self.occupied().saturating_add(demand.units) <= standing.reach(self.total)
            && self.instances.saturating_add(demand.instances) <= standing.reach(self.most_instances)
            && self.fits_resident(standing, signed(demand.resident))
    }

    /// Whether the process may grow by so much as its size is measured.
    fn fits_resident(&self, standing: Standing, bytes: i64) -> bool {
        match standing.is_small() {
            true => bytes <= RESIDENT_KEPT || bytes <= self.resident_left(),
            false => bytes <= self.resident_left().saturating_sub(RESIDENT_KEPT),
        }
    }

    /// Bytes by which the process may still grow.
    fn resident_left(&self) -> i64 {
        self.resident_left.saturating_sub(signed(self.fresh.all().resident))
    }

    /// Whether somebody waits who would have to be passed by.
    pub(super) fn has_to_queue(&self, party: &Party) -> bool {
        !self.line.is_empty()
            && self.line.iter().any(|other| other.party.app == party.app && other.party.client == party.client)
    }

    pub(super) fn line_is_full(&self, party: &Party) -> bool {
        let waiting = self.line.len();
        if !(LINE_OF_ONE..LINE).contains(&waiting) {
            return waiting >= LINE;
        }
        let parties = || self.line.iter().map(|other| &other.party);
        parties().filter(|other| other.app == party.app).count() >= LINE_OF_ONE
            || parties().filter(|other| other.client == party.client).count() >= LINE_OF_ONE
    }

    pub(super) fn give(&mut self, party: &Party, demand: Demand) -> Taken {
        self.count(party, demand);
        Taken { demand, entry: self.fresh.note(demand.given()) }
    }

    /// Gives units to somebody who has some.
    pub(super) fn give_more(&mut self, party: &Party, taken: &mut Taken, units: u64) {
        let more = Demand { units, resident: units, instances: 0 };
        self.count(party, more);
        taken.entry = self.fresh.note_more(taken.entry, more.given());
        taken.demand.units = taken.demand.units.saturating_add(units);
    }

    fn count(&mut self, party: &Party, demand: Demand) {
        self.used = self.used.saturating_add(demand.units);
        self.instances = self.instances.saturating_add(demand.instances);
        note(&mut self.apps, Arc::clone(&party.app), demand.units);
        note(&mut self.clients, party.client, demand.units);
    }

    pub(super) fn take_back(&mut self, party: &Party, taken: Taken) {
        let demand = taken.demand;
        self.used = self.used.saturating_sub(demand.units);
        self.instances = self.instances.saturating_sub(demand.instances);
        self.fresh.forget(taken.entry);
        forget(&mut self.apps, &party.app, demand.units);
        forget(&mut self.clients, &party.client, demand.units);
    }

    /// The app of each that waits.
    pub(super) fn waiting_apps(&self) -> impl Iterator<Item = &Arc<str>> {
        self.line.iter().map(|waiting| &waiting.party.app)
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
            let taken = self.give(&next.party, next.demand);
            if next.called.send(taken).is_err() {
                self.take_back(&next.party, taken);
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

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
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
