//! A second version of an app that answers a part of the visitors. A visitor who has got it keeps
//! it: the host remembers by a cookie which visitor is which.

use super::heartbeat::Trouble;
use super::loading::LoadError;
use super::registry::{Guest, Registry, Release};
use crate::storage::registry::{App, Canary};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Visitors are told apart in so many parts.
pub const PARTS: u8 = 100;

/// A canary that cannot be loaded is tried again after this long.
const AGAIN: Duration = Duration::from_secs(30);

/// Canaries that are being loaded, and those that could not be.
#[derive(Debug, Default)]
pub(super) struct Canaries {
    /// Names of apps.
    pub(super) loading: BTreeSet<String>,
    failed: HashMap<String, (Canary, Instant)>,
}

/// A guest that answers a part of the visitors.
#[derive(Debug)]
pub struct CanaryGuest {
    /// The guest that answers them.
    pub guest: Arc<Guest>,
    /// How many of a hundred visitors.
    pub percent: u8,
}

/// What a request says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It wants the canary.
    Always,
    /// It does not.
    Never,
    /// It is of this part of the visitors, below [`PARTS`].
    Of(u8),
}

impl Guest {
    /// The version that answers a part of this one's visitors, if there is one.
    pub fn canary(&self) -> Option<Arc<CanaryGuest>> {
        self.canary.load_full()
    }
}

impl CanaryGuest {
    /// Whether it answers visitors of a part.
    pub fn answers(&self, part: Part) -> bool {
        match part {
            Part::Always => true,
            Part::Never => false,
            Part::Of(part) => part < self.percent,
        }
    }
}

impl Registry {
    /// The canary that an app is to have and that is not there yet as it is to be. Ends one that is
    /// over. A canary belongs to the version beside which it was made: with that it goes.
    pub(super) fn missing_canary(&self, app: &App) -> Option<Canary> {
        if app.canary.is_none() {
            self.note_problem(&app.name, Trouble::Canary, None);
        }
        let active = self.routes().guest_of(&app.name).cloned()?;
        let there = active.canary();
        match app.canary {
            None => {
                if let Some(there) = there {
                    active.canary.store(None);
                    tracing::info!(app = app.name, version = there.guest.version, "the canary has ended");
                }
                None
            }
            Some(_) if app.active != Some(active.version) => None,
            Some(wanted) if there.is_some_and(|there| there.is_as(app, wanted)) => None,
            Some(wanted) => (!self.has_failed_canary(app, wanted)).then_some(wanted),
        }
    }

    /// Loads a canary. One that cannot be loaded answers nobody.
    pub(super) async fn load_canary(&self, app: &App, wanted: Canary) {
        let Some(active) = self.routes().guest_of(&app.name).cloned() else { return };
        match self.canary(app, &active, wanted).await {
            Ok(canary) => {
                let unset = &canary.guest.unset;
                let problem = (!unset.is_empty()).then(|| unset.join("; "));
                self.note_canary_problem(&app.name, wanted, problem);
                active.canary.store(Some(Arc::new(canary)));
                // Only now: whoever reads this line may ask for it and gets it.
                tracing::info!(app = app.name, version = wanted.version, percent = wanted.percent, "canary");
            }
            Err(error) => {
                active.canary.store(None);
                tracing::error!(app = app.name, version = wanted.version, "cannot load the canary: {error}");
                self.note_canary_problem(&app.name, wanted, Some(error.to_string()));
                self.canaries().failed.insert(app.name.clone(), (wanted, Instant::now()));
            }
        }
    }

    fn note_canary_problem(&self, app: &str, canary: Canary, problem: Option<String>) {
        let problem = problem.map(|problem| format!("the canary, version {}: {problem}", canary.version));
        self.note_problem(app, Trouble::Canary, problem);
    }

    /// Gives a canary up whose loading has broken off.
    pub(super) fn give_up_canary(&self, app: &str, canary: Canary, why: &str) {
        self.note_canary_problem(app, canary, Some(why.to_owned()));
        self.canaries().failed.insert(app.to_owned(), (canary, Instant::now()));
        self.note_loading_canary(app, false);
    }

    /// Says that a canary is being loaded, or is no more.
    pub(super) fn note_loading_canary(&self, app: &str, is_loading: bool) {
        let mut canaries = self.canaries();
        match is_loading {
            true => drop(canaries.loading.insert(app.to_owned())),
            false => drop(canaries.loading.remove(app)),
        }
    }

    pub(super) fn canaries(&self) -> MutexGuard<'_, Canaries> {
        self.canaries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_failed_canary(&self, app: &App, wanted: Canary) -> bool {
        let canaries = self.canaries();
        canaries.failed.get(&app.name).is_some_and(|(canary, at)| *canary == wanted && at.elapsed() < AGAIN)
    }

    async fn canary(&self, app: &App, active: &Guest, wanted: Canary) -> Result<CanaryGuest, LoadError> {
        let there = active.canary().filter(|there| there.guest.is_still(app, wanted.version));
        let guest = match there {
            Some(there) => Arc::clone(&there.guest),
            None => {
                let (version, pre) = self.compiled(app, wanted.version, None).await?;
                let settings = version.settings.as_deref();
                // Changing its settings does not let it begin anew.
                let before = active.canary().filter(|there| there.guest.is_version(app, version.number));
                let trial = match before {
                    Some(before) => before.guest.trial.clone(),
                    None => Some(Arc::default()),
                };
                let release = Release { number: version.number, settings, rehearsal: None, trial };
                Arc::new(self.assemble(app, release, active.app.space.clone(), pre, active.accounts.clone())?)
            }
        };
        Ok(CanaryGuest { guest, percent: wanted.percent })
    }
}

impl CanaryGuest {
    fn is_as(&self, app: &App, wanted: Canary) -> bool {
        self.percent == wanted.percent && self.guest.is_still(app, wanted.version)
    }
}
