//! Comments, strings and quoted names: where the next token begins, and where a quote ends.

use super::Refusal;
use super::lexer::{Lexer, Token};

impl<'a> Lexer<'a> {
    pub(super) fn skip_blank(&mut self) -> Result<(), Refusal> {
        loop {
            self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C));
            match (self.byte(0), self.byte(1)) {
                (b'-', b'-') | (b'/', b'*') if self.brackets > 0 => {
                    return Err(Refusal::syntax("a comment inside square brackets"));
                }
                (b'-', b'-') => self.skip_line()?,
                (b'/', b'*') => self.skip_block()?,
                _ => return Ok(()),
            }
        }
    }

    /// For Postgres a comment also ends at a carriage return, for SQLite only at a line feed.
    fn skip_line(&mut self) -> Result<(), Refusal> {
        self.skip_while(|byte| !matches!(byte, b'\n' | b'\r'));
        match (self.byte(0), self.byte(1)) {
            (b'\r', next) if !matches!(next, b'\n' | 0) => {
                Err(Refusal::syntax("a carriage return inside a comment: end lines with a line feed"))
            }
            _ => Ok(()),
        }
    }

    /// Postgres nests comments, SQLite does not.
    fn skip_block(&mut self) -> Result<(), Refusal> {
        self.at += 2;
        loop {
            self.skip_while(|byte| !matches!(byte, b'*' | b'/'));
            match (self.byte(0), self.byte(1)) {
                (0, _) => return Err(Refusal::syntax("a comment is not closed")),
                (b'/', b'*') => return Err(Refusal::syntax("a comment inside a comment")),
                (b'*', b'/') => {
                    self.at += 2;
                    return Ok(());
                }
                _ => self.at += 1,
            }
        }
    }

    /// A string, with the current place at its opening quote.
    pub(super) fn text(&mut self, escapes: bool) -> Result<Token<'a>, Refusal> {
        let start = self.at;
        self.at += 1;
        loop {
            self.skip_while(|byte| byte != b'\'' && byte != b'\\');
            match (self.byte(0), self.byte(1)) {
                (0, _) => return Err(Refusal::syntax("a string is not closed")),
                (b'\\', b'\'') if escapes => {
                    return Err(Refusal::syntax("a quote behind a backslash: write two quotes instead"));
                }
                (b'\\', b'\\') if escapes => self.at += 2,
                (b'\'', b'\'') => self.at += 2,
                (b'\'', _) => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.after_escape_string = escapes;
        self.check_brackets(start)?;
        Ok(Token::Text)
    }

    pub(super) fn quoted(&mut self) -> Result<Token<'a>, Refusal> {
        let start = self.at;
        self.at += 1;
        loop {
            self.skip_while(|byte| byte != b'"');
            match (self.byte(0), self.byte(1)) {
                (0, _) => return Err(Refusal::syntax("a quoted name is not closed")),
                (_, b'"') => self.at += 2,
                _ => break,
            }
        }
        let name = self.slice(start + 1, self.at);
        self.at += 1;
        self.check_brackets(start)?;
        Ok(Token::Quoted(name))
    }

    /// For SQLite, all from `[` to the next `]` is a name, whatever quotes are in between.
    fn check_brackets(&self, start: usize) -> Result<(), Refusal> {
        if self.brackets > 0 && self.slice(start, self.at).contains(']') {
            return Err(Refusal::syntax("a quoted `]` inside square brackets: give it as a parameter"));
        }
        Ok(())
    }
}
