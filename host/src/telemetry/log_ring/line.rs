//! One line, as it is kept and as it is shown.

use super::LinesWanted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a line takes beside its texts.
const AROUND: usize = size_of::<Stored>() + 4 * size_of::<usize>();

/// How grave a line is; the gravest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For whoever looks for a fault in the host.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// The ordinary.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something does not work.
    Error,
}

impl Level {
    /// As the log and JSON have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Whose words a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The host says something about an app or itself.
    Host,
    /// The host has answered a request.
    Request,
    /// The guest has written to its standard output.
    Stdout,
    /// The guest has written to its standard error.
    Stderr,
}

impl Source {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Request => "request",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Rises by one from line to line of an app in one process.
    pub number: u64,
    /// When it was logged, in microseconds since 1970.
    pub at: i64,
    /// How grave it is.
    pub level: Level,
    /// Whose words it has.
    pub source: Source,
    /// The version of the app, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<i64>,
    /// The request, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// What it says, with further fields as `name=value` behind it.
    pub text: String,
}

/// A line as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) at: i64,
    pub(super) level: Level,
    pub(super) source: Source,
    pub(super) version: Option<i64>,
    pub(super) request_id: Option<Box<str>>,
    pub(super) text: Box<str>,
}

impl Stored {
    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        AROUND + self.text.len() + self.request_id.as_ref().map_or(0, |id| id.len())
    }

    pub(super) fn is_wanted(&self, wanted: &LinesWanted<'_>) -> bool {
        wanted.level.is_none_or(|least| self.level >= least)
            && wanted.request_id.is_none_or(|id| self.request_id.as_deref() == Some(id))
    }

    pub(super) fn shown(&self, number: u64) -> LogLine {
        LogLine {
            number,
            at: self.at,
            level: self.level,
            source: self.source,
            version: self.version,
            request_id: self.request_id.as_deref().map(str::to_owned),
            text: self.text.to_string(),
        }
    }
}
