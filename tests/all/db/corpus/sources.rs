//! Reads statements out of corpora: scripts of psql, sqllogictest's records, and Turso's tests.

use std::path::Path;

/// The statements of a file that Postgres is to run.
pub(super) fn statements(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let text = text.replace("\r\n", "\n");
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("test") => text.split("\n\n").filter_map(record).collect(),
        Some("sqltest") => script(&bodies(&text)),
        _ => script(&text),
    }
}

/// A record of sqllogictest (<https://sqlite.org/sqllogictest/doc/trunk/about.wiki>).
fn record(record: &str) -> Option<String> {
    let mut lines = record.lines().filter(|line| !line.trim_start().starts_with('#')).peekable();
    while let Some(line) =
        lines.next_if(|line| line.is_empty() || line.starts_with("skipif") || line.starts_with("onlyif"))
    {
        let names_postgres = line.contains("postgresql");
        if (line.starts_with("skipif") && names_postgres) || (line.starts_with("onlyif") && !names_postgres) {
            return None;
        }
    }
    let head = lines.next()?;
    let is_one = head.starts_with("statement") || head.starts_with("query");
    let sql: Vec<&str> = lines.take_while(|line| !line.starts_with("----")).collect();
    Some(sql.join("\n")).filter(|sql| is_one && !sql.trim().is_empty())
}

/// What stands in `test NAME { ... }` and `setup NAME { ... }`.
fn bodies(text: &str) -> String {
    let mut bodies = String::new();
    let mut inside = false;
    for line in text.lines() {
        match line.trim_end() {
            "}" => {
                inside = false;
                bodies.push_str(";\n");
            }
            line if line.ends_with('{') => inside = line.starts_with("test ") || line.starts_with("setup "),
            line if inside => bodies.extend([line, "\n"]),
            _ => {}
        }
    }
    bodies
}

/// The statements of a script, without psql's commands and without data behind COPY.
fn script(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = end_of_statement(rest);
        let (statement, after) = rest.split_at(end);
        let plain: Vec<&str> = statement.lines().filter(|line| !line.starts_with('\\')).collect();
        let plain = plain.join("\n").trim().to_owned();
        rest = after.strip_prefix(';').unwrap_or(after);
        if plain.to_lowercase().contains("from stdin") {
            rest = rest.split_once("\n\\.").map_or(rest, |(_, after)| after);
        } else if !plain.is_empty() {
            statements.push(plain);
        }
    }
    statements
}

/// Where the semicolon stands that ends the first statement, or the text ends.
fn end_of_statement(text: &str) -> usize {
    let bytes = text.as_bytes();
    let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
    let behind = |place: usize, end: &str| {
        text.get(place..).and_then(|rest| rest.find(end)).map(|found| place + found + end.len())
    };
    let mut place = 0;
    while place < bytes.len() {
        place = match (at(place), at(place + 1)) {
            (b';', _) => return place,
            (b'-', b'-') => behind(place, "\n").unwrap_or(bytes.len()),
            (b'/', b'*') => behind(place, "*/").unwrap_or(bytes.len()),
            (b'"', _) => behind(place + 1, "\"").unwrap_or(bytes.len()),
            (b'\'', _) => {
                let escapes = place > 0 && at(place - 1).eq_ignore_ascii_case(&b'e');
                let mut end = place + 1;
                while end < bytes.len() && at(end) != b'\'' {
                    end += if escapes && at(end) == b'\\' { 2 } else { 1 };
                }
                end + 1
            }
            (b'$', _) => {
                let tag = bytes
                    .iter()
                    .skip(place + 1)
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                let quote = text
                    .get(place..place + tag + 2)
                    .filter(|quote| quote.ends_with('$') && !at(place + 1).is_ascii_digit());
                quote.and_then(|quote| behind(place + quote.len(), quote)).unwrap_or(place + 1)
            }
            _ => place + 1,
        };
    }
    bytes.len()
}
