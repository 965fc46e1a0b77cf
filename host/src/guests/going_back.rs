//! Replaces a version that fails on its first requests by the one before it, and a canary by the
//! active version. Who comes first of several processes does it.

use super::registry::{Guest, Registry};
use super::trial::Ending;
use crate::storage::app_migrations::{self, Applied};
use crate::storage::registry::{self, Activate, ActivationKind, Actor, App};
use crate::storage::{Error, Transactions, UnitOfWork};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A version that is to be replaced.
#[derive(Debug)]
pub(super) struct Failing {
    app: Arc<str>,
    version: i64,
    reason: String,
}

/// Takes note of versions that fail.
#[derive(Debug, Clone)]
pub(super) struct Judge(mpsc::UnboundedSender<Failing>);

impl Judge {
    /// With what comes of it.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Failing>) {
        let (sender, failing) = mpsc::unbounded_channel();
        (Self(sender), failing)
    }
}

impl Guest {
    /// Whether a request that began before `outages` were counted is a sign of how good the version
    /// is, and if so, counts it.
    pub fn judge(&self, ending: Ending, outages: u64) {
        let Some(trial) = &self.trial else { return };
        if self.app.space.outages() != outages {
            return;
        }
        if let Some(reason) = trial.count(ending) {
            let app = Arc::clone(self.app.space.app());
            // Nobody hears it any more where the host stops.
            let _ = self.judge.0.send(Failing { app, version: self.version, reason });
        }
    }
}

impl Registry {
    /// Replaces a version that fails.
    pub(super) async fn go_back(&self, failing: &Failing) {
        let Failing { app, version, reason } = failing;
        match self.replace(failing).await {
            Ok(Outcome::Replaced(before)) => {
                tracing::error!(app = %app, version, "went back to version {before} by itself: {reason}");
            }
            Ok(Outcome::CanaryEnded) => {
                tracing::error!(app = %app, version, "the canary was ended by itself: {reason}");
            }
            Ok(Outcome::Nothing(why)) => {
                tracing::error!(app = %app, version, "the version fails ({reason}) and stays active: {why}");
            }
            Ok(Outcome::Elsewhere) => {}
            Err(error) => {
                tracing::error!(app = %app, version, "the version fails ({reason}) and stays active: {error}")
            }
        }
    }

    async fn replace(&self, failing: &Failing) -> Result<Outcome, Error> {
        let Failing { app, version, reason } = failing;
        let found = self.database().app(app).await?;
        if found.canary.is_some_and(|canary| canary.version == *version) {
            let ended = self.database().abort_canary(app, *version, &Actor::host(), reason, true).await?;
            return Ok(if ended { Outcome::CanaryEnded } else { Outcome::Elsewhere });
        }
        if found.active != Some(*version) {
            return Ok(Outcome::Elsewhere);
        }
        let activations = self.database().activations(app).await?;
        let Some(before) = registry::before(&activations, *version) else {
            return Ok(Outcome::Nothing("there is none before it".to_owned()));
        };
        if self.database().version(app, before).await?.is_none() {
            return Ok(Outcome::Nothing(format!("version {before} has been removed")));
        }
        let unknown = self.unknown_migrations(&found, before).await?;
        if let Some(migration) = unknown.iter().find(|migration| !migration.destroyed.is_empty()) {
            let destroyed = migration.destroyed.join(", ");
            return Ok(Outcome::Nothing(format!(
                "version {before} does not know the migration {}, which has destroyed {destroyed}; innkeeper rollback --force goes back",
                migration.name
            )));
        }
        let host = Actor::host();
        let activated = self.database().activate(Activate {
            app,
            version: before,
            kind: ActivationKind::Automatic,
            actor: &host,
            note: Some(reason),
            instead_of: Some(*version),
            from_canary: false,
        });
        Ok(activated.await?.map_or(Outcome::Elsewhere, |_| Outcome::Replaced(before)))
    }

    /// Migrations that have been run in an app's tables by later versions and that a version does
    /// not know.
    pub async fn unknown_migrations(&self, app: &App, version: i64) -> Result<Vec<Applied>, Error> {
        let mut unit = UnitOfWork::new(self.space_of(app).await?, Transactions::Request);
        let known = app_migrations::known(&mut unit, version).await?;
        let mut applied = app_migrations::applied(&mut unit).await?;
        applied.retain(|step| step.version.is_some_and(|by| by > version) && !known.contains(&step.name));
        Ok(applied)
    }
}

enum Outcome {
    /// By this version.
    Replaced(i64),
    CanaryEnded,
    /// Why not.
    Nothing(String),
    /// Somebody else has done something.
    Elsewhere,
}
