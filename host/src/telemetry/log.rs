//! The log: one line per event on standard output, as JSON, logfmt or readable. See `log_line` for
//! what a line is, and `log_queue` for who writes it.
//!
//! Never logged: URLs of databases, cookies, tokens, values in statements, query strings.

use super::log_layer::LineLayer;
use super::log_queue::{LogGuard, LogQueue};
use super::log_ring::{self, RingBounds, RingLayer};
use super::samples;
use crate::config::{Limits, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless `INNKEEPER_LOG` says otherwise. Libraries only when something is wrong.
const DEFAULT_FILTER: &str = "warn,sqlx=error,innkeeper=info,guest=info,request=info";

/// Starts logging, and keeps the last lines in memory. What is waiting is written when the guard is
/// dropped.
pub fn start(format: LogFormat, filter: Option<&str>, limits: &Limits) -> std::io::Result<LogGuard> {
    let (queue, guard) = LogQueue::start(std::io::stdout())?;
    let mut filter =
        EnvFilter::try_new(filter.unwrap_or(DEFAULT_FILTER)).unwrap_or_else(|_| DEFAULT_FILTER.into());
    // Samples have a switch of their own.
    if let Ok(always) = format!("{}=info", samples::TARGET).parse() {
        filter = filter.add_directive(always);
    }
    let kept = RingBounds { bytes: limits.kept_log_bytes, lines: limits.kept_log_lines };
    let log = tracing_subscriber::registry().with(filter).with(RingLayer(log_ring::start(kept)));
    // A second call, as tests in one process make, keeps the first log.
    let _ = log.with(LineLayer::new(format, queue)).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        tracing::error!(place, "panic: {message}");
    }));
    Ok(guard)
}
