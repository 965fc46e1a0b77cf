//! Headers that a file has however it is asked for.

use super::condition::Validators;
use super::{disposition, kind};
use crate::interfaces::Pending;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What a guest may say of the bytes and does not know: which of them are sent, and how.
const NOT_THE_GUESTS: [HeaderName; 5] = [
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_ENCODING,
    header::CONTENT_LOCATION,
    header::TRAILER,
];

/// Describes the file, and replaces what a guest has said of it. Of its other headers none can
/// loosen what is set here: a browser keeps to all policies that it is given.
pub(super) fn describe(headers: &mut HeaderMap, pending: &Pending, validators: &Validators) {
    for name in NOT_THE_GUESTS {
        headers.remove(name);
    }
    let blob = &pending.blob;
    let name = pending.options.name.as_ref().or(blob.name.as_ref());
    let inline = !pending.options.download && kind::may_show(&blob.content_type);
    cache(headers, pending.options.max_age);
    put(headers, header::CONTENT_TYPE, kind::content_type(&blob.content_type).into_owned());
    put(headers, header::CONTENT_DISPOSITION, disposition::header(inline, name.map(String::as_str)));
    put(headers, header::ETAG, validators.etag().to_owned());
    put(headers, header::LAST_MODIFIED, validators.last_modified());
    put(headers, header::ACCEPT_RANGES, "bytes".to_owned());
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned());
    put(headers, header::CONTENT_SECURITY_POLICY, kind::policy(&blob.content_type).to_owned());
    put(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin".to_owned());
}

/// A guest that sends the response itself may say how long its visitors keep the file.
fn cache(headers: &mut HeaderMap, max_age: Option<u32>) {
    let value = match max_age {
        Some(seconds) => format!("private, max-age={seconds}"),
        None if headers.contains_key(header::CACHE_CONTROL) => return,
        None => "private, no-cache".to_owned(),
    };
    put(headers, header::CACHE_CONTROL, value);
}

/// Sets a header. What is no value, as of a malformed type in a row, is left out.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    headers.remove(&name);
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
