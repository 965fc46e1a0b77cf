//! The text of a token: `innkeeper_`, twelve digits that name it, and 256 random bits. Whoever
//! finds such a text somewhere, and every scanner for secrets, knows what it is.

use crate::config::Secret;
use crate::storage::{Error, hex};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every token begins with.
pub const PREFIX: &str = "innkeeper_";
const ID_DIGITS: usize = 12;
const SECRET_BYTES: usize = 32;
/// In base64 without padding.
const SECRET_CHARACTERS: usize = 43;
/// Bytes of a token.
pub const LENGTH: usize = PREFIX.len() + ID_DIGITS + 1 + SECRET_CHARACTERS;

/// A token that was just made.
#[derive(Debug)]
pub struct NewText {
    /// Names it.
    pub id: String,
    /// All of it.
    pub text: Secret,
}

impl NewText {
    /// Draws one.
    pub fn random() -> Result<Self, Error> {
        let (mut id, mut secret) = ([0u8; ID_DIGITS / 2], [0u8; SECRET_BYTES]);
        let filled = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret));
        filled.map_err(|_| Error::unavailable("the system gives no random numbers"))?;
        let id = hex(&id);
        let text = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        Ok(Self { id, text: Secret::new(text) })
    }
}

/// The hash of a text, as it is kept.
pub fn digest(text: &[u8]) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// Whether a text has this hash. Takes the same time whatever is different.
pub fn has_digest(text: &[u8], digest: &[u8]) -> bool {
    Sha256::digest(text).as_slice().ct_eq(digest).into()
}

/// The id in a text that has the shape of a token and nothing around it.
pub fn id_of(text: &[u8]) -> Option<&str> {
    (text.len() == LENGTH && starts_with_token(text)).then_some(())?;
    std::str::from_utf8(text.get(PREFIX.len()..PREFIX.len() + ID_DIGITS)?).ok()
}

/// Whether a token stands anywhere in a text. Letters are not told apart by case, since names of
/// fields and hosts are written in small ones.
pub fn is_in(text: &[u8]) -> bool {
    if text.len() < LENGTH {
        return false;
    }
    let first = PREFIX.as_bytes().first().copied().unwrap_or_default();
    let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
    starts.into_iter().any(|start| text.get(start..).is_some_and(starts_with_token))
}

/// A text in which each token is cut down to what names it.
pub fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let kept =
            if starts_with_token(rest.as_bytes()) { PREFIX.len() + ID_DIGITS } else { character.len_utf8() };
        masked.push_str(rest.get(..kept).unwrap_or_default());
        let skipped = if kept == character.len_utf8() { kept } else { LENGTH };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    masked
}

fn starts_with_token(text: &[u8]) -> bool {
    let Some(text) = text.get(..LENGTH) else { return false };
    let (prefix, rest) = text.split_at(PREFIX.len());
    let (id, rest) = rest.split_at(ID_DIGITS);
    prefix.eq_ignore_ascii_case(PREFIX.as_bytes())
        && id.iter().all(u8::is_ascii_hexdigit)
        && rest.first() == Some(&b'_')
        && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_is_known_by_its_shape_and_its_hash() {
        let (one, other) = (NewText::random().unwrap(), NewText::random().unwrap());
        let text = one.text.expose();
        assert_ne!(text, other.text.expose());
        assert_eq!((text.len(), id_of(text.as_bytes())), (LENGTH, Some(one.id.as_str())));
        assert!(is_in(format!("x {text} y").as_bytes()) && is_in(text.to_ascii_uppercase().as_bytes()));
        assert!(has_digest(text.as_bytes(), &digest(text.as_bytes())));
        assert!(!format!("{one:?}").contains(text));
    }

    #[test]
    fn of_a_token_only_the_name_is_kept() {
        let token = format!("innkeeper_0123456789ab_{}", "Z".repeat(43));
        for (text, kept) in [
            (format!("no scope {token:?}: ü"), "no scope \"innkeeper_0123456789ab\": ü".to_owned()),
            (format!("{token}{token}"), "innkeeper_0123456789abinnkeeper_0123456789ab".to_owned()),
            ("innkeeper_ü".to_owned(), "innkeeper_ü".to_owned()),
            (String::new(), String::new()),
        ] {
            assert_eq!(masked(&text), kept);
        }
    }

    #[test]
    fn every_character_counts() {
        let text = NewText::random().unwrap().text.expose().to_owned();
        let kept = digest(text.as_bytes());
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] ^= 1;
            assert!(!has_digest(&other, &kept), "{at}");
        }
        assert!(!has_digest(text.as_bytes(), &kept[1..]) && !has_digest(text.as_bytes(), b""));
    }

    #[test]
    fn what_has_another_shape_is_no_token() {
        let secret = "a".repeat(43);
        for other in [
            String::new(),
            "innkeeper_".to_owned(),
            format!("innkeeper_0123456789ab_{}", &secret[1..]),
            format!("innkeeper_0123456789ag_{secret}"),
            format!("innkeeper-0123456789ab_{secret}"),
            format!("innkeeper_0123456789ab-{secret}"),
            format!("innkeeper_0123456789ab_{}=", &secret[1..]),
        ] {
            assert!(!is_in(other.as_bytes()) && id_of(other.as_bytes()).is_none(), "{other}");
        }
        let longer = format!("innkeeper_0123456789ab_{secret}a");
        assert!(is_in(longer.as_bytes()) && id_of(longer.as_bytes()).is_none());
    }
}
