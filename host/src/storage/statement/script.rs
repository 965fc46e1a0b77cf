//! A file of statements, cut at its semicolons.

use super::Refusal;
use super::lexer::{Lexer, Token};

/// The statements of a text, without the comments around them and without the semicolons. Quotes
/// and comments are read as the gate reads them.
pub fn split(text: &str) -> Result<Vec<String>, Refusal> {
    if text.contains('\0') {
        return Err(Refusal::syntax("the file contains a NUL character"));
    }
    let mut lexer = Lexer::new(text);
    let mut statements = Vec::new();
    let mut span: Option<(usize, usize)> = None;
    loop {
        lexer.skip_blank()?;
        let start = lexer.at;
        let token = lexer.next_token()?;
        if matches!(token, None | Some(Token::Symbol(b';'))) {
            statements.extend(span.take().and_then(|(from, to)| text.get(from..to)).map(str::to_owned));
        } else {
            span = Some((span.map_or(start, |(from, _)| from), lexer.at));
        }
        if token.is_none() {
            return Ok(statements);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_at_semicolons_that_are_ones() {
        let text = "-- destroys: a\ncreate table t (a text default ';'); /* ; */\n\ninsert into t values ('--') -- last; one\n;;";
        assert_eq!(
            split(text),
            Ok(vec!["create table t (a text default ';')".into(), "insert into t values ('--')".into()])
        );
        assert_eq!(split(" -- nothing\n"), Ok(vec![]));
        assert!(split("select 'a").is_err());
    }
}
