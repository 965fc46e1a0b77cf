//! The dynos that a router knows, and its open connections to them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::log::Counts;
use super::wire::Wire;
use super::{Code, Rules};
use crate::random::Random;

/// A dyno, as the router knows it.
#[derive(Debug)]
struct Known {
    name: String,
    /// None before it has bound its port.
    address: Option<SocketAddr>,
    has_crashed: bool,
    left_alone_until: Option<Instant>,
    under_way: usize,
    idle: Vec<(Wire, Instant)>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<State>,
    pub(super) changed: Notify,
}

#[derive(Debug)]
struct State {
    next: u64,
    dynos: HashMap<u64, Known>,
    random: Random,
    counts: Counts,
}

/// A connection to a dyno, for one exchange.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) wire: Wire,
    pub(super) is_reused: bool,
}

impl Pool {
    pub(super) fn new() -> Self {
        let random = Random::from_environment();
        let state = State { next: 0, dynos: HashMap::new(), random, counts: Counts::default() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn announce(&self, name: &str) -> u64 {
        self.with(|state| {
            state.next += 1;
            let (name, idle) = (name.to_owned(), Vec::new());
            let known =
                Known { name, address: None, has_crashed: false, left_alone_until: None, under_way: 0, idle };
            state.dynos.insert(state.next, known);
            state.next
        })
    }

    pub(super) fn change(&self, id: u64, address: Option<SocketAddr>, has_crashed: bool) {
        self.with(|state| {
            if let Some(known) = state.dynos.get_mut(&id) {
                (known.address, known.has_crashed) = (address, has_crashed);
                known.idle.clear();
            }
        });
        self.changed.notify_waiters();
    }

    pub(super) fn remove(&self, id: u64) {
        self.with(|state| state.dynos.remove(&id));
        self.changed.notify_waiters();
    }

    pub(super) fn count<T>(&self, count: impl FnOnce(&mut Counts) -> T) -> T {
        self.with(|state| count(&mut state.counts))
    }

    /// Finds a dyno for a request and a connection to it.
    pub(super) async fn lend(&self, rules: &Rules) -> Result<Lent, Code> {
        let deadline = Instant::now() + rules.queue;
        let (mut tried, mut last) = (0, Code::H20);
        loop {
            match self.with(|state| state.choose(rules)) {
                Choice::Idle(lent) => return Ok(*lent),
                Choice::Connect(id, address) => match timeout(rules.connect, TcpStream::connect(address)).await {
                    Ok(Ok(stream)) => {
                        if let Some(lent) = self.with(|state| state.begin(id, Wire::new(stream), false)) {
                            return Ok(lent);
                        }
                    }
                    failed => {
                        last = if failed.is_ok() { Code::H21 } else { Code::H19 };
                        let until = Instant::now() + rules.quarantine;
                        self.with(|state| state.leave_alone(id, until));
                        tried += 1;
                        if tried > rules.tries {
                            return Err(last);
                        }
                    }
                },
                Choice::Wait if Instant::now() >= deadline => return Err(last),
                Choice::Wait => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    // Nothing tells when a quarantine is over.
                    let _ = timeout(left.min(rules.quarantine / 20), self.changed.notified()).await;
                }
                Choice::None(code) => return Err(code),
            }
        }
    }

    /// Takes a connection back; `keeps` says that it can be used again.
    pub(super) fn give_back(&self, lent: Lent, keeps: bool) {
        self.with(|state| {
            if !lent.wire.held.is_empty() {
                state.counts.stray += 1;
            }
            let Some(known) = state.dynos.get_mut(&lent.id) else { return };
            known.under_way -= 1;
            if keeps && lent.wire.held.is_empty() {
                known.idle.push((lent.wire, Instant::now()));
            }
        });
    }
}

enum Choice {
    Idle(Box<Lent>),
    Connect(u64, SocketAddr),
    Wait,
    None(Code),
}

impl State {
    fn choose(&mut self, rules: &Rules) -> Choice {
        if self.dynos.is_empty() {
            return Choice::None(Code::H14);
        }
        if self.dynos.values().all(|known| known.has_crashed) {
            return Choice::None(Code::H10);
        }
        let now = Instant::now();
        let is_free = |known: &Known| known.left_alone_until.is_none_or(|until| until <= now);
        let bound = self.dynos.values().filter(|known| known.address.is_some());
        let under_way: usize = bound.clone().map(|known| known.under_way).sum();
        let count = bound.count();
        if count > 0 && under_way >= count * rules.requests_per_dyno {
            return Choice::None(Code::H11);
        }
        let mut free: Vec<(u64, SocketAddr)> = self
            .dynos
            .iter()
            .filter(|(_, known)| is_free(known))
            .filter_map(|(id, known)| Some((*id, known.address?)))
            .collect();
        free.sort_unstable();
        let Some(length) = u64::try_from(free.len()).ok().filter(|length| *length > 0) else {
            return Choice::Wait;
        };
        let chosen = usize::try_from(self.random.below(length)).unwrap_or_default();
        let Some((id, address)) = free.get(chosen).copied() else { return Choice::Wait };
        while let Some(wire) = self.take_idle(id, rules) {
            if let Some(lent) = self.begin(id, wire, true) {
                return Choice::Idle(Box::new(lent));
            }
        }
        Choice::Connect(id, address)
    }

    /// A connection that is still open, as far as can be seen.
    fn take_idle(&mut self, id: u64, rules: &Rules) -> Option<Wire> {
        let known = self.dynos.get_mut(&id)?;
        while let Some((wire, since)) = known.idle.pop() {
            if since.elapsed() >= rules.keep_alive {
                continue;
            }
            let mut byte = [0; 1];
            match wire.stream.try_read(&mut byte) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Some(wire),
                Ok(1..) => self.counts.stray += 1,
                _ => self.counts.closed_early += 1,
            }
        }
        None
    }

    fn begin(&mut self, id: u64, wire: Wire, is_reused: bool) -> Option<Lent> {
        let known = self.dynos.get_mut(&id)?;
        known.under_way += 1;
        self.counts.reused += u64::from(is_reused);
        Some(Lent { id, name: known.name.clone(), wire, is_reused })
    }

    fn leave_alone(&mut self, id: u64, until: Instant) {
        if let Some(known) = self.dynos.get_mut(&id) {
            known.left_alone_until = Some(until);
        }
    }
}
