//! Other projects' tests of SQLite, statement by statement through the host and beside it.
//!
//! `tests/corpus/foreign/sqlite` is a sample of our own in their formats. Their own files are not kept here: the ignored test
//! reads those of the folder that `INNKEEPER_TEST_CORPUS` names, and prints what it has found.

mod beside;
mod texts;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::probe::query;
use support::{Engine, TestHost, Visitor, paths};

/// Names a folder with tests of other projects.
const FOLDER_VARIABLE: &str = "INNKEEPER_TEST_CORPUS";
/// So many statements are taken from a group, and so many are in a request.
const LIMIT_VARIABLE: &str = "INNKEEPER_TEST_CORPUS_LIMIT";
const BATCH_VARIABLE: &str = "INNKEEPER_TEST_CORPUS_BATCH";
/// Examples that are printed of each kind.
const EXAMPLES: usize = 6;
/// What answers otherwise each time, or tells of the connection.
const CHANGING: [&str; 10] = [
    "random",
    "'now'",
    "current_",
    "changes(",
    "last_insert_rowid",
    "sqlite_version",
    "datetime()",
    "unixepoch()",
    "date()",
    "time()",
];

/// What was found.
#[derive(Debug, Default)]
struct Findings {
    run: usize,
    same: usize,
    failed_on_both: usize,
    /// Statements that are not for apps: transactions, pragmas, triggers.
    not_for_apps: usize,
    wrong: Vec<String>,
    /// Refused although SQLite takes them, by the reason.
    refused: BTreeMap<String, Vec<String>>,
    /// Taken although SQLite refuses them.
    taken: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_answers_as_sqlite_does() {
    let findings = walk(&paths::repository().join("tests/corpus/foreign/sqlite"), usize::MAX, 1).await;
    assert!(findings.wrong.is_empty(), "{}", findings.wrong.join("\n"));
    assert!(findings.refused.is_empty(), "{:#?}", findings.refused);
    assert!(findings.taken.is_empty(), "{}", findings.taken.join("\n"));
    assert!(findings.same >= 50 && findings.failed_on_both >= 3, "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "reads the folder that a variable names, and takes long"]
async fn a_folder_answers_as_sqlite_does() {
    let folder = PathBuf::from(std::env::var_os(FOLDER_VARIABLE).expect(FOLDER_VARIABLE));
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let limit = number(LIMIT_VARIABLE).unwrap_or(usize::MAX);
    let findings = walk(&folder, limit, number(BATCH_VARIABLE).unwrap_or(1)).await;
    findings.print();
    assert!(findings.wrong.is_empty(), "{} wrong values", findings.wrong.len());
}

async fn walk(folder: &Path, limit: usize, batch: usize) -> Findings {
    let host = TestHost::of(Engine::Sqlite, "probe", "probe").await;
    let mut runner =
        Runner { visitor: host.visitor(), link: beside::connect(), findings: Findings::default(), batch };
    for file in texts::files_below(folder) {
        for group in texts::groups(&file) {
            let group: Vec<String> = group.into_iter().take(limit).collect();
            runner.run(&file, &group).await;
        }
    }
    runner.findings
}

struct Runner {
    visitor: Visitor,
    link: rusqlite::Connection,
    findings: Findings,
    /// Statements in one request.
    batch: usize,
}

impl Runner {
    /// Runs a group on fresh tables.
    async fn run(&mut self, file: &Path, group: &[String]) {
        let (for_apps, others): (Vec<&String>, Vec<&String>) = group.iter().partition(|sql| is_for_apps(sql));
        self.findings.not_for_apps += others.len();
        for part in for_apps.chunks(self.batch) {
            match self.ask(part).await {
                Ok(results) => part.iter().zip(&results).for_each(|(sql, result)| self.judge(file, sql, result)),
                // They could not be kept together.
                Err(_) => self.run_each(file, part).await,
            }
        }
        self.clear().await;
    }

    async fn run_each(&mut self, file: &Path, part: &[&String]) {
        for sql in part {
            let result = match self.ask(&[sql]).await {
                Ok(results) => results[0].clone(),
                Err(status) => json!({ "error": { "code": "request", "message": status.to_string() } }),
            };
            self.judge(file, sql, &result);
        }
    }

    /// The results of statements that are kept together, or the status of a request that could not be kept.
    async fn ask(&mut self, part: &[&String]) -> Result<Vec<Value>, u16> {
        let steps: Vec<Value> = part.iter().map(|sql| query(sql, json!([]))).collect();
        let answer = self.visitor.probe_answer(json!(steps)).await;
        match answer.status {
            200 => Ok(answer.json().as_array().expect("a list").clone()),
            status => Err(status),
        }
    }

    fn judge(&mut self, file: &Path, sql: &str, result: &Value) {
        self.findings.run += 1;
        let named = |text: String| format!("{}: {sql}\n    {text}", file.file_name().unwrap_or_default().display());
        let Some(rows) = result.get("ok") else {
            if beside::would_run(&self.link, sql) {
                let error = &result["error"];
                let message = error["message"].as_str().unwrap_or_default();
                let reason: String = message.split(" at Line").next().unwrap_or_default().chars().take(90).collect();
                let reason = format!("{}: {reason}", error["code"].as_str().unwrap_or_default());
                self.findings.refused.entry(reason).or_default().push(named(String::new()));
            } else {
                self.findings.failed_on_both += 1;
            }
            return;
        };
        match beside::run(&self.link, sql) {
            Err(error) => self.findings.taken.push(named(error)),
            Ok(_) if is_changing(sql) => self.findings.same += 1,
            Ok(expected) => {
                let got = beside::of_interface(rows);
                if got == expected || got.has_parts() {
                    self.findings.same += 1;
                } else {
                    self.findings.wrong.push(named(format!("got {got:?}\n    not {expected:?}")));
                }
            }
        }
    }

    /// Drops what the group has made, on both sides.
    async fn clear(&mut self) {
        for _ in 0..3 {
            let drops = beside::clear(&self.link);
            if drops.is_empty() {
                return;
            }
            for drop in &drops {
                let _ = self.ask(&[drop]).await;
            }
            let _ = self.link.execute_batch("pragma foreign_keys = off");
            for sql in &drops {
                let _ = self.link.execute_batch(sql);
            }
            let _ = self.link.execute_batch("pragma foreign_keys = on");
        }
    }
}

/// What an app may write at all: rows, tables, indexes and views.
fn is_for_apps(sql: &str) -> bool {
    let heading = texts::heading(sql).replace(['(', '"'], " ");
    let words: Vec<&str> = heading.split_whitespace().collect();
    let is_kept = ["sqlite_", "pragma_", "dbstat", "fts", "rtree", "main.", "temp."]
        .iter()
        .any(|name| sql.to_ascii_lowercase().contains(name));
    let is_one = match words.as_slice() {
        ["SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "VALUES" | "WITH", ..] => true,
        ["CREATE" | "DROP" | "ALTER", "TABLE" | "INDEX" | "VIEW", ..] => true,
        ["CREATE", "UNIQUE", ..] => true,
        _ => false,
    };
    is_one && !is_kept && !sql.contains(['`', '[', '?', '\0'])
}

fn is_changing(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    CHANGING.iter().any(|word| lower.contains(word))
}

impl Findings {
    fn print(&self) {
        let refused: usize = self.refused.values().map(Vec::len).sum();
        println!(
            "{} statements were run: {} answered the same, {} failed on both, {} answered otherwise, {refused} were refused, {} \
             were taken that SQLite refuses; {} are not for apps",
            self.run,
            self.same,
            self.failed_on_both,
            self.wrong.len(),
            self.taken.len(),
            self.not_for_apps
        );
        for wrong in self.wrong.iter().take(5 * EXAMPLES) {
            println!("otherwise: {wrong:.2000}");
        }
        for taken in self.taken.iter().take(5 * EXAMPLES) {
            println!("taken: {taken:.500}");
        }
        let mut kinds: Vec<_> = self.refused.iter().collect();
        kinds.sort_by_key(|(_, statements)| std::cmp::Reverse(statements.len()));
        for (reason, statements) in kinds {
            println!("{} x {reason}", statements.len());
            for statement in statements.iter().take(EXAMPLES) {
                println!("    {statement:.300}");
            }
        }
    }
}
