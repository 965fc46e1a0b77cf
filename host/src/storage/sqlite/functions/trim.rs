//! `trim`, `ltrim` and `rtrim` with a set of characters.

use super::{Text, text, too_big};
use rusqlite::Result;
use rusqlite::functions::Context;

/// Which ends of a text lose characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    left: bool,
    right: bool,
}

pub(super) const BOTH: Ends = Ends { left: true, right: true };
pub(super) const LEFT: Ends = Ends { left: true, right: false };
pub(super) const RIGHT: Ends = Ends { left: false, right: true };

/// Bytes that are compared at most where the set is not UTF-8.
const MOST_COMPARED: usize = 1 << 26;

pub(super) fn trim(context: &Context<'_>, ends: Ends) -> Result<Option<Text>> {
    let Some(text_in) = text(context, 0)? else { return Ok(None) };
    let Some(set) = text(context, 1)? else { return Ok(None) };
    // To SQLite the set ends with the first NUL.
    let set = set.split(|byte| *byte == 0).next().unwrap_or_default();
    let trimmed = match std::str::from_utf8(set) {
        Ok(set) => trim_characters(&text_in, &Set::of(set), ends),
        Err(_) => trim_pieces(&text_in, &pieces(set), ends).ok_or_else(too_big)?,
    };
    Ok(Some(Text(trimmed.to_vec())))
}

/// Characters, by their numbers.
struct Set {
    ascii: u128,
    /// A bit for each character; empty where all are ASCII.
    others: Vec<u64>,
}

impl Set {
    fn of(characters: &str) -> Self {
        let mut set = Self { ascii: 0, others: Vec::new() };
        if !characters.is_ascii() {
            set.others = vec![0; (char::MAX as usize >> 6) + 1];
        }
        for character in characters.chars() {
            let number = u32::from(character);
            match set.others.get_mut((number >> 6) as usize) {
                _ if number < 128 => set.ascii |= 1 << number,
                Some(bits) => *bits |= 1 << (number & 63),
                None => {}
            }
        }
        set
    }

    fn contains(&self, character: char) -> bool {
        let number = u32::from(character);
        match number < 128 {
            true => self.ascii >> number & 1 == 1,
            false => self.others.get((number >> 6) as usize).is_some_and(|bits| bits >> (number & 63) & 1 == 1),
        }
    }
}

fn trim_characters<'t>(mut text: &'t [u8], set: &Set, ends: Ends) -> &'t [u8] {
    while ends.left
        && let Some(rest) = without_first(text, set)
    {
        text = rest;
    }
    while ends.right
        && let Some(rest) = without_last(text, set)
    {
        text = rest;
    }
    text
}

/// What is left when a character of the set has been taken off at the beginning; none if there is
/// none.
fn without_first<'t>(text: &'t [u8], set: &Set) -> Option<&'t [u8]> {
    match text {
        [byte, rest @ ..] if byte.is_ascii() => set.contains(char::from(*byte)).then_some(rest),
        _ => first(text).filter(|(character, _)| set.contains(*character)).map(|(_, rest)| rest),
    }
}

/// The same at the end.
fn without_last<'t>(text: &'t [u8], set: &Set) -> Option<&'t [u8]> {
    match text {
        [rest @ .., byte] if byte.is_ascii() => set.contains(char::from(*byte)).then_some(rest),
        _ => last(text).filter(|(character, _)| set.contains(*character)).map(|(_, rest)| rest),
    }
}

/// The character at the beginning, if the bytes there are one.
fn first(text: &[u8]) -> Option<(char, &[u8])> {
    let length = match text.first()? {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        _ => return None,
    };
    let (bytes, rest) = text.split_at_checked(length)?;
    Some((single(bytes)?, rest))
}

/// The character at the end, if the bytes there are one.
fn last(text: &[u8]) -> Option<(char, &[u8])> {
    let follow = text.iter().rev().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let (rest, bytes) = text.split_at_checked(text.len().checked_sub(follow + 1)?)?;
    Some((single(bytes)?, rest))
}

fn single(bytes: &[u8]) -> Option<char> {
    let mut characters = std::str::from_utf8(bytes).ok()?.chars();
    let character = characters.next()?;
    characters.next().is_none().then_some(character)
}

/// What SQLite takes for characters in bytes that are not UTF-8 (SQLite: `SQLITE_SKIP_UTF8`).
fn pieces(set: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = set;
    while let Some(first) = rest.first() {
        let follow = match first {
            0xc0.. => rest.iter().skip(1).take_while(|byte| **byte & 0xc0 == 0x80).count(),
            _ => 0,
        };
        let Some((piece, behind)) = rest.split_at_checked(follow + 1) else { break };
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Takes a piece off a text, if it stands there.
type Strip<'t> = fn(&'t [u8], &[u8]) -> Option<&'t [u8]>;

/// As SQLite does it: the first piece that fits is taken off. None where that would take long.
fn trim_pieces<'t>(mut text: &'t [u8], pieces: &[&[u8]], ends: Ends) -> Option<&'t [u8]> {
    let mut left = MOST_COMPARED;
    let mut cut = |text: &'t [u8], strip: Strip<'t>| {
        for piece in pieces {
            left = left.checked_sub(piece.len())?;
            if let Some(rest) = strip(text, piece) {
                return Some((rest, true));
            }
        }
        Some((text, false))
    };
    let sides: [(bool, Strip<'t>); 2] = [
        (ends.left, |text, piece| text.strip_prefix(piece)),
        (ends.right, |text, piece| text.strip_suffix(piece)),
    ];
    for (wanted, strip) in sides {
        let mut goes_on = wanted;
        while goes_on && !text.is_empty() {
            (text, goes_on) = cut(text, strip)?;
        }
    }
    Some(text)
}
