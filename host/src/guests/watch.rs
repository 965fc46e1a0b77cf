//! Learns that the registry has changed, whoever changed it: asks for its generation every second,
//! and at once when the database says that there is something new. While the database is away the
//! guests that are loaded go on, and the first answer after it brings everything up to date.

use super::going_back;
use super::heartbeat::Heartbeat;
use super::keys;
use super::loading::{About, Load};
use super::registry::Registry;
use crate::storage::Error;
use crate::storage::registry::{App, Canary};
use futures_util::FutureExt;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(1);
/// Between two looks that hints ask for.
const HINTS_PAUSE: Duration = Duration::from_millis(100);
/// Loads that end within this time are one reason for a look.
const TOGETHER: Duration = Duration::from_millis(50);
/// What failed to be compiled for the host itself is tried again after this long.
const TRIMMER_AGAIN: Duration = Duration::from_secs(60);
/// Why a load has broken off; the log has the rest.
const PANICKED: &str = "a function of the host panicked while it was loaded";

/// Keeps `registry` up to date until `stop`. Migrates the host tables before it first reads them.
pub async fn watch(registry: Arc<Registry>, stop: CancellationToken) {
    tokio::select! {
        () = keep_up(&registry, &stop) => {}
        () = serve_trimmer(&registry) => {}
        () = listen(&registry) => {}
        () = going_back::replace_failing(&registry) => {}
    }
    registry.routes().guests().for_each(|guest| guest.accounts.log.close());
}

/// Compiles what gives memory back once that is wanted, for ever.
async fn serve_trimmer(registry: &Registry) {
    loop {
        if let Err(error) = registry.compiler.serve_trimmer().await {
            tracing::warn!("what gives memory back after a crowd cannot be compiled: {error}");
            tokio::time::sleep(TRIMMER_AGAIN).await;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Passes on what the database says of changes, for ever. Anybody who is let into the database can
/// say it, so only so often.
async fn listen(registry: &Registry) {
    let Some(mut hints) = registry.config().listens.then(|| registry.database().hints()).flatten() else {
        return std::future::pending().await;
    };
    loop {
        hints.next().await;
        registry.look_now();
        tokio::time::sleep(HINTS_PAUSE).await;
    }
}

async fn keep_up(registry: &Arc<Registry>, stop: &CancellationToken) {
    let mut seen = Seen::default();
    let mut loading = Loading::default();
    let mut heartbeat = Heartbeat::new(registry.config());
    loop {
        let refreshed = refresh(registry, &mut seen).await.map(|loads| loading.begin(registry, loads));
        let is_read = refreshed.is_ok();
        report(registry, refreshed);
        if loading.has_failed() {
            // What could not be loaded is found again by reading the list again.
            seen.generation = None;
        }
        if is_read {
            loading.begin_canaries(registry, &seen.apps);
            if let Some(generation) = seen.generation {
                heartbeat.beat(registry, generation).await;
            }
        }
        registry.routes().guests().for_each(|guest| guest.accounts.log.look());
        tokio::select! {
            () = stop.cancelled() => break,
            () = registry.look.notified() => {}
            () = loading.some_have_ended() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    heartbeat.end(registry).await;
}

/// The loads that are under way. They end with it.
#[derive(Debug, Default)]
struct Loading {
    tasks: JoinSet<Result<(), Error>>,
    /// The newest of each app.
    newest: HashMap<String, AbortHandle>,
    canaries: HashMap<String, (Canary, AbortHandle)>,
    has_failed: bool,
    /// Why one has failed, the last time.
    reason: Option<String>,
}

impl Loading {
    /// Begins to load apps. An older load of the same app is given up.
    fn begin(&mut self, registry: &Arc<Registry>, loads: Vec<Load>) {
        self.newest.retain(|_, load| !load.is_finished());
        for load in loads {
            let (registry, app) = (Arc::clone(registry), load.app.name.clone());
            let task = self.tasks.spawn(async move {
                let loaded = AssertUnwindSafe(registry.load(load.clone())).catch_unwind().await;
                loaded.unwrap_or_else(|_| {
                    registry.give_up(&load, PANICKED);
                    Ok(())
                })
            });
            if let Some(older) = self.newest.insert(app, task) {
                older.abort();
            }
        }
    }

    /// Begins to load the canaries that are missing, and ends those that are over.
    fn begin_canaries(&mut self, registry: &Arc<Registry>, apps: &[App]) {
        self.canaries.retain(|_, (_, load)| !load.is_finished());
        // One whose row cannot be read goes on as it is.
        for app in apps.iter().filter(|app| app.problem.is_none()) {
            let Some(wanted) = registry.missing_canary(app) else { continue };
            let under_way = self.canaries.get(&app.name).is_some_and(|(canary, _)| *canary == wanted);
            if under_way {
                continue;
            }
            let (registry, app) = (Arc::clone(registry), app.clone());
            let name = app.name.clone();
            registry.note_loading_canary(&name, true);
            let task = self.tasks.spawn(async move {
                match AssertUnwindSafe(registry.load_canary(&app, wanted)).catch_unwind().await {
                    Ok(()) => registry.note_loading_canary(&app.name, false),
                    Err(_) => registry.give_up_canary(&app.name, wanted, PANICKED),
                }
                Ok(())
            });
            if let Some((_, older)) = self.canaries.insert(name, (wanted, task)) {
                older.abort();
            }
        }
    }

    /// Ends a moment after a load has ended, so that many that end together count as one.
    async fn some_have_ended(&mut self) {
        let Some(ended) = self.tasks.join_next().await else { return std::future::pending().await };
        self.note(ended);
        tokio::time::sleep(TOGETHER).await;
    }

    /// Whether one has ended since the last look because the host's database failed.
    fn has_failed(&mut self) -> bool {
        while let Some(ended) = self.tasks.try_join_next() {
            self.note(ended);
        }
        std::mem::take(&mut self.has_failed)
    }

    /// The reason of one that failed is logged unless it was the last one too.
    fn note(&mut self, ended: Result<Result<(), Error>, JoinError>) {
        let Ok(Err(error)) = ended else { return };
        self.has_failed = true;
        let reason = error.to_string();
        if self.reason.as_ref() != Some(&reason) {
            tracing::error!("an active version cannot be loaded yet: {reason}");
        }
        self.reason = Some(reason);
    }
}

/// What has been done.
#[derive(Debug, Default)]
struct Seen {
    /// Whether the host's tables are up to date.
    migrated: bool,
    /// The generation that was read.
    generation: Option<i64>,
    /// The apps as they were then.
    apps: Vec<App>,
    /// When the keys were loaded; none where that is to be tried again.
    keys: Option<Instant>,
    /// Why they could not be, the last time.
    no_keys: Option<String>,
}

/// Returns what is to be loaded.
async fn refresh(registry: &Registry, seen: &mut Seen) -> Result<Vec<Load>, Error> {
    if !seen.migrated {
        migrate(registry).await?;
        seen.migrated = true;
    }
    let generation = registry.database().generation().await?;
    if seen.generation != Some(generation) || seen.keys.is_none_or(|at| at.elapsed() > keys::LOOK_EVERY) {
        load_keys(registry, seen).await?;
    }
    if seen.generation == Some(generation) {
        return registry.reopen().await;
    }
    let mut apps = registry.database().apps().await?;
    apps.retain(|app| app.deleted_at.is_none());
    let versions = registry.database().active_versions().await?;
    let spaces = registry.database().apps_with_space().await?;
    let loads = registry.reload(&apps, About { versions, spaces });
    (seen.generation, seen.apps) = (Some(generation), apps);
    Ok(loads)
}

/// An app that signs nothing can do without keys: what is wrong is said once, and tried again at
/// the next look.
async fn load_keys(registry: &Registry, seen: &mut Seen) -> Result<(), Error> {
    seen.keys = None;
    match keys::refresh(registry).await {
        Err(error) if error.is_outage() => return Err(error),
        Err(error) => {
            let text = error.to_string();
            if seen.no_keys.as_ref() != Some(&text) {
                tracing::error!("the keys that sign URLs cannot be read: {text}");
            }
            seen.no_keys = Some(text);
        }
        Ok(()) => {
            seen.keys = Some(Instant::now());
            seen.no_keys = None;
        }
    }
    Ok(())
}

/// A database that takes no writes for now may well have the tables already.
async fn migrate(registry: &Registry) -> Result<(), Error> {
    match registry.database().migrate().await {
        Err(error) if error.takes_no_writes() => Ok(()),
        result => result.map(|_| ()),
    }
}

/// One line when an outage begins and whenever its reason changes, not one a second.
fn report(registry: &Registry, result: Result<(), Error>) {
    let (before, now) = (registry.outage(), result.err().map(|error| error.to_string()));
    match &now {
        Some(text) if before.as_deref() == Some(text) => return,
        Some(text) => tracing::error!("the registry cannot be read: {text}"),
        None if before.is_some() => tracing::info!("the database is back"),
        None => return,
    }
    registry.note_outage(now);
}
