//! Takes the statements out of other projects' tests, in three formats: sqllogictest's, Turso's
//! `.sqltest`, and the Tcl scripts of SQLite.

use std::path::{Path, PathBuf};

/// Statements that are run on fresh tables, one after the other.
pub(super) type Group = Vec<String>;

/// The files of a directory, deep, that hold statements.
pub(super) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable directory").flatten() {
            let path = entry.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("test" | "sqltest") => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// The statements of a file.
pub(super) fn groups(path: &Path) -> Vec<Group> {
    let bytes = std::fs::read(path).expect("a readable file");
    let text = String::from_utf8_lossy(&bytes);
    if path.extension().is_some_and(|extension| extension == "sqltest") {
        return turso(&text);
    }
    let is_logic_test = |line: &str| line.starts_with("statement ") || line.starts_with("query ");
    match text.lines().any(is_logic_test) {
        true => vec![logic_test(&text)],
        false => vec![tcl(&text)],
    }
}

/// Records are separated by empty lines; what stands behind `----` is the result.
fn logic_test(text: &str) -> Group {
    let mut statements = Vec::new();
    for record in text.replace('\r', "").split("\n\n") {
        let mut lines = record.lines().filter(|line| !line.starts_with('#')).peekable();
        let mut is_for_sqlite = true;
        while let Some(condition) = lines.next_if(|line| line.starts_with("onlyif") || line.starts_with("skipif"))
        {
            is_for_sqlite &= condition.starts_with("onlyif") == condition.contains("sqlite");
        }
        let is_statement =
            lines.next().is_some_and(|line| line.starts_with("statement") || line.starts_with("query"));
        if is_for_sqlite && is_statement {
            let sql: Vec<&str> = lines.take_while(|line| !line.starts_with("----")).collect();
            statements.extend(split(&sql.join("\n")));
        }
    }
    statements
}

/// `setup NAME { SQL }`, and `test NAME { SQL }` behind the lines `@setup NAME` that are wanted.
fn turso(text: &str) -> Vec<Group> {
    let mut setups: Vec<(String, String)> = Vec::new();
    let mut wanted: Vec<String> = Vec::new();
    let mut groups = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("@setup"), Some(name)) => wanted.push(name.to_owned()),
            (Some(kind @ ("setup" | "test")), Some(name)) if line.trim_end().ends_with('{') => {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
                let block = block.join("\n");
                if kind == "setup" {
                    setups.push((name.to_owned(), block));
                    continue;
                }
                let before = wanted.drain(..).filter_map(|name| {
                    setups.iter().find(|(setup, _)| *setup == name).map(|(_, sql)| sql.clone())
                });
                groups.push(before.chain([block]).flat_map(|sql| split(&sql)).collect());
            }
            _ => {}
        }
    }
    groups
}

/// The braces behind what runs SQL. What Tcl would put into them first is no SQL and is left out.
fn tcl(text: &str) -> Group {
    const RUNS: [&str; 5] = ["do_execsql_test", "do_catchsql_test", "execsql", "catchsql", "db eval"];
    let mut statements = Vec::new();
    let mut rest = text;
    while let Some((at, command)) = RUNS.iter().filter_map(|run| rest.find(run).map(|at| (at, run))).min() {
        rest = &rest[at + command.len()..];
        let line = rest.lines().next().unwrap_or_default();
        let Some(open) = line.find('{') else { continue };
        let Some(block) = braces(&rest[open..]) else { continue };
        rest = &rest[open + block.len()..];
        let sql = &block[1..block.len() - 1];
        statements.extend(split(sql).into_iter().filter(|sql| !sql.contains(['$', '\\'])));
    }
    statements
}

/// From a brace to the one that closes it.
fn braces(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..=at);
        }
    }
    None
}

/// Single statements. One that makes a trigger ends with END.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut sql = String::new();
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character, characters.peek()) {
            (None, '-', Some('-')) => {
                characters.by_ref().find(|character| *character == '\n');
                sql.push('\n');
                continue;
            }
            (None, ';', _) if !is_open_trigger(&sql) => {
                statements.push(std::mem::take(&mut sql));
                continue;
            }
            (None, '\'' | '"' | '`', _) => quote = Some(character),
            (None, '[', _) => quote = Some(']'),
            (Some(end), _, _) if character == end => quote = None,
            _ => {}
        }
        sql.push(character);
    }
    statements.push(sql);
    statements.into_iter().map(|sql| sql.trim().to_owned()).filter(|sql| !sql.is_empty()).collect()
}

fn is_open_trigger(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    let mut words = lower.split_whitespace();
    let is_trigger = words.next() == Some("create") && words.take(2).any(|word| word == "trigger");
    is_trigger && !lower.trim_end().ends_with("end")
}

/// Three words of a statement, as a heading for those of its kind.
pub(super) fn heading(sql: &str) -> String {
    let words: Vec<String> = sql.split_whitespace().take(3).map(str::to_ascii_uppercase).collect();
    words.join(" ")
}
