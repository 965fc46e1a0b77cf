//! Which expressions of the catalog are constants: a literal, perhaps with a sign, brackets and
//! casts. Everything else would have to be run to know what it gives today, and gives something
//! else tomorrow.

use super::table_text;

/// Brackets within brackets; catalogs write two or three.
const DEEPEST: usize = 16;

/// Whether the expression is a literal and no more than that.
pub(super) fn is_constant(expression: &str) -> bool {
    constant(expression, 0).is_some_and(|rest| rest.trim().is_empty())
}

/// Whether a literal stands in it that Postgres reads as the time at which it reads it.
pub(super) fn names_a_moment(expression: &str) -> bool {
    ["now", "today", "tomorrow", "yesterday"].iter().any(|word| table_text::has_word(expression, word))
}

/// Reads a constant at the beginning of the text. Returns what follows it.
fn constant(text: &str, depth: usize) -> Option<&str> {
    let text = text.trim_start();
    let text = text.strip_prefix(['-', '+']).map_or(text, str::trim_start);
    let rest = match text.strip_prefix('(') {
        Some(inner) if depth < DEEPEST => constant(inner, depth + 1)?.trim_start().strip_prefix(')')?,
        Some(_) => return None,
        None => bare(text)?,
    };
    casts(rest)
}

fn bare(text: &str) -> Option<&str> {
    let prefixed = text.strip_prefix(['x', 'X', 'b', 'B']).and_then(|rest| rest.strip_prefix('\''));
    if let Some(rest) = text.strip_prefix('\'').or(prefixed) {
        return quoted(rest, false);
    }
    if let Some(rest) = text.strip_prefix(['e', 'E']).and_then(|rest| rest.strip_prefix('\'')) {
        return quoted(rest, true);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    if ["true", "false", "null"].iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return Some(rest);
    }
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    // `1e-5`: the sign belongs to the number.
    match rest.strip_prefix(['-', '+']).filter(|_| word.ends_with(['e', 'E'])) {
        Some(exponent) => Some(exponent.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => Some(rest),
    }
}

/// Behind the quote that ends a text. A quote within it is doubled; in an escape string a backslash
/// takes what follows along.
fn quoted(text: &str, escapes: bool) -> Option<&str> {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if escapes => drop(bytes.next()),
            b'\'' if text.as_bytes().get(at + 1) == Some(&b'\'') => drop(bytes.next()),
            b'\'' => return text.get(at + 1..),
            _ => {}
        }
    }
    None
}

/// `::numeric(10,2)`, as often as it is there.
fn casts(mut text: &str) -> Option<&str> {
    while let Some(kind) = text.trim_start().strip_prefix("::") {
        let name = kind.trim_start_matches(is_of_name);
        text = match name.strip_prefix('(') {
            Some(size) => {
                let behind =
                    size.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',').strip_prefix(')')?;
                behind.trim_start_matches(is_of_name)
            }
            None => name,
        };
    }
    Some(text)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ' ' | '"' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_with_signs_brackets_and_casts_are_constants() {
        for text in [
            "5",
            "-9223372036854775808",
            "(- 5)",
            "'-5'::integer",
            "'it''s (\\ \"new\"; --'::text",
            "E'a\\\\b\\'c'::text",
            "('1.50'::text)::numeric(10,2)",
            "'2024-01-01 00:00:00'::timestamp(3) without time zone",
            "x'00ff'",
            "1.5e-7",
            ".5",
            "true",
            "NULL::character varying",
        ] {
            assert!(is_constant(text), "{text}");
        }
    }

    #[test]
    fn what_has_to_be_run_is_no_constant() {
        for text in [
            "CURRENT_TIMESTAMP",
            "now()",
            "CURRENT_USER",
            "'a' || 'b'",
            "1 + 1",
            "('a'::text)(1)",
            "'a'; drop table t",
            "nextval('t_id_seq'::regclass)",
            "case when true then 1 end",
            "(select 1)",
            "'open",
            "",
            "5 -- five",
        ] {
            assert!(!is_constant(text), "{text}");
        }
        assert!(names_a_moment("('now'::text)::date") && !names_a_moment("'2024-01-01'::date"));
    }
}
