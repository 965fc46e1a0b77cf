//! Rewrites the tokens of a statement of Postgres where the parser does not know a form, or reads
//! it as another database does.
//!
//! A rule looks at the tokens from one place on. What it puts there means the same to Postgres, or
//! it is a stand-in (`stand_in`) that becomes the form again in the text that runs. Whatever a rule
//! takes away it carries; what may hold a call is walked. One pass, from left to right.

mod cursor;
mod definitions;
mod expressions;
mod queries;

use super::stand_in::{self, StandIn};
use cursor::Cursor;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Applies the rules.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut cursor = Cursor::new(tokens);
    definitions::at_the_start(&mut cursor);
    while !cursor.is_at_end() {
        let done = expressions::rewrite(&mut cursor)
            || queries::rewrite(&mut cursor)
            || definitions::rewrite(&mut cursor);
        if !done {
            cursor.copy(1);
        }
    }
    cursor.finish()
}

/// Words, names, numbers, strings and commas as text; none where there is anything else.
fn plain_text(tokens: &[TokenWithSpan]) -> Option<String> {
    let texts: Option<Vec<String>> = tokens
        .iter()
        .map(|token| match &token.token {
            Token::Word(word) => Some(written(word)),
            Token::Number(..) | Token::Comma | Token::Minus => Some(token.token.to_string()),
            Token::SingleQuotedString(text) => Some(format!("'{text}'")),
            _ => None,
        })
        .collect();
    texts.map(|texts| texts.join(" "))
}

/// A word as it may be read again: the parser's own print of one leaves quotes in a name single.
/// Those in a stand-in are doubled already.
fn written(word: &Word) -> String {
    match word.quote_style {
        Some(_) if !word.value.starts_with(stand_in::MARK) => format!("\"{}\"", word.value.replace('"', "\"\"")),
        _ => word.to_string(),
    }
}

/// The same with what expressions are made of.
fn expression_text(tokens: &[TokenWithSpan]) -> Option<String> {
    let texts: Option<Vec<String>> = tokens
        .iter()
        .map(|token| match &token.token {
            Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SemiColon
            | Token::EOF => None,
            Token::SingleQuotedString(text) => Some(format!("'{text}'")),
            Token::Word(word) => Some(written(word)),
            other => Some(other.to_string()),
        })
        .collect();
    texts.map(|texts| texts.join(" "))
}
