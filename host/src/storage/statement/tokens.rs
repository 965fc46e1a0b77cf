//! Makes tokens fit for the parser, where it reads words as some third database does.

use super::Engine;
use super::allowed::Lists;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

/// Keywords of other databases that are plain names to Postgres and SQLite. As names they are no reason for a refusal, and what
/// the parser would make of them is not wanted.
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

/// Changes tokens in place.
pub(super) fn make_fit(engine: Engine, tokens: &mut Vec<TokenWithSpan>) {
    for token in tokens.iter_mut() {
        if let Token::Word(word) = &mut token.token
            && NO_KEYWORDS.contains(&word.keyword)
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
    strengthen_locks(tokens);
    if engine == Engine::Postgres {
        turn_typed_strings(tokens);
    }
}

/// `inet '::1'`: the parser knows this form for types of the standard alone, so it becomes `'::1'::inet`. The blank between
/// makes room for the colons.
fn turn_typed_strings(tokens: &mut [TokenWithSpan]) {
    let types = Lists::of(Engine::Postgres);
    let is_type = |token: &Token| match token {
        Token::Word(word) => {
            word.quote_style.is_none() && word.keyword == Keyword::NoKeyword && types.allows_type(&word.value)
        }
        _ => false,
    };
    let mut at = 0;
    while let Some([kind, blank, text]) = tokens.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        let text_follows = matches!(text.token, Token::SingleQuotedString(_));
        if is_type(&kind.token) && text_follows && blank.token == Token::Whitespace(Whitespace::Space) {
            std::mem::swap(&mut kind.token, &mut text.token);
            blank.token = Token::DoubleColon;
        }
        at += 1;
    }
}

/// The parser does not know FOR NO KEY UPDATE and FOR KEY SHARE: the next stronger locks stand for them.
fn strengthen_locks(tokens: &mut Vec<TokenWithSpan>) {
    let mut meaning = tokens.iter().enumerate().filter_map(|(at, token)| Some((at, keyword(&token.token)?)));
    let mut superfluous = Vec::new();
    let mut before = [(0, Keyword::NoKeyword); 3];
    for (at, word) in meaning.by_ref() {
        match (before.map(|(_, word)| word), word) {
            ([_, Keyword::FOR, Keyword::NO], Keyword::KEY) => {}
            ([Keyword::FOR, Keyword::NO, Keyword::KEY], Keyword::UPDATE) => {
                superfluous.extend([before[1].0, before[2].0]);
            }
            ([_, Keyword::FOR, Keyword::KEY], Keyword::SHARE) => superfluous.push(before[2].0),
            _ => {}
        }
        before = [before[1], before[2], (at, word)];
    }
    for at in superfluous.into_iter().rev() {
        tokens.remove(at);
    }
}

/// Blanks do not count; anything that is no keyword separates.
fn keyword(token: &Token) -> Option<Keyword> {
    match token {
        Token::Whitespace(_) => None,
        Token::Word(word) => Some(word.keyword),
        _ => Some(Keyword::NoKeyword),
    }
}
