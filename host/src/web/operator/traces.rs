//! Finds tokens in what a request brings along, as they are or in the ways in which clients write
//! them: percent-encoded, with backslashes, in base64 (`Basic`) or in hexadecimal
//! digits.

use crate::config::Secret;
use crate::operations::token_text;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};
use percent_encoding::percent_decode;
use std::borrow::Cow;
use subtle::{Choice, ConstantTimeEq};

/// An address that has been put into another one is encoded twice.
const DECODINGS: usize = 2;

/// Tokens in all their spellings.
pub(super) struct Traces {
    /// The token of the environment; none where there is none.
    root: Option<Root>,
    /// How the beginning of every token of the registry looks in base64.
    prefix_base64: Vec<Vec<u8>>,
    prefix_hex: Vec<u8>,
}

/// The token of the environment.
struct Root {
    token: Vec<u8>,
    lower: Vec<u8>,
    /// What the token becomes in base64 after 0, 1 and 2 other bytes, without what depends on its
    /// neighbours.
    base64: Vec<Vec<u8>>,
    hex: Vec<u8>,
}

impl Traces {
    /// All spellings of a token of the environment, and of what has the shape of a token of the
    /// registry.
    pub(super) fn new(token: Option<&Secret>) -> Self {
        let prefix = token_text::PREFIX.as_bytes();
        Self {
            root: token.map(Root::new),
            prefix_base64: (0..3).map(|before| in_base64(prefix, before)).collect(),
            prefix_hex: crate::storage::hex(prefix).into_bytes(),
        }
    }

    /// Whether a token stands anywhere in a value, in whatever scheme. It may have any character
    /// that schemes set words apart by.
    pub(super) fn are_in(&self, value: &[u8]) -> bool {
        // Most values are too short, and cost nothing.
        let shortest = self.root.as_ref().map_or(token_text::LENGTH, |root| root.token.len());
        if value.len() < shortest.min(token_text::LENGTH) {
            return false;
        }
        let mut text = Cow::Borrowed(value);
        for _ in 0..DECODINGS {
            if self.are_plainly_in(&text) {
                return true;
            }
            if !text.contains(&b'%') {
                break;
            }
            text = Cow::Owned(percent_decode(&text).collect());
        }
        self.are_plainly_in(&text) || (value.contains(&b'\\') && self.are_plainly_in(&without_backslashes(value)))
    }

    /// Whether one is the name of a field, which has no capital letters.
    pub(super) fn are_in_name(&self, name: &str) -> bool {
        let is_root = self.root.as_ref().is_some_and(|root| contains(name.as_bytes(), &root.lower));
        is_root || token_text::is_in(name.as_bytes())
    }

    fn are_plainly_in(&self, value: &[u8]) -> bool {
        self.root.as_ref().is_some_and(|root| root.is_plainly_in(value))
            || token_text::is_in(value)
            || self.are_encoded_in(value)
    }

    /// Whether what has the shape of a token stands there in base64 or in hexadecimal digits. What
    /// begins like one is decoded and looked at.
    fn are_encoded_in(&self, value: &[u8]) -> bool {
        let length = token_text::LENGTH;
        runs(value, is_base64, length * 4 / 3).any(|run| {
            let run: Vec<u8> = run.iter().map(|byte| standard(*byte)).collect();
            let begins = self.prefix_base64.iter().any(|piece| memchr::memmem::find(&run, piece).is_some());
            begins && (0..4).any(|start| token_text::is_in(&from_base64(run.get(start..).unwrap_or_default())))
        }) || runs(value, u8::is_ascii_hexdigit, length * 2).any(|run| {
            let run = run.to_ascii_lowercase();
            let mut starts = memchr::memmem::find_iter(&run, &self.prefix_hex);
            starts.any(|start| token_text::is_in(&from_hex(run.get(start..).unwrap_or_default())))
        })
    }
}

impl Root {
    fn new(token: &Secret) -> Self {
        let token = token.expose().as_bytes().to_vec();
        let base64 = (0..3).map(|before| in_base64(&token, before)).collect();
        let hex = crate::storage::hex(&token).into_bytes();
        Self { lower: token.to_ascii_lowercase(), token, base64, hex }
    }

    fn is_plainly_in(&self, value: &[u8]) -> bool {
        let shortest = self.base64.iter().map(Vec::len).min().unwrap_or_default();
        // A token has no blanks, so only the words that are as long are looked through.
        runs(value, u8::is_ascii_graphic, self.token.len()).any(|run| contains(run, &self.token))
            || runs(value, is_base64, shortest).any(|run| {
                let run: Vec<u8> = run.iter().map(|byte| standard(*byte)).collect();
                self.base64.iter().any(|piece| contains(&run, piece))
            })
            || runs(value, u8::is_ascii_hexdigit, self.hex.len())
                .any(|run| contains(&run.to_ascii_lowercase(), &self.hex))
    }
}

/// Stretches of bytes of a kind that are so long at least.
fn runs(value: &[u8], of: fn(&u8) -> bool, least: usize) -> impl Iterator<Item = &[u8]> {
    value.split(move |byte| !of(byte)).filter(move |run| run.len() >= least)
}

/// Every place is looked at, and of each the whole: how much of a guess is right does not show in
/// the time it takes.
fn contains(value: &[u8], part: &[u8]) -> bool {
    let found = value.windows(part.len().max(1)).fold(Choice::from(0), |found, window| found | window.ct_eq(part));
    found.into()
}

fn in_base64(token: &[u8], before: usize) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(token);
    let text = STANDARD_NO_PAD.encode(&bytes).into_bytes();
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    text.get(start..end).unwrap_or_default().to_vec()
}

/// What a text stands for. Bits behind its last byte count for nothing: it may begin and end
/// anywhere.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    // A single character behind whole groups is less than a byte.
    let end = if text.len() % 4 == 1 { text.len() - 1 } else { text.len() };
    let text = text.get(..end).unwrap_or_default();
    GeneralPurpose::new(&STANDARD, lenient).decode(text).unwrap_or_default()
}

fn from_hex(digits: &[u8]) -> Vec<u8> {
    let pairs = digits.chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(byte)
}

/// A character of the alphabet for addresses in that of RFC 4648, section 4.
fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    }
}

/// A quoted string without the backslashes before its characters (RFC 9110, section 5.6.4).
fn without_backslashes(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        let byte = if *byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte };
        text.push(*byte);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    /// Has what each encoding writes otherwise.
    const TOKEN: &str = "a\"token?of>the~operator,0123456789=";

    fn found(value: &str) -> bool {
        Traces::new(Some(&Secret::new(TOKEN))).are_in(value.as_bytes())
    }

    #[test]
    fn a_token_is_found_in_every_spelling() {
        let percent = utf8_percent_encode(TOKEN, NON_ALPHANUMERIC).to_string();
        let hex = crate::storage::hex(TOKEN.as_bytes());
        for spelling in [
            TOKEN.to_owned(),
            percent.clone(),
            percent.to_ascii_lowercase(),
            TOKEN.replace('o', "%6f"),
            utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string(),
            TOKEN.replace('"', "\\\""),
            TOKEN.chars().flat_map(|letter| ['\\', letter]).collect(),
            hex.to_ascii_uppercase(),
            hex,
        ] {
            for around in ["TOKEN", "x TOKEN", "xTOKENx", "https://h.example/?a=TOKEN&b", "a=1; b=TOKEN; c=3"] {
                assert!(found(&around.replace("TOKEN", &spelling)), "{around} {spelling}");
            }
        }
    }

    #[test]
    fn a_token_is_found_in_base64_wherever_it_stands() {
        for before in ["", "u", "us", "use", "user:", "operator:"] {
            for after in ["", "x", "xy", "xyz"] {
                let plain = format!("{before}{TOKEN}{after}");
                for text in [STANDARD.encode(&plain), URL_SAFE.encode(&plain), STANDARD_NO_PAD.encode(&plain)] {
                    assert!(found(&format!("Basic {text}")), "{before} {after}");
                    let escaped = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
                    assert!(found(&format!("a={escaped}")), "{before} {after}");
                }
            }
        }
    }

    #[test]
    fn what_has_the_shape_of_a_token_is_found_in_every_spelling() {
        let token = format!("innkeeper_0123456789ab_{}", "aB-_0".repeat(9).get(..43).unwrap());
        let found = |value: &str| Traces::new(None).are_in(value.as_bytes());
        let percent = utf8_percent_encode(&token, NON_ALPHANUMERIC).to_string();
        let hex = crate::storage::hex(token.as_bytes());
        let backslashes: String = token.chars().flat_map(|letter| ['\\', letter]).collect();
        let twice = utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string();
        for spelling in [token.clone(), percent, twice, backslashes, hex.to_ascii_uppercase(), hex] {
            for around in ["TOKEN", "x TOKEN", "https://h.example/?a=TOKEN&b", "a=1; b=TOKEN; c=3"] {
                assert!(found(&around.replace("TOKEN", &spelling)), "{around} {spelling}");
            }
        }
        for before in ["", "u", "us", "use", "user:", "operator:"] {
            for after in ["", "x", "xy", "xyz"] {
                let plain = format!("{before}{token}{after}");
                for text in [STANDARD.encode(&plain), URL_SAFE.encode(&plain), STANDARD_NO_PAD.encode(&plain)] {
                    assert!(found(&format!("Basic {text}")), "{before} {after}");
                }
            }
        }
        let other = format!("innkeeper_of-somebody-else_{}", "a".repeat(60));
        for value in [&other, &STANDARD.encode(&other), &crate::storage::hex(other.as_bytes())] {
            assert!(!found(value), "{value}");
        }
    }

    #[test]
    fn what_is_not_the_token_is_not_found() {
        for other in [
            "",
            "Bearer other",
            &TOKEN[1..],
            &TOKEN[..TOKEN.len() - 1],
            &STANDARD.encode("user:another password that is long enough"),
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "%",
            "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",
            "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\",
        ] {
            assert!(!found(other), "{other}");
        }
    }
}
