//! Waits until every live host serves what was made active.

use super::control::Control;
use super::output;
use crate::operations::HostView;
use anyhow::bail;
use std::time::{Duration, Instant};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(300);
/// A host that has not followed by then does not.
const LONGEST: Duration = Duration::from_secs(120);
const NOT_BY_ALL: &str = "made active, and not served by every host";

/// Ends when every live host serves an app as it is from `generation` on. An error that names the
/// hosts that do not, also those that have fallen silent meanwhile: they may still answer visitors.
pub(super) async fn wait(control: &Control, app: &str, generation: i64) -> anyhow::Result<()> {
    let began = Instant::now();
    let at_first = control.hosts().await?;
    let was_live = |host: &HostView| at_first.iter().any(|first| first.live && first.id == host.id);
    loop {
        let lagging = control.lagging(app, generation).await?;
        if lagging.is_empty() {
            let hosts = control.hosts().await?;
            // One that ends in order is not in the list any more.
            let silent = hosts.iter().filter(|host| !host.live && was_live(host));
            let silent: Vec<String> = silent
                .filter(|host| host.generation < generation || host.loading.iter().any(|name| name == app))
                .map(|host| format!("{} ({}): it fell silent before it said so", host.name, host.id))
                .collect();
            if !silent.is_empty() {
                bail!("{NOT_BY_ALL}: {}", silent.join("; "));
            }
            match hosts.iter().filter(|host| host.live).count() {
                0 => output::note("no host serves this database now"),
                hosts => output::note(format!(
                    "served by every host ({hosts}) after {:.1} s",
                    began.elapsed().as_secs_f64()
                )),
            }
            return Ok(());
        }
        if lagging.iter().all(|host| host.is_final) || began.elapsed() > LONGEST {
            let list: Vec<String> =
                lagging.iter().map(|lagging| format!("{}: {}", lagging.host, lagging.reason)).collect();
            bail!("{NOT_BY_ALL}: {}", list.join("; "));
        }
        tokio::time::sleep(EVERY).await;
    }
}
