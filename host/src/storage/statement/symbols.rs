//! Placeholders, operators and square brackets.

use super::lexer::{Lexer, Token, continues_name, starts_name};
use super::{Refusal, rules};

impl<'a> Lexer<'a> {
    pub(super) fn parameter(&mut self) -> Result<Token<'a>, Refusal> {
        let start = self.at + 1;
        self.at = start;
        self.skip_while(|byte| byte.is_ascii_digit());
        let digits = self.slice(start, self.at);
        if digits.is_empty() {
            return Err(Refusal::syntax(
                "strings in dollar quotes are not allowed to an app: use '...' or a parameter",
            ));
        }
        if continues_name(self.byte(0)) || self.byte(0) == b'(' || !self.is_plain_cast() {
            return Err(Refusal::placeholder(format!(
                "the placeholder ${digits:.9} is followed by something else"
            )));
        }
        let number = digits.parse().ok().filter(|_| !digits.starts_with('0'));
        let message = || format!("no placeholder ${digits:.9}: they are $1 to $n");
        number.map(Token::Parameter).ok_or_else(|| Refusal::placeholder(message()))
    }

    /// SQLite reads `$1::name(anything)` as one variable (of Tcl) up to the parenthesis. Numbers
    /// there do no harm.
    fn is_plain_cast(&self) -> bool {
        let rest = self.sql.as_bytes().get(self.at..).unwrap_or_default();
        let mut after = rest;
        // A `$` there begins a placeholder that is looked at by itself.
        while let Some(name) =
            after.strip_prefix(b"::").filter(|name| name.first().is_some_and(|byte| starts_name(*byte)))
        {
            let length = name.iter().take_while(|byte| continues_name(**byte)).count();
            after = name.get(length..).unwrap_or_default();
        }
        let Some(inside) = after.strip_prefix(b"(").filter(|_| after.len() < rest.len()) else { return true };
        let end = inside.iter().find(|byte| !matches!(byte, b'0'..=b'9' | b','));
        matches!(end, Some(b')' | b' ' | b'\t' | b'\n' | b'\r'))
    }

    pub(super) fn symbol(&mut self, byte: u8) -> Result<Token<'a>, Refusal> {
        match (byte, self.byte(1)) {
            (b':', b':') => self.at += 1,
            (b':', next) if self.brackets == 0 && continues_name(next) => {
                return Err(foreign_placeholder(":name"));
            }
            (b'@', next) if continues_name(next) && !self.is_inside_operator() => {
                return Err(foreign_placeholder("@name"));
            }
            (b'?', _) => return Err(foreign_placeholder("?")),
            (b'[', _) => self.open_bracket()?,
            (b']', _) => {
                let open = self.brackets.checked_sub(1);
                self.brackets = open.ok_or_else(|| Refusal::syntax("a square bracket is not opened"))?;
            }
            (b'`', _) => {
                return Err(Refusal::syntax("names in `...` are not understood by both databases: use \"...\""));
            }
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

    /// A subscript follows a value or `array`; elsewhere brackets are SQLite's quotes around a
    /// name.
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
