//! What is to be put into a text.

use std::cmp::Reverse;
use std::ops::Range;

/// Replacements, in any order. What is put in at the same place keeps the order in which it was
/// added, and stands before what is put there in the place of a part.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Puts `text` in at a place.
    pub(super) fn insert(&mut self, at: usize, text: &str) {
        self.replace(at..at, text);
    }

    /// Puts `text` in the place of a part.
    pub(super) fn replace(&mut self, part: Range<usize>, text: &str) {
        self.0.push((part, text.to_owned()));
    }

    /// The text with everything in it; none where there is nothing to change.
    pub(super) fn apply(mut self, text: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        // Of two parts that begin at the same place the longer one counts.
        self.0.sort_by_key(|(part, _)| (part.start, !part.is_empty(), Reverse(part.end)));
        let mut out = String::with_capacity(text.len() + self.0.len() * 12);
        let mut at = 0;
        for (part, replacement) in &self.0 {
            if part.start < at {
                continue;
            }
            out.push_str(text.get(at..part.start).unwrap_or_default());
            out.push_str(replacement);
            at = part.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Some(out)
    }
}
