//! What a browser may do with a file of a type.
//!
//! The type is the one that was found in the file's bytes when it came; what its sender declared
//! counts only for kinds that bytes do not show, and of those only plain text is shown.

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
/// Plain text is sent as UTF-8, which nearly all of it is: the type is stored without its
/// parameters, and a browser that is told nothing takes it for Windows-1252, or guesses an encoding
/// in which the text reads as another. What could act in a page of the app is sent as bytes of no
/// type: offering it for saving keeps it from being opened as a page, but not from being named by
/// one as its script.
pub(super) fn content_type(media_type: &str) -> Cow<'_, str> {
    match media_type {
        "text/plain" => "text/plain; charset=utf-8".into(),
        // Names that tell files apart, and that browsers do not know.
        "audio/m4a" => "audio/mp4".into(),
        "audio/opus" => "audio/ogg".into(),
        "audio/x-flac" => "audio/flac".into(),
        "audio/x-wav" => "audio/wav".into(),
        active if may_act(active) => "application/octet-stream".into(),
        other => other.into(),
    }
}

/// The value of `Content-Security-Policy`: whatever the file is, no script in it runs.
///
/// A browser shows sound and film in a page that it makes itself, which asks for the file a second
/// time. That page has to be of the file's own origin, or `Cross-Origin-Resource-Policy` keeps the
/// file from it.
pub(super) fn policy(media_type: &str) -> &'static str {
    let is_played = may_show(media_type) && (media_type.starts_with("audio/") || media_type.starts_with("video/"));
    if is_played {
        "sandbox allow-same-origin; default-src 'none'; media-src 'self'"
    } else {
        "sandbox; default-src 'none'"
    }
}

/// Pages, drawings and documents with script in them, scripts, style sheets, and containers of any
/// of these.
fn may_act(media_type: &str) -> bool {
    let (family, kind) = media_type.split_once('/').unwrap_or(("", media_type));
    let is_xml = matches!(kind, "xml" | "xsl") || kind.ends_with("+xml");
    let is_script = ["html", "script", "css"].iter().any(|word| kind.contains(word));
    is_xml || is_script || matches!(family, "multipart" | "message")
}

#[cfg(test)]
mod tests {
    use super::{content_type, may_show, policy};

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
    fn no_policy_lets_script_run() {
        for media_type in ["text/html", "image/png", "audio/mpeg", "video/mp4", "video/x-own", "application/pdf"] {
            let policy = policy(media_type);
            assert!(policy.starts_with("sandbox") && !policy.contains("allow-scripts"), "{media_type}");
            assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{media_type}");
            let is_played = ["audio/mpeg", "video/mp4"].contains(&media_type);
            assert_eq!(policy.contains("media-src"), is_played, "{media_type}");
        }
    }

    #[test]
    fn other_files_keep_their_type() {
        let document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for media_type in ["image/png", "video/mp4", "text/csv", "application/x-own", document] {
            assert_eq!(content_type(media_type), media_type);
        }
        assert_eq!(content_type("text/plain"), "text/plain; charset=utf-8");
        assert_eq!(content_type("audio/m4a"), "audio/mp4");
        assert!(may_show("image/png") && may_show("video/mp4"));
        assert!(!may_show("text/csv") && !may_show("image/bmp") && !may_show("IMAGE/PNG"));
    }
}
