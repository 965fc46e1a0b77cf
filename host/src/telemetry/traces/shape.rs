//! The shape of a statement: what it does to which table, and its text with a `?` for each value.
//!
//! This reads no SQL. It is told apart by its signs alone what may be a value, and what is in doubt
//! is one: texts in quotes of any kind, numbers, bytes, comments.

/// Bytes of a text that is kept.
const LONGEST: usize = 1_000;
/// Bytes of a name that is kept; both databases cut longer ones, or take them for values.
const LONGEST_NAME: usize = 63;
/// Words behind which a name of a table stands.
const BEFORE_TABLES: [&str; 5] = ["from", "into", "update", "join", "table"];
/// Words that may stand between.
const NO_TABLES: [&str; 5] = ["only", "if", "not", "exists", "lateral"];

/// What is told of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The text without values.
    pub(super) text: String,
    /// Its first word in capitals.
    pub(super) operation: String,
    /// The first table that it names.
    pub(super) table: Option<String>,
}

/// The shape of a statement.
pub(super) fn shape(sql: &str) -> Shape {
    let mut text = String::new();
    let mut rest = sql;
    let (mut operation, mut table, mut is_table_next) = (None, None, false);
    while !rest.is_empty() && text.len() < LONGEST {
        let (part, after) = part(rest);
        rest = after;
        match part {
            Part::Blank if text.ends_with(' ') || text.is_empty() => {}
            Part::Blank => text.push(' '),
            Part::Value => text.push('?'),
            Part::Sign(sign) => text.push(sign),
            Part::Word(word) => {
                text.push_str(word);
                let lower = word.trim_matches('"').to_ascii_lowercase();
                if operation.is_none() {
                    operation = Some(word.to_ascii_uppercase());
                }
                if is_table_next && !NO_TABLES.contains(&lower.as_str()) && table.is_none() {
                    table = Some(word.trim_matches('"').to_owned());
                }
                is_table_next = BEFORE_TABLES.contains(&lower.as_str())
                    || is_table_next && NO_TABLES.contains(&lower.as_str());
            }
        }
    }
    if !rest.is_empty() {
        text.push_str("...");
    }
    Shape { text: text.trim_end().to_owned(), operation: operation.unwrap_or_else(|| "SQL".to_owned()), table }
}

enum Part<'a> {
    Blank,
    Value,
    Sign(char),
    Word(&'a str),
}

/// The first part of a text, and what is left.
fn part(sql: &str) -> (Part<'_>, &str) {
    let after = |length: usize| sql.get(length..).unwrap_or_default();
    let Some(first) = sql.chars().next() else { return (Part::Blank, "") };
    match first {
        _ if first.is_whitespace() => (Part::Blank, sql.trim_start()),
        _ if sql.starts_with("--") => (Part::Blank, sql.find('\n').map_or("", after)),
        _ if sql.starts_with("/*") => (Part::Blank, sql.find("*/").map_or("", |end| after(end + 2))),
        '\'' => (Part::Value, after(quoted(sql, '\'', false))),
        '`' => (Part::Value, after(quoted(sql, '`', false))),
        '"' => {
            let end = quoted(sql, '"', false);
            let name = sql.get(..end).unwrap_or_default();
            let is_name = name.len() <= LONGEST_NAME + 2 && name.trim_matches('"').chars().all(is_of_word);
            (if is_name { Part::Word(name) } else { Part::Value }, after(end))
        }
        '$' => dollar(sql),
        _ if first.is_ascii_digit() => (Part::Value, sql.trim_start_matches(|char: char| is_of_number(char))),
        _ if is_of_word(first) => {
            let left = sql.trim_start_matches(is_of_word);
            let word = sql.strip_suffix(left).unwrap_or(sql);
            // What stands before a quote belongs to the value: E'..', x'..', U&'..'.
            match left.starts_with('\'') {
                true => {
                    let end = quoted(left, '\'', word.eq_ignore_ascii_case("e"));
                    (Part::Value, left.get(end..).unwrap_or_default())
                }
                false if word.len() > LONGEST_NAME => (Part::Value, left),
                false => (Part::Word(word), left),
            }
        }
        sign if sign.is_ascii() => (Part::Sign(sign), after(1)),
        other => (Part::Value, after(other.len_utf8())),
    }
}

/// `$1` stays, `$tag$ .. $tag$` is a value.
fn dollar(sql: &str) -> (Part<'_>, &str) {
    let rest = sql.get(1..).unwrap_or_default();
    let left = rest.trim_start_matches(is_of_word);
    let tag = sql.strip_suffix(left).unwrap_or(sql);
    if rest.starts_with(|char: char| char.is_ascii_digit()) {
        return (Part::Word(tag), left);
    }
    let Some(body) = left.strip_prefix('$') else { return (Part::Sign('$'), rest) };
    let end = format!("{tag}$");
    let after = body.find(&end).and_then(|at| body.get(at + end.len()..)).unwrap_or_default();
    (Part::Value, after)
}

/// Where a text in quotes ends. A doubled quote goes on, and so does one behind a backslash where
/// that `escapes`.
fn quoted(sql: &str, quote: char, escapes: bool) -> usize {
    let mut chars = sql.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        let is_hidden = char == '\\' && escapes;
        if is_hidden || char == quote && chars.peek().is_some_and(|(_, next)| *next == quote) {
            let _ = chars.next();
        } else if char == quote {
            return at + 1;
        }
    }
    sql.len()
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn is_of_number(char: char) -> bool {
    is_of_word(char) || char == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> (String, String, Option<String>) {
        let Shape { text, operation, table } = shape(sql);
        (text, operation, table)
    }

    #[test]
    fn a_statement_keeps_its_words_and_loses_its_values() {
        let cases = [
            ("select * from notes where id = $1", "select * from notes where id = $1", "SELECT", Some("notes")),
            (
                "INSERT INTO \"Notes\" (a, b2) VALUES ('it''s', 12.5e3, x'ff', E'a\\'b')",
                "INSERT INTO \"Notes\" (a, b2) VALUES (?, ?, ?, ?)",
                "INSERT",
                Some("Notes"),
            ),
            (
                "update only t set a = -1 -- secret\n, b = 2",
                "update only t set a = -? , b = ?",
                "UPDATE",
                Some("t"),
            ),
            ("select /* secret */ $$secret$$, $x$secret$$x$", "select ?, ?", "SELECT", None),
            ("create table if not exists t (a int)", "create table if not exists t (a int)", "CREATE", Some("t")),
            ("select \"a secret, perhaps\", `secret`", "select ?, ?", "SELECT", None),
            ("select 'never ended", "select ?", "SELECT", None),
            ("select 'a\\', 'secret', e'b\\'', 'c'", "select ?, ?, ?, ?", "SELECT", None),
            ("", "", "SQL", None),
            ("select €, ü", "select ?, ü", "SELECT", None),
        ];
        for (sql, text, operation, table) in cases {
            let wanted = (text.to_owned(), operation.to_owned(), table.map(str::to_owned));
            assert_eq!(of(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn no_shape_is_longer_than_its_bound() {
        for sql in ["a ".repeat(9_000), "'x',".repeat(9_000), "a".repeat(9_000), "€".repeat(9_000)] {
            let Shape { text, operation, table } = shape(&sql);
            assert!(text.len() <= LONGEST + 100 && operation.len() <= 100, "{}", text.len());
            assert_eq!(table, None);
        }
    }
}
