//! Forms of CREATE and ALTER.

use super::cursor::Cursor;
use super::{StandIn, plain_text};
use sqlparser::tokenizer::Token;

/// Tokens of a clause that is carried.
const LONGEST_CLAUSE: usize = 40;

/// What only the beginning of a statement can be.
pub(super) fn at_the_start(cursor: &mut Cursor) {
    columns_of_a_query(cursor);
    renamed_index(cursor);
}

pub(super) fn rewrite(cursor: &mut Cursor) -> bool {
    copied_table(cursor) || altered_column(cursor)
}

/// `CREATE TABLE t (a, b) AS`, with a type for each.
fn columns_of_a_query(cursor: &mut Cursor) {
    if !cursor.are(0, &["create", "table"]) {
        return;
    }
    let name = if cursor.are(2, &["if", "not", "exists"]) { 5 } else { 2 };
    if !cursor.is_name(name) || !cursor.is_token(name + 1, &Token::LParen) {
        return;
    }
    let mut end = name + 2;
    while cursor.is_name(end) && cursor.is_token(end + 1, &Token::Comma) {
        end += 2;
    }
    if !cursor.is_name(end) || !cursor.is_token(end + 1, &Token::RParen) || !cursor.is(end + 2, "as") {
        return;
    }
    let mut left = end + 1 - (name + 2);
    cursor.copy(name + 2);
    while left > 0 {
        cursor.copy(1);
        cursor.write_stand_in(&StandIn::words(""));
        cursor.copy(usize::from(left > 1));
        left = left.saturating_sub(2);
    }
}

/// `ALTER INDEX IF EXISTS i RENAME`, as an index of another name.
fn renamed_index(cursor: &mut Cursor) {
    if !cursor.are(0, &["alter", "index", "if", "exists"]) || !cursor.is_name(4) || !cursor.is(5, "rename") {
        return;
    }
    let Some(text) = cursor.rest().get(2..5).and_then(plain_text) else { return };
    cursor.copy(2);
    cursor.skip(3);
    cursor.write_stand_in(&StandIn::words(text));
}

/// `LIKE t INCLUDING ALL EXCLUDING ...`, as a table of another name.
fn copied_table(cursor: &mut Cursor) -> bool {
    let begins = cursor.is(0, "like") && cursor.is_name(1) && cursor.is_one_of(2, &["including", "excluding"]);
    if !begins || !matches!(cursor.written(1), Some(Token::LParen | Token::Comma)) {
        return false;
    }
    let mut end = 2;
    while cursor.is_one_of(end, &["including", "excluding"]) && cursor.is_name(end + 1) && end < LONGEST_CLAUSE {
        end += 2;
    }
    let Some(text) = cursor.rest().get(1..end).and_then(plain_text) else { return false };
    cursor.copy(1);
    cursor.skip(end - 1);
    cursor.write_stand_in(&StandIn::words(text));
    true
}

/// What ALTER COLUMN may say besides what the parser knows, as DROP NOT NULL.
fn altered_column(cursor: &mut Cursor) -> bool {
    if !cursor.is(0, "alter") {
        return false;
    }
    let name = if cursor.is(1, "column") { 2 } else { 1 };
    let operations: [&[&str]; 6] = [
        &["drop", "identity"],
        &["drop", "expression"],
        &["set", "generated"],
        &["set", "statistics"],
        &["set", "storage"],
        &["restart"],
    ];
    if !cursor.is_name(name) || !operations.iter().any(|words| cursor.are(name + 1, words)) {
        return false;
    }
    let end = cursor
        .rest()
        .iter()
        .take(LONGEST_CLAUSE)
        .position(|token| matches!(token.token, Token::Comma | Token::SemiColon | Token::EOF));
    let end = end.unwrap_or_else(|| cursor.rest().len().min(LONGEST_CLAUSE));
    let Some(text) = cursor.rest().get(name..end).and_then(plain_text) else { return false };
    cursor.copy(name);
    cursor.skip(end - name);
    cursor.write_stand_in(&StandIn { after: 3, ..StandIn::words(text) });
    for text in ["DROP", "NOT", "NULL"] {
        cursor.write(Token::make_word(text, None));
    }
    true
}
