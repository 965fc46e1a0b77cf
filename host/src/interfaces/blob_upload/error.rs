//! What a guest is told when a call of `blob-upload` fails.

use super::wit;
use crate::interfaces::OutageNote;
use crate::storage::{self, Code};
use wasmtime::component::ResourceTableError;

/// Why a call failed: for the guest to know, or the guest's own fault and its end.
#[derive(Debug)]
pub enum Fault {
    /// Told to the guest.
    Storage(storage::Error),
    /// Found in what the visitor sent. Told to the guest, with the form field to blame.
    Request(wit::BlobErrorCode, String, Option<String>),
    /// Ends the guest.
    Trap(wasmtime::Error),
}

impl Fault {
    /// Something wrong with the request.
    pub(super) fn request(code: wit::BlobErrorCode, message: impl Into<String>) -> Self {
        Self::Request(code, message.into(), None)
    }

    /// The same fault, blamed on a form field.
    pub(super) fn in_field(self, name: &str) -> Self {
        match self {
            Self::Request(code, message, _) => Self::Request(code, message, Some(name.to_owned())),
            other => other,
        }
    }
}

impl From<storage::Error> for Fault {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<ResourceTableError> for Fault {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

/// The one place that puts a failure into the words of the interface.
pub(super) fn convert(fault: Fault, outage: &OutageNote) -> wasmtime::Result<wit::BlobError> {
    match fault {
        Fault::Trap(error) => Err(error),
        Fault::Request(code, message, field) => Ok(wit::BlobError { code, message, field, retryable: false }),
        Fault::Storage(error) => {
            outage.note(&error);
            Ok(wit::BlobError {
                retryable: error.retryable(),
                code: code(error.code),
                message: error.message,
                field: None,
            })
        }
    }
}

fn code(code: Code) -> wit::BlobErrorCode {
    use wit::BlobErrorCode as W;
    match code {
        Code::Unavailable => W::Unavailable,
        Code::Busy | Code::Serialization => W::Busy,
        Code::Timeout => W::Timeout,
        Code::NotFound => W::NotFound,
        Code::TooLarge => W::TooLarge,
        Code::BadParameter => W::BadParameter,
        Code::Conflict => W::Conflict,
        Code::Closed | Code::CommitUnknown => W::Closed,
        Code::ReadOnly => W::ReadOnly,
        Code::DiskFull => W::QuotaExceeded,
        _ => W::Other,
    }
}
