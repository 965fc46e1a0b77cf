//! Replaces a version that fails on its first requests by the one before it, and a canary by the
//! active version. Who comes first of several processes does it. What cannot be written down is
//! tried again for as long as the version is active, or the canary.

use super::registry::{Guest, Registry};
use super::trial::Ending;
use crate::interfaces::OutageNote;
use crate::storage::app_migrations::{self, Applied};
use crate::storage::registry::{self, Activate, ActivationKind, Actor, App};
use crate::storage::{Error, Transactions, UnitOfWork};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What could not be written down is tried again after this long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A version that is to be replaced.
#[derive(Debug)]
pub(super) struct Failing {
    app: Arc<str>,
    /// An app that was deleted and deployed anew is another one.
    created_at: i64,
    version: i64,
    reason: String,
    /// Why it could not be replaced, the last time.
    last_error: Option<String>,
}

/// Where guests report that their version fails.
#[derive(Debug, Clone)]
pub(super) struct FailureReports(mpsc::UnboundedSender<Failing>);

impl FailureReports {
    /// And where the reports are read.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Failing>) {
        let (sender, failing) = mpsc::unbounded_channel();
        (Self(sender), failing)
    }
}

impl Guest {
    /// Counts how a request ended, while the version is on trial. One that was told that the
    /// database cannot be used says nothing about the version.
    pub fn judge(&self, ending: Ending, outage: &OutageNote) {
        let Some(trial) = &self.trial else { return };
        if outage.is_set() {
            return;
        }
        if let Some(reason) = trial.count(ending) {
            let app = Arc::clone(self.app.space.app());
            let (created_at, version) = (self.created_at(), self.version);
            let failing = Failing { app, created_at, version, reason, last_error: None };
            // Nobody hears it any more where the host stops.
            let _ = self.failure_reports.0.send(failing);
        }
    }
}

/// Replaces the versions that fail, for ever.
pub(super) async fn replace_failing(registry: &Registry) {
    let mut reports = registry.failing.lock().await;
    let mut failing: Vec<Failing> = Vec::new();
    loop {
        tokio::select! {
            Some(next) = reports.recv() => failing.push(next),
            () = tokio::time::sleep(RETRY_AFTER), if !failing.is_empty() => {}
        }
        for mut one in std::mem::take(&mut failing) {
            if !registry.go_back(&mut one).await {
                failing.push(one);
            }
        }
    }
}

impl Registry {
    /// Replaces a version that fails. False where that is to be tried again.
    async fn go_back(&self, failing: &mut Failing) -> bool {
        let replaced = self.replace(failing).await;
        let Failing { app, version, reason, last_error, .. } = failing;
        match replaced {
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
                let text = error.to_string();
                if last_error.as_ref() != Some(&text) {
                    tracing::error!(app = %app, version, "the version fails ({reason}) and cannot be replaced yet: {text}");
                }
                *last_error = Some(text);
                return false;
            }
        }
        true
    }

    async fn replace(&self, failing: &Failing) -> Result<Outcome, Error> {
        let Failing { app, created_at, version, reason, .. } = failing;
        let found = self.database().find_app(app).await?;
        let Some(found) = found.filter(|found| found.created_at == *created_at && found.deleted_at.is_none())
        else {
            return Ok(Outcome::Elsewhere);
        };
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
