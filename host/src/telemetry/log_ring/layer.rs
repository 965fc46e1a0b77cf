//! Puts each event that passes the log's filter into the ring.

use super::LogRing;
use super::line::{Level, Source, Stored};
use crate::telemetry::traces;
use std::fmt::{Debug, Write};
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Longer texts are cut off. Lines of guests are shorter.
const LONGEST_TEXT: usize = 8 << 10;
const CUT: &str = " ... (cut off)";

/// A layer of `tracing` that writes into the ring.
#[derive(Debug)]
pub(in crate::telemetry) struct RingLayer(pub(in crate::telemetry) &'static LogRing);

impl<S: Subscriber> Layer<S> for RingLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let app = std::mem::take(&mut fields.app);
        self.0.push(&app, fields.line(event));
    }
}

/// What an event says.
#[derive(Debug, Default)]
struct Fields {
    app: String,
    version: Option<i64>,
    request_id: Option<String>,
    stream: Option<Source>,
    message: String,
    others: String,
}

impl Fields {
    fn line(self, event: &Event<'_>) -> Stored {
        let metadata = event.metadata();
        let source = match metadata.target() {
            "request" => Source::Request,
            "guest" => self.stream.unwrap_or(Source::Host),
            _ => Source::Host,
        };
        let mut text = self.message;
        text.push_str(&self.others);
        if text.len() > LONGEST_TEXT {
            text.truncate(text.floor_char_boundary(LONGEST_TEXT));
            text.push_str(CUT);
        }
        Stored {
            at: now_micros(),
            level: level(*metadata.level()),
            source,
            version: self.version,
            request_id: self.request_id.map(String::into_boxed_str).or_else(of_task),
            text: text.into_boxed_str(),
        }
    }

    fn add(&mut self, name: &str, value: &dyn Debug) {
        // Writing into a text does not fail.
        let _ = match name {
            "message" => write!(self.message, "{value:?}"),
            "app" => write!(self.app, "{value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "app" => self.app.push_str(value),
            "message" => self.message.push_str(value),
            "request_id" => self.request_id = Some(value.to_owned()),
            "stream" if value == "stdout" => self.stream = Some(Source::Stdout),
            "stream" if value == "stderr" => self.stream = Some(Source::Stderr),
            // Traces have several lines. A line here is one.
            name => self.add(name, &value.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match field.name() {
            "version" => self.version = Some(value),
            name => self.add(name, &value),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match (field.name(), i64::try_from(value)) {
            ("version", Ok(version)) => self.version = Some(version),
            (name, _) => self.add(name, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field.name(), value);
    }
}

/// The request on whose behalf something is logged that does not say so.
fn of_task() -> Option<Box<str>> {
    traces::request_id().map(|id| id.as_ref().into())
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
