//! Forms inside expressions.

use super::StandIn;
use super::cursor::{Cursor, is_word};
use crate::storage::statement::rules;
use sqlparser::tokenizer::Token;

/// How far the end of a bound is looked for.
const LONGEST_BOUND: usize = 2_000;

pub(super) fn rewrite(cursor: &mut Cursor) -> bool {
    needless_plus(cursor)
        || is_null(cursor)
        || matches_any(cursor)
        || symmetric(cursor)
        || variadic(cursor)
        || interval_with_precision(cursor)
        || field_to_extract(cursor)
        || row_in_parentheses(cursor)
        || frame_bound(cursor)
}

/// `+ @ x` as `@ x`: printed side by side the two would be one operator.
fn needless_plus(cursor: &mut Cursor) -> bool {
    let follows =
        matches!(cursor.token(1), Some(Token::AtSign | Token::Tilde | Token::PGSquareRoot | Token::PGCubeRoot));
    let is_sign = match cursor.written(1) {
        Some(Token::Word(word)) => word.quote_style.is_none() && rules::is_never_a_value(&word.value),
        Some(Token::LParen | Token::Comma | Token::Plus | Token::Minus | Token::Mul | Token::Div) => true,
        _ => false,
    };
    let is_one = cursor.is_token(0, &Token::Plus) && follows && is_sign;
    if is_one {
        cursor.skip(1);
    }
    is_one
}

/// `x ISNULL`, which the parser takes for an alias, and NOTNULL.
fn is_null(cursor: &mut Cursor) -> bool {
    let negated = cursor.is(0, "notnull");
    if !(negated || cursor.is(0, "isnull"))
        || cursor.wrote(1, &["as"])
        || cursor.written(1) == Some(&Token::Period)
    {
        return false;
    }
    cursor.write(Token::make_word("IS", None));
    if negated {
        cursor.write(Token::make_word("NOT", None));
    }
    cursor.write(Token::make_word("NULL", None));
    cursor.skip(1);
    true
}

/// `x LIKE ANY (...)` is `x ~~ ANY (...)` (PostgreSQL, `src/backend/parser/gram.y`, `subquery_Op`).
fn matches_any(cursor: &mut Cursor) -> bool {
    let folds = cursor.is(0, "ilike");
    if !(folds || cursor.is(0, "like")) || !cursor.is_one_of(1, &["any", "all", "some"]) {
        return false;
    }
    if !cursor.is_token(2, &Token::LParen) {
        return false;
    }
    let negated = cursor.wrote(1, &["not"]);
    if negated {
        cursor.take_back();
    }
    cursor.write(match (negated, folds) {
        (false, false) => Token::DoubleTilde,
        (false, true) => Token::DoubleTildeAsterisk,
        (true, false) => Token::ExclamationMarkDoubleTilde,
        (true, true) => Token::ExclamationMarkDoubleTildeAsterisk,
    });
    cursor.skip(1);
    true
}

/// `BETWEEN SYMMETRIC x AND y` as `BETWEEN f(x) AND y`. ASYMMETRIC says nothing.
fn symmetric(cursor: &mut Cursor) -> bool {
    if !cursor.wrote(1, &["between"]) || !cursor.is_one_of(0, &["symmetric", "asymmetric"]) {
        return false;
    }
    if cursor.is(0, "symmetric") {
        let Some(end) = cursor.find(1, LONGEST_BOUND, |token| is_word(Some(token), "and")) else { return false };
        cursor.skip(1);
        cursor.write_stand_in(&StandIn::words("SYMMETRIC"));
        // So it reads the same when it is read again. A query has parentheses beside those of the
        // call.
        let is_call = cursor.is_token(0, &Token::LParen) && !cursor.is_one_of(1, &["select", "with", "values"]);
        if !is_call || cursor.close_of(0).is_none_or(|close| close + 2 < end) {
            cursor.parenthesize(end - 1);
        }
    } else {
        cursor.skip(1);
    }
    true
}

/// `f(x, VARIADIC y)` as `f(x, name => y)`.
fn variadic(cursor: &mut Cursor) -> bool {
    if !cursor.is(0, "variadic") || !matches!(cursor.written(1), Some(Token::LParen | Token::Comma)) {
        return false;
    }
    cursor.skip(1);
    cursor.write_stand_in(&StandIn { after: 2, ..StandIn::words("VARIADIC") });
    cursor.write(Token::RArrow);
    true
}

/// `interval(0) '...'` as `'...'::interval(0)`: the parser forgets the precision.
fn interval_with_precision(cursor: &mut Cursor) -> bool {
    let is_one = cursor.is(0, "interval")
        && cursor.is_token(1, &Token::LParen)
        && matches!(cursor.token(2), Some(Token::Number(..)))
        && cursor.is_token(3, &Token::RParen)
        && matches!(cursor.token(4), Some(Token::SingleQuotedString(_)));
    let Some(text) = cursor.token(4).filter(|_| is_one).cloned() else { return false };
    cursor.write(text);
    cursor.write(Token::DoubleColon);
    cursor.copy(4);
    cursor.skip(1);
    true
}

/// `extract('year' from x)` as `extract(year from x)`.
fn field_to_extract(cursor: &mut Cursor) -> bool {
    if !cursor.is(0, "extract") || !cursor.is_token(1, &Token::LParen) || !cursor.is(3, "from") {
        return false;
    }
    let Some(Token::SingleQuotedString(field)) = cursor.token(2) else { return false };
    if !field.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') || field.is_empty() {
        return false;
    }
    let field = Token::make_word(field, None);
    cursor.copy(2);
    cursor.write(field);
    cursor.skip(1);
    true
}

/// `(t).a` as `t.a`: the same where t is a row of FROM. Where it is a column, `(t).a` could call
/// any function a, and `t.a` cannot.
fn row_in_parentheses(cursor: &mut Cursor) -> bool {
    let is_one = cursor.is_token(0, &Token::LParen)
        && cursor.is_name(1)
        && cursor.is_token(2, &Token::RParen)
        && cursor.is_token(3, &Token::Period);
    let follows_value = match cursor.written(1) {
        Some(Token::Word(word)) => word.quote_style.is_some() || !rules::is_never_a_value(&word.value),
        Some(Token::RParen | Token::RBracket | Token::Number(..) | Token::SingleQuotedString(_)) => true,
        _ => false,
    };
    if !is_one || follows_value {
        return false;
    }
    cursor.skip(1);
    let name = cursor.token(0).cloned();
    cursor.skip(2);
    name.into_iter().for_each(|name| cursor.write(name));
    cursor.copy(2);
    true
}

/// `RANGE BETWEEN '1' PRECEDING`: the parser takes any string there for an interval, and nothing
/// behind it.
fn frame_bound(cursor: &mut Cursor) -> bool {
    if !matches!(cursor.token(0), Some(Token::SingleQuotedString(_)))
        || !cursor.wrote(1, &["between", "and", "range", "rows", "groups"])
    {
        return false;
    }
    let bounds = ["preceding", "following"];
    // What stands before these is no bound: `PARTITION BY a AND 'b' = c ROWS 1 PRECEDING`.
    let others = ["and", "order", "between", "range", "rows", "groups"];
    let is_end = |token: &Token| bounds.iter().chain(&others).any(|word| is_word(Some(token), word));
    let Some(end) = cursor.find(0, LONGEST_BOUND, is_end).filter(|end| cursor.is_one_of(*end, &bounds)) else {
        return false;
    };
    cursor.parenthesize(end);
    cursor.copy(1);
    true
}
