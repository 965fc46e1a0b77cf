//! What a client says in the headers of the tus protocol 1.0.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, Method};

/// The only version of the protocol.
pub(super) const VERSION: &str = "1.0.0";
/// The content type of a PATCH.
pub(super) const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// Takes base64 with and without padding, whatever the bits are that no byte needs.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What the client says of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    pub(super) content_type: Option<String>,
    /// All of it as it came; none where nothing was said.
    pub(super) words: Option<String>,
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
    let instead = instead.map(str::to_ascii_uppercase);
    instead.and_then(|name| Method::from_bytes(name.as_bytes()).ok()).unwrap_or_else(|| method.clone())
}

/// Whether a body is part of the upload.
pub(super) fn brings_bytes(headers: &HeaderMap) -> bool {
    // Some libraries add a charset to whatever type they are given.
    let kind = text(headers, "content-type").map(|found| found.split(';').next().unwrap_or_default().trim());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(OFFSET_STREAM))
}

/// The bytes of a text in base64, in either alphabet.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().trim_end_matches('=').replace('-', "+").replace('_', "/");
    LENIENT.decode(text).ok()
}

/// Reads `Upload-Metadata`: pairs of a key and a value in base64, under the names that clients of
/// the protocol use. A pair that is malformed counts for nothing, and so does one whose value is
/// empty or no text.
pub(super) fn metadata(headers: &HeaderMap) -> Metadata {
    let lines: Vec<_> =
        headers.get_all("upload-metadata").iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    let words = lines.join(",").trim().to_owned();
    let named = |keys: &[&str]| {
        let pairs = words.split(',').map(str::trim).filter_map(|pair| pair.split_once([' ', '\t']));
        let values = pairs.filter(|(key, _)| keys.iter().any(|name| key.eq_ignore_ascii_case(name)));
        values.filter_map(|(_, value)| String::from_utf8(base64(value)?).ok()).find(|value| !value.is_empty())
    };
    let (name, content_type) = (named(&["filename", "name"]), named(&["filetype", "type"]));
    Metadata { name, content_type, words: Some(words).filter(|words| !words.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::mutations::Mutations;
    use http::HeaderValue;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn metadata_is_read() {
        let read = |value| metadata(&headers("upload-metadata", value));
        let both = (Some("größe.png"), Some("image/png"));
        for words in [
            "filename Z3LDtsOfZS5wbmc=,filetype aW1hZ2UvcG5n, is_confidential",
            "filename Z3LDtsOfZS5wbmc,filetype aW1hZ2UvcG5n",
            "filename *,relativePath,name Z3LDtsOfZS5wbmc=,type aW1hZ2UvcG5n,",
            ", ,FileName  Z3LDtsOfZS5wbmc= ,filetype\taW1hZ2UvcG5n,=,x y z",
            "filename ,filename Z3LDtsOfZS5wbmc=,filetype aW1hZ2UvcG5n,filetype /////w==",
            "filename Z3LDtsOfZS5wbmc=,filename b3RoZXI=,filetype aW1hZ2UvcG5n",
        ] {
            let metadata = read(words);
            assert_eq!((metadata.name.as_deref(), metadata.content_type.as_deref()), both, "{words}");
            assert_eq!(metadata.words.as_deref(), Some(words));
        }
        for words in ["filename /////w==", "filename *", "filename ", "filename", "Z3LDtsOfZS5wbmc=", "name a"] {
            assert_eq!((read(words).name, read(words).content_type), (None, None), "{words}");
        }
        assert_eq!(metadata(&HeaderMap::new()), Metadata::default());
        assert_eq!(read(" "), Metadata::default());
    }

    #[test]
    fn metadata_may_stand_in_several_lines_and_hold_any_bytes() {
        let mut headers = headers("upload-metadata", "filename Z3LDtsOfZS5wbmc=");
        headers.append(
            "upload-metadata",
            HeaderValue::from_bytes(b"raw gr\xf6\xdfe, filetype aW1hZ2UvcG5n").unwrap(),
        );
        let read = metadata(&headers);
        assert_eq!((read.name.as_deref(), read.content_type.as_deref()), (Some("größe.png"), Some("image/png")));
    }

    #[test]
    fn a_good_pair_is_read_whatever_stands_beside_it() {
        let samples: [&[u8]; 4] = [
            b"filetype aW1hZ2UvcG5n,is_confidential",
            b"relativePath bnVsbA==,name Z3LDtsOfZS5wbmc,type aW1hZ2UvcG5n",
            b"caption \xf6\xdf,empty ,=,filetype *",
            b"",
        ];
        let words: [&[u8]; 12] =
            [b",", b" ", b"\t", b"=", b"-", b"_", b"+/", b"filename ", b"filetype ", b"\xff", b"Zg", b", ,"];
        let mut mutations = Mutations::new(3);
        for _ in 0..50_000 {
            let input = mutations.of(&samples, &words);
            let good = [b"filename Z3LDtsOfZS5wbmc=,", &input[..]].concat();
            let (Ok(alone), Ok(beside)) = (HeaderValue::from_bytes(&input), HeaderValue::from_bytes(&good)) else {
                continue;
            };
            let read = |value| {
                metadata(&HeaderMap::from_iter([(http::HeaderName::from_static("upload-metadata"), value)]))
            };
            let (alone, beside) = (read(alone), read(beside));
            assert_eq!(beside.name.as_deref(), Some("größe.png"), "{beside:?}");
            assert_eq!(beside.content_type, alone.content_type, "{beside:?}");
            assert!(
                alone.name.is_none_or(|name| !name.is_empty())
                    && alone.words.is_none_or(|words| !words.is_empty())
            );
            let text = String::from_utf8_lossy(&input);
            if let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(&*text) {
                assert_eq!(super::base64(&text), Some(bytes), "{text}");
            }
        }
    }

    #[test]
    fn base64_is_read_as_clients_write_it() {
        for (text, bytes) in [
            ("+/8=", Some(&b"\xfb\xff"[..])),
            ("-_8=", Some(b"\xfb\xff")),
            ("-_8", Some(b"\xfb\xff")),
            ("+/9", Some(b"\xfb\xff")),
            (" YQ= ", Some(b"a")),
            ("", Some(b"")),
            ("YQ==YQ==", None),
            ("Y", None),
            ("Y Q==", None),
        ] {
            assert_eq!(base64(text).as_deref(), bytes, "{text}");
        }
    }

    #[test]
    fn a_content_type_may_have_parameters() {
        for (value, brings) in [
            ("application/offset+octet-stream", true),
            ("Application/Offset+Octet-Stream; charset=utf-8", true),
            ("application/offset+octet-stream ;", true),
            ("application/octet-stream", false),
            ("text/plain; a=application/offset+octet-stream", false),
            ("", false),
        ] {
            assert_eq!(brings_bytes(&headers("content-type", value)), brings, "{value}");
        }
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
        assert_eq!(method(&Method::POST, &headers("x-http-method-override", "patch")), Method::PATCH);
        assert_eq!(method(&Method::GET, &patch), Method::GET);
        assert_eq!(method(&Method::POST, &HeaderMap::new()), Method::POST);
    }
}
