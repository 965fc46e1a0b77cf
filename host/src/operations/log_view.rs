//! The last lines of an app's log, as far as they are in the memory of the process that answers.

use super::{Operations, Result, time};
use crate::telemetry::log_ring::{self, Level, LinesWanted, LogLine, Source};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of the log of one app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogView {
    /// Names the process whose log this is. Numbers of lines mean nothing in another one.
    pub process: String,
    /// Where to go on reading: give this as `since`.
    pub next: u64,
    /// Lines from `since` on that are no longer there: the reader was too slow for them.
    pub missed: u64,
    /// The lines, the oldest first.
    pub lines: Vec<LogLineView>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLineView {
    /// Rises by one from line to line of an app in one process.
    pub number: u64,
    /// When it was logged (RFC 3339).
    pub at: String,
    /// How grave it is.
    pub level: Level,
    /// Whose words it has.
    pub source: Source,
    /// The version of the app, where it is about one.
    pub version: Option<i64>,
    /// The request, where it is about one.
    pub request_id: Option<String>,
    /// What it says.
    pub text: String,
}

impl Operations {
    /// Lines of an app that this process has logged lately.
    pub async fn logs(&self, app: &str, wanted: LinesWanted<'_>) -> Result<LogView> {
        self.find_app(app).await?;
        let excerpt = log_ring::read(&LinesWanted { app: Some(app), ..wanted });
        Ok(LogView {
            process: excerpt.process,
            next: excerpt.next,
            missed: excerpt.missed,
            lines: excerpt.lines.into_iter().map(LogLineView::from).collect(),
        })
    }
}

impl From<LogLine> for LogLineView {
    fn from(line: LogLine) -> Self {
        let LogLine { number, at, level, source, version, request_id, text } = line;
        Self { number, at: time(at), level, source, version, request_id, text }
    }
}
