//! Forms of queries and of statements that change rows.

use super::cursor::{Cursor, is_word};
use super::{StandIn, expression_text, plain_text};
use crate::storage::statement::stand_in::Carries;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Tokens of a clause that is carried.
const LONGEST_CLAUSE: usize = 200;

pub(super) fn rewrite(cursor: &mut Cursor) -> bool {
    lock(cursor)
        || search_or_cycle(cursor)
        || excluded_rows(cursor)
        || assigned_element(cursor)
        || conflict_target(cursor)
        || columns_without_alias(cursor)
        || grouping_sets(cursor)
        || empty_set(cursor)
}

/// FOR NO KEY UPDATE, FOR KEY SHARE, and OF with several tables, as FOR UPDATE OF name.
fn lock(cursor: &mut Cursor) -> bool {
    if !cursor.is(0, "for") {
        return false;
    }
    let strengths: [&[&str]; 4] = [&["no", "key", "update"], &["key", "share"], &["update"], &["share"]];
    let Some(strength) = strengths.into_iter().find(|words| cursor.are(1, words)) else { return false };
    let mut end = 1 + strength.len();
    let mut tables = 0;
    if cursor.is(end, "of") {
        end += 1;
        while cursor.is_name(end) && tables < LONGEST_CLAUSE {
            (end, tables) = (end + 1, tables + 1);
            if !cursor.is_token(end, &Token::Comma) {
                break;
            }
            end += 1;
        }
    }
    if strength.len() == 1 && tables < 2 {
        return false;
    }
    let Some(text) = cursor.rest().get(1..end).and_then(plain_text) else { return false };
    cursor.copy(1);
    cursor.skip(end - 1);
    cursor.write(Token::make_word("UPDATE", None));
    cursor.write(Token::make_word("OF", None));
    cursor.write_stand_in(&StandIn { before: 2, ..StandIn::words(text) });
    true
}

/// SEARCH and CYCLE behind a recursive query, as one more query.
fn search_or_cycle(cursor: &mut Cursor) -> bool {
    let begins = cursor.are(0, &["search", "depth", "first", "by"])
        || cursor.are(0, &["search", "breadth", "first", "by"])
        || (cursor.is(0, "cycle") && cursor.is_name(1));
    if !begins || cursor.written(1) != Some(&Token::RParen) {
        return false;
    }
    let is_end = |token: &TokenWithSpan| {
        matches!(token.token, Token::LParen | Token::RParen)
            || ["select", "insert", "update", "delete", "values", "with"]
                .iter()
                .any(|word| is_word(Some(&token.token), word))
    };
    let Some(mut end) = cursor.rest().iter().take(LONGEST_CLAUSE).position(is_end) else { return false };
    // `, another AS (`
    if cursor.is_token(end, &Token::LParen) {
        let another = (0..end).rev().find(|place| cursor.is_token(*place, &Token::Comma));
        let Some(another) = another.filter(|another| cursor.is_name(another + 1)) else { return false };
        end = another;
    }
    let Some(text) = cursor.rest().get(..end).and_then(plain_text) else { return false };
    cursor.skip(end);
    cursor.write(Token::Comma);
    cursor.write_stand_in(&StandIn { before: 1, after: 5, ..StandIn::words(text) });
    cursor.write(Token::make_word("AS", None));
    cursor.write(Token::LParen);
    cursor.write(Token::make_word("SELECT", None));
    cursor.write(Token::Number("1".to_owned(), false));
    cursor.write(Token::RParen);
    true
}

/// EXCLUDE at the end of a window, as the name of a window at its beginning.
fn excluded_rows(cursor: &mut Cursor) -> bool {
    let forms: [&[&str]; 4] = [
        &["exclude", "current", "row"],
        &["exclude", "no", "others"],
        &["exclude", "group"],
        &["exclude", "ties"],
    ];
    let Some(words) = forms.into_iter().find(|words| cursor.are(0, words)) else { return false };
    if !cursor.is_token(words.len(), &Token::RParen) {
        return false;
    }
    let begin = cursor.level().written;
    let parts = ["partition", "order", "range", "rows", "groups"];
    let name = match cursor.written_at(begin) {
        Some(token) if parts.iter().any(|part| is_word(Some(token), part)) => None,
        Some(Token::Word(word)) => Some(super::written(word)),
        _ => return false,
    };
    let at_close = words.join(" ").to_uppercase();
    let has_name = name.is_some();
    let stand_in = StandIn { at_close, ..StandIn::words(name.unwrap_or_default()) };
    if !cursor.insert(begin, stand_in.token(), has_name) {
        return false;
    }
    cursor.skip(words.len());
    true
}

/// `SET a[1] = ...`, as a column of another name.
fn assigned_element(cursor: &mut Cursor) -> bool {
    let is_target = cursor.wrote(1, &["set"]) || cursor.written(1) == Some(&Token::Comma);
    if !is_target || !cursor.level().assigns || !cursor.is_name(0) || !cursor.is_token(1, &Token::LBracket) {
        return false;
    }
    let mut end = 1;
    while cursor.is_token(end, &Token::LBracket) {
        let Some(close) = cursor.close_of(end) else { return false };
        end = close + 1;
    }
    let tokens = cursor.rest().get(..end).unwrap_or_default();
    // Nothing is bounded in there (`costs`), so nothing is called.
    let calls = tokens.iter().any(|token| token.token == Token::LParen);
    let Some(text) = expression_text(tokens).filter(|_| !calls) else { return false };
    if !cursor.is_token(end, &Token::Eq) {
        return false;
    }
    cursor.skip(end);
    cursor.write_stand_in(&StandIn::new(Carries::Element, text));
    true
}

/// `ON CONFLICT (lower(a), b)`, as columns of other names.
fn conflict_target(cursor: &mut Cursor) -> bool {
    if !cursor.are(0, &["on", "conflict"]) || !cursor.is_token(2, &Token::LParen) {
        return false;
    }
    let Some(close) = cursor.close_of(2) else { return false };
    cursor.copy(3);
    let mut left = close - 3;
    while left > 0 {
        let end = cursor.find(0, left, |token| *token == Token::Comma).unwrap_or(left);
        let text = cursor.rest().get(..end).filter(|part| part.len() > 1).and_then(expression_text);
        match text {
            Some(text) => {
                cursor.skip(end);
                cursor.write_stand_in(&StandIn::new(Carries::Expression, text));
            }
            None => cursor.copy(end),
        }
        cursor.copy(usize::from(end < left));
        left = left.saturating_sub(end + 1);
    }
    true
}

/// `FROM f() AS (a int)`, with an alias.
fn columns_without_alias(cursor: &mut Cursor) -> bool {
    let begins =
        cursor.is(0, "as") && cursor.is_token(1, &Token::LParen) && cursor.is_name(2) && cursor.is_name(3);
    let queries = ["select", "with", "values", "insert", "update", "delete", "table", "merge"];
    if !begins || cursor.written(1) != Some(&Token::RParen) || cursor.is_one_of(2, &queries) {
        return false;
    }
    cursor.copy(1);
    cursor.write_stand_in(&StandIn::words(""));
    true
}

/// GROUPING SETS, ROLLUP and CUBE, as functions: the parser does not know sets inside of sets, and
/// takes parentheses away.
fn grouping_sets(cursor: &mut Cursor) -> bool {
    let sets: [(&[&str], &str); 3] =
        [(&["grouping", "sets"], "GROUPING SETS"), (&["rollup"], "ROLLUP"), (&["cube"], "CUBE")];
    let Some((words, form)) = sets.into_iter().find(|(words, _)| cursor.are(0, words)) else { return false };
    if !cursor.is_token(words.len(), &Token::LParen) {
        return false;
    }
    cursor.skip(words.len());
    cursor.write_stand_in(&StandIn::words(form));
    true
}

/// `()` among grouping sets.
fn empty_set(cursor: &mut Cursor) -> bool {
    let is_one = cursor.is_token(0, &Token::LParen) && cursor.is_token(1, &Token::RParen);
    if !is_one || !matches!(cursor.written(1), Some(Token::Comma | Token::LParen)) {
        return false;
    }
    cursor.skip(2);
    cursor.write_stand_in(&StandIn::words("()"));
    true
}
