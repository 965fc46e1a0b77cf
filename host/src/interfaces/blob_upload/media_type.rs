//! What kind of file bytes are: what they show counts more than what the sender declares.

use super::error::Fault;
use super::wit;

const UNKNOWN: &str = "application/octet-stream";
/// Bytes that are looked at.
const LOOK_AT: usize = 8192;

/// The media type of a file that begins with `head`. A declared type is believed only for kinds
/// that bytes do not show, such as text: a "picture" that does not begin like one is no picture.
pub fn detect(head: &[u8], declared: Option<&str>) -> String {
    let head = head.get(..LOOK_AT).unwrap_or(head);
    if let Some(kind) = infer::get(head) {
        return kind.mime_type().to_owned();
    }
    let declared = declared.and_then(essence).unwrap_or_default();
    if is_shown_by_bytes(&declared) || declared.is_empty() { UNKNOWN.to_owned() } else { declared }
}

/// Whether a type is among those accepted: `image/png`, `image/*` or `*/*`. An empty list accepts
/// all.
fn is_accepted(media_type: &str, accept: &[String]) -> bool {
    let family = media_type.split('/').next().unwrap_or_default();
    let fits = |pattern: &str| match pattern.strip_suffix("/*") {
        Some("*") => true,
        // A drawing in SVG can run script where a page shows it: it has to be asked for by name.
        Some(wanted) => wanted == family && media_type != "image/svg+xml",
        None => pattern == media_type,
    };
    accept.is_empty() || accept.iter().any(|pattern| fits(&pattern.trim().to_ascii_lowercase()))
}

/// An error where a type is not among those accepted.
pub(super) fn check(media_type: &str, accept: &[String]) -> Result<(), Fault> {
    if is_accepted(media_type, accept) {
        return Ok(());
    }
    let text = format!("a file of type {media_type}, not one of {}", accept.join(", "));
    Err(Fault::request(wit::BlobErrorCode::UnsupportedType, text))
}

/// The type without parameters, in lower case; none if it is no media type (RFC 9110, section
/// 8.3.1).
pub fn essence(declared: &str) -> Option<String> {
    let essence = declared.split(';').next()?.trim().to_ascii_lowercase();
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let (family, kind) = essence.split_once('/')?;
    (token(family) && token(kind) && essence.len() <= 127).then_some(essence)
}

fn is_shown_by_bytes(media_type: &str) -> bool {
    let family = media_type.split('/').next().unwrap_or_default();
    match family {
        "image" => media_type != "image/svg+xml",
        "audio" | "video" | "font" => true,
        _ => matches!(media_type, "application/pdf" | "application/zip" | "application/gzip"),
    }
}

#[cfg(test)]
mod tests {
    use super::{detect, is_accepted};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn bytes_count_more_than_the_declared_type() {
        assert_eq!(detect(PNG, Some("text/plain")), "image/png");
        assert_eq!(detect(b"hello", Some("image/png")), "application/octet-stream");
        assert_eq!(detect(b"hello", Some("text/plain; charset=utf-8")), "text/plain");
        assert_eq!(detect(b"hello", Some("nonsense")), "application/octet-stream");
        assert_eq!(detect(b"hello", None), "application/octet-stream");
    }

    #[test]
    fn patterns_name_a_type_or_a_family() {
        let images = ["image/*".to_owned()];
        assert!(is_accepted("image/png", &images));
        assert!(!is_accepted("text/plain", &images));
        assert!(!is_accepted("image/svg+xml", &images));
        assert!(is_accepted("anything/else", &[]));
        assert!(is_accepted("application/pdf", &["application/pdf".to_owned()]));
    }
}
