//! The tokens of the gate with their places.

use crate::storage::statement::Refusal;
use crate::storage::statement::lexer::{Lexer, Token};

/// A token and where it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Placed<'_> {
    /// Whether it is this word, in letters of any size and without quotes.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self.token, Token::Word(own) if own.eq_ignore_ascii_case(word))
    }
}

/// All tokens of a text. Takes time in proportion to its length.
pub(super) fn tokens(sql: &str) -> Result<Vec<Placed<'_>>, Refusal> {
    let mut lexer = Lexer::new(sql);
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank()?;
        let start = lexer.at;
        let Some(token) = lexer.next_token()? else { return Ok(tokens) };
        tokens.push(Placed { token, start, end: lexer.at });
    }
}
