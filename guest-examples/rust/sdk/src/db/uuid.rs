//! UUIDs.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::bindings::wasi::random::random::get_random_bytes;

const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A UUID, which is written in lower case with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

impl Uuid {
    /// A random one (version 4). Only inside the host.
    pub fn random() -> Uuid {
        let random = get_random_bytes(16).into_iter().fold(0, |number, byte| number << 8 | u128::from(byte));
        Uuid(random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }

    /// The UUID as a number.
    pub fn as_u128(self) -> u128 {
        self.0
    }

    /// A number as a UUID.
    pub fn from_u128(number: u128) -> Uuid {
        Uuid(number)
    }
}

impl FromStr for Uuid {
    type Err = Error;

    #[track_caller]
    fn from_str(text: &str) -> Result<Uuid, Error> {
        let hyphens = text.match_indices('-').map(|(place, _)| place).eq(HYPHENS);
        let digits: String = text.chars().filter(|letter| *letter != '-').collect();
        let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(&digits, 16) {
            Ok(number) if hyphens && is_hex => Ok(Uuid(number)),
            _ => Err(Error::other(format!("`{text}` is no UUID"))),
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let part = |from: u32, bits: u32| self.0 >> from & ((1 << bits) - 1);
        let (a, b, c, d, e) = (part(96, 32), part(80, 16), part(64, 16), part(48, 16), part(0, 48));
        write!(out, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_written_as_it_was_read() {
        let text = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        assert_eq!(text.parse::<Uuid>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<Uuid>().unwrap().to_string(), text);
        for text in ["", "f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg"] {
            assert!(text.parse::<Uuid>().is_err(), "{text}");
        }
    }
}
