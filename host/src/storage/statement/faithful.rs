//! Whether a printed statement says what its author wrote, word by word.
//!
//! That a print gives the same tree again shows nothing of what the parser has forgotten, and
//! nothing of how the server reads it. But where the words of both texts are the same, in the same
//! order, the server reads what was written. Only words that say nothing may differ.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Words that may be there or not.
const SILENT: [&str; 3] = ["as", "column", "outer"];
/// Words behind which FROM says nothing.
const TRIMS: [&str; 4] = ["(", "both", "leading", "trailing"];

/// The first word that one text has and the other has not, as one of them has it; none where both
/// say the same. `written` and `printed` are the tokens as the parser sees them.
pub(super) fn difference(written: &[TokenWithSpan], printed: &[TokenWithSpan]) -> Option<String> {
    let (mut written, mut printed) = (words(written), words(printed));
    let differs = |one: &[String], other: &[String]| {
        let longer = if one.len() < other.len() { other } else { one };
        let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
        longer.get(same).map(|_| one.get(same).or(other.get(same)).cloned().unwrap_or_default())
    };
    let first = differs(&written, &printed)?;
    // OFFSET before LIMIT is printed behind it, and constraints change places.
    written.sort_unstable();
    printed.sort_unstable();
    differs(&written, &printed).map(|_| first)
}

fn words(tokens: &[TokenWithSpan]) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let word = match &token.token {
            Token::SemiColon | Token::EOF => continue,
            Token::Word(Word { value, quote_style: None, .. }) => value.to_ascii_lowercase(),
            Token::SingleQuotedString(text) => format!("'{text}'"),
            other => other.to_string(),
        };
        let last = words.last().map(String::as_str).unwrap_or_default();
        match (last, word.as_str()) {
            (_, word) if SILENT.contains(&word) => {}
            (last, "from") if TRIMS.contains(&last) => {}
            ("limit", "all") => {
                words.pop();
            }
            (_, "next") => words.push("first".to_owned()),
            (_, "row") => words.push("rows".to_owned()),
            _ => words.push(word),
        }
    }
    words
}
