//! Words such as `=?utf-8?B?w6k=?=`, which mail programs and .NET write where a header is to hold
//! other letters (RFC 2047). RFC 7578 forbids them in forms; they come all the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;

/// The text with its encoded words read; none where it has none. What only looks like one stays as
/// it is.
pub(super) fn decode(text: &str) -> Option<String> {
    let (mut read, mut rest) = (String::new(), text);
    // Blanks between two encoded words are no part of the text.
    let mut behind_word = false;
    let mut has_word = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at_checked(at)?;
        let Some((word, behind)) = split_word(from) else {
            let (marker, behind) = from.split_at_checked(2)?;
            read.extend([before, marker]);
            (rest, behind_word) = (behind, false);
            continue;
        };
        if !(behind_word && before.trim().is_empty()) {
            read.push_str(before);
        }
        read.push_str(&word);
        (rest, behind_word, has_word) = (behind, true, true);
    }
    read.push_str(rest);
    has_word.then_some(read)
}

/// The first encoded word and what stands behind it.
fn split_word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (method, rest) = rest.split_once('?')?;
    let (encoded, behind) = rest.split_once('?')?;
    let behind = behind.strip_prefix('=')?;
    // A language may follow the charset (RFC 2231, section 5).
    let charset = charset.split('*').next().unwrap_or_default();
    let encoding = Encoding::for_label(charset.as_bytes())?;
    let bytes = match method {
        "B" | "b" => STANDARD.decode(encoded).ok()?,
        "Q" | "q" => unquote(encoded)?,
        _ => return None,
    };
    let (word, _) = encoding.decode_without_bom_handling(&bytes);
    Some((word.into_owned(), behind))
}

fn unquote(encoded: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), encoded.as_bytes());
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [b'=', high, low, behind @ ..] => {
                bytes.push(super::transfer::hexadecimal(*high, *low)?);
                behind
            }
            [b'=', ..] => return None,
            [b'_', behind @ ..] => {
                bytes.push(b' ');
                behind
            }
            [byte, behind @ ..] => {
                bytes.push(*byte);
                behind
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn words_are_read_and_the_rest_is_left_alone() {
        for (text, read) in [
            ("=?utf-8?B?ZMOpLmNzdg==?=", Some("dé.csv")),
            ("=?ISO-8859-1?q?d=E9_1.csv?=", Some("dé 1.csv")),
            ("=?utf-8*de?Q?d=C3=A9?= =?utf-8?Q?.csv?=", Some("dé.csv")),
            ("a =?utf-8?Q?=C3=A9?= b", Some("a é b")),
            ("plain.csv", None),
            ("=?none?Q?a?=", None),
            ("=?utf-8?X?a?=", None),
            ("=?utf-8?Q?=Z1?=", None),
            ("=?utf-8?B?***?=", None),
            ("=?a=?utf-8?Q?b?=", Some("=?ab")),
            ("=?", None),
        ] {
            assert_eq!(decode(text).as_deref(), read, "{text}");
        }
    }
}
