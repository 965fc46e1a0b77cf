//! What the header `Content-Disposition` says of a part: the name of its field, and of its file
//! where it is one (RFC 7578, section 4.2).
//!
//! A name that is no ASCII comes in many forms: as its bytes, with a percent sign (RFC 8187), in
//! numbered pieces (RFC 2231), in encoded words. A part with a file's name in any form is a file.

use super::super::error::Fault;
use super::bad_form;
use super::charset::HeaderText;
use super::encoded_word;
use super::parameters::{Parameter, ParameterError, Parameters};
use encoding_rs::Encoding;
use percent_encoding::percent_decode;

/// Numbered pieces of one name.
const MOST_PIECES: usize = 256;

/// What a part is called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    /// The name of the field; none: the header names none.
    pub(super) name: Option<HeaderText>,
    /// The name of the file; none: the part is no file.
    pub(super) file_name: Option<HeaderText>,
}

impl Disposition {
    /// Reads the header.
    pub(super) fn parse(header: &[u8]) -> Result<Self, Fault> {
        let read = || {
            let parameters = Parameters::parse(header)?;
            Ok(Self { name: field_name(&parameters)?, file_name: file_name(&parameters)? })
        };
        read().map_err(|error: ParameterError| {
            bad_form(format!("the Content-Disposition of a part is wrong: {error}"))
        })
    }
}

/// Forms know `name` alone, so that goes before other ways to write it.
fn field_name(parameters: &Parameters) -> Result<Option<HeaderText>, ParameterError> {
    if let Some(name) = parameters.get("name")? {
        return Ok(Some(plain(name)));
    }
    Ok(extended(parameters, "name*")?.map(|(name, _)| name).or(numbered(parameters, "name")?))
}

/// The extended form goes before the plain one (RFC 6266, section 4.3), unless it is broken.
fn file_name(parameters: &Parameters) -> Result<Option<HeaderText>, ParameterError> {
    let given = parameters.get("filename")?.map(plain);
    let name = match extended(parameters, "filename*")? {
        Some((name, true)) => Some(name),
        Some((broken, false)) => given.or(Some(broken)),
        None => numbered(parameters, "filename")?.or(given),
    };
    // Pieces of which the first is missing make a file without a name, but a file.
    let is_file = name.is_some() || parameters.has_prefix("filename*");
    Ok(is_file.then(|| name.unwrap_or(HeaderText::Known(String::new()))))
}

fn plain(parameter: &Parameter) -> HeaderText {
    let text = std::str::from_utf8(&parameter.value).ok();
    match text.and_then(encoded_word::decode) {
        Some(text) => HeaderText::Known(text),
        None => HeaderText::Raw { bytes: parameter.value.clone(), is_quoted: parameter.is_quoted },
    }
}

/// `utf-8''d%C3%A9.csv`, and whether it is sound.
fn extended(parameters: &Parameters, name: &str) -> Result<Option<(HeaderText, bool)>, ParameterError> {
    let Some(parameter) = parameters.get(name)? else { return Ok(None) };
    let Some((encoding, encoded)) = split_charset(&parameter.value) else {
        let bytes = percent_decode(&parameter.value).collect();
        return Ok(Some((HeaderText::Raw { bytes, is_quoted: false }, false)));
    };
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    Ok(Some(match encoding.and_then(|encoding| exactly(&bytes, encoding)) {
        Some(text) => (HeaderText::Known(text), true),
        None => (HeaderText::Raw { bytes, is_quoted: false }, false),
    }))
}

/// `filename*0*=utf-8''d%C3; filename*1*=%A9; filename*2=.csv`: pieces with a second star are
/// percent-encoded, and a letter may be cut between two of them.
fn numbered(parameters: &Parameters, name: &str) -> Result<Option<HeaderText>, ParameterError> {
    let (mut bytes, mut encoding) = (Vec::new(), None);
    for number in 0..MOST_PIECES {
        if let Some(piece) = parameters.get(&format!("{name}*{number}*"))? {
            let encoded = match split_charset(&piece.value).filter(|_| number == 0) {
                Some((said, encoded)) => {
                    encoding = said;
                    encoded
                }
                None => &piece.value,
            };
            bytes.extend(percent_decode(encoded));
        } else if let Some(piece) = parameters.get(&format!("{name}*{number}"))? {
            bytes.extend_from_slice(&piece.value);
        } else if number == 0 {
            return Ok(None);
        } else {
            break;
        }
    }
    Ok(Some(match encoding.and_then(|encoding| exactly(&bytes, encoding)) {
        Some(text) => HeaderText::Known(text),
        None => HeaderText::Raw { bytes, is_quoted: false },
    }))
}

/// Charset, language and text between apostrophes (RFC 8187, section 3.2); an unknown charset is
/// none.
fn split_charset(value: &[u8]) -> Option<(Option<&'static Encoding>, &[u8])> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    Some((Encoding::for_label(charset), text))
}

fn exactly(bytes: &[u8], encoding: &'static Encoding) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &[u8]) -> (Option<String>, Option<String>) {
        let read = Disposition::parse(header).unwrap();
        (read.name.map(|name| name.read(None)), read.file_name.map(|name| name.read(None)))
    }

    #[test]
    fn a_file_name_in_any_form_makes_a_file() {
        let cases: [(&[u8], &str); 30] = [
            (b"filename=d.csv", "d.csv"),
            (b"FileName=\"d.csv\"", "d.csv"),
            (b"filename = \"d.csv\" ", "d.csv"),
            (b"filename=\"\"", ""),
            (b"filename=", ""),
            (b"filename", ""),
            (b"filename=\"x; name=evil.png\"", "x; name=evil.png"),
            (b"filename=\"my name=Bob.csv\"", "my name=Bob.csv"),
            (b"filename=\"report\\\"", "report\\"),
            (b"filename=\"a\\\"b.csv\"", "a\"b.csv"),
            (b"filename=\"C:\\dir\\d.csv\"", "C:\\dir\\d.csv"),
            (b"filename=\"a%22b%0D%0Ac%41.csv\"", "a\"b\r\nc%41.csv"),
            (b"filename=\"d\xe9.csv\"", "d\u{e9}.csv"),
            (b"filename=d\xe9.csv", "d\u{e9}.csv"),
            (b"filename=\"d\xc3\xa9.csv\"", "d\u{e9}.csv"),
            (b"filename*=utf-8''d%C3%A9.csv", "d\u{e9}.csv"),
            (b"FILENAME* = UTF-8'de'd%C3%A9.csv", "d\u{e9}.csv"),
            (b"filename*=\"utf-8''d%C3%A9.csv\"", "d\u{e9}.csv"),
            (b"filename*=iso-8859-1'en'd%E9.csv", "d\u{e9}.csv"),
            (b"filename*=utf-8''d%C3%A9.csv; filename=\"=?utf-8?B?eA==?=\"", "d\u{e9}.csv"),
            (b"filename=\"=?utf-8?B?ZMOpLmNzdg==?=\"", "d\u{e9}.csv"),
            (b"filename=\"good.csv\"; filename*=none''x", "good.csv"),
            (b"filename=\"good.csv\"; filename*=utf-8''%FF", "good.csv"),
            (b"filename*=none''d%C3%A9.csv", "d\u{e9}.csv"),
            (b"filename*=d%C3%A9.csv", "d\u{e9}.csv"),
            (b"filename*0=\"long \"; filename*1=\"name.csv\"", "long name.csv"),
            (b"filename*1*=%A9.csv; filename*0*=utf-8''d%C3", "d\u{e9}.csv"),
            (b"filename*0*=iso-8859-1'en'd%E9; filename*1=\"%.csv\"; filename=x", "d\u{e9}%.csv"),
            (b"filename*1=\"lost.csv\"", ""),
            (b"filename*x=\"lost.csv\"", ""),
        ];
        for (header, file_name) in cases {
            let shown = String::from_utf8_lossy(header);
            for (before, behind) in
                [(&b"form-data; name=\"data\"; "[..], &b""[..]), (b"form-data; ", b"; name=data")]
            {
                let read = names(&[before, header, behind].concat());
                assert_eq!(read, (Some("data".into()), Some(file_name.into())), "{shown}");
            }
        }
    }

    #[test]
    fn a_field_has_a_name_of_its_own() {
        for (header, name) in [
            (&b"form-data; name=\"a\""[..], Some("a")),
            (b"form-data; name=\"\"", Some("")),
            (b"form-data; name=\"filename=x.png\"", Some("filename=x.png")),
            (b"form-data; name=\"a%22b\"", Some("a\"b")),
            (b"form-data; name*=utf-8''%C3%A4", Some("\u{e4}")),
            (b"form-data; name*=utf-8''%C3%A4; name=\"a\"", Some("a")),
            (b"form-data; name=\"\xe4\"", Some("\u{e4}")),
            (b"form-data; xname=\"a\"; filenames=\"b\"", None),
            (b"form-data", None),
        ] {
            let shown = String::from_utf8_lossy(header);
            assert_eq!(names(header), (name.map(str::to_owned), None), "{shown}");
        }
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        for header in [
            "form-data; name=\"a\"; name=\"b\"",
            "form-data; name=\"a\"; filename=\"x\"; FileName=\"y\"",
            "form-data; name=\"data; filename=\"x.png\"",
            "form-data; name=\"a",
        ] {
            assert!(Disposition::parse(header.as_bytes()).is_err(), "{header}");
        }
    }
}
