//! `lower` and `upper` for all letters, where SQLite's own change those of ASCII alone.
//!
//! By the full mapping of Unicode without a language, as Postgres folds by its collation
//! `und-x-icu`: `upper('ß')` is `SS`, a sigma at the end of a word becomes `ς`.

use super::{Text, text};
use rusqlite::Result;
use rusqlite::functions::Context;

/// The text in small letters.
pub(super) fn lower(context: &Context<'_>) -> Result<Option<Text>> {
    map(context, str::to_lowercase)
}

/// The text in capitals.
pub(super) fn upper(context: &Context<'_>) -> Result<Option<Text>> {
    map(context, str::to_uppercase)
}

/// Bytes that are no characters stay as they are.
fn map(context: &Context<'_>, change: impl Fn(&str) -> String) -> Result<Option<Text>> {
    let Some(text) = text(context, 0)? else { return Ok(None) };
    let mut changed = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        changed.extend_from_slice(change(chunk.valid()).as_bytes());
        changed.extend_from_slice(chunk.invalid());
    }
    Ok(Some(Text(changed)))
}
