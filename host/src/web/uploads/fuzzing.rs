//! What the fuzzer asks of the headers of the tus protocol.

use super::headers::metadata;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Reads `Upload-Metadata`. Answers with the file's name and type.
pub fn read_metadata(header: &[u8]) -> Option<(Option<String>, Option<String>)> {
    let value = HeaderValue::from_bytes(header).ok()?;
    let headers = HeaderMap::from_iter([(HeaderName::from_static("upload-metadata"), value)]);
    let read = metadata(&headers);
    Some((read.name, read.content_type))
}
