//! What a guest is told when a call of `session` fails.

use super::wit;
use crate::interfaces::OutageNote;
use crate::storage::{self, Code};

/// Why a call failed.
#[derive(Debug)]
pub struct Fault(pub(super) storage::Error);

impl From<storage::Error> for Fault {
    fn from(error: storage::Error) -> Self {
        Self(error)
    }
}

/// The one place that puts a failure into the words of the interface.
pub(super) fn convert(fault: Fault, outage: &OutageNote) -> wit::SessionError {
    outage.note(&fault.0);
    wit::SessionError { retryable: fault.0.retryable(), code: code(fault.0.code), message: fault.0.message }
}

fn code(code: Code) -> wit::SessionErrorCode {
    use wit::SessionErrorCode as W;
    match code {
        Code::Unavailable => W::Unavailable,
        Code::Busy | Code::Serialization => W::Busy,
        Code::Timeout => W::Timeout,
        Code::BadParameter => W::BadParameter,
        Code::TooLarge => W::TooLarge,
        Code::ReadOnly => W::ReadOnly,
        Code::Closed | Code::CommitUnknown => W::Closed,
        _ => W::Other,
    }
}
