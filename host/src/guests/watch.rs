//! Learns that the registry has changed, whoever changed it: asks for its generation every second. While the database is away the guests
//! that are loaded go on, and the first answer after it brings everything up to date.

use super::keys;
use super::registry::Registry;
use crate::storage::{Code, Error};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(1);

/// Keeps `registry` up to date until `stop`, and compiles what is to be compiled. Migrates the host tables before it first reads them.
pub async fn watch(registry: Arc<Registry>, stop: CancellationToken) {
    tokio::select! {
        () = look_on(&registry, &stop) => {}
        () = registry.compile() => {}
    }
    registry.routes().guests().for_each(|guest| guest.accounts.log.close());
}

async fn look_on(registry: &Registry, stop: &CancellationToken) {
    let mut seen = Seen::default();
    let mut outage = None;
    loop {
        match refresh(registry, &mut seen).await {
            Ok(()) => {
                if outage.take().is_some() {
                    tracing::info!("the database is back");
                }
            }
            Err(error) => report(&mut outage, &error),
        }
        registry.settle(seen.compiled);
        registry.routes().guests().for_each(|guest| guest.accounts.log.look());
        tokio::select! {
            () = stop.cancelled() => return,
            () = registry.waiting.next_done() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// What has been done.
#[derive(Debug, Default)]
struct Seen {
    /// The generation that was loaded.
    generation: Option<i64>,
    /// How many versions had been compiled by then.
    compiled: u64,
    /// Whether no app of it is closed.
    whole: bool,
    /// When the keys were loaded; none where that is to be tried again.
    keys: Option<Instant>,
    /// Why they could not be, the last time.
    no_keys: Option<String>,
}

async fn refresh(registry: &Registry, seen: &mut Seen) -> Result<(), Error> {
    if seen.generation.is_none() {
        migrate(registry).await?;
    }
    let generation = registry.database().generation().await?;
    if seen.generation != Some(generation) || seen.keys.is_none_or(|at| at.elapsed() > keys::LOOK_EVERY) {
        load_keys(registry, seen).await?;
    }
    // Before it is loaded: what is done meanwhile is a reason to look again.
    let compiled = registry.waiting.done();
    let is_new = seen.generation != Some(generation) || seen.compiled != compiled;
    if is_new || registry.waiting.has_another_try() {
        seen.whole = registry.reload().await?;
        seen.generation = Some(generation);
        seen.compiled = compiled;
    } else if !seen.whole {
        seen.whole = registry.reopen().await?;
    }
    Ok(())
}

/// An app that signs nothing can do without keys: what is wrong is said once, and tried again at the next look.
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
        Err(error) if error.code == Code::ReadOnly => Ok(()),
        result => result.map(|_| ()),
    }
}

/// One line when an outage begins and whenever its reason changes, not one a second.
fn report(outage: &mut Option<String>, error: &Error) {
    let text = error.to_string();
    if outage.as_ref() != Some(&text) {
        tracing::error!("the registry cannot be read: {text}");
        *outage = Some(text);
    }
}
