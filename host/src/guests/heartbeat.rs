//! Says in the database that this host lives and how far it has followed the registry, so that
//! whoever deploys learns when every host serves the new version, and which one does not.

use super::admission::InstanceSize;
use super::registry::Registry;
use crate::config::Config;
use crate::interfaces::AppContext;
use crate::storage::registry::{App, HostReport};
use crate::storage::{hex, now_micros};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::{Duration, Instant};

/// A host that serves what it should says so once in so long. Others think it gone after four times
/// as long.
const EVERY: Duration = Duration::from_secs(5);
/// How long saying that a host has gone may take. Others find out by themselves.
const FORGET_TIME: Duration = Duration::from_secs(2);
/// How often a host says which engine it has.
const ENGINE_EVERY: Duration = Duration::from_secs(12 * 3600);

/// What a host says of itself, beside the generation that it has read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostState {
    /// Apps whose active version is being loaded.
    pub loading: Vec<String>,
    /// Apps that cannot be served as the registry says, and why. What is about the host as a whole
    /// stands under the empty name.
    pub problems: BTreeMap<String, String>,
    /// Apps that are gone, and of which requests are still being answered.
    pub ending: Vec<String>,
    /// What an instance of an app takes when it begins, as far as is known here.
    pub instances: BTreeMap<String, InstanceSize>,
}

/// So many apps are told what their instances take: what a host says is written again and again.
const MOST_TOLD: usize = 100;

impl HostState {
    /// Whether others have to hear of a change at once. What is measured is told with the rest.
    fn says_the_same(&self, other: &Self) -> bool {
        (&self.loading, &self.problems, &self.ending) == (&other.loading, &other.problems, &other.ending)
    }
}

/// Tells this process from all other hosts of the database.
pub fn own_id() -> &'static str {
    static ID: LazyLock<String> = LazyLock::new(|| {
        let mut id = [0u8; 6];
        // Without random numbers the time of the start tells hosts apart.
        let _ = getrandom::fill(&mut id);
        hex(&id)
    });
    &ID
}

/// What a problem of an app is about: each ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Its row in the registry.
    Row,
    /// Its active version.
    Version,
    /// The version that answers a part of the visitors.
    Canary,
    /// A setting that is not in force.
    Setting,
}

/// Why apps cannot be served as the registry says, by their names.
pub(super) type Problems = BTreeMap<String, BTreeMap<Trouble, String>>;

/// What this host said last.
#[derive(Debug)]
pub(super) struct Heartbeat {
    id: String,
    name: String,
    started_at: i64,
    last: Option<(Instant, i64, HostState)>,
    engine_noted: Option<Instant>,
}

impl Heartbeat {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            id: own_id().to_owned(),
            name: config.machine(),
            started_at: now_micros(),
            last: None,
            engine_noted: None,
        }
    }

    /// Says how things are, if that is new or was not said for a while. A database that takes no
    /// writes is told later.
    pub(super) async fn beat(&mut self, registry: &Registry, generation: i64) {
        let state = registry.host_state();
        let is_known = self.last.as_ref().is_some_and(|(at, known, said)| {
            at.elapsed() < EVERY && *known == generation && said.says_the_same(&state)
        });
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
            Ok(()) => {
                self.last = Some((Instant::now(), generation, state));
                self.note_engine(registry).await;
            }
            Err(error) => tracing::debug!("cannot say in the database that this host lives: {error}"),
        }
    }

    /// So that code stays in the registry that this host may need at its next start.
    async fn note_engine(&mut self, registry: &Registry) {
        if self.engine_noted.is_some_and(|at| at.elapsed() < ENGINE_EVERY) {
            return;
        }
        match registry.compiler.store().note_engine(registry.database()).await {
            Ok(()) => self.engine_noted = Some(Instant::now()),
            Err(error) => tracing::debug!("cannot say in the database which engine this host has: {error}"),
        }
    }

    /// Says that this host ends. Where that cannot be said, it is found out after a while.
    pub(super) async fn end(&self, registry: &Registry) {
        if self.last.is_some() {
            let _ = tokio::time::timeout(FORGET_TIME, registry.database().forget_host(&self.id)).await;
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
        let problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let together = |of_app: &BTreeMap<Trouble, String>| {
            of_app.values().map(String::as_str).collect::<Vec<_>>().join("; ")
        };
        let problems = problems.iter().map(|(app, of_app)| (app.clone(), together(of_app))).collect();
        let routes = self.routes();
        let guests = routes.guests().take(MOST_TOLD);
        let instances = guests.map(|guest| (guest.app.space.app().to_string(), guest.usual.size())).collect();
        drop(routes);
        HostState { loading, problems, ending: self.ending(), instances }
    }

    /// Notes that requests may be answered with this.
    pub(super) fn note_context(&self, app: &str, context: &Arc<AppContext>) {
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.push((app.to_owned(), Arc::downgrade(context)));
    }

    fn ending(&self) -> Vec<String> {
        let routes = self.routes();
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.retain(|(_, context)| context.strong_count() > 0);
        let gone = contexts.iter().map(|(app, _)| app).filter(|app| routes.room_of(app).is_none());
        let ending: BTreeSet<&String> = gone.collect();
        ending.into_iter().cloned().collect()
    }

    /// Notes why an app cannot be served as the registry says, or that in this respect it can.
    /// Returns whether the problem is a new one.
    pub(super) fn note_problem(&self, app: &str, about: Trouble, problem: Option<String>) -> bool {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(problem) = problem else {
            if let Some(of_app) = problems.get_mut(app) {
                of_app.remove(&about);
            }
            problems.retain(|_, of_app| !of_app.is_empty());
            return false;
        };
        let before = problems.entry(app.to_owned()).or_default().insert(about, problem.clone());
        before.as_ref() != Some(&problem)
    }

    /// Forgets the problems of apps that are gone.
    pub(super) fn forget_problems(&self, apps: &[App]) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.retain(|name, _| apps.iter().any(|app| app.name == *name));
    }
}
