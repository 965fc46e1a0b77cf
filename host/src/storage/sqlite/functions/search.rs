//! `instr` and `replace`, by a search whose time grows with the sum of both lengths.

use super::{Text, text, too_big};
use memchr::memmem;
use rusqlite::Result;
use rusqlite::functions::Context;
use rusqlite::types::Type;

/// The place of the first occurrence, counted from 1 in characters, or in bytes where both are
/// blobs.
pub(super) fn instr(context: &Context<'_>) -> Result<Option<i64>> {
    let (Some(hay), Some(needle)) = (text(context, 0)?, text(context, 1)?) else { return Ok(None) };
    let is_blob = |at: usize| context.get_raw(at).data_type() == Type::Blob;
    let place = match is_blob(0) && is_blob(1) {
        true => memmem::find(&hay, &needle).map_or(0, |at| at + 1),
        false => place_in_text(&hay, &needle),
    };
    Ok(Some(i64::try_from(place).unwrap_or(i64::MAX)))
}

/// An occurrence begins where a character does, or at the very beginning.
fn place_in_text(hay: &[u8], needle: &[u8]) -> usize {
    let goes_on = |byte: &u8| *byte & 0xc0 == 0x80;
    if hay.starts_with(needle) {
        return 1;
    }
    if needle.first().is_some_and(goes_on) {
        return 0;
    }
    let Some(at) = memmem::find(hay, needle) else { return 0 };
    let before = hay.get(1..=at).unwrap_or_default();
    1 + before.iter().filter(|byte| !goes_on(byte)).count()
}

/// Every occurrence exchanged, from left to right. The result has at most `most` bytes.
pub(super) fn replace(context: &Context<'_>, most: usize) -> Result<Option<Text>> {
    let Some(hay) = text(context, 0)? else { return Ok(None) };
    let Some(pattern) = text(context, 1)? else { return Ok(None) };
    // To SQLite such a pattern is empty.
    if pattern.first().is_none_or(|byte| *byte == 0) {
        return Ok(Some(Text(hay.into_owned())));
    }
    let Some(by) = text(context, 2)? else { return Ok(None) };
    let finder = memmem::Finder::new(&*pattern);
    let mut out = Vec::with_capacity(hay.len());
    let mut behind = 0;
    for at in finder.find_iter(&hay) {
        out.extend_from_slice(hay.get(behind..at).unwrap_or_default());
        out.extend_from_slice(&by);
        behind = at + pattern.len();
        if out.len() > most {
            return Err(too_big());
        }
    }
    out.extend_from_slice(hay.get(behind..).unwrap_or_default());
    if out.len() > most { Err(too_big()) } else { Ok(Some(Text(out))) }
}
