//! The gate: what a guest's statement may be, and the text of it that is run.
//!
//! 1. A pass over the tokens (`lexer`, `sentence`, `rules`). Both engines and the parser behind
//!    must read the text as it is read here, or an attack hides where one sees a string and the
//!    other sees SQL. So what they read differently is refused: nested comments, dollar quotes,
//!    `[x]` and `` `x` ``, a bare carriage return in a comment, a quote behind a backslash
//!    (Postgres: `src/backend/parser/scan.l`; SQLite: `src/tokenize.c`). It also bounds how deep
//!    the statement is (`depth`).
//! 2. A parser (`grammar`), and a walk over its whole tree with default deny (`walk`, lists in
//!    `allowed`).
//! 3. On Postgres the tree is printed, must give the same tree again, must say what was written
//!    word by word (`faithful`), and the print is what runs. Calls that could not be interrupted
//!    get bounds first (`costs`). Forms that the parser does not know are rewritten in front of it
//!    or carried past it (`forms`, `stand_in`). On SQLite the text itself runs, with a few words
//!    put in so that it means what it means on Postgres (`portable`): there the engine's authorizer
//!    stands beside the gate, with its own reading of the text (`storage/sqlite/authorizer.rs`),
//!    and judges alone what the parser or the lists do not know.
//!
//! Where apps share one credential this is still a seatbelt, not a wall: it trusts that the lists
//! are right. What has passed is remembered by its text (`cache`).

pub(super) mod allowed;
mod cache;
mod costs;
mod depth;
mod differences;
mod escapes;
mod facts;
mod faithful;
mod forms;
mod grammar;
mod lexer;
mod placeholders;
mod portable;
mod postgres_dialect;
mod quotes;
mod rules;
mod script;
mod sentence;
mod stand_in;
mod symbols;
#[cfg(test)]
mod tests;
mod tokens;
mod walk;

use super::Engine;
pub use differences::watch as watch_differences;
pub use facts::Destroyed;
pub(super) use portable::folding;

use lexer::Lexer;
pub use script::split;
use sentence::Sentence;
use std::fmt;
use std::sync::Arc;
use walk::Findings;

/// A statement that has passed.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// What to run.
    pub text: String,
    /// What the statement does.
    pub kind: Kind,
    /// How much it may add to the app's rows.
    pub growth: Growth,
    /// How many parameters it takes: its placeholders are exactly `$1` to this.
    pub parameters: u32,
    /// A read that cannot fail once it is prepared. Still, it may be cancelled, a view may hide
    /// what fails, and a parameter that the server has to read from a text may not fit.
    pub steady: bool,
    /// What it takes away for good: dropped tables, dropped or retyped columns, tables emptied as a
    /// whole, tables with rows that make room for others (REPLACE).
    pub destroys: Vec<Destroyed>,
}

/// What the pass over the tokens has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scan {
    kind: Kind,
    parameters: u32,
    /// It may take something away for good.
    destroys: bool,
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

/// How much a statement may add to what an app's rows take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// Nothing: it reads, deletes or drops, or makes an empty table.
    Nothing,
    /// No more than what comes with it: its text and its parameters.
    AsBrought,
    /// Any amount: it copies rows, changes them or builds an index.
    Unbounded,
}

/// Why a statement is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason.
    pub code: RefusalCode,
    /// For a person to read; says what to write instead where that is known.
    pub message: String,
    /// Nothing is known against the statement but that nobody has listed its form.
    is_unlisted: bool,
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

/// Checks one statement for `engine`, which may be `max_bytes` long. Repeated texts cost a look-up,
/// new ones some ten microseconds and more in proportion to their length.
pub fn check(engine: Engine, sql: &str, max_bytes: usize) -> Result<Arc<Checked>, Refusal> {
    check_length(sql, max_bytes)?;
    if let Some(checked) = cache::get(engine, sql) {
        return Ok(checked);
    }
    let scan = scan(engine, sql)?;
    let checked = Arc::new(grammar::with_stack(|| read(engine, sql, scan))?);
    cache::put(engine, sql, &checked);
    Ok(checked)
}

/// Checks one condition over the columns of a table, as CHECK takes it, and returns the text to
/// embed between parentheses: no parameters, no subqueries, no aggregates. `Syntax` or `Denied`
/// where it is anything else.
pub fn check_expression(engine: Engine, text: &str, max_bytes: usize) -> Result<String, Refusal> {
    check_length(text, max_bytes)?;
    if scan(engine, &format!("select ({text}\n)"))?.parameters > 0 {
        return Err(Refusal::placeholder("a condition has no parameters"));
    }
    grammar::with_stack(|| {
        let expression = grammar::expression(engine, text)?;
        let findings = walk::walk(&expression, allowed::Lists::of(engine))?;
        if findings.subqueries || findings.aggregates || findings.writes {
            return Err(Refusal::denied("a condition has no subqueries, aggregates or sequences"));
        }
        let print = grammar::printed(&expression, |again| grammar::expression(engine, again))?;
        match engine {
            Engine::Postgres => grammar::check_faithful(text, &print).map(|()| print),
            Engine::Sqlite => Ok(portable::for_sqlite(&print)?.unwrap_or(print)),
        }
    })
}

/// The second and third step, on a stack that is large enough.
fn read(engine: Engine, sql: &str, scan: Scan) -> Result<Checked, Refusal> {
    let tree = match grammar::statement(engine, sql) {
        Err(refusal) if refusal.code == RefusalCode::Syntax && engine_may_judge(engine, sql) => {
            return unread(sql, scan);
        }
        tree => tree?,
    };
    let findings = match grammar::check(engine, &tree) {
        Err(refusal) if refusal.is_unlisted && engine_may_judge(engine, sql) => Findings::default(),
        findings => findings?,
    };
    differences::look(engine, &tree);
    let text = match engine {
        Engine::Postgres => {
            let text = print_again(&tree, sql, scan)?;
            // What is put in is the host's own, and made of parts that have passed.
            match costs::bounded(&tree, &text)? {
                Some(bounded) => grammar::printed(&bounded, |again| grammar::statement(engine, again))?,
                None => text,
            }
        }
        Engine::Sqlite => portable_text(sql, scan)?,
    };
    let kind = facts::kind(&tree, &findings, scan.kind);
    let steady = kind == Kind::Read && grammar::is_steady(&tree);
    let (growth, destroys) = (facts::growth(&tree), facts::destroys(&tree));
    Ok(Checked { text, kind, growth, parameters: scan.parameters, steady, destroys })
}

/// The text that Postgres runs. It passes the first step as well, for the engine reads this and not
/// what the guest wrote.
fn print_again(tree: &sqlparser::ast::Statement, sql: &str, scan: Scan) -> Result<String, Refusal> {
    let text = grammar::printed(tree, |again| grammar::statement(Engine::Postgres, again))?;
    grammar::check_faithful(sql, &text)?;
    match self::scan(Engine::Postgres, &text)?.parameters == scan.parameters {
        true => Ok(text),
        false => Err(Refusal::syntax("the statement is not understood: its placeholders get lost")),
    }
}

/// SQLite has forms that the parser does not know, or that nobody has listed. The engine reads the
/// text itself, and its authorizer denies by default whatever it does, by the same list of
/// functions: so the reading by the parser may be missing. A table that is named by a string
/// ('name') is seen by the authorizer alone: so such a text holds no kept name in any form.
fn engine_may_judge(engine: Engine, sql: &str) -> bool {
    engine == Engine::Sqlite && !rules::mentions_kept_name(sql)
}

/// What such a statement may destroy is not known, so it counts as everything.
fn unread(sql: &str, scan: Scan) -> Result<Checked, Refusal> {
    let text = portable::for_sqlite(sql)?.unwrap_or_else(|| sql.to_owned());
    let (kind, parameters) = (scan.kind, scan.parameters);
    let growth = if kind == Kind::Read { Growth::Nothing } else { Growth::Unbounded };
    let destroys = if scan.destroys { vec![Destroyed::anything()] } else { Vec::new() };
    Ok(Checked { text, kind, growth, parameters, steady: false, destroys })
}

/// The text that SQLite runs, which passes the first two steps as well.
fn portable_text(sql: &str, scan: Scan) -> Result<String, Refusal> {
    let Some(text) = portable::for_sqlite(sql)? else { return Ok(sql.to_owned()) };
    let again = grammar::statement(Engine::Sqlite, &text).and_then(|tree| grammar::check(Engine::Sqlite, &tree));
    let passes = match again {
        Ok(_) => true,
        Err(refusal) => refusal.is_unlisted && engine_may_judge(Engine::Sqlite, &text),
    };
    match passes && self::scan(Engine::Sqlite, &text)? == scan {
        true => Ok(text),
        false => Err(Refusal::syntax("the statement is not understood: it reads differently for SQLite")),
    }
}

fn check_length(sql: &str, max_bytes: usize) -> Result<(), Refusal> {
    if sql.len() <= max_bytes {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::TooLarge, format!("the statement is longer than {max_bytes} bytes")))
}

/// The first step. Takes time in proportion to the length.
fn scan(engine: Engine, sql: &str) -> Result<Scan, Refusal> {
    if sql.as_bytes().contains(&0) {
        return Err(Refusal::syntax("the statement contains a NUL character"));
    }
    let mut lexer = Lexer::new(sql);
    let mut sentence = Sentence::new(engine);
    while let Some(token) = lexer.next_token()? {
        sentence.take(token)?;
    }
    sentence.finish()
}

impl Refusal {
    fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), is_unlisted: false }
    }

    fn denied(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Denied, message)
    }

    fn unlisted(message: impl Into<String>) -> Self {
        Self { is_unlisted: true, ..Self::denied(message) }
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
