//! Clears away what has had its time: blobs that nothing kept, sessions that have ended. In small batches, so that no lock lasts.

use super::registry::Registry;
use crate::storage::connection::Control;
use crate::storage::{AppSpace, Result, blobs, now_micros, sessions};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(300);
const BATCH: u32 = 500;
/// A blob that is still being received after this long was left behind by a request that came to a bad end.
const RECEIVING: Duration = Duration::from_secs(120);

/// Sweeps every few minutes until `stop`. Hosts that sweep the same database at once do no harm: each row goes once.
pub async fn sweep(registry: Arc<Registry>, stop: CancellationToken) {
    let every = EVERY.min(registry.limits().staged_blob_lifetime);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        let spaces: Vec<AppSpace> = registry.routes().guests().map(|guest| guest.app.space.clone()).collect();
        for space in spaces {
            if let Err(error) = sweep_app(&registry, &space).await {
                tracing::warn!(app = %space.app(), "cannot sweep: {error}");
            }
        }
    }
}

async fn sweep_app(registry: &Registry, space: &AppSpace) -> Result<()> {
    let lifetime = registry.limits().staged_blob_lifetime;
    let before = now_micros().saturating_sub(micros(lifetime));
    let receiving =
        now_micros().saturating_sub(micros(lifetime.min(RECEIVING.max(registry.limits().wall_per_request * 2))));
    while sweep_blobs(space, before, receiving).await? > 0 {}
    while sessions::sweep(&mut space.upkeep().await?, now_micros(), BATCH).await? > 0 {}
    Ok(())
}

async fn sweep_blobs(space: &AppSpace, before: i64, receiving: i64) -> Result<u64> {
    let mut connection = space.upkeep().await?;
    connection.control(Control::Begin(None)).await?;
    let swept = blobs::sweep(&mut connection, space.app(), before, receiving, BATCH).await?;
    connection.control(Control::Commit).await.map(|()| swept)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Since when (microseconds since 1970) a staged blob, and one that is being received, has to be there for its time to be over.
pub fn deadlines(limits: &crate::config::Limits) -> (i64, i64) {
    let lifetime = limits.staged_blob_lifetime;
    let receiving = lifetime.min(RECEIVING.max(limits.wall_per_request * 2));
    let now = now_micros();
    (now.saturating_sub(micros(lifetime)), now.saturating_sub(micros(receiving)))
}
