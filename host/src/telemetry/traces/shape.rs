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

/// Whose signs a text is read by, where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signs {
    Postgres,
    Sqlite,
}

/// The shape of a statement of `postgresql` or `sqlite`.
pub(super) fn shape(system: &str, sql: &str) -> Shape {
    let signs = if system == "sqlite" { Signs::Sqlite } else { Signs::Postgres };
    let mut text = String::new();
    let mut rest = sql;
    let (mut operation, mut table, mut is_table_next) = (None, None, false);
    while !rest.is_empty() && text.len() < LONGEST {
        let (part, after) = part(rest, signs);
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
fn part(sql: &str, signs: Signs) -> (Part<'_>, &str) {
    let after = |length: usize| sql.get(length..).unwrap_or_default();
    let Some(first) = sql.chars().next() else { return (Part::Blank, "") };
    match first {
        _ if first.is_whitespace() => (Part::Blank, sql.trim_start()),
        _ if sql.starts_with("--") => {
            let is_end = |char| char == '\n' || char == '\r' && signs == Signs::Postgres;
            (Part::Blank, sql.find(is_end).map_or("", after))
        }
        _ if sql.starts_with("/*") => (Part::Blank, after(comment(sql, signs))),
        '\'' => (Part::Value, after(quoted(sql, '\'', false))),
        '`' if signs == Signs::Sqlite => (Part::Value, after(quoted(sql, '`', false))),
        '[' if signs == Signs::Sqlite => (Part::Value, sql.find(']').map_or("", |end| after(end + 1))),
        '"' => {
            let end = quoted(sql, '"', false);
            let name = sql.get(..end).unwrap_or_default();
            let is_name = name.len() <= LONGEST_NAME + 2 && name.trim_matches('"').chars().all(is_of_word);
            (if is_name { Part::Word(name) } else { Part::Value }, after(end))
        }
        '$' => dollar(sql, signs),
        _ if first.is_ascii_digit() => (Part::Value, sql.trim_start_matches(|char: char| is_of_number(char))),
        _ if is_of_word(first) => word(sql, signs),
        sign if sign.is_ascii() => (Part::Sign(sign), after(1)),
        other => (Part::Value, after(other.len_utf8())),
    }
}

fn word(sql: &str, signs: Signs) -> (Part<'_>, &str) {
    let left = sql.trim_start_matches(is_within_word);
    let word = sql.strip_suffix(left).unwrap_or(sql);
    // What stands before a quote belongs to the value: E'..', x'..', U&'..'.
    if !left.starts_with('\'') {
        return (if word.len() > LONGEST_NAME { Part::Value } else { Part::Word(word) }, left);
    }
    let escapes = signs == Signs::Postgres && word.eq_ignore_ascii_case("e");
    let mut left = left.get(quoted(left, '\'', escapes)..).unwrap_or_default();
    // Beyond the end of a line such a text may go on.
    loop {
        let next = left.trim_start();
        let between = left.strip_suffix(next).unwrap_or_default();
        if !escapes || !next.starts_with('\'') || !between.contains(['\n', '\r']) {
            return (Part::Value, left);
        }
        left = next.get(quoted(next, '\'', escapes)..).unwrap_or_default();
    }
}

/// Where a comment ends. In Postgres there may be others in it.
fn comment(sql: &str, signs: Signs) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") && (depth == 0 || signs == Signs::Postgres) {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth.saturating_sub(1), at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    sql.len()
}

/// `$1` stays, `$tag$ .. $tag$` is a value. SQLite knows parameters alone.
fn dollar(sql: &str, signs: Signs) -> (Part<'_>, &str) {
    let rest = sql.get(1..).unwrap_or_default();
    if signs == Signs::Sqlite {
        let left = rest.trim_start_matches(is_within_word);
        return (Part::Word(sql.strip_suffix(left).unwrap_or(sql)), left);
    }
    let is_number = rest.starts_with(|char: char| char.is_ascii_digit());
    let left = match is_number {
        true => rest.trim_start_matches(|char: char| char.is_ascii_digit()),
        false => rest.trim_start_matches(is_of_word),
    };
    let tag = sql.strip_suffix(left).unwrap_or(sql);
    if is_number {
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

/// Neither database takes this for a sign of its own within a word.
fn is_within_word(char: char) -> bool {
    is_of_word(char) || char == '$'
}

fn is_of_number(char: char) -> bool {
    is_of_word(char) || char == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> (String, String, Option<String>) {
        let Shape { text, operation, table } = shape("postgresql", sql);
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
            ("select \"a secret, perhaps\", a", "select ?, a", "SELECT", None),
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

    /// Where one part is taken for another, all that follows is read the wrong way round.
    #[test]
    fn what_ends_a_part_on_one_database_and_not_on_the_other_gives_no_value_away() {
        for (system, sql, wanted) in [
            ("postgresql", "select /* /* */ don't */ a, 'secret'", "select a, ?"),
            ("sqlite", "select /* /* don't */ a, 'secret'", "select a, ?"),
            ("postgresql", "select a -- don't\r, 'secret'", "select a , ?"),
            ("sqlite", "select a -- don't\r, secret\n, 'secret'", "select a , ?"),
            ("postgresql", "select a$b$ from t where b = 'it $b$ secret'", "select a$b$ from t where b = ?"),
            ("sqlite", "select a$b$ from t where b = 'it $b$ secret'", "select a$b$ from t where b = ?"),
            ("postgresql", "select e'a'\n  'b\\' secret', 'secret'", "select ?, ?"),
            ("sqlite", "select e'a\\', 'secret', $a$, 'it $a$ secret'", "select ?, ?, $a$, ?"),
            ("postgresql", "select 'a'\n 'b\\', 'secret'", "select ? ?, ?"),
            ("sqlite", "select [it's], `don't`, 'secret'", "select ?, ?, ?"),
            ("postgresql", "select a[1], b ` 'secret'", "select a[?], b ` ?"),
            ("postgresql", "select $1, $$it's secret$$, $2", "select $1, ?, $2"),
            ("postgresql", "select u&'secret' uescape '!', b'1', n'secret'", "select u&? uescape ?, ?, ?"),
            ("postgresql", "select /* never ended 'secret'", "select"),
        ] {
            assert_eq!(shape(system, sql).text, wanted, "{sql}");
        }
    }

    #[test]
    fn no_shape_is_longer_than_its_bound() {
        for sql in ["a ".repeat(9_000), "'x',".repeat(9_000), "a".repeat(9_000), "€".repeat(9_000)] {
            let Shape { text, operation, table } = shape("postgresql", &sql);
            assert!(text.len() <= LONGEST + 100 && operation.len() <= 100, "{}", text.len());
            assert_eq!(table, None);
        }
    }
}
