//! A place between the tokens that were read and those that were written.

use super::StandIn;
use sqlparser::tokenizer::{Token, TokenWithSpan};
use std::collections::BTreeMap;

/// Places where something is put into what was written already; each moves the rest.
const MOST_INSERTED: usize = 100;

/// An open parenthesis, or the statement as a whole.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Level {
    /// How many tokens had been written behind it.
    pub(super) written: usize,
    /// The targets of SET stand here.
    pub(super) assigns: bool,
}

pub(super) struct Cursor {
    tokens: Vec<TokenWithSpan>,
    at: usize,
    out: Vec<TokenWithSpan>,
    level: Level,
    /// The levels around it.
    around: Vec<Level>,
    /// Parentheses to be closed before a token.
    closing: BTreeMap<usize, usize>,
    inserted: usize,
}

impl Cursor {
    pub(super) fn new(tokens: Vec<TokenWithSpan>) -> Self {
        let out = Vec::with_capacity(tokens.len());
        Self {
            tokens,
            at: 0,
            out,
            level: Level::default(),
            around: Vec::new(),
            closing: BTreeMap::new(),
            inserted: 0,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn finish(mut self) -> Vec<TokenWithSpan> {
        self.close_here();
        self.out
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &[TokenWithSpan] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    pub(super) fn token(&self, ahead: usize) -> Option<&Token> {
        self.rest().get(ahead).map(|token| &token.token)
    }

    /// Whether a word that is no name in quotes stands `ahead`.
    pub(super) fn is(&self, ahead: usize, word: &str) -> bool {
        is_word(self.token(ahead), word)
    }

    pub(super) fn is_one_of(&self, ahead: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(ahead, word))
    }

    pub(super) fn are(&self, ahead: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(place, word)| self.is(ahead + place, word))
    }

    pub(super) fn is_token(&self, ahead: usize, token: &Token) -> bool {
        self.token(ahead) == Some(token)
    }

    pub(super) fn is_name(&self, ahead: usize) -> bool {
        matches!(self.token(ahead), Some(Token::Word(_)))
    }

    /// The token that was written `back` tokens ago, 1 for the last.
    pub(super) fn written(&self, back: usize) -> Option<&Token> {
        self.out.len().checked_sub(back).and_then(|at| self.out.get(at)).map(|token| &token.token)
    }

    pub(super) fn wrote(&self, back: usize, words: &[&str]) -> bool {
        words.iter().any(|word| is_word(self.written(back), word))
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Writes the next tokens as they are.
    pub(super) fn copy(&mut self, count: usize) {
        for _ in 0..count {
            self.close_here();
            let Some(token) = self.tokens.get(self.at).cloned() else { return };
            self.at += 1;
            self.note(&token.token);
            self.out.push(token);
        }
    }

    fn close_here(&mut self) {
        for _ in 0..self.closing.remove(&self.at).unwrap_or_default() {
            self.write(Token::RParen);
        }
    }

    fn note(&mut self, token: &Token) {
        match token {
            Token::LParen => {
                let inside = Level { written: self.out.len() + 1, assigns: false };
                self.around.push(std::mem::replace(&mut self.level, inside));
            }
            Token::RParen => self.level = self.around.pop().unwrap_or_default(),
            Token::Word(word) if word.quote_style.is_none() => {
                let is = |wanted: &str| word.value.eq_ignore_ascii_case(wanted);
                if is("set") {
                    self.level.assigns = true;
                } else if is("where") || is("returning") || (is("from") && !self.wrote(1, &["distinct"])) {
                    self.level.assigns = false;
                }
            }
            _ => {}
        }
    }

    /// Passes over the next tokens without writing them.
    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.close_here();
            self.at += 1;
        }
    }

    /// Writes a token of our own.
    pub(super) fn write(&mut self, token: Token) {
        let span = self.rest().first().or(self.out.last()).map(|token| token.span);
        self.note(&token);
        self.out.push(TokenWithSpan { token, span: span.unwrap_or_else(sqlparser::tokenizer::Span::empty) });
    }

    pub(super) fn write_stand_in(&mut self, stand_in: &StandIn) {
        self.write(stand_in.token());
    }

    /// Takes back the last token that was written.
    pub(super) fn take_back(&mut self) -> Option<TokenWithSpan> {
        self.out.pop()
    }

    /// Puts a token among those that were written, or in the place of one.
    pub(super) fn insert(&mut self, at: usize, token: Token, instead: bool) -> bool {
        self.inserted += 1;
        let Some(there) = self.out.get_mut(at).filter(|_| self.inserted <= MOST_INSERTED) else { return false };
        if instead {
            there.token = token;
        } else {
            let span = there.span;
            self.out.insert(at, TokenWithSpan { token, span });
        }
        true
    }

    pub(super) fn written_at(&self, at: usize) -> Option<&Token> {
        self.out.get(at).map(|token| &token.token)
    }

    /// Writes an opening parenthesis here and a closing one before the token that is `ahead`.
    pub(super) fn parenthesize(&mut self, ahead: usize) {
        self.write(Token::LParen);
        *self.closing.entry(self.at + ahead).or_default() += 1;
    }

    /// How far ahead the first token is that `ends` accepts, between parentheses and CASE not
    /// looked at; none where the part ends before.
    pub(super) fn find(&self, from: usize, most: usize, ends: impl Fn(&Token) -> bool) -> Option<usize> {
        let mut open = 0_usize;
        for (ahead, token) in self.rest().iter().enumerate().skip(from).take(most) {
            let token = &token.token;
            if open == 0 && ends(token) {
                return Some(ahead);
            }
            match token {
                Token::LParen | Token::LBracket => open += 1,
                Token::RParen | Token::RBracket if open == 0 => return None,
                Token::RParen | Token::RBracket => open -= 1,
                Token::Comma | Token::SemiColon if open == 0 => return None,
                token if is_word(Some(token), "case") => open += 1,
                token if is_word(Some(token), "end") => open = open.saturating_sub(1),
                _ => {}
            }
        }
        None
    }

    /// How far ahead the bracket is closed that stands `ahead`.
    pub(super) fn close_of(&self, ahead: usize) -> Option<usize> {
        let mut open = 0_usize;
        for (place, token) in self.rest().iter().enumerate().skip(ahead) {
            match token.token {
                Token::LParen | Token::LBracket => open += 1,
                Token::RParen | Token::RBracket => {
                    open = open.checked_sub(1)?;
                    if open == 0 {
                        return Some(place);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

pub(super) fn is_word(token: Option<&Token>, wanted: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
}
