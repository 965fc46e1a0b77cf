//! Statements beside the server asked directly: what the gate prints does what was written.
//!
//! Each statement runs twice, as it is in one schema and as the gate prints it in another. The
//! sample in `tests/corpus/beside` always runs. The corpora of other projects run where
//! `INNKEEPER_TEST_CORPUS` names their files:
//! `cargo test --workspace --test all beside -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use innkeeper::storage::Engine as HostEngine;
use innkeeper::storage::statement;
use support::database::Direct;
use support::{Engine, TestDatabase, paths};

use super::sources;

/// Names the files of other corpora, separated by blanks.
const CORPUS: &str = "INNKEEPER_TEST_CORPUS";
/// Of one file: some have a million statements of one kind.
const MOST_OF_A_FILE: usize = 20_000;
const LONGEST_STATEMENT: usize = 1 << 20;
/// Verbs that an app has. Others belong to sessions, servers and owners of databases.
const VERBS: [&str; 10] =
    ["select", "insert", "update", "delete", "with", "values", "create", "alter", "drop", "truncate"];
/// What would touch the server or the session, and so later statements, or differs each time.
const APART: [&str; 13] = [
    "role",
    "user",
    "schema",
    "database",
    "tablespace",
    "extension",
    "language",
    "event",
    "pg_",
    "lo_",
    "set_config",
    "temp",
    "random(",
];

/// What became of the statements.
#[derive(Debug, Default)]
struct Report {
    ran: usize,
    passed: usize,
    /// By reason: statements that the server takes.
    refused: BTreeMap<String, Vec<String>>,
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_does_what_was_written() {
    let folder = paths::repository().join("tests/corpus/beside");
    let files = std::fs::read_dir(&folder).expect("the sample").flatten().map(|entry| entry.path());
    let report = run(&files.collect::<Vec<_>>()).await;
    assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
    assert!(report.refused.is_empty(), "{:#?}", report.refused);
    assert!(report.passed >= 100, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "reads the files that a variable names, and takes long"]
async fn other_corpora_do_what_was_written() {
    let files = std::env::var_os(CORPUS).expect(CORPUS).into_string().expect("names in UTF-8");
    let report = run(&files.split_whitespace().map(PathBuf::from).collect::<Vec<_>>()).await;
    println!("ran {}, passed {}, wrong {}", report.ran, report.passed, report.wrong.len());
    let mut refused: Vec<_> = report.refused.iter().collect();
    refused.sort_by_key(|(_, statements)| std::cmp::Reverse(statements.len()));
    for (reason, statements) in refused {
        println!("{:6} {reason}\n       {}", statements.len(), statements.first().expect("one at least"));
    }
    assert!(report.ran > 0 && report.wrong.is_empty(), "{}", report.wrong.join("\n"));
}

async fn run(files: &[PathBuf]) -> Report {
    let mut report = Report::default();
    for file in files {
        beside(file, &mut report).await;
    }
    report
}

async fn beside(file: &Path, report: &mut Report) {
    let database = TestDatabase::fresh(Engine::Postgres).await;
    let mut written = connection(&database, "written").await;
    let mut printed = connection(&database, "printed").await;
    for sql in sources::statements(file).into_iter().filter(|sql| is_an_apps(sql)).take(MOST_OF_A_FILE) {
        report.ran += 1;
        let expected = written.rows(&sql).await;
        match statement::check(HostEngine::Postgres, &sql, LONGEST_STATEMENT) {
            Ok(checked) => {
                report.passed += 1;
                let mut got = printed.rows(&checked.text).await;
                if differ(&expected, &mut got) {
                    let text = &checked.text;
                    report.wrong.push(format!("{sql}\n    ran as {text}\n    {got:?}\n    not {expected:?}"));
                }
                // The tables stay the same.
                if expected.is_ok() && got.is_err() {
                    let _ = printed.rows(&sql).await;
                }
            }
            Err(refusal) => {
                if printed.rows(&sql).await.is_ok() && expected.is_ok() {
                    let reason = refusal.to_string();
                    let reason = reason.split(", found").next().unwrap_or_default().to_owned();
                    report.refused.entry(reason).or_default().push(sql);
                }
            }
        }
    }
}

async fn connection(database: &TestDatabase, schema: &str) -> Direct {
    let mut connection = Direct::to(database).await;
    let ready = format!("create schema {schema}; set search_path = {schema}; set statement_timeout = '20s'");
    connection.rows(&ready).await.expect("a schema of its own");
    connection
}

fn is_an_apps(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let verb =
        sql.split(|char: char| !char.is_ascii_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    VERBS.contains(&verb) && !APART.iter().any(|word| sql.contains(word))
}

/// Rows in any order. Where both fail, the words differ: they name other tables.
fn differ(expected: &Result<Vec<Vec<String>>, String>, got: &mut Result<Vec<Vec<String>>, String>) -> bool {
    match (expected, got) {
        (Ok(expected), Ok(got)) => {
            let mut expected = expected.clone();
            expected.sort();
            got.sort();
            expected != *got
        }
        (Err(_), Err(_)) => false,
        _ => true,
    }
}
