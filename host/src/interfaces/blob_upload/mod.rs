//! `blob-upload`: files. The contract is `wit/blob-upload.wit`.
//!
//! Bytes go from the request's body into chunk rows ([`upload`]) and never pass through the guest.
//! [`form`] takes a form apart, [`media_type`] looks at bytes, [`file_name`] cleans names. Sending
//! is done by `web`; here is only noted what to send. What needs no guest goes by signed URL
//! ([`link`], [`keyring`]): `web` speaks HTTP with whoever holds one, [`resume`] takes the bytes of
//! an upload.

mod error;
mod file_name;
mod form;
#[cfg(fuzzing)]
pub use form::fuzzing;
mod host;
pub mod keyring;
pub mod link;
mod media_type;
mod reader;
mod receive;
pub mod resume;
mod upload;

pub use error::Fault;
pub use file_name::clean as clean_file_name;
pub use host::{LONGEST_SECONDS, SendOptions};
pub use keyring::Keyring;
pub use media_type::{detect as detect_type, essence as clean_media_type};
pub use reader::Reader;
pub use upload::Upload;
pub(crate) use wit::BlobErrorCode;

/// The generated names.
use super::bindings::innkeeper::storage::blob_upload as wit;
