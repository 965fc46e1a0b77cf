//! `unhex` with characters that may stand between the digits.

use super::text;
use rusqlite::Result;
use rusqlite::functions::Context;
use std::collections::HashSet;

/// The bytes; NULL where anything else stands between the pairs of digits.
pub(super) fn unhex(context: &Context<'_>) -> Result<Option<Vec<u8>>> {
    let (Some(digits), Some(between)) = (text(context, 0)?, text(context, 1)?) else { return Ok(None) };
    // To SQLite the digits end with the first NUL.
    let mut digits = digits.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut may_stand = HashSet::new();
    let mut between = &*between;
    while let Some(character) = next(&mut between) {
        may_stand.insert(character);
    }
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    while let Some(first) = digits.first() {
        let Some(high) = value(*first) else {
            match next(&mut digits) {
                Some(character) if may_stand.contains(&character) => continue,
                _ => return Ok(None),
            }
        };
        let Some(low) = digits.get(1).copied().and_then(value) else { return Ok(None) };
        bytes.push(high << 4 | low);
        digits = digits.get(2..).unwrap_or_default();
    }
    Ok(Some(bytes))
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Takes one character off, as SQLite reads it: it also finds one in bytes that are not UTF-8
/// (SQLite: `sqlite3Utf8Read`).
fn next(bytes: &mut &[u8]) -> Option<u32> {
    let (first, mut rest) = bytes.split_first()?;
    let mut number = u32::from(*first);
    if *first >= 0xc0 {
        number = match first {
            0xc0..0xe0 => number & 0x1f,
            0xe0..0xf0 => number & 0x0f,
            0xf0..0xf8 => number & 0x07,
            0xf8..0xfc => number & 0x03,
            0xfc..0xfe => number & 0x01,
            _ => 0,
        };
        while let Some((follow, behind)) = rest.split_first().filter(|(byte, _)| **byte & 0xc0 == 0x80) {
            number = (number << 6).wrapping_add(u32::from(*follow & 0x3f));
            rest = behind;
        }
        if number < 0x80 || number & 0xffff_f800 == 0xd800 || number & 0xffff_fffe == 0xfffe {
            number = 0xfffd;
        }
    }
    *bytes = rest;
    Some(number)
}
