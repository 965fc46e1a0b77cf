//! Names under which web2py stores uploads: `table.field.<16 hexadecimal digits>.<original name,
//! encoded>.<ending>`.
//!
//! The original name is in base64 with the alphabet for URLs, in older releases in base16, and the
//! whole was cut to the length of the field: where it was cut, the original name is lost. A cut
//! that decodes by chance looks like a name, so a name counts only where something shows that it is
//! whole: the padding of base64, which stands at the end alone; the ending behind the last dot,
//! with which it has to end; or that no field is so short.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A name that long may have been cut. Fields have 512 or 128 characters where nothing else is
/// said, and an application may say less.
const SURELY_WHOLE: usize = 64;
/// Where the original name had no ending.
const NO_ENDING: &str = "txt";

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a stored name tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) table: String,
    pub(super) field: String,
    /// None where it cannot be decoded, or may have been cut.
    pub(super) original: Option<String>,
}

/// Reads the last part of a path; none where it is not such a name.
pub(super) fn parse(stored: &str) -> Option<Stored> {
    let parts: Vec<&str> = stored.split('.').collect();
    let [table, field, key, encoded, ending] = parts.as_slice() else { return None };
    let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_name = |text: &str| !text.is_empty() && is_word(text);
    let is_key = key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit());
    let is_encoded = !encoded.is_empty() && is_word(&encoded.replace(['-', '='], ""));
    if !(is_name(table) && is_name(field) && is_key && is_encoded && is_ending(ending)) {
        return None;
    }
    let is_whole = stored.len() < SURELY_WHOLE || encoded.ends_with('=');
    let fits = |name: &String| has_ending(name, ending, is_whole);
    let original = [base16(encoded), base64(encoded)].into_iter().flatten().find(fits);
    Some(Stored { table: (*table).to_owned(), field: (*field).to_owned(), original })
}

/// One to five letters, digits and `_`.
fn is_ending(text: &str) -> bool {
    (1..=5).contains(&text.chars().count()) && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Whether a decoded name is whole: it ends as the stored one says. One without an ending may be
/// the beginning of a longer one, unless nothing was cut.
fn has_ending(name: &str, ending: &str, whole: bool) -> bool {
    match name.rsplit_once('.').filter(|(_, last)| is_ending(last)) {
        Some((_, last)) => last.eq_ignore_ascii_case(ending),
        None => whole && ending == NO_ENDING,
    }
}

fn base16(text: &str) -> Option<String> {
    printable(crate::storage::transfer::host_rows::unhex(text)?)
}

fn base64(text: &str) -> Option<String> {
    printable(URL_SAFE.decode(text).ok()?)
}

fn printable(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty() && !name.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE as PADDED;

    const KEY: &str = "8a1f4c2b9d3e7f60";

    fn original(stored: &str) -> Option<Option<String>> {
        parse(stored).map(|stored| stored.original)
    }

    fn base64_of(name: &str) -> String {
        PADDED.encode(name)
    }

    fn base16_of(name: &str) -> String {
        crate::storage::hex(name.as_bytes())
    }

    #[test]
    fn both_encodings_are_read() {
        for name in ["cat.jpg", "Grüße an alle 🐈.png", "a.b.c.tar", "report final (2).pdf", "x.PDF", "notes.txt"]
        {
            let ending = name.rsplit_once('.').unwrap().1;
            for encoded in [
                base64_of(name),
                base64_of(name).replace('=', ""),
                base16_of(name),
                base16_of(name).to_uppercase(),
            ] {
                let stored = format!("person.photo.{KEY}.{encoded}.{ending}");
                assert_eq!(original(&stored), Some(Some(name.to_owned())), "{stored}");
            }
        }
        let stored = parse(&format!("auth_user.Picture2.{KEY}.{}.jpg", base64_of("cat.jpg"))).unwrap();
        assert_eq!((stored.table.as_str(), stored.field.as_str()), ("auth_user", "Picture2"));
    }

    #[test]
    fn a_name_without_an_ending_was_given_txt() {
        assert_eq!(original(&format!("t.f.{KEY}.{}.txt", base64_of("README"))), Some(Some("README".into())));
        assert_eq!(original(&format!("t.f.{KEY}.{}.txt", base16_of("README"))), Some(Some("README".into())));
    }

    #[test]
    fn what_was_cut_is_not_guessed_at() {
        let long = format!("{}.jpg", "holiday ".repeat(40));
        for encoded in [base64_of(&long), base16_of(&long)] {
            for length in 100..encoded.len() {
                let stored = format!("t.f.{KEY}.{}.jpg", &encoded[..length]);
                let expected =
                    (encoded[..length].replace('=', "") == encoded.replace('=', "")).then(|| long.clone());
                assert_eq!(original(&stored), Some(expected), "{length}");
            }
        }
    }

    #[test]
    fn a_name_without_an_ending_counts_only_where_it_is_known_to_be_whole() {
        let long = "the minutes of our meeting about holidays ".repeat(6);
        for encode in [base64_of, base16_of] {
            // Whatever the length of the field: as web2py cuts, and then adds the ending.
            for length in 64..=300 {
                let whole = format!("docs.file.{KEY}.{}", encode(&long));
                let stored = format!("{}.txt", &whole[..length - 4]);
                let found = parse(&stored).unwrap().original;
                assert!(found.is_none(), "{length}: {found:?}");
            }
        }
        let padded = long.trim();
        assert!(base64_of(padded).ends_with('='));
        assert_eq!(original(&format!("t.f.{KEY}.{}.txt", base64_of(padded))), Some(Some(padded.to_owned())));
    }

    #[test]
    fn in_doubt_it_is_no_stored_name() {
        let encoded = base64_of("cat.jpg");
        for name in [
            "cat.jpg".to_owned(),
            format!("t.f.{}.{encoded}.jpg", &KEY[..15]),
            format!("t.f.{}g.{encoded}.jpg", &KEY[..15]),
            format!("t.{KEY}.{encoded}.jpg"),
            format!("t.f.{KEY}..jpg"),
            format!("t.f.{KEY}.{encoded}.jpegxl"),
            format!("t.f.{KEY}.{encoded}"),
            format!("t f.f.{KEY}.{encoded}.jpg"),
            format!("t.f.{KEY}.a b.jpg"),
            format!("t.f.{KEY}.{encoded}.extra.jpg"),
        ] {
            assert_eq!(parse(&name), None, "{name}");
        }
        assert_eq!(original(&format!("t.f.{KEY}.{encoded}.png")), Some(None), "the ending is another one");
    }
}
