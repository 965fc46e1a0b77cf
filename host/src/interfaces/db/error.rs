//! What a guest is told when a call of `db` fails.

use super::wit;
use crate::interfaces::OutageNote;
use crate::storage::statement::Refusal;
use crate::storage::{self, Code};
use wasmtime::component::ResourceTableError;

/// Why a call failed: for the guest to know, or the guest's own fault and its end.
#[derive(Debug)]
pub enum Fault {
    /// Told to the guest.
    Storage(storage::Error),
    /// What the guest does wrong, however the database is. Told to the guest.
    Misuse(storage::Error),
    /// Ends the guest.
    Trap(wasmtime::Error),
}

impl From<storage::Error> for Fault {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Storage(refusal.into())
    }
}

impl From<ResourceTableError> for Fault {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

/// The one place that puts a failure of the database into the words of the interface.
pub(super) fn convert(fault: Fault, outage: &OutageNote) -> wasmtime::Result<wit::DbError> {
    match fault {
        Fault::Trap(error) => Err(error),
        Fault::Misuse(error) => Ok(told(error)),
        Fault::Storage(error) => {
            outage.note(&error);
            Ok(told(error))
        }
    }
}

fn told(error: storage::Error) -> wit::DbError {
    wit::DbError {
        retryable: error.retryable(),
        code: code(error.code),
        sqlstate: error.sqlstate,
        message: error.message,
        constraint: error.constraint,
    }
}

fn code(code: Code) -> wit::DbErrorCode {
    use wit::DbErrorCode as W;
    match code {
        Code::Unavailable => W::Unavailable,
        Code::Busy => W::Busy,
        Code::Timeout => W::Timeout,
        Code::Syntax => W::Syntax,
        Code::UniqueViolation => W::UniqueViolation,
        Code::ForeignKeyViolation => W::ForeignKeyViolation,
        Code::NotNullViolation => W::NotNullViolation,
        Code::CheckViolation => W::CheckViolation,
        Code::Serialization => W::Serialization,
        Code::ReadOnly | Code::DiskFull => W::ReadOnly,
        Code::Denied => W::Denied,
        Code::BadParameter => W::BadParameter,
        Code::NotFound => W::NotFound,
        Code::TooLarge => W::TooLarge,
        Code::Conflict => W::Conflict,
        Code::Closed => W::Closed,
        Code::CommitUnknown => W::CommitUnknown,
        Code::Other => W::Other,
    }
}
