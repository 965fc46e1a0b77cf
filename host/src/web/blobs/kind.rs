//! What a browser may do with a file of a type.
//!
//! The type is the one that was found in the file's bytes when it came; what its sender declared counts only for kinds that bytes do not
//! show, and of those only plain text is shown.

use std::borrow::Cow;

/// Types that browsers only show or play. Everything else is offered for saving.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "text/plain",
    "application/pdf",
    "audio/mpeg",
    "audio/m4a",
    "audio/ogg",
    "audio/opus",
    "audio/aac",
    "audio/x-flac",
    "audio/x-wav",
    "video/mp4",
    "video/x-m4v",
    "video/webm",
    "video/quicktime",
];

/// Whether a file can be shown where a page would be, since it cannot act as a page of the app.
pub(super) fn may_show(media_type: &str) -> bool {
    SHOWN.contains(&media_type)
}

/// The value of `Content-Type`.
///
/// Plain text is sent as UTF-8, which nearly all of it is: the type is stored without its parameters, and a browser that is told nothing takes it
/// for Windows-1252, or guesses an encoding in which the text reads as another. What could act in a page of the app is sent as bytes of no
/// type: offering it for saving keeps it from being opened as a page, but not from being named by one as its script.
pub(super) fn content_type(media_type: &str) -> Cow<'_, str> {
    match media_type {
        "text/plain" => "text/plain; charset=utf-8".into(),
        active if may_act(active) => "application/octet-stream".into(),
        other => other.into(),
    }
}

/// Pages, drawings and documents with script in them, scripts, style sheets, and containers of any of these.
fn may_act(media_type: &str) -> bool {
    let (family, kind) = media_type.split_once('/').unwrap_or(("", media_type));
    let is_xml = matches!(kind, "xml" | "xsl") || kind.ends_with("+xml");
    let is_script = ["html", "script", "css"].iter().any(|word| kind.contains(word));
    is_xml || is_script || matches!(family, "multipart" | "message")
}

#[cfg(test)]
mod tests {
    use super::{content_type, may_show};

    #[test]
    fn what_could_be_a_page_is_neither_shown_nor_named() {
        for media_type in [
            "text/html",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "application/xml",
            "application/mathml+xml",
            "text/xsl",
            "text/javascript",
            "application/x-ecmascript",
            "application/postscript",
            "text/css",
            "multipart/x-mixed-replace",
            "message/rfc822",
        ] {
            assert!(!may_show(media_type), "{media_type}");
            assert_eq!(content_type(media_type), "application/octet-stream", "{media_type}");
        }
    }

    #[test]
    fn other_files_keep_their_type() {
        let document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for media_type in ["image/png", "video/mp4", "text/csv", "application/x-own", document] {
            assert_eq!(content_type(media_type), media_type);
        }
        assert_eq!(content_type("text/plain"), "text/plain; charset=utf-8");
        assert!(may_show("image/png") && may_show("video/mp4"));
        assert!(!may_show("text/csv") && !may_show("image/bmp") && !may_show("IMAGE/PNG"));
    }
}
