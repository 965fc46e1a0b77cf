//! Clears away what has had its time: blobs that nothing kept, sessions that have ended. In small
//! batches, so that no lock lasts, and of each app by one process at a time. What a request of this
//! process has left half made goes at once.

use super::registry::Registry;
use crate::storage::blobs::usage;
use crate::storage::sweeping::{self, What};
use crate::storage::{AppSpace, Result, Transactions, UnitOfWork, now_micros};
use crate::telemetry::metrics;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A process that is restarted every few minutes is to sweep too.
const FIRST: Duration = Duration::from_secs(5);
const EVERY: Duration = Duration::from_secs(300);
const COUNT_EVERY: Duration = Duration::from_secs(3600);
/// A blob that is still being received after this long was left behind by a request that came to a
/// bad end.
const RECEIVING: Duration = Duration::from_secs(120);

/// Sweeps soon after the start and then every few minutes, and removes what becomes of no use
/// meanwhile, until `stop`.
pub async fn sweep(registry: Arc<Registry>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = sweep_now_and_then(&registry) => {}
        () = registry.discards().work() => {}
    }
}

async fn sweep_now_and_then(registry: &Registry) {
    let every = EVERY.min(registry.limits().staged_blob_lifetime);
    let mut counted: Option<Instant> = None;
    let mut pause = FIRST.min(every);
    loop {
        tokio::time::sleep(jittered(pause)).await;
        if !registry.is_loaded() {
            continue;
        }
        let counts = counted.is_none_or(|at| at.elapsed() > COUNT_EVERY);
        if counts {
            counted = Some(Instant::now());
        }
        if let Err(error) = registry.database().sweep_component_uploads().await {
            tracing::warn!("cannot sweep uploads of components: {error}");
        }
        if let Err(error) = registry.database().sweep_staged_components().await {
            tracing::warn!("cannot sweep components that were not deployed: {error}");
        }
        if let Err(error) = registry.database().sweep_ended_sessions().await {
            tracing::warn!("cannot sweep sessions of the dashboard that have ended: {error}");
        }
        let spaces: Vec<AppSpace> = registry.routes().guests().map(|guest| guest.app.space.clone()).collect();
        for space in spaces {
            if let Err(error) = space.complete_indexes().await {
                tracing::warn!(app = %space.app(), "cannot make an index: {error}");
            }
            if let Err(error) = sweep_app(registry, &space).await {
                tracing::warn!(app = %space.app(), "cannot sweep: {error}");
            }
            if counts && let Err(error) = recount(&space).await {
                tracing::warn!(app = %space.app(), "cannot count files: {error}");
            }
        }
        pause = every;
    }
}

/// The count of an app's files is exact by itself. During a release an older host that does not
/// count may work beside this one.
async fn recount(space: &AppSpace) -> Result<()> {
    let mut unit = UnitOfWork::new(space.clone(), Transactions::Request);
    let found = usage::recount(&mut unit, true).await?;
    if found.noted != found.counted {
        tracing::warn!(app = %space.app(), noted = found.noted, counted = found.counted, "the count of its files was off");
    }
    Ok(())
}

async fn sweep_app(registry: &Registry, space: &AppSpace) -> Result<()> {
    let (staged, receiving) = deadlines(registry.limits());
    let blobs = sweeping::sweep(space, What::Blobs { staged, receiving }).await?;
    metrics::blobs_swept(space.app(), blobs);
    sweeping::sweep(space, What::Tickets { now: now_micros() }).await?;
    let began = std::time::Instant::now();
    let sessions = sweeping::sweep(space, What::Sessions { now: now_micros() }).await?;
    metrics::sessions_swept(space.app(), sessions);
    if sessions > 0 {
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(app = %space.app(), sessions, duration_ms, "swept sessions that have ended");
    }
    Ok(())
}

/// Between half and one and a half of a time, so that processes that were started together do not
/// sweep together.
fn jittered(time: Duration) -> Duration {
    let mut random = [128u8; 1];
    // Without random numbers they do.
    let _ = getrandom::fill(&mut random);
    time.mul_f64(0.5 + f64::from(random[0]) / 255.0)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Since when (microseconds since 1970) a staged blob, and one that is being received, has to be
/// there for its time to be over.
pub fn deadlines(limits: &crate::config::Limits) -> (i64, i64) {
    let lifetime = limits.staged_blob_lifetime;
    let receiving = lifetime.min(RECEIVING.max(limits.wall_per_request * 2));
    let now = now_micros();
    (now.saturating_sub(micros(lifetime)), now.saturating_sub(micros(receiving)))
}
