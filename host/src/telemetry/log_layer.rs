//! Turns each event that passes the log's filter into one line, and hands it to the queue.

use super::log_line::{LogLine, Value};
use super::log_queue::LogQueue;
use super::traces;
use crate::config::LogFormat;
use std::cell::RefCell;
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;

thread_local! {
    /// The line under way: its memory serves the next line as well.
    static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The field with the id of a request.
const REQUEST_ID: &str = "request_id";
/// Memory of a buffer that is kept for the next line.
const KEPT_BUFFER: usize = 16 << 10;

/// A layer of `tracing` that writes lines in one format.
#[derive(Debug)]
pub(super) struct LineLayer {
    format: LogFormat,
    queue: LogQueue,
}

impl LineLayer {
    pub(super) fn new(format: LogFormat, queue: LogQueue) -> Self {
        Self { format, queue }
    }

    fn write(&self, line: &LogLine<'_>, buffer: &mut String) {
        buffer.clear();
        line.write(self.format, buffer);
        self.queue.put(buffer.as_bytes());
        buffer.shrink_to(KEPT_BUFFER);
    }
}

impl<S: Subscriber> Layer<S> for LineLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.name_request();
        let metadata = event.metadata();
        let line = LogLine {
            time: now(),
            level: *metadata.level(),
            target: metadata.target(),
            message: fields.message,
            fields: fields.others,
        };
        // What is logged while a line is being formatted has a buffer of its own.
        let written = BUFFER.try_with(|buffer| match buffer.try_borrow_mut() {
            Ok(mut buffer) => self.write(&line, &mut buffer),
            Err(_) => self.write(&line, &mut String::new()),
        });
        if written.is_err() {
            self.write(&line, &mut String::new());
        }
    }
}

fn now() -> String {
    let mut time = String::new();
    // Writing into a text does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    time
}

/// What an event says.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    /// What is logged on behalf of a request says so, whoever logs it.
    fn name_request(&mut self) {
        if !self.others.iter().any(|(name, _)| *name == REQUEST_ID)
            && let Some(id) = traces::request_id()
        {
            self.others.insert(0, (REQUEST_ID, Value::Text(id.to_string())));
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            name => self.others.push((name, Value::Text(value.to_owned()))),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.push((field.name(), Value::Signed(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.push((field.name(), Value::Unsigned(value)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.others.push((field.name(), Value::Float(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.push((field.name(), Value::Bool(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.others.push((name, Value::Shown(format!("{value:?}")))),
        }
    }
}
