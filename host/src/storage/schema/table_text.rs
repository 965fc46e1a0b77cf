//! Reads what SQLite's pragmas do not tell out of the text of a `CREATE TABLE`: the parts of each
//! column, and named checks.

/// A column or a constraint of the table, between two commas.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// Its first word in lower case: the name of a column.
    pub(super) name: String,
    pub(super) text: &'a str,
}

/// What stands in the outermost brackets of a `CREATE TABLE`.
pub(super) fn parts(sql: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut start = None;
    for (at, byte, depth) in Scan::new(sql) {
        match (byte, depth) {
            (b'(', 1) if start.is_none() => start = Some(at + 1),
            (b',', 1) | (b')', 0) => {
                if let Some(from) = start {
                    parts.extend(
                        sql.get(from..at).map(str::trim).map(|text| Part { name: first_word(text), text }),
                    );
                    start = Some(at + 1);
                }
            }
            _ => {}
        }
    }
    parts
}

/// Named checks in a part of a table, with their conditions.
pub(super) fn checks(text: &str) -> impl Iterator<Item = (String, Option<String>)> {
    text.match_indices("constraint \"").filter_map(|(at, found)| {
        let (name, rest) = text.get(at + found.len()..)?.split_once('"')?;
        let condition = enclosed(rest.trim_start().strip_prefix("check")?)?;
        Some((name.to_owned(), Some(condition.to_owned())))
    })
}

/// Checks that [`checks`] does not see, since no description was written like that: their names, or
/// numbers where they have none, and their conditions.
pub(super) fn unseen_checks(sql: &str) -> Vec<(String, String)> {
    let mut unseen = Vec::new();
    for (at, _, _) in Scan::new(sql) {
        let Some((before, condition)) = check_at(sql, at) else { continue };
        let is_ours = sql.get(at..).is_some_and(|rest| rest.starts_with("check")) && ends_with_our_name(before);
        if !is_ours {
            let name = constraint_name(before).unwrap_or_else(|| format!("check-{}", unseen.len() + 1));
            unseen.push((name, condition.to_owned()));
        }
    }
    unseen
}

/// What stands before the word `check` at this place, and the condition behind it.
fn check_at(sql: &str, at: usize) -> Option<(&str, &str)> {
    let (before, rest) = sql.split_at_checked(at)?;
    let (word, rest) = rest.split_at_checked("check".len())?;
    let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
    let condition = if word.eq_ignore_ascii_case("check") && is_word { enclosed(rest)? } else { return None };
    Some((before.trim_end(), condition))
}

fn ends_with_our_name(before: &str) -> bool {
    let name = before.strip_suffix('"').and_then(|before| before.rsplit_once('"'));
    name.is_some_and(|(before, _)| before.ends_with("constraint "))
}

/// The name behind the word `constraint` with which the text ends.
fn constraint_name(before: &str) -> Option<String> {
    let (start, name) = match before.strip_suffix('"') {
        Some(before) => before.rsplit_once('"')?,
        None => before.rsplit_once(char::is_whitespace)?,
    };
    let start = start.trim_end();
    let word = start.get(start.len().checked_sub("constraint".len())?..)?;
    word.eq_ignore_ascii_case("constraint").then(|| name.to_owned())
}

/// The check that one of our triggers stands for.
pub(super) fn trigger_check(sql: &str) -> Option<(String, Option<String>)> {
    let (_, rest) = sql.split_once(super::ddl::FAILED)?;
    let (name, rest) = rest.split_once('\'')?;
    let (_, rest) = rest.split_once("new.rowid and not ")?;
    Some((name.to_owned(), enclosed(rest).map(str::to_owned)))
}

/// Whether a word or a quoted name stands in the text, in whatever case.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c: char| !is_part(c)).any(|found| found.eq_ignore_ascii_case(word))
}

/// What stands in the brackets with which the text begins.
fn enclosed(text: &str) -> Option<&str> {
    let text = text.trim_start().strip_prefix('(')?;
    let end = Scan::at_depth(text, 1).find(|(_, byte, depth)| (*byte, *depth) == (b')', 0))?.0;
    text.get(..end).map(str::trim)
}

fn first_word(text: &str) -> String {
    let word = match text.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => text.split(|c: char| c.is_whitespace() || c == '(').next(),
    };
    word.unwrap_or_default().to_ascii_lowercase()
}

/// Bytes outside of quotes and comments, with the depth of brackets behind each.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self::at_depth(text, 0)
    }

    fn at_depth(text: &'a str, depth: usize) -> Self {
        Self { bytes: text.as_bytes(), at: 0, depth }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_to(&mut self, end: &[u8]) {
        self.at += end.len();
        while self.at < self.bytes.len() && !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(end)) {
            self.at += 1;
        }
        self.at += end.len();
    }
}

impl Iterator for Scan<'_> {
    type Item = (usize, u8, usize);

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.bytes.len() {
            match (self.byte(0), self.byte(1)) {
                (quote @ (b'\'' | b'"' | b'`'), _) => self.skip_to(&[quote]),
                (b'[', _) => self.skip_to(b"]"),
                (b'-', b'-') => self.skip_to(b"\n"),
                (b'/', b'*') => self.skip_to(b"*/"),
                (byte, _) => {
                    match byte {
                        b'(' => self.depth += 1,
                        b')' => self.depth = self.depth.saturating_sub(1),
                        _ => {}
                    }
                    self.at += 1;
                    return Some((self.at - 1, byte, self.depth));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE \"t\" (\n\"id\" integer primary key autoincrement, \"a b\" text default ('),(') \
        constraint \"type_of_a\" check (\"a\" is null or (typeof(\"a\") = 'text')), c, constraint \"low\" check (c > 0 /* ) */\n))";

    #[test]
    fn a_table_falls_into_its_parts() {
        let names: Vec<_> = parts(TABLE).into_iter().map(|part| part.name).collect();
        assert_eq!(names, ["id", "a b", "c", "constraint"]);
        assert!(has_word(parts(TABLE)[0].text, "AUTOINCREMENT"));
    }

    #[test]
    fn named_checks_are_found_with_their_conditions() {
        let all: Vec<_> =
            parts(TABLE).into_iter().flat_map(|part| checks(part.text).collect::<Vec<_>>()).collect();
        assert_eq!(all[0], ("type_of_a".into(), Some("\"a\" is null or (typeof(\"a\") = 'text')".into())));
        assert_eq!(all[1], ("low".into(), Some("c > 0 /* ) */".into())));
        assert_eq!(unseen_checks(TABLE), []);
        let raw = "create table t (a int CHECK(a > 0), b int constraint low check (b < (5)), checks int, \
            \"check\" int, c text default 'check (x)', CONSTRAINT \"High\" CHECK (c <> ')'), constraint \"ours\" check (a < 9))";
        let expected = [("check-1", "a > 0"), ("low", "b < (5)"), ("High", "c <> ')'")];
        assert_eq!(unseen_checks(raw), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let trigger = "create trigger x after insert on t begin select raise(abort, 'CHECK constraint failed: low') \
            from \"t\" where rowid = new.rowid and not (c > (0)\n); end";
        assert_eq!(trigger_check(trigger), Some(("low".into(), Some("c > (0)".into()))));
    }
}
