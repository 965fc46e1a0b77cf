//! What a client says in the headers of the tus protocol 1.0.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};

/// The only version of the protocol.
pub(super) const VERSION: &str = "1.0.0";
/// The content type of a PATCH.
pub(super) const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// What the client says of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    pub(super) content_type: Option<String>,
}

/// A header as text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// A header as a number of bytes; none where it is missing or is no such number.
pub(super) fn bytes(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name).filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok())
}

/// The method that is meant: a client that can send no PATCH says it in a header of its POST.
pub(super) fn method(method: &Method, headers: &HeaderMap) -> Method {
    let instead = text(headers, "x-http-method-override").filter(|_| method == Method::POST);
    instead.and_then(|name| Method::from_bytes(name.as_bytes()).ok()).unwrap_or_else(|| method.clone())
}

/// Whether a body is part of the upload.
pub(super) fn brings_bytes(headers: &HeaderMap) -> bool {
    text(headers, "content-type").is_some_and(|found| found.eq_ignore_ascii_case(OFFSET_STREAM))
}

/// Reads `Upload-Metadata`: pairs of a key and a value in base64, under the names that clients of the protocol use. None where it is malformed.
pub(super) fn metadata(headers: &HeaderMap) -> Option<Metadata> {
    let mut metadata = Metadata::default();
    for pair in text(headers, "upload-metadata").unwrap_or_default().split(',').map(str::trim) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok();
        match key {
            "filename" | "name" => metadata.name = value,
            "filetype" | "type" => metadata.content_type = value,
            _ => {}
        }
    }
    Some(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn metadata_is_read() {
        let read = |value| metadata(&headers("upload-metadata", value));
        let both = Metadata { name: Some("größe.png".into()), content_type: Some("image/png".into()) };
        assert_eq!(read("filename Z3LDtsOfZS5wbmc=,filetype aW1hZ2UvcG5n, is_confidential"), Some(both));
        assert_eq!(read("filename /////w=="), Some(Metadata::default()), "not UTF-8");
        assert_eq!(read("filename *"), None);
        assert_eq!(metadata(&HeaderMap::new()), Some(Metadata::default()));
    }

    #[test]
    fn numbers_are_digits() {
        for (value, read) in
            [("12", Some(12)), ("+12", None), ("-1", None), ("", None), ("99999999999999999999", None)]
        {
            assert_eq!(bytes(&headers("upload-offset", value), "upload-offset"), read, "{value:?}");
        }
    }

    #[test]
    fn only_a_post_can_mean_something_else() {
        let patch = headers("x-http-method-override", "PATCH");
        assert_eq!(method(&Method::POST, &patch), Method::PATCH);
        assert_eq!(method(&Method::GET, &patch), Method::GET);
        assert_eq!(method(&Method::POST, &HeaderMap::new()), Method::POST);
    }
}
