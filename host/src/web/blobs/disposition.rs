//! How a file is offered: shown or saved, and under which name (RFC 6266, RFC 8187).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 leaves as it is in a value.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// Whether browsers only show a type, so that it cannot act as a page of the app.
pub(super) fn may_show(content_type: &str) -> bool {
    let family = content_type.split('/').next().unwrap_or_default();
    matches!(family, "audio" | "video")
        || matches!(
            content_type,
            "image/png"
                | "image/jpeg"
                | "image/gif"
                | "image/webp"
                | "image/avif"
                | "text/plain"
                | "application/pdf"
        )
}

/// The header's value. The name goes in the encoded form only: the other one is read differently by different browsers.
pub(super) fn header(inline: bool, name: Option<&str>) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    match name {
        Some(name) => format!("{kind}; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED)),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{header, may_show};

    #[test]
    fn names_cannot_leave_the_header() {
        assert_eq!(
            header(false, Some("a\"; b\r\nx: y")),
            "attachment; filename*=UTF-8''a%22%3B%20b%0D%0Ax%3A%20y"
        );
        assert_eq!(header(true, Some("Grüße.png")), "inline; filename*=UTF-8''Gr%C3%BC%C3%9Fe.png");
        assert_eq!(header(true, None), "inline");
    }

    #[test]
    fn what_could_be_a_page_is_saved() {
        assert!(may_show("image/png") && may_show("video/mp4"));
        assert!(!may_show("text/html") && !may_show("image/svg+xml") && !may_show("application/xhtml+xml"));
    }
}
