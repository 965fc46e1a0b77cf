//! What a host that serves tells of itself all the time: samples in the log, and what a collector
//! gets.

use crate::config::Config;
use crate::guests::Registry;
use crate::telemetry::otlp::{self, Measure, Otlp};
use crate::telemetry::samples;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long the last spans and figures may take to leave. The whole end has 25 s.
const LAST: Duration = Duration::from_secs(2);

/// Tells until it is ended.
pub(super) struct Telling {
    samples: Option<JoinHandle<()>>,
    otlp: Otlp,
    over: CancellationToken,
}

impl Telling {
    /// What cannot be told keeps nobody from serving; the log says so.
    pub(super) fn begin(config: &Config, registry: &Arc<Registry>) -> Self {
        let (over, registry) = (CancellationToken::new(), Arc::downgrade(registry));
        let measure: Measure =
            Arc::new(move || registry.upgrade().map(|registry| registry.measured()).unwrap_or_default());
        let otlp = match config.otlp.is_on() {
            true => otlp::start(&config.otlp, Arc::clone(&measure)).unwrap_or_else(|error| {
                tracing::warn!("no traces and metrics are sent: {error}");
                Otlp::default()
            }),
            false => Otlp::default(),
        };
        let samples = config.web.log_samples.map(|every| {
            let (source, memory, over) = (config.machine(), config.memory_bytes, over.clone());
            tokio::spawn(async move {
                samples::write(&source, every, memory, || measure(), over.cancelled()).await;
            })
        });
        Self { samples, otlp, over }
    }

    /// Tells the last of it, and takes no longer than it may.
    pub(super) async fn end(self) {
        self.over.cancel();
        self.otlp.end(LAST).await;
        if let Some(samples) = self.samples {
            // It has ended at once, unless it has panicked.
            let _ = samples.await;
        }
    }
}
