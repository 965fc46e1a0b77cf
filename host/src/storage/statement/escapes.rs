//! Strings with backslashes, `E'...'`, as plain ones.
//!
//! The parser takes `\xc3\xa9` for two characters, where Postgres takes it for the two bytes of one
//! (PostgreSQL, `src/backend/parser/scan.l`). So they are read here, and the parser sees the
//! result.

use super::Refusal;
use super::lexer::{Lexer, Token};
use std::borrow::Cow;

/// The text with plain strings only.
pub(super) fn plain(sql: &str) -> Result<Cow<'_, str>, Refusal> {
    if !sql.contains("E'") && !sql.contains("e'") {
        return Ok(Cow::Borrowed(sql));
    }
    let mut lexer = Lexer::new(sql);
    let (mut text, mut done) = (String::new(), 0);
    let mut after_one = false;
    loop {
        lexer.skip_blank()?;
        let start = lexer.at;
        let Some(token) = lexer.next_token()? else { break };
        let raw = lexer.slice(start, lexer.at);
        let inside = raw.strip_prefix(['e', 'E']).and_then(|raw| raw.strip_prefix('\'')?.strip_suffix('\''));
        let Some(inside) = inside.filter(|_| token == Token::Text) else {
            if after_one && token == Token::Text {
                return Err(Refusal::syntax("a string with backslashes goes on in the next line"));
            }
            after_one = false;
            continue;
        };
        after_one = true;
        let value = decoded(inside).ok_or_else(|| Refusal::syntax("a string has an escape that is none"))?;
        text.push_str(lexer.slice(done, start));
        text.push_str(&format!("'{}'", value.replace('\'', "''")));
        done = lexer.at;
    }
    if done == 0 {
        return Ok(Cow::Borrowed(sql));
    }
    text.push_str(lexer.slice(done, sql.len()));
    Ok(Cow::Owned(text))
}

/// What a string means; none where the server refuses it, or where its versions differ.
fn decoded(inside: &str) -> Option<String> {
    let mut bytes: Vec<u8> = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find(['\\', '\'']) {
        let (before, after) = rest.split_at_checked(at)?;
        bytes.extend_from_slice(before.as_bytes());
        rest = match after.strip_prefix("''") {
            Some(after) => {
                bytes.push(b'\'');
                after
            }
            None => escape(after.strip_prefix('\\')?, &mut bytes)?,
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// Reads what stands behind a backslash. Returns the rest.
fn escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let first = text.chars().next()?;
    let after = text.get(first.len_utf8()..)?;
    let digits = |text: &'a str, radix: u32, most: usize| {
        let count = text.chars().take(most).take_while(|char| char.is_digit(radix)).count();
        let (digits, rest) = text.split_at_checked(count)?;
        Some((u32::from_str_radix(digits, radix).ok(), count, rest))
    };
    match first {
        'b' => bytes.push(0x08),
        'f' => bytes.push(0x0C),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        // A letter before Postgres 16, a tabulator since.
        'v' => return None,
        '0'..='7' => {
            let (number, _, rest) = digits(text, 8, 3)?;
            bytes.push(u8::try_from(number? & 0xFF).ok()?);
            return Some(rest);
        }
        'x' => {
            let (number, _, rest) = digits(after, 16, 2)?;
            match number {
                Some(number) => bytes.push(u8::try_from(number).ok()?),
                None => bytes.push(b'x'),
            }
            return Some(rest);
        }
        'u' | 'U' => {
            let wanted = if first == 'u' { 4 } else { 8 };
            let (number, count, rest) = digits(after, 16, wanted)?;
            // Pairs of surrogates are written as one character, or with U.
            let char = char::from_u32(number?).filter(|_| count == wanted)?;
            bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_with_backslashes_are_read_as_postgres_reads_them() {
        for (sql, text) in [
            (r"select E'a\nb''c\\', 'd\n'", "select 'a\nb''c\\', 'd\\n'"),
            (r"select e'\xc3\xa9\x4\303\251\u00e9\U0001F600\q\xg'", "select 'é\u{4}éé😀qxg'"),
            (r"select 'E''\n'''", r"select 'E''\n'''"),
            ("select name, e from t", "select name, e from t"),
        ] {
            assert_eq!(plain(sql).unwrap(), text, "{sql}");
        }
        assert!(plain("select E'a'\n'b\\n'").is_err());
        for sql in [r"select E'\xff'", r"select E'\0'", r"select E'\u12'", r"select E'\v'", r"select E'\ud83d'"] {
            assert!(plain(sql).is_err(), "{sql}");
        }
    }
}
