//! The log: one line per event on standard output, as JSON or readable, written by a thread of its own.
//!
//! Never logged: URLs of databases, cookies, tokens, values in statements, query strings.

use crate::config::LogFormat;
use std::io::BufWriter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// What is logged unless `INNKEEPER_LOG` says otherwise. Libraries only when something is wrong.
const DEFAULT_FILTER: &str = "warn,sqlx=error,innkeeper=info,guest=info,request=info";
/// Lines that may wait for the writer; then requests wait for it too, so that none is lost.
const WAITING_LINES: usize = 4096;
/// Bytes that are written to standard output in one call.
const WRITE_BYTES: usize = 64 << 10;

/// Starts logging. What is waiting is written when the guard is dropped.
pub fn start(format: LogFormat, filter: Option<&str>) -> WorkerGuard {
    // The writing thread flushes when no line is waiting: under load many lines go out in one call.
    let output = BufWriter::with_capacity(WRITE_BYTES, std::io::stdout());
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(false).buffered_lines_limit(WAITING_LINES).finish(output);
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT_FILTER)).unwrap_or_else(|_| DEFAULT_FILTER.into());
    let log = fmt().with_env_filter(filter).with_writer(writer);
    // A second call, as tests in one process make, keeps the first log.
    let _ = match format {
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
        LogFormat::Text => log.with_ansi(false).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        tracing::error!(place, "panic: {message}");
    }));
    guard
}
