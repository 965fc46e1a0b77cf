//! Makes tokens fit for the parser, where it reads words as some third database does.

use super::{Engine, forms, stand_in};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

/// Keywords of other databases that are plain names to Postgres and SQLite. As names they are no
/// reason for a refusal, and what the parser would make of them is not wanted.
const NO_KEYWORDS: [Keyword; 28] = [
    Keyword::ANTI,
    Keyword::APPLY,
    Keyword::ASOF,
    Keyword::CONNECT,
    Keyword::DISTRIBUTE,
    Keyword::DIV,
    Keyword::FINAL,
    Keyword::FORMAT,
    Keyword::GLOBAL,
    Keyword::INTERPOLATE,
    Keyword::MATCH_RECOGNIZE,
    Keyword::MEMBER,
    Keyword::MINUS,
    Keyword::PIVOT,
    Keyword::PREWHERE,
    Keyword::QUALIFY,
    Keyword::RLIKE,
    Keyword::SAFE_CAST,
    Keyword::SAMPLE,
    Keyword::SEMI,
    Keyword::SETTINGS,
    Keyword::SORT,
    Keyword::STRAIGHT_JOIN,
    Keyword::TOP,
    Keyword::TRY_CAST,
    Keyword::TRY_CONVERT,
    Keyword::UNPIVOT,
    Keyword::XOR,
];

/// The tokens as the parser is to see them.
pub(super) fn make_fit(engine: Engine, mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for token in &mut tokens {
        if let Token::Word(word) = &mut token.token
            && NO_KEYWORDS.contains(&word.keyword)
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
    match engine {
        Engine::Postgres => forms::rewrite(without_blanks(tokens)),
        Engine::Sqlite => tokens,
    }
}

/// The printer takes two quotes side by side for one that is doubled already. So all are.
fn printable(mut token: TokenWithSpan) -> TokenWithSpan {
    match &mut token.token {
        Token::SingleQuotedString(text) if text.contains('\'') => *text = text.replace('\'', "''"),
        Token::Word(word) if word.value.starts_with(stand_in::MARK) => {
            word.value = word.value.replace('"', "\"\"")
        }
        _ => {}
    }
    token
}

/// Leaves out blanks and comments. A string that begins on a new line behind another goes on with
/// it (PostgreSQL documentation, "String Constants").
fn without_blanks(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let (mut on_new_line, mut may_go_on) = (false, true);
    for token in tokens {
        match (&token.token, kept.last_mut().map(|last| &mut last.token)) {
            (Token::Whitespace(blank), _) => {
                on_new_line |= matches!(blank, Whitespace::Newline | Whitespace::SingleLineComment { .. });
                may_go_on &= !matches!(blank, Whitespace::MultiLineComment(_));
                continue;
            }
            (Token::SingleQuotedString(more), Some(Token::SingleQuotedString(text)))
                if on_new_line && may_go_on =>
            {
                text.push_str(&more.replace('\'', "''"));
            }
            _ => kept.push(printable(token)),
        }
        (on_new_line, may_go_on) = (false, true);
    }
    kept
}
