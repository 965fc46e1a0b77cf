//! `lower` and `upper` on Postgres, which fold by the collation of their argument.

use super::edits::Edits;
use super::tokens::{Placed, tokens};
use crate::storage::statement::lexer::Token;

/// The text with a collation put into each `lower(x)` and `upper(x)`, so that they fold all of
/// Unicode; what they give is compared by code points. None where there is nothing to put in: the
/// collation that an author has written stays.
///
/// `collation` is the quoted name of one by which the server folds. An argument may be a range,
/// which has no collation, and `lower(x)` may stand where no expression may: then the server
/// refuses this text, and the one without is the right one.
pub(in crate::storage) fn folding(sql: &str, collation: &str) -> Option<String> {
    let tokens = tokens(sql).ok()?;
    let mut edits = Edits::default();
    // From the inside to the outside, since both may end at the same place.
    for (at, name) in tokens.iter().enumerate().rev() {
        let is_member = at > 0 && tokens.get(at - 1).is_some_and(|before| before.token == Token::Symbol(b'.'));
        if is_member || !folds(name.token) {
            continue;
        }
        let Some((open, close)) = argument(&tokens, at + 1) else { continue };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let behind = tokens.iter().find(|token| token.start > close);
        let stands_alone = is_symbol(before, b"(,") && is_symbol(behind, b"),");
        edits.insert(open, "(");
        edits.insert(close, &format!(") collate {collation}"));
        if stands_alone {
            // In a list. ON CONFLICT finds an index only where both say it without brackets.
            edits.insert(close + 1, " collate \"C\"");
        } else {
            // COLLATE may not stand everywhere: behind DEFAULT it would be the column's.
            edits.insert(name.start, "(");
            edits.insert(close + 1, " collate \"C\")");
        }
    }
    edits.apply(sql)
}

fn is_symbol(token: Option<&Placed<'_>>, symbols: &[u8]) -> bool {
    token.is_some_and(|token| matches!(token.token, Token::Symbol(symbol) if symbols.contains(&symbol)))
}

fn folds(token: Token<'_>) -> bool {
    match token {
        Token::Word(name) => name.eq_ignore_ascii_case("lower") || name.eq_ignore_ascii_case("upper"),
        Token::Quoted(name) => matches!(name, "lower" | "upper"),
        _ => false,
    }
}

/// Behind the bracket that opens a single argument without a collation, and where the one is that
/// closes it.
fn argument(tokens: &[Placed<'_>], at: usize) -> Option<(usize, usize)> {
    let open = tokens.get(at).filter(|open| open.token == Token::Symbol(b'('))?;
    let mut depth = 0_usize;
    for (count, token) in tokens.get(at + 1..)?.iter().enumerate() {
        match token.token {
            Token::Symbol(b'(' | b'[') => depth += 1,
            Token::Symbol(b')') if depth == 0 => return (count > 0).then_some((open.end, token.start)),
            Token::Symbol(b')' | b']') => depth = depth.checked_sub(1)?,
            Token::Symbol(b',') if depth == 0 => return None,
            Token::Word(word) if word.eq_ignore_ascii_case("collate") => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(sql: &str) -> String {
        folding(sql, "\"u\"").unwrap_or_else(|| sql.to_owned())
    }

    #[test]
    fn each_call_gets_its_collation() {
        for (sql, wanted) in [
            (
                "select LOWER(a || 'x'), upper( $1 ) from t",
                "select (LOWER((a || 'x') collate \"u\") collate \"C\"), (upper(( $1 ) collate \"u\") collate \"C\") from t",
            ),
            (
                "select lower(upper(a))",
                "select (lower((upper((a) collate \"u\") collate \"C\") collate \"u\") collate \"C\")",
            ),
            (
                "alter table t add column c text default upper('x')",
                "alter table t add column c text default (upper(('x') collate \"u\") collate \"C\")",
            ),
            (
                "create index i on t (\"lower\"(coalesce(a, b)))",
                "create index i on t (\"lower\"((coalesce(a, b)) collate \"u\") collate \"C\")",
            ),
        ] {
            assert_eq!(folded(sql), wanted);
        }
    }

    #[test]
    fn what_is_none_stays() {
        for sql in [
            "select lower(a collate \"de-x-icu\")",
            "select lower from t",
            "select lower()",
            "select lower(a, b)",
            "select 'lower(a)', \"LOWER\"(a), x.lower(a) -- lower(a)",
            "select lower(a",
            "select lower_inc(a), flower(a)",
        ] {
            assert_eq!(folded(sql), sql);
        }
    }
}
