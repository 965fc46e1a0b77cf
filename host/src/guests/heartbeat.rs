//! Says in the database that this host lives and how far it has followed the registry, so that
//! whoever deploys learns when every host serves the new version, and which one does not.

use super::registry::Registry;
use crate::config::Config;
use crate::storage::registry::{App, HostReport};
use crate::storage::{hex, now_micros};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// A host that serves what it should says so once in so long. Others think it gone after four times
/// as long.
const EVERY: Duration = Duration::from_secs(5);

/// What a host says of itself, beside the generation that it has read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostState {
    /// Apps whose active version is being loaded.
    pub loading: Vec<String>,
    /// Apps whose active version, or canary, cannot be served, and why. What is about the host as a
    /// whole stands under the empty name.
    pub problems: BTreeMap<String, String>,
}

/// What this host said last.
#[derive(Debug)]
pub(super) struct Heartbeat {
    id: String,
    name: String,
    started_at: i64,
    last: Option<(Instant, i64, HostState)>,
}

impl Heartbeat {
    pub(super) fn new(config: &Config) -> Self {
        let mut id = [0u8; 6];
        // Without random numbers the time of the start tells hosts apart.
        let _ = getrandom::fill(&mut id);
        Self { id: hex(&id), name: config.machine(), started_at: now_micros(), last: None }
    }

    /// Says how things are, if that is new or was not said for a while. A database that takes no
    /// writes is told later.
    pub(super) async fn beat(&mut self, registry: &Registry, generation: i64) {
        let state = registry.host_state();
        let is_known = self
            .last
            .as_ref()
            .is_some_and(|(at, known, said)| at.elapsed() < EVERY && *known == generation && *said == state);
        if is_known {
            return;
        }
        let Ok(text) = serde_json::to_string(&state) else { return };
        let report = HostReport {
            id: self.id.clone(),
            name: self.name.clone(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            generation,
            state: text,
        };
        match registry.database().report_host(&report).await {
            Ok(()) => self.last = Some((Instant::now(), generation, state)),
            Err(error) => tracing::debug!("cannot say in the database that this host lives: {error}"),
        }
    }

    /// Says that this host ends. Where that cannot be said, it is found out after a while.
    pub(super) async fn end(&self, registry: &Registry) {
        if self.last.is_some() {
            let _ = tokio::time::timeout(Duration::from_secs(1), registry.database().forget_host(&self.id)).await;
        }
    }
}

impl Registry {
    /// How far this host is.
    pub fn host_state(&self) -> HostState {
        let mut loading: Vec<String> = self.wanted().loads.keys().cloned().collect();
        loading.extend(self.canaries().loading.iter().cloned());
        loading.sort_unstable();
        loading.dedup();
        HostState { loading, problems: self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }

    /// Notes why an app cannot be served as the registry says, or that it can.
    pub(super) fn note_problem(&self, app: &str, problem: Option<String>) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        match problem {
            Some(problem) => drop(problems.insert(app.to_owned(), problem)),
            None => drop(problems.remove(app)),
        }
    }

    /// Forgets the problems of apps that are gone.
    pub(super) fn forget_problems(&self, apps: &[App]) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.retain(|name, _| apps.iter().any(|app| app.name == *name));
    }
}
