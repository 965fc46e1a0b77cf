//! How the bytes of a part are written for the way (RFC 2045, section 6). Browsers write them as
//! they are; mail programs' libraries do not always.

use super::super::error::Fault;
use super::bad_form;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The bytes of a part, read piece by piece.
#[derive(Debug)]
pub(super) enum TransferDecoder {
    /// They are what they are.
    Plain,
    /// Four letters for three bytes.
    Base64 {
        /// Fewer than four letters.
        letters: Vec<u8>,
        /// Whether the end has been marked.
        is_padded: bool,
    },
    /// `=C3` for a byte that is no letter.
    QuotedPrintable(Pending),
}

/// What has come of a byte or a line break behind `=`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pending {
    /// Not even the sign.
    Nothing,
    /// The sign.
    Sign,
    /// The sign and a digit.
    Digit(u8),
    /// The sign and blanks.
    Blanks,
    /// The sign and a carriage return.
    Return,
}

impl TransferDecoder {
    /// A decoder for what the header `Content-Transfer-Encoding` says.
    pub(super) fn of(header: Option<&[u8]>) -> Result<Self, Fault> {
        let name = String::from_utf8_lossy(header.unwrap_or_default().trim_ascii()).to_ascii_lowercase();
        match name.as_str() {
            "" | "7bit" | "8bit" | "binary" => Ok(Self::Plain),
            "base64" => Ok(Self::Base64 { letters: Vec::new(), is_padded: false }),
            "quoted-printable" => Ok(Self::QuotedPrintable(Pending::Nothing)),
            _ => {
                let shown: String = name.chars().take(40).collect();
                Err(bad_form(format!("the host knows no transfer encoding `{shown}`")))
            }
        }
    }

    /// The bytes that a piece stands for, together with what was left of those before it.
    pub(super) fn decode(&mut self, piece: Bytes) -> Result<Bytes, Fault> {
        let decoded = match self {
            Self::Plain => return Ok(piece),
            Self::Base64 { letters, is_padded } => {
                for byte in piece.iter().filter(|byte| !byte.is_ascii_whitespace()) {
                    match byte {
                        b'=' => *is_padded = true,
                        _ if *is_padded => return Err(wrong("base64")),
                        letter => letters.push(*letter),
                    }
                }
                let rest = letters.split_off(letters.len() - letters.len() % 4);
                BASE64.decode(std::mem::replace(letters, rest)).ok()
            }
            Self::QuotedPrintable(pending) => unquote(pending, &piece),
        };
        decoded.map(Bytes::from).ok_or_else(|| self.malformed())
    }

    /// The bytes that are left at the end.
    pub(super) fn finish(&mut self) -> Result<Bytes, Fault> {
        let decoded = match self {
            Self::Base64 { letters, .. } => BASE64.decode(std::mem::take(letters)).ok(),
            Self::QuotedPrintable(Pending::Digit(_)) => None,
            Self::Plain | Self::QuotedPrintable(_) => Some(Vec::new()),
        };
        decoded.map(Bytes::from).ok_or_else(|| self.malformed())
    }

    fn malformed(&self) -> Fault {
        match self {
            Self::QuotedPrintable(_) => wrong("quoted-printable"),
            Self::Base64 { .. } | Self::Plain => wrong("base64"),
        }
    }
}

fn wrong(encoding: &str) -> Fault {
    bad_form(format!("the part is not in {encoding}, though its head says so"))
}

fn unquote(pending: &mut Pending, piece: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(piece.len());
    for byte in piece {
        *pending = match (*pending, byte) {
            (Pending::Nothing, b'=') => Pending::Sign,
            (Pending::Nothing, letter) => {
                bytes.push(*letter);
                Pending::Nothing
            }
            // A line break that is none of the text.
            (Pending::Sign | Pending::Blanks | Pending::Return, b'\n') => Pending::Nothing,
            (Pending::Sign | Pending::Blanks, b'\r') => Pending::Return,
            // A mailer may have put blanks behind it (RFC 2045, section 6.7, rule 3).
            (Pending::Sign | Pending::Blanks, b' ' | b'\t') => Pending::Blanks,
            (Pending::Sign, digit) => Pending::Digit(*digit),
            (Pending::Digit(high), low) => {
                bytes.push(hexadecimal(high, *low)?);
                Pending::Nothing
            }
            (Pending::Blanks | Pending::Return, _) => return None,
        };
    }
    Some(bytes)
}

/// The byte of two hexadecimal digits.
pub(super) fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes a text that comes in pieces of a size.
    fn decode(encoding: &str, text: &str, size: usize) -> Option<Vec<u8>> {
        let mut decoder = TransferDecoder::of(Some(encoding.as_bytes())).unwrap();
        let mut bytes = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            bytes.extend(decoder.decode(Bytes::copy_from_slice(piece)).ok()?);
        }
        bytes.extend(decoder.finish().ok()?);
        Some(bytes)
    }

    #[test]
    fn a_part_is_read_however_it_is_cut() {
        let cases: [(&str, &str, Option<&[u8]>); 19] = [
            ("binary", "a=\r\nb", Some(b"a=\r\nb")),
            ("Base64", "iVBO\r\nRw0K\r\nGgo=\r\n", Some(b"\x89PNG\r\n\x1a\n")),
            (" base64 ", "YQ==", Some(b"a")),
            ("base64", "YQ", Some(b"a")),
            ("base64", "", Some(b"")),
            ("base64", "Y", None),
            ("base64", "YQ==YQ==", None),
            ("base64", "Y*==", None),
            ("base64", "-_-_", None),
            ("quoted-printable", "Gr=C3=bc=\r\n=C3=9Fe\r\n", Some("Grüße\r\n".as_bytes())),
            ("quoted-printable", "a=\nb=", Some(b"ab")),
            ("quoted-printable", "a=3D", Some(b"a=")),
            ("quoted-printable", "a= \t\r\nb=  \nc", Some(b"abc")),
            ("quoted-printable", "a= b", None),
            ("quoted-printable", "a=G1", None),
            ("quoted-printable", "a=\rb", None),
            ("quoted-printable", "a=4", None),
            ("7BIT", "=41", Some(b"=41")),
            ("8bit", "\u{fc}", Some("\u{fc}".as_bytes())),
        ];
        for (encoding, text, bytes) in cases {
            for size in [1, 2, 3, 5, 100] {
                assert_eq!(decode(encoding, text, size).as_deref(), bytes, "{encoding} {text:?} {size}");
            }
        }
        assert!(TransferDecoder::of(Some(b"x-uuencode")).is_err());
    }
}
