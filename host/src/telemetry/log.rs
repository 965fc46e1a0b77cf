//! The log: one line per event on standard output, as JSON, logfmt or readable. See `log_line` for
//! what a line is, and `log_queue` for who writes it.
//!
//! Never logged: URLs of databases, cookies, tokens, values in statements, query strings.

use super::log_layer::LineLayer;
use super::log_queue::{LogGuard, LogQueue};
use super::log_ring::{self, RingBounds, RingLayer};
use super::samples;
use crate::config::{Limits, LogFormat};
use std::io::Write;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless `INNKEEPER_LOG` says otherwise. Libraries only when something is wrong.
const DEFAULT_FILTER: &str = "warn,sqlx=error,innkeeper=info,guest=info,request=info";
/// The same for what is said beside a result: what guests print, and what goes wrong.
const FILTER_BESIDE: &str = "warn,sqlx=error,guest=info";

/// Starts logging, and keeps the last lines in memory. What is waiting is written when the guard is
/// dropped.
pub fn start(format: LogFormat, filter: Option<&str>, limits: &Limits) -> std::io::Result<LogGuard> {
    start_to(std::io::stdout(), format, filter.unwrap_or(DEFAULT_FILTER), limits)
}

/// The same on standard error, and less of it unless a filter says otherwise: for a command whose
/// result is what another program prints.
pub fn start_beside(format: LogFormat, filter: Option<&str>, limits: &Limits) -> std::io::Result<LogGuard> {
    start_to(std::io::stderr(), format, filter.unwrap_or(FILTER_BESIDE), limits)
}

fn start_to(
    out: impl Write + Send + 'static,
    format: LogFormat,
    filter: &str,
    limits: &Limits,
) -> std::io::Result<LogGuard> {
    let (queue, guard) = LogQueue::start(out)?;
    queue.is_of_process();
    // Samples have a switch of their own.
    let filter = targets(filter).with_target(samples::TARGET, LevelFilter::INFO);
    let kept = RingBounds { bytes: limits.kept_log_bytes, lines: limits.kept_log_lines };
    let log = tracing_subscriber::registry().with(filter).with(filter_fn(is_fit));
    let log = log.with(RingLayer(log_ring::start(kept)));
    // A second call, as tests in one process make, keeps the first log.
    let _ = log.with(LineLayer::new(format, queue)).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        tracing::error!(place, "panic: {message}");
    }));
    Ok(guard)
}

/// What a filter lets through, which the configuration has checked. Errors of targets that it does
/// not name are let through as well, unless it says how it is with all others.
fn targets(filter: &str) -> Targets {
    format!("error,{filter}").parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO))
}

/// What guests call and are answered is traced there with all of it: query strings, bodies, rows.
fn is_fit(metadata: &Metadata<'_>) -> bool {
    *metadata.level() < Level::TRACE || !metadata.target().starts_with("wasmtime_wasi")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::log_queue::switches_at_best;
    use super::*;
    use crate::telemetry::log_ring::RingBounds;
    use std::time::{Duration, Instant};

    /// With the filter, the ring and the line itself. The test of the queue shows the same of that.
    #[test]
    fn a_line_costs_whoever_logs_no_context_switch() {
        let (queue, guard) = LogQueue::start(std::io::sink()).expect("a thread");
        let ring = RingLayer(log_ring::start(RingBounds { bytes: 1 << 20, lines: 1000 }));
        let log = tracing_subscriber::registry().with(targets(DEFAULT_FILTER)).with(filter_fn(is_fit));
        let log = log.with(ring).with(LineLayer::new(LogFormat::Json, queue));
        let switched = tracing::subscriber::with_default(log, || {
            let say = |number: u64| {
                tracing::info!(target: "request", request_id = "8f-1", app = "shop", status = 200, number, "GET /");
            };
            say(0);
            switches_at_best(|| {
                for round in 1..=100 {
                    (0..20).for_each(|_| say(round));
                    // Long enough that the writer takes what there is meanwhile, and at times
                    // longer than it stays awake.
                    let pause =
                        if round % 25 == 0 { Duration::from_millis(250) } else { Duration::from_millis(2) };
                    let began = Instant::now();
                    while began.elapsed() < pause {
                        std::hint::spin_loop();
                    }
                }
            })
        });
        assert_eq!(switched, Some(0));
        drop(guard);
    }
}
