//! `blob-upload`: files. The contract is `wit/blob-upload.wit`.
//!
//! Bytes go from the request's body into chunk rows ([`upload`]) and never pass through the guest. [`form`] takes a form apart, [`media_type`]
//! looks at bytes, [`file_name`] cleans names. Sending is done by `web`; here is only noted what to send.

mod error;
mod file_name;
mod form;
mod host;
mod media_type;
mod reader;
mod receive;
mod upload;

pub use error::Fault;
pub use file_name::clean as clean_name;
pub use host::SendOptions;
pub use media_type::detect as detect_type;
pub use reader::Reader;
pub use upload::Upload;

/// The generated names.
use super::bindings::innkeeper::storage::blob_upload as wit;
