//! Cuts a statement into tokens, the same for Postgres and SQLite, and refuses what the two would cut differently.

use super::Refusal;
use super::rules;

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
    sql: &'a str,
    at: usize,
    previous: Option<Token<'a>>,
    /// The previous token was an `E'...'` string. One that follows on a new line continues it, with its backslashes.
    after_escape_string: bool,
    /// Square brackets that are open.
    brackets: usize,
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
    fn byte(&self, ahead: usize) -> u8 {
        self.sql.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.sql.get(start..end).unwrap_or_default()
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        let rest = self.sql.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| accept(**byte)).count();
    }

    fn skip_blank(&mut self) -> Result<(), Refusal> {
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
    fn text(&mut self, escapes: bool) -> Result<Token<'a>, Refusal> {
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

    fn quoted(&mut self) -> Result<Token<'a>, Refusal> {
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

    fn word(&mut self) -> Result<Token<'a>, Refusal> {
        let start = self.at;
        self.skip_while(continues_name);
        let word = self.slice(start, self.at);
        match (self.byte(0), self.byte(1)) {
            (b'\'', _) if word.eq_ignore_ascii_case("e") => self.text(true),
            (b'&', b'"') if word.eq_ignore_ascii_case("u") => {
                Err(Refusal::denied("names in U&\"...\" are not allowed to an app: write the characters themselves"))
            }
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

    fn parameter(&mut self) -> Result<Token<'a>, Refusal> {
        let start = self.at + 1;
        self.at = start;
        self.skip_while(|byte| byte.is_ascii_digit());
        let digits = self.slice(start, self.at);
        if digits.is_empty() {
            return Err(Refusal::syntax("strings in dollar quotes are not allowed to an app: use '...' or a parameter"));
        }
        if continues_name(self.byte(0)) || self.byte(0) == b'(' || !self.is_plain_cast() {
            return Err(Refusal::placeholder(format!("the placeholder ${digits:.9} is followed by something else")));
        }
        let number = digits.parse().ok().filter(|_| !digits.starts_with('0'));
        let message = || format!("no placeholder ${digits:.9}: they are $1 to $n");
        number.map(Token::Parameter).ok_or_else(|| Refusal::placeholder(message()))
    }

    /// SQLite reads `$1::name(anything)` as one variable (of Tcl) up to the parenthesis. Numbers there do no harm.
    fn is_plain_cast(&self) -> bool {
        let rest = self.sql.as_bytes().get(self.at..).unwrap_or_default();
        let mut after = rest;
        while let Some(name) = after.strip_prefix(b"::") {
            let length = name.iter().take_while(|byte| continues_name(**byte)).count();
            after = name.get(length..).unwrap_or_default();
        }
        let Some(inside) = after.strip_prefix(b"(").filter(|_| after.len() < rest.len()) else { return true };
        let end = inside.iter().find(|byte| !matches!(byte, b'0'..=b'9' | b','));
        matches!(end, Some(b')' | b' ' | b'\t' | b'\n' | b'\r'))
    }

    fn symbol(&mut self, byte: u8) -> Result<Token<'a>, Refusal> {
        match (byte, self.byte(1)) {
            (b':', b':') => self.at += 1,
            (b':', next) if self.brackets == 0 && continues_name(next) => return Err(foreign_placeholder(":name")),
            (b'@', next) if continues_name(next) && !self.is_inside_operator() => {
                return Err(foreign_placeholder("@name"));
            }
            (b'?', _) => return Err(foreign_placeholder("?")),
            (b'[', _) => self.open_bracket()?,
            (b']', _) => {
                let open = self.brackets.checked_sub(1);
                self.brackets = open.ok_or_else(|| Refusal::syntax("a square bracket is not opened"))?;
            }
            (b'`', _) => return Err(Refusal::syntax("names in `...` are not understood by both databases: use \"...\"")),
            (b'\\' | 0..=0x1F | 0x7F, _) => return Err(Refusal::syntax("a character that is no part of SQL")),
            _ => {}
        }
        self.at += 1;
        Ok(Token::Symbol(byte))
    }

    /// `<@x` is an operator of Postgres and a name; `@x` alone could be a placeholder of SQLite.
    fn is_inside_operator(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.sql.as_bytes().get(at));
        before.is_some_and(|byte| b"+-*/<>=~!@#%^&|".contains(byte))
    }

    /// A subscript follows a value or `array`; elsewhere brackets are SQLite's quotes around a name.
    fn open_bracket(&mut self) -> Result<(), Refusal> {
        let after_value = match self.previous {
            Some(Token::Word(word)) => !rules::is_never_a_value(word),
            Some(Token::Quoted(_) | Token::Parameter(_) | Token::Symbol(b')' | b']')) => true,
            _ => false,
        };
        if !after_value && self.brackets == 0 {
            return Err(Refusal::syntax("names in [...] are not understood by both databases: use \"...\""));
        }
        self.brackets += 1;
        Ok(())
    }
}

fn foreign_placeholder(what: &str) -> Refusal {
    let hint = if what == "?" { "; for the operators ?, ?| and ?& of jsonb use jsonb_exists()" } else { "" };
    Refusal::placeholder(format!("placeholders are written $1 to $n, not {what}{hint}"))
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

/// All that is not ASCII is a letter to both engines.
fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_name(byte: u8) -> bool {
    starts_name(byte) || byte.is_ascii_digit() || byte == b'$'
}
