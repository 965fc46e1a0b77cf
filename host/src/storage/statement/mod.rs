//! What kind of statement a guest sends, and whether it may be run at all: one pass over its text.
//!
//! A seatbelt, not a wall. The text is cut into tokens, not parsed: what is behind a view, or named inside a
//! string that a function takes for SQL, is not seen. The wall is the database (own credentials on Postgres,
//! the authorizer on SQLite); this stops mistakes and known attacks early, with the same words on both engines.
//!
//! Both engines must read the text as it is read here, or an attack hides where one sees a string and the other
//! sees SQL. So what they read differently is refused: nested comments, dollar quotes, `[x]` and `` `x` ``, a
//! bare carriage return in a comment, a quote behind a backslash. `lexer` knows the tokens, `rules` the names,
//! `sentence` the order of words. The text of Postgres' own lexer is `src/backend/parser/scan.l`, that of
//! SQLite's is `src/tokenize.c`.

mod lexer;
mod placeholders;
mod quotes;
mod rules;
mod sentence;
mod symbols;
#[cfg(test)]
mod tests;

use lexer::Lexer;
use sentence::Sentence;
use std::fmt;

/// What the scan has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// What the statement does.
    pub kind: Kind,
    /// How many parameters it takes: its placeholders are exactly `$1` to this.
    pub parameters: u32,
}

/// What a statement does, as far as transactions are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing and locks nothing.
    Read,
    /// Changes rows or locks them.
    Write,
    /// Changes tables, indexes or views, or empties a table.
    Define,
}

/// Why a statement is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason.
    pub code: RefusalCode,
    /// For a person to read; says what to write instead where that is known.
    pub message: String,
}

/// The kind of reason, a part of the codes of `db.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// Not allowed to an app.
    Denied,
    /// Not SQL, or not in the form that both engines share.
    Syntax,
    /// Placeholders other than `$1` to `$n`.
    BadParameter,
    /// The text is too long.
    TooLarge,
}

/// Looks through the text of one statement, which may be `max_bytes` long. Takes time in proportion to its length.
pub fn scan(sql: &str, max_bytes: usize) -> Result<Scan, Refusal> {
    if sql.len() > max_bytes {
        return Err(Refusal::new(
            RefusalCode::TooLarge,
            format!("the statement is longer than {max_bytes} bytes"),
        ));
    }
    if sql.as_bytes().contains(&0) {
        return Err(Refusal::syntax("the statement contains a NUL character"));
    }
    let mut lexer = Lexer::new(sql);
    let mut sentence = Sentence::default();
    while let Some(token) = lexer.next_token()? {
        sentence.take(token)?;
    }
    sentence.finish()
}

impl Refusal {
    fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn denied(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Denied, message)
    }

    fn syntax(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Syntax, message)
    }

    fn placeholder(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::BadParameter, message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match self.code {
            RefusalCode::Denied => "denied",
            RefusalCode::Syntax => "syntax",
            RefusalCode::BadParameter => "bad parameter",
            RefusalCode::TooLarge => "too large",
        };
        write!(out, "{code}: {}", self.message)
    }
}

impl std::error::Error for Refusal {}
