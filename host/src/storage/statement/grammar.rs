//! Parses a statement, walks its tree, and prints it again.

use super::allowed::Lists;
use super::postgres_dialect::PostgresDialect;
use super::walk::{Findings, walk};
use super::{Engine, Refusal, RefusalCode, escapes, faithful, stand_in, tokens};
use sqlparser::ast::{Expr, Statement};
use sqlparser::dialect::{Dialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Address space for a parse, touched only as far as a statement is deep: [`super::depth`] bounds
/// how deep that can be.
const STACK_BYTES: usize = 64 << 20;
/// How deep the parser itself may go. Each bracket takes some of it.
const RECURSION: usize = 600;
/// Of the parser's own words in an error.
const LONGEST_REASON: usize = 200;

/// Runs `work` on a stack of its own: a request may be on a small one, and a deep tree needs a
/// large one even to be dropped. A panic of the parser is a refusal.
pub(super) fn with_stack<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    let caught = || catch_unwind(AssertUnwindSafe(work));
    stacker::grow(STACK_BYTES, caught).unwrap_or_else(|_| Err(not_understood(&"the parser gave up")))
}

/// The tree of exactly one statement.
pub(super) fn statement(engine: Engine, sql: &str) -> Result<Statement, Refusal> {
    let dialect = dialect_of(engine);
    let mut parser = parser_of(engine, dialect.as_ref(), sql)?;
    let mut statements = parser.parse_statements().map_err(refusal_of)?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err(Refusal::denied("one statement per call: use batch for several")),
    }
}

/// The tree of exactly one expression.
pub(super) fn expression(engine: Engine, text: &str) -> Result<Expr, Refusal> {
    let dialect = dialect_of(engine);
    let mut parser = parser_of(engine, dialect.as_ref(), text)?;
    let expression = parser.parse_expr().map_err(refusal_of)?;
    match parser.next_token().token {
        Token::EOF => Ok(expression),
        _ => Err(Refusal::syntax("one expression is wanted, and nothing behind it")),
    }
}

/// The printed form of a tree that has passed the walk, if it means the same: it must give the same
/// tree.
pub(super) fn printed<T: Display + PartialEq>(
    tree: &T,
    parse: impl FnOnce(&str) -> Result<T, Refusal>,
) -> Result<String, Refusal> {
    let text = stand_in::restore(tree.to_string())?;
    match parse(&text) {
        Ok(again) if again == *tree => Ok(text),
        _ => Err(not_understood(&"it reads differently when it is written anew")),
    }
}

/// Walks a statement by the lists of its engine.
pub(super) fn check(engine: Engine, statement: &Statement) -> Result<Findings, Refusal> {
    walk(statement, Lists::of(engine))
}

/// Whether a read cannot fail any more once it is prepared.
pub(super) fn is_steady(statement: &Statement) -> bool {
    walk(statement, Lists::steady()).is_ok()
}

/// Checks that a print for Postgres says what was written.
pub(super) fn check_faithful(written: &str, print: &str) -> Result<(), Refusal> {
    match faithful::difference(&tokens(Engine::Postgres, written)?, &tokens(Engine::Postgres, print)?) {
        None => Ok(()),
        Some(word) => Err(not_understood(&format!("{word} gets lost when it is written anew"))),
    }
}

/// The tokens of a text, after some have been made fit.
pub(super) fn tokens(engine: Engine, text: &str) -> Result<Vec<TokenWithSpan>, Refusal> {
    let dialect = dialect_of(engine);
    let text = match engine {
        Engine::Postgres => escapes::plain(text)?,
        Engine::Sqlite => text.into(),
    };
    let tokens = Tokenizer::new(dialect.as_ref(), &text).tokenize_with_location();
    Ok(tokens::make_fit(engine, tokens.map_err(|error| not_understood(&error))?))
}

/// A parser over the tokens of a text.
fn parser_of<'a>(engine: Engine, dialect: &'a dyn Dialect, text: &str) -> Result<Parser<'a>, Refusal> {
    let tokens = tokens(engine, text)?;
    Ok(Parser::new(dialect).with_recursion_limit(RECURSION).with_tokens_with_locations(tokens))
}

fn dialect_of(engine: Engine) -> Box<dyn Dialect> {
    match engine {
        Engine::Postgres => Box::new(PostgresDialect),
        Engine::Sqlite => Box::new(SQLiteDialect {}),
    }
}

fn refusal_of(error: ParserError) -> Refusal {
    match error {
        ParserError::RecursionLimitExceeded => {
            Refusal::new(RefusalCode::TooLarge, "the statement nests too deeply")
        }
        ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => not_understood(&reason),
    }
}

fn not_understood(reason: &dyn Display) -> Refusal {
    let reason: String = reason.to_string().chars().take(LONGEST_REASON).collect();
    Refusal::syntax(format!("the statement is not understood: {reason}"))
}
