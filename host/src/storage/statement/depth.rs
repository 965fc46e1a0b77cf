//! Bounds how deep the tree of a statement can be, before a parser builds it.
//!
//! `1+1+1+...` makes a tree as deep as it has operators, and whoever walks or drops a tree needs
//! stack in proportion. So what can make a tree deeper is counted while the tokens pass by:
//! brackets that are open, and, between two commas, operators and words that follow a value. A list
//! of any length costs nothing.

use super::Refusal;
use super::lexer::Token;

/// Operators in one chain, together with those of the chains around it. An OR of 1,000 comparisons
/// has 6,000 at most.
const LONGEST_CHAIN: u32 = 8_000;
/// Brackets open at the same time, CASE not counted.
const MOST_BRACKETS: usize = 200;

/// What is open at a place in the statement.
#[derive(Debug, Default)]
pub(super) struct Depth {
    /// For each open bracket what the chain around it had counted.
    around: Vec<u32>,
    chain: u32,
    total: u32,
}

impl Depth {
    /// Takes the next token; `previous` is the one before.
    pub(super) fn take(&mut self, token: Token<'_>, previous: Option<Token<'_>>) -> Result<(), Refusal> {
        match token {
            Token::Symbol(b'(' | b'[') => self.open()?,
            Token::Symbol(b')' | b']') => self.close(),
            Token::Symbol(b',') => {
                self.total = self.total.saturating_sub(self.chain);
                self.chain = 0;
            }
            Token::Symbol(b'.') => {}
            Token::Symbol(_) => self.count()?,
            _ if previous.is_none_or(
                |previous| matches!(previous, Token::Symbol(symbol) if symbol != b')' && symbol != b']'),
            ) => {}
            _ => self.count()?,
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Refusal> {
        if self.around.len() >= MOST_BRACKETS {
            return Err(too_deep());
        }
        self.around.push(self.chain);
        self.chain = 0;
        Ok(())
    }

    fn close(&mut self) {
        self.total = self.total.saturating_sub(self.chain);
        self.chain = self.around.pop().unwrap_or_default();
        // `x[1][1]`, `f(1)(2)`: each pair stands on the one before.
        self.chain = self.chain.saturating_add(1);
        self.total = self.total.saturating_add(1);
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.chain = self.chain.saturating_add(1);
        self.total = self.total.saturating_add(1);
        if self.total > LONGEST_CHAIN { Err(too_deep()) } else { Ok(()) }
    }
}

fn too_deep() -> Refusal {
    Refusal::new(
        super::RefusalCode::TooLarge,
        "the statement nests or chains too much: use IN (...), VALUES or several statements",
    )
}
