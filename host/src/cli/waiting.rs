//! Waits until every live host serves what was made active.

use super::control::Control;
use super::output;
use anyhow::bail;
use std::time::{Duration, Instant};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(300);
/// A host that has not followed by then does not.
const LONGEST: Duration = Duration::from_secs(120);

/// Ends when every live host serves an app as it is from `generation` on. An error that names the
/// hosts that do not.
pub(super) async fn wait(control: &Control, app: &str, generation: i64) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let lagging = control.lagging(app, generation).await?;
        if lagging.is_empty() {
            let hosts = control.hosts().await?.iter().filter(|host| host.live).count();
            match hosts {
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
            bail!("made active, and not served by every host: {}", list.join("; "));
        }
        tokio::time::sleep(EVERY).await;
    }
}
