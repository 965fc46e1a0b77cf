//! Cuts a statement into tokens, the same for Postgres and SQLite, and refuses what the two would
//! cut differently.
//!
//! Here are names and numbers; `quotes` has comments and all that stands in quotes, `symbols` the
//! rest.

use super::Refusal;

/// One token. Strings and numbers carry nothing: nothing in them matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword or a name without quotes.
    Word(&'a str),
    /// A name in double quotes, without them; a quote inside still stands doubled.
    Quoted(&'a str),
    Text,
    Number,
    /// `$n`, n at least 1.
    Parameter(u32),
    /// Any other character; `::` counts as one.
    Symbol(u8),
}

/// Reads tokens from left to right.
pub(super) struct Lexer<'a> {
    pub(super) sql: &'a str,
    pub(super) at: usize,
    pub(super) previous: Option<Token<'a>>,
    /// The previous token was an `E'...'` string. One that follows on a new line continues it, with
    /// its backslashes.
    pub(super) after_escape_string: bool,
    /// Square brackets that are open.
    pub(super) brackets: usize,
}

impl<'a> Lexer<'a> {
    /// `sql` must not contain NUL: it stands for the end here.
    pub(super) fn new(sql: &'a str) -> Self {
        Self { sql, at: 0, previous: None, after_escape_string: false, brackets: 0 }
    }

    /// The next token; none at the end.
    pub(super) fn next_token(&mut self) -> Result<Option<Token<'a>>, Refusal> {
        self.skip_blank()?;
        let continued = std::mem::take(&mut self.after_escape_string);
        let token = match self.byte(0) {
            0 if self.brackets > 0 => return Err(Refusal::syntax("a square bracket is not closed")),
            0 => return Ok(None),
            b'\'' => self.text(continued)?,
            b'"' => self.quoted()?,
            b'$' => self.parameter()?,
            b'0'..=b'9' => self.number()?,
            b'.' if self.byte(1).is_ascii_digit() => self.number()?,
            byte if starts_name(byte) => self.word()?,
            byte => self.symbol(byte)?,
        };
        self.previous = Some(token);
        Ok(Some(token))
    }

    /// The byte that stands `ahead` of the current place; 0 behind the end.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.sql.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.sql.get(start..end).unwrap_or_default()
    }

    pub(super) fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        let rest = self.sql.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| accept(**byte)).count();
    }

    fn word(&mut self) -> Result<Token<'a>, Refusal> {
        let start = self.at;
        self.skip_while(continues_name);
        let word = self.slice(start, self.at);
        match (self.byte(0), self.byte(1)) {
            (b'\'', _) if word.eq_ignore_ascii_case("e") => self.text(true),
            (b'&', b'"') if word.eq_ignore_ascii_case("u") => Err(Refusal::denied(
                "names in U&\"...\" are not allowed to an app: write the characters themselves",
            )),
            _ => Ok(Token::Word(word)),
        }
    }

    fn number(&mut self) -> Result<Token<'a>, Refusal> {
        if self.byte(0) == b'0' && matches!(self.byte(1), b'x' | b'X' | b'o' | b'O' | b'b' | b'B') {
            self.at += 2;
            self.skip_while(|byte| byte.is_ascii_hexdigit() || byte == b'_');
        } else {
            self.skip_while(is_digit);
            if self.byte(0) == b'.' {
                self.at += 1;
                self.skip_while(is_digit);
            }
            let sign = usize::from(matches!(self.byte(1), b'+' | b'-'));
            if matches!(self.byte(0), b'e' | b'E') && self.byte(1 + sign).is_ascii_digit() {
                self.at += 2 + sign;
                self.skip_while(is_digit);
            }
        }
        // Before Postgres 15, `1from` was a number and a keyword.
        if continues_name(self.byte(0)) {
            return Err(Refusal::syntax("a number is followed by a letter"));
        }
        Ok(Token::Number)
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

/// All that is not ASCII is a letter to both engines.
pub(super) fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(super) fn continues_name(byte: u8) -> bool {
    starts_name(byte) || byte.is_ascii_digit() || byte == b'$'
}
