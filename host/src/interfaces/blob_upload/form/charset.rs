//! The encodings in which texts of a form come.

use super::super::error::Fault;
use super::bad_form;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A field in which browsers and others say the encoding of a form's texts (RFC 7578, section 4.6).
pub(super) const CHARSET_FIELD: &str = "_charset_";

/// More than the longest name of an encoding has.
const LONGEST_LABEL: usize = 64;

/// The encoding of a name that standards and clients give it.
pub(super) fn encoding(label: &[u8]) -> Result<&'static Encoding, Fault> {
    let label = label.get(..LONGEST_LABEL).unwrap_or(label);
    let unknown = || format!("no encoding that the host knows is called `{}`", String::from_utf8_lossy(label));
    Encoding::for_label(label).ok_or_else(|| bad_form(unknown()))
}

/// What the fields `_charset_` of a form say; none where there is none, or a client has not filled
/// it in.
pub(super) fn of_fields<'f>(
    fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
) -> Result<Option<&'static Encoding>, Fault> {
    let mut said = None;
    for (_, label) in fields.filter(|(name, _)| name.eq_ignore_ascii_case(CHARSET_FIELD.as_bytes())) {
        if label.len() <= LONGEST_LABEL && label.trim_ascii().is_empty() {
            continue;
        }
        let label = encoding(label).map_err(|fault| fault.in_field(CHARSET_FIELD))?;
        if said.replace(label).is_some_and(|before| before != label) {
            return Err(bad_form("the form says two different encodings").in_field(CHARSET_FIELD));
        }
    }
    Ok(said)
}

/// A text; none if it is none in this encoding.
///
/// Browsers declare no encoding and send UTF-8, which is taken to the letter. Where one is
/// declared, a byte order mark is part of the encoding and not of the text. One of UTF-16 counts in
/// any case, since in UTF-8 it cannot stand.
pub(super) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> Option<String> {
    let marked = Encoding::for_bom(bytes);
    let (encoding, rest) = match (declared, marked) {
        (None, Some((encoding, length))) if [UTF_16LE, UTF_16BE].contains(&encoding) => {
            (encoding, bytes.get(length..))
        }
        (Some(_), Some((encoding, length))) => (encoding, bytes.get(length..)),
        (declared, _) => (declared.unwrap_or(UTF_8), Some(bytes)),
    };
    exactly(rest?, encoding)
}

fn exactly(bytes: &[u8], encoding: &'static Encoding) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(text.into_owned())
}

/// Why a field cannot be read, blamed on it.
pub(super) fn unreadable(field: &str, declared: Option<&'static Encoding>) -> Fault {
    let text = match declared {
        Some(encoding) => {
            format!("the field is no text in {}, the encoding that the request declares", encoding.name())
        }
        None => "the field is no text in UTF-8, and the request declares no other encoding".to_owned(),
    };
    bad_form(text).in_field(field)
}

/// A text of a part's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeaderText {
    /// The header has said how it is encoded.
    Known(String),
    /// It has not.
    Raw {
        /// The text as it stands there.
        bytes: Vec<u8>,
        /// Whether browsers may have written characters as `%22`, `%0D` and `%0A` (HTML, multipart
        /// form data).
        is_quoted: bool,
    },
}

impl HeaderText {
    /// The text, where the form says this encoding. Names lose nothing: what is no UTF-8 is read as
    /// windows-1252.
    pub(super) fn read(&self, form: Option<&'static Encoding>) -> String {
        let (bytes, is_quoted) = match self {
            Self::Known(text) => return text.clone(),
            Self::Raw { bytes, is_quoted } => (bytes, *is_quoted),
        };
        let declared = form.and_then(|form| exactly(bytes, form.output_encoding()));
        let text = declared.or_else(|| exactly(bytes, UTF_8)).unwrap_or_else(|| {
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            text.into_owned()
        });
        if is_quoted && text.contains('%') {
            return text.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n");
        }
        text
    }

    /// Whether nothing stands there.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Known(text) => text.is_empty(),
            Self::Raw { bytes, .. } => bytes.is_empty(),
        }
    }

    /// The bytes that stand there, for a name that is compared.
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Known(text) => text.as_bytes(),
            Self::Raw { bytes, .. } => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_the_encoding_that_is_declared() {
        let cases: [(&[u8], &str, Option<&str>); 14] = [
            (b"Gr\xc3\xbc\xc3\x9fe", "", Some("Grüße")),
            (b"Gr\xfc\xdfe", "", None),
            (b"Gr\xfc\xdfe", "ISO-8859-1", Some("Grüße")),
            (b"\x80", "latin1", Some("€")),
            (b"\x83\x5c", "Shift_JIS", Some("ソ")),
            (b"\x83", "shift_jis", None),
            (b"a\0\xfc\0", "UTF-16", Some("aü")),
            (b"\xff\xfea\0\xfc\0", "UTF-16", Some("aü")),
            (b"\xfe\xff\0a\0\xfc", "UTF-16", Some("aü")),
            (b"\0a\0\xfc", "utf-16be", Some("aü")),
            (b"a\0\xfc", "utf-16le", None),
            (b"\xff\xfea\0\xfc\0", "", Some("aü")),
            (b"\xef\xbb\xbfa", "utf-8", Some("a")),
            (b"\xef\xbb\xbfa", "", Some("\u{feff}a")),
        ];
        for (bytes, label, text) in cases {
            let declared = (!label.is_empty()).then(|| encoding(label.as_bytes()).unwrap());
            assert_eq!(decode(bytes, declared).as_deref(), text, "{bytes:?} {label}");
        }
        for unknown in ["", "utf-7", "x-own", "utf-32"] {
            assert!(encoding(unknown.as_bytes()).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_form_says_one_encoding() {
        let said = |values: &[&str]| of_fields(values.iter().map(|value| (&b"_Charset_"[..], value.as_bytes())));
        assert_eq!(said(&[]).unwrap(), None);
        assert_eq!(said(&["", " "]).unwrap(), None);
        assert_eq!(said(&["iso-8859-1", "latin1"]).unwrap(), Some(WINDOWS_1252));
        assert!(said(&["utf-8", "latin1"]).is_err());
        assert!(said(&["none"]).is_err());
        assert!(said(&[&" ".repeat(LONGEST_LABEL + 1)]).is_err());
        assert_eq!(of_fields([(&b"charset"[..], &b"none"[..])].into_iter()).unwrap(), None);
    }

    #[test]
    fn a_name_loses_nothing() {
        let read = |bytes: &[u8], is_quoted, label: &str| {
            let form = (!label.is_empty()).then(|| encoding(label.as_bytes()).unwrap());
            HeaderText::Raw { bytes: bytes.to_vec(), is_quoted }.read(form)
        };
        assert_eq!(read(b"d\xe9.csv", true, ""), "dé.csv");
        assert_eq!(read(b"\x83\x5c.csv", true, "shift_jis"), "ソ.csv");
        assert_eq!(read("dé.csv".as_bytes(), true, "utf-16"), "dé.csv");
        assert_eq!(read(b"a%22b%0D%0Ac%41", true, ""), "a\"b\r\nc%41");
        assert_eq!(read(b"a%22b", false, ""), "a%22b");
    }
}
