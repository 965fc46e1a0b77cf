//! Why an operation was not done.

use crate::storage::{self, Code};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kind of a failure. The admin API has a status for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// What was asked for says something that it cannot say.
    Invalid,
    /// There is no such app, version or setting.
    NotFound,
    /// It contradicts what is there. Where `--force` (in the API `force`) would do it, the message
    /// says so.
    Conflict,
    /// The component is larger than the limit.
    TooLarge,
    /// The component cannot be run here, or has failed its smoke request.
    Unfit,
    /// The database, or something else that is needed, cannot be had for now.
    Unavailable,
    /// Anything else.
    Internal,
}

/// Why an operation was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, ToSchema)]
#[error("{message}")]
pub struct OperationError {
    /// The kind of it.
    pub kind: ErrorKind,
    /// For the operator: which thing is wrong, and what to do.
    pub message: String,
}

impl OperationError {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What was asked for says something that it cannot say.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// It contradicts what is there.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// Something that is needed cannot be had for now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }
}

impl From<storage::Error> for OperationError {
    fn from(error: storage::Error) -> Self {
        let kind = match error.code {
            Code::NotFound => ErrorKind::NotFound,
            Code::BadParameter | Code::Denied => ErrorKind::Invalid,
            Code::Conflict => ErrorKind::Conflict,
            Code::TooLarge => ErrorKind::TooLarge,
            Code::Unavailable | Code::Busy | Code::ReadOnly | Code::DiskFull | Code::Serialization => {
                ErrorKind::Unavailable
            }
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}
