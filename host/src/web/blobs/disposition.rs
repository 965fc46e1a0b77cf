//! How a file is offered: shown or saved, and under which name (RFC 6266, RFC 8187).

use crate::interfaces::blob_upload::clean_file_name;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 leaves as it is in a value.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// The header's value. The name stands there twice: first for clients that know no other form, in
/// characters that every one of them reads the same way, then as it is; whoever knows both takes
/// the second.
pub(super) fn header(inline: bool, name: Option<&str>) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    // An app may choose a name from anywhere, so it is cleaned as if a visitor had sent it.
    match name.and_then(clean_file_name) {
        Some(name) => {
            let encoded = utf8_percent_encode(&name, ENCODED);
            format!("{kind}; filename=\"{}\"; filename*=UTF-8''{encoded}", plain(&name))
        }
        None => kind.to_owned(),
    }
}

/// Letters, digits, dots, dashes and blanks; anything else becomes an underscore, also the percent
/// sign, which some clients decode.
fn plain(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    name.chars().map(|c| if is_plain(&c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn names_cannot_leave_the_header() {
        for (name, expected) in [
            ("a\"; b\r\nx: y", "filename=\"a_ bx_ y\"; filename*=UTF-8''a%3B%20bx%3A%20y"),
            ("../../.profile", "filename=\"profile\"; filename*=UTF-8''profile"),
            ("gnp.\u{202e}exe", "filename=\"gnp.exe\"; filename*=UTF-8''gnp.exe"),
            ("100%41.txt", "filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
            ("Grüße.png", "filename=\"Gr__e.png\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.png"),
        ] {
            assert_eq!(header(false, Some(name)), format!("attachment; {expected}"));
        }
    }

    #[test]
    fn a_file_without_a_name_is_offered_without_one() {
        assert_eq!(header(true, None), "inline");
        assert_eq!(header(false, Some("..")), "attachment");
    }
}
