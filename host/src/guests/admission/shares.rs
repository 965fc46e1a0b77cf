//! Something bounded that apps and clients share: bytes of memory, or places. Who finds none left
//! waits in line, not for ever.

use super::client::Party;
use super::state::{Demand, State, Taken};
use super::usual::Usual;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

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

/// What one app has at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppShare {
    /// The app.
    pub app: Arc<str>,
    /// Units in use.
    pub used: u64,
    /// Requests that wait.
    pub waiting: u64,
}

impl Shares {
    /// So many units.
    pub fn new(total: u64) -> Arc<Self> {
        Self::with_instances(total, u64::MAX)
    }

    pub(super) fn with_instances(total: u64, most_instances: u64) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::new(total, most_instances)) })
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

    pub(super) fn by_app(&self) -> Vec<AppShare> {
        let state = self.lock();
        let mut apps: BTreeMap<Arc<str>, (u64, u64)> =
            state.apps.iter().map(|(app, used)| (Arc::clone(app), (*used, 0))).collect();
        for app in state.waiting_apps() {
            apps.entry(Arc::clone(app)).or_default().1 += 1;
        }
        drop(state);
        apps.into_iter().map(|(app, (used, waiting))| AppShare { app, used, waiting }).collect()
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
        let taken = state.give(party, demand);
        drop(state);
        Some(self.share(party, taken))
    }

    /// Units; waits in line for them, for so long at most.
    pub async fn take(self: &Arc<Self>, party: &Party, units: u64, wait: Duration) -> Result<Share, Refused> {
        self.demand(party, Demand { units, ..Demand::default() }, wait).await
    }

    /// Counts what is in use already.
    pub(super) fn take_in_any_case(self: &Arc<Self>, party: &Party, demand: Demand) -> Share {
        let taken = self.lock().give(party, demand);
        self.share(party, taken)
    }

    fn share(self: &Arc<Self>, party: &Party, taken: Taken) -> Share {
        Share { shares: Arc::clone(self), party: party.clone(), taken }
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
        if let Ok(Ok(taken)) = called {
            spot.done = true;
            return Ok(self.share(party, taken));
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
        let number = state.queue(party.clone(), demand, usual, called);
        // What was freed between the first look and this one calls nobody else.
        state.serve_line();
        drop(state);
        Ok(Spot { shares: Arc::clone(self), number, party: party.clone(), called: receiver, done: false })
    }
}

/// A spot in the line. Leaving it gives back what was called out meanwhile.
struct Spot {
    shares: Arc<Shares>,
    number: u64,
    party: Party,
    called: oneshot::Receiver<Taken>,
    done: bool,
}

impl Drop for Spot {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut state = self.shares.lock();
        if state.leave_line(self.number) {
            return;
        }
        if let Ok(taken) = self.called.try_recv() {
            state.take_back(&self.party, taken);
            state.serve_line();
        }
    }
}

/// A part of what is shared. Dropping it gives it back.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    party: Party,
    taken: Taken,
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
        state.give_more(&self.party, &mut self.taken, units);
        true
    }

    /// What is held.
    pub(super) fn demand(&self) -> Demand {
        self.taken.demand
    }

    /// The units held.
    pub(super) fn units(&self) -> u64 {
        self.taken.demand.units
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.shares.lock();
        state.take_back(&self.party, self.taken);
        if !state.line.is_empty() {
            state.serve_line();
        }
    }
}

#[cfg(test)]
#[path = "shares_tests.rs"]
mod tests;
