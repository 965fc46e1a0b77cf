//! Forms of Postgres that the parser does not know, carried past it in a name.
//!
//! `forms` puts a name in quotes in the place of such a form, one that no guest can write. The
//! parser takes it for a name and prints it as one; [`restore`] then puts the form back. So the
//! tree keeps its shape, the walk sees the name and judges what it carries, and the text that runs
//! has the form as the guest wrote it.

use super::Refusal;
use super::lexer::{Lexer, Token};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as ParserToken, Word};

/// What such a name begins with. The first pass refuses it in the text of a guest.
pub(super) const MARK: char = '\u{1}';
/// Between what stands in the name's place and what stands before the next closing parenthesis.
const AT_CLOSE: char = '\u{2}';

/// What a stand-in carries, as far as the walk has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// Words, names, numbers and strings that were looked at when it was made.
    Words,
    /// An expression, which has to be walked.
    Expression,
    /// A column with subscripts, which have to be walked.
    Element,
}

/// A form in the place of which a name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StandIn {
    pub(super) carries: Carries,
    /// Tokens before the name that were added for the parser's sake.
    pub(super) before: usize,
    /// Tokens behind the name that were added for the parser's sake.
    pub(super) after: usize,
    pub(super) text: String,
    /// What goes before the closing parenthesis of the pair around the name.
    pub(super) at_close: String,
}

impl StandIn {
    pub(super) fn new(carries: Carries, text: impl Into<String>) -> Self {
        Self { carries, before: 0, after: 0, text: text.into(), at_close: String::new() }
    }

    pub(super) fn words(text: impl Into<String>) -> Self {
        Self::new(Carries::Words, text)
    }

    /// The stand-in that a name is; none for a plain name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.strip_prefix(MARK)?.replace("\"\"", "\"");
        let mut rest = name.chars();
        let carries = match rest.next()? {
            'e' => Carries::Expression,
            's' => Carries::Element,
            _ => Carries::Words,
        };
        let mut digit = || rest.next()?.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
        let (before, after) = (digit()?, digit()?);
        let (text, at_close) = rest.as_str().split_once(AT_CLOSE).unwrap_or((rest.as_str(), ""));
        Some(Self { carries, before, after, text: text.to_owned(), at_close: at_close.to_owned() })
    }

    /// The name as the parser reads it.
    pub(super) fn token(&self) -> ParserToken {
        let carries = match self.carries {
            Carries::Words => 'w',
            Carries::Expression => 'e',
            Carries::Element => 's',
        };
        let Self { before, after, text, at_close, .. } = self;
        // The printer leaves quotes alone that are doubled (`tokens`).
        let value = format!("{MARK}{carries}{before}{after}{text}{AT_CLOSE}{at_close}").replace('"', "\"\"");
        ParserToken::Word(Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword })
    }
}

/// A token of the print: where it stands, and what is to stand there.
struct Piece<'a> {
    start: usize,
    end: usize,
    token: Token<'a>,
    text: Option<String>,
}

/// Puts the forms back into a printed text.
pub(super) fn restore(print: String) -> Result<String, Refusal> {
    if !print.contains(MARK) {
        return Ok(print);
    }
    let mut pieces = pieces_of(&print)?;
    for at in 0..pieces.len() {
        let name = match pieces.get(at).map(|piece| piece.token) {
            Some(Token::Quoted(name)) if name.starts_with(MARK) => name,
            _ => continue,
        };
        let stand_in = StandIn::of(name).ok_or_else(|| Refusal::syntax("the statement is not understood"))?;
        let close = closing(&pieces, at);
        let first = at.saturating_sub(stand_in.before);
        for piece in pieces.iter_mut().skip(first).take(stand_in.before + 1 + stand_in.after) {
            piece.text = Some(String::new());
        }
        if let Some(piece) = pieces.get_mut(at) {
            piece.text = Some(stand_in.text);
        }
        if let Some(piece) =
            close.and_then(|close| pieces.get_mut(close)).filter(|_| !stand_in.at_close.is_empty())
        {
            piece.text = Some(format!(" {})", stand_in.at_close));
        }
    }
    let mut text = String::with_capacity(print.len());
    let mut done = 0;
    for piece in &pieces {
        text.push_str(print.get(done..piece.start).unwrap_or_default());
        text.push_str(piece.text.as_deref().or(print.get(piece.start..piece.end)).unwrap_or_default());
        done = piece.end;
    }
    Ok(text)
}

fn pieces_of(print: &str) -> Result<Vec<Piece<'_>>, Refusal> {
    let mut lexer = Lexer::new(print);
    let mut pieces = Vec::new();
    loop {
        lexer.skip_blank()?;
        let start = lexer.at;
        let Some(token) = lexer.next_token()? else { return Ok(pieces) };
        pieces.push(Piece { start, end: lexer.at, token, text: None });
    }
}

/// The closing parenthesis of the pair around a place.
fn closing(pieces: &[Piece<'_>], at: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (place, piece) in pieces.iter().enumerate().skip(at) {
        match piece.token {
            Token::Symbol(b'(') => open += 1,
            Token::Symbol(b')') if open == 0 => return Some(place),
            Token::Symbol(b')') => open -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_back_as_it_was() {
        let lock = StandIn { before: 2, ..StandIn::words("NO KEY UPDATE") };
        let text = format!("SELECT 1 FOR UPDATE OF {} NOWAIT", lock.token());
        assert_eq!(restore(text), Ok("SELECT 1 FOR   NO KEY UPDATE NOWAIT".to_owned()));
        let frame = StandIn { at_close: "EXCLUDE TIES".to_owned(), ..StandIn::words("\"w\"") };
        let text = format!("({} ORDER BY (a))", frame.token());
        assert_eq!(restore(text), Ok("(\"w\" ORDER BY (a) EXCLUDE TIES)".to_owned()));
    }
}
