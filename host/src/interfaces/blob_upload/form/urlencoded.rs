//! Forms of the type `application/x-www-form-urlencoded` (URL standard, section 5).

use super::super::error::Fault;
use super::super::receive::Receiver;
use super::super::wit;
use super::charset::{self, decode, unreadable};
use super::interrupted;
use crate::interfaces::body::Claimed;
use encoding_rs::Encoding;
use futures_util::StreamExt;
use percent_encoding::percent_decode;
use wit::BlobErrorCode as Code;

/// Receives a form. `declared`: the encoding that the content type names. It goes before the field
/// `_charset_`, since scripts that send a form themselves name one and leave the field as it is.
pub(super) async fn receive(
    receiver: &mut Receiver<'_>,
    declared: Option<&'static Encoding>,
    mut body: Claimed,
) -> Result<wit::Form, Fault> {
    let most = receiver.field_bytes();
    let mut text = Vec::new();
    while let Some(bytes) = body.next().await {
        text.extend_from_slice(&bytes.map_err(|error| interrupted(&error))?);
        if text.len() > most {
            return Err(Fault::request(Code::TooLarge, format!("a form of more than {most} bytes")));
        }
    }
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(split_pair);
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = pairs.take(receiver.parts().saturating_add(1)).collect();
    if pairs.len() > receiver.parts() {
        return Err(Fault::request(Code::TooLarge, format!("a form of more than {} fields", receiver.parts())));
    }
    let fields = read(&pairs, declared)?;
    // A text may take up more bytes than it had in the encoding in which it came.
    if let Some(field) = fields.iter().find(|field| field.value.len() > most) {
        let fault = Fault::request(Code::TooLarge, format!("a field of more than {most} bytes"));
        return Err(fault.in_field(&field.name));
    }
    Ok(wit::Form { fields, files: Vec::new() })
}

fn split_pair(pair: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut halves = pair.splitn(2, |byte| *byte == b'=').map(|half| {
        let blanks: Vec<u8> = half.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&blanks).collect()
    });
    (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
}

fn read(pairs: &[(Vec<u8>, Vec<u8>)], declared: Option<&'static Encoding>) -> Result<Vec<wit::FormField>, Fault> {
    let said = charset::of_fields(pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
    let encoding = match declared {
        Some(declared) => Some(declared),
        None => said?,
    };
    // Letters that need no percent sign are ASCII in any case (HTML, form submission).
    let encoding = encoding.map(Encoding::output_encoding);
    let field = |(name, value): &(Vec<u8>, Vec<u8>)| {
        let name = decode(name, encoding).ok_or_else(|| unreadable(&String::from_utf8_lossy(name), encoding))?;
        let value = decode(value, encoding).ok_or_else(|| unreadable(&name, encoding))?;
        Ok(wit::FormField { name, value })
    };
    pairs.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str, label: Option<&str>) -> Result<Vec<(String, String)>, String> {
        let declared = label.map(|label| charset::encoding(label.as_bytes()).unwrap());
        let pairs: Vec<_> = text.as_bytes().split(|byte| *byte == b'&').map(split_pair).collect();
        let read = read(&pairs, declared).map_err(|fault| match fault {
            Fault::Request(Code::BadForm, _, field) => field.unwrap_or_default(),
            other => panic!("{other:?}"),
        })?;
        Ok(read.into_iter().map(|field| (field.name, field.value)).collect())
    }

    #[test]
    fn a_form_is_read_in_the_encoding_that_it_or_its_head_says() {
        for (text, label, value) in [
            ("a=%C3%A9+%2B", None, "é +"),
            ("a=%E9", Some("iso-8859-1"), "é"),
            ("a=%E9&_charset_=ISO-8859-1", None, "é"),
            ("_charset_=windows-1252&a=%80", None, "€"),
            ("a=%83%5C&_charset_=Shift_JIS", None, "ソ"),
            ("a=%C3%A9&_charset_=ISO-8859-1", Some("UTF-8"), "é"),
            ("a=%C3%A9&_charset_=", None, "é"),
            ("b=cd&a=%FE%FF%00%E9", Some("utf-16"), "é"),
        ] {
            let read = fields(text, label).unwrap();
            assert!(read.contains(&("a".to_owned(), value.to_owned())), "{text}: {read:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_field() {
        for (text, label, field) in [
            ("b=1&a=%E9", None, "a"),
            ("b=1&a=%E9", Some("utf-8"), "a"),
            ("a=%83&_charset_=shift_jis", None, "a"),
            ("%E9=1", None, "\u{fffd}"),
            ("a=1&_charset_=none", None, "_charset_"),
            ("a=1&_charset_=utf-8&_charset_=latin1", None, "_charset_"),
        ] {
            assert_eq!(fields(text, label), Err(field.to_owned()), "{text}");
        }
    }
}
