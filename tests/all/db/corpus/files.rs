//! Reads the files of the corpora.

use support::Engine;
use support::paths;

use super::canaries::Places;

/// A statement and what must hold of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sql: String,
    pub(super) expected: String,
}

/// Ordinary statements: lines up to one that begins with `=>`.
pub(super) fn ordinary(name: &str) -> Vec<Entry> {
    let text = read(&format!("ordinary/{name}.sql"));
    let mut entries = Vec::new();
    let mut sql = String::new();
    for line in text.lines().filter(|line| !is_comment(line)) {
        match line.strip_prefix("=> ") {
            Some(expected) => {
                let sql = std::mem::take(&mut sql).trim().to_owned();
                assert!(["rows", "runs", "not yet"].contains(&expected), "{sql}: {expected}?");
                entries.push(Entry { sql, expected: expected.to_owned() });
            }
            None => sql = sql + line + "\n",
        }
    }
    assert!(sql.trim().is_empty(), "{name}: nothing is said of {sql}");
    entries
}

/// Attacks: one a line, refused unless the next line says otherwise.
pub(super) fn attacks(engine: Engine, places: &Places) -> Vec<Entry> {
    let name = if engine == Engine::Postgres { "postgres" } else { "sqlite" };
    let mut entries: Vec<Entry> = Vec::new();
    for line in read(&format!("attacks/{name}.sql")).lines().filter(|line| !is_comment(line) && !line.is_empty()) {
        match line.strip_prefix("=> ") {
            Some("harmless") => entries.last_mut().expect("a statement before it").expected = "harmless".into(),
            Some(other) => panic!("{name}: {other}?"),
            None => entries.push(Entry { sql: places.fill(line), expected: "refused".to_owned() }),
        }
    }
    assert!(entries.len() >= 150, "{name}: only {} attacks", entries.len());
    entries
}

fn is_comment(line: &str) -> bool {
    line == "#" || line.starts_with("# ")
}

fn read(name: &str) -> String {
    let path = paths::repository().join("tests/corpus").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
