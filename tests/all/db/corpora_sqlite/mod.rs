//! Other projects' tests of SQLite, statement by statement through the host and beside it.
//!
//! `tests/corpus/foreign/sqlite` is a sample of our own in their formats. Their own files are not
//! kept here: the ignored test reads those of the folder that `INNKEEPER_TEST_CORPUS` names, and
//! prints what it has found.

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
/// What makes tables that have other rows each time.
const RANDOM: [&str; 2] = ["random", "'now'"];
/// What answers otherwise each time, or tells of the connection.
const CHANGING: [&str; 9] = [
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
    /// What cannot be compared, since it is otherwise each time.
    changing: usize,
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
    let number = |name: &str| std::env::var_os(name).and_then(|text| text.to_str()?.parse::<usize>().ok());
    let limit = number(LIMIT_VARIABLE).unwrap_or(usize::MAX);
    let findings = walk(&folder, limit, number(BATCH_VARIABLE).unwrap_or(1)).await;
    findings.print();
    assert!(findings.wrong.is_empty(), "{} wrong values", findings.wrong.len());
}

async fn walk(folder: &Path, limit: usize, batch: usize) -> Findings {
    let host = TestHost::of(Engine::Sqlite, "probe", "probe").await;
    let mut runner = Runner {
        visitor: host.visitor(),
        host,
        link: beside::connect(),
        findings: Findings::default(),
        batch,
        is_random: false,
    };
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
    host: TestHost,
    link: rusqlite::Connection,
    findings: Findings,
    /// Statements in one request.
    batch: usize,
    /// The tables may have other rows each time.
    is_random: bool,
}

impl Runner {
    /// Runs a group on fresh tables.
    async fn run(&mut self, file: &Path, group: &[String]) {
        let (for_apps, others): (Vec<&String>, Vec<&String>) = group.iter().partition(|sql| is_for_apps(sql));
        self.findings.not_for_apps += others.len();
        self.is_random = false;
        for part in for_apps.chunks(self.batch) {
            if !self.run_together(file, part).await {
                for sql in part {
                    if !self.run_together(file, &[sql]).await {
                        self.findings.run += 1;
                        self.findings.failed_on_both += 1;
                    }
                }
            }
        }
        self.clear().await;
    }

    /// Runs statements that are kept together, here and there. Returns whether they could be kept.
    async fn run_together(&mut self, file: &Path, part: &[&String]) -> bool {
        let steps: Vec<Value> = part.iter().map(|sql| query(sql, json!([]))).collect();
        let answer = self.visitor.probe_answer(json!(steps)).await;
        self.link.execute_batch("begin").expect("a transaction");
        if answer.status != 200 {
            let fails = part.iter().any(|sql| beside::run(&self.link, sql).is_err());
            let kept = self.link.execute_batch("commit").is_ok();
            assert!(fails || !kept || part.len() > 1, "{}: {part:?} was not kept", file.display());
            if kept {
                // What could not be kept there is not to be kept here.
                self.findings.taken.push(format!("{}: {part:?} was kept by SQLite alone", file.display()));
            } else {
                beside::undo(&self.link);
            }
            return false;
        }
        let results = answer.json();
        for (sql, result) in part.iter().zip(results.as_array().expect("a list")) {
            self.judge(file, sql, result);
        }
        if !self.link.is_autocommit() && self.link.execute_batch("commit").is_err() {
            self.findings.taken.push(format!("{}: {part:?} is not kept by SQLite", file.display()));
            beside::undo(&self.link);
        }
        true
    }

    fn judge(&mut self, file: &Path, sql: &str, result: &Value) {
        self.findings.run += 1;
        self.is_random |= has_one_of(sql, &RANDOM);
        let named =
            |text: String| format!("{}: {sql}\n    {text}", file.file_name().unwrap_or_default().display());
        let Some(rows) = result.get("ok") else {
            if beside::would_run(&self.link, sql) {
                let error = &result["error"];
                let message = error["message"].as_str().unwrap_or_default();
                let reason: String =
                    message.split(" at Line").next().unwrap_or_default().chars().take(90).collect();
                let reason = format!("{}: {reason}", error["code"].as_str().unwrap_or_default());
                self.findings.refused.entry(reason).or_default().push(named(String::new()));
            } else {
                self.findings.failed_on_both += 1;
            }
            return;
        };
        match beside::run(&self.link, sql) {
            Err(error) => self.findings.taken.push(named(error)),
            Ok(_) if self.is_random || has_one_of(sql, &CHANGING) => self.findings.changing += 1,
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

    /// Drops what the group has made, on both sides. Tables that refer to each other in a circle
    /// cannot be dropped: then there is another host.
    async fn clear(&mut self) {
        let drops = beside::clear(&mut self.link);
        if drops.is_empty() {
            return;
        }
        let steps: Vec<Value> = drops.iter().map(|sql| query(sql, json!([]))).collect();
        let answer = self.visitor.probe_answer(json!(steps)).await;
        let is_done = |result: &Value| result.get("ok").is_some();
        if answer.status != 200 || !answer.json().as_array().expect("a list").iter().all(is_done) {
            self.host = TestHost::of(Engine::Sqlite, "probe", "probe").await;
            self.visitor = self.host.visitor();
        }
    }
}

/// What an app may write at all: rows, tables, indexes and views.
fn is_for_apps(sql: &str) -> bool {
    let heading = texts::heading(sql).replace(['(', '"'], " ");
    let words: Vec<&str> = heading.split_whitespace().collect();
    let is_kept = ["sqlite_", "pragma_", "dbstat", "fts", "rtree", "main.", "temp.", "aux.", "rollback"]
        .iter()
        .any(|name| sql.to_ascii_lowercase().contains(name));
    let is_one = matches!(
        words.as_slice(),
        ["SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "VALUES" | "WITH", ..]
            | ["CREATE" | "DROP" | "ALTER", "TABLE" | "INDEX" | "VIEW", ..]
            | ["CREATE", "UNIQUE", ..]
    );
    is_one && !is_kept && !sql.contains(['`', '[', '?', '\0'])
}

fn has_one_of(sql: &str, words: &[&str]) -> bool {
    let lower = sql.to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word))
}

impl Findings {
    #[expect(clippy::print_stdout, reason = "it is run to be read")]
    fn print(&self) {
        let refused: usize = self.refused.values().map(Vec::len).sum();
        println!(
            "{} statements were run: {} answered the same, {} are otherwise each time, {} failed on both, {} answered otherwise, {refused} were refused, {} \
             were taken that SQLite refuses; {} are not for apps",
            self.run,
            self.same,
            self.changing,
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
