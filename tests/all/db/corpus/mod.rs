//! The corpora: ordinary SQL that must run as if no gate were there, and attacks that must not get
//! through.
//!
//! The statements are data: `tests/corpus/ordinary` and `tests/corpus/attacks`, each file says how
//! it is written.

mod beside;
mod canaries;
mod compare;
mod files;
mod sources;
mod trees;

use serde_json::{Value, json};
use support::database::Direct;
use support::probe::{code, execute, integer, ok, query, rows};
use support::{Engine, TestDatabase, TestHost, Visitor};

use canaries::Canaries;
pub(in crate::db) use compare::hex;
use files::Entry;

use super::probe;

on_both_databases! {
    ordinary_sql_does_what_it_does_without_the_gate,
    attacks_reach_nothing,
    attacks_that_change_nothing_leave_the_unit_as_it_was,
}

/// Statements in one request.
const PER_REQUEST: usize = 20;

async fn ordinary_sql_does_what_it_does_without_the_gate(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let database = TestDatabase::fresh(engine).await;
    let mut direct = Direct::to(&database).await;
    let own = if engine == Engine::Postgres { "postgres" } else { "sqlite" };
    let mut problems = Vec::new();
    for file in ["both", own] {
        for part in files::ordinary(file).chunks(PER_REQUEST) {
            let steps: Vec<Value> = part.iter().map(|entry| query(&entry.sql, json!([]))).collect();
            let results = visitor.probe(json!(steps)).await;
            for (entry, result) in part.iter().zip(&results) {
                let problem = problem_with(entry, result, &mut direct).await;
                problems.extend(problem.map(|problem| format!("{}\n    {problem}", entry.sql)));
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// What an ordinary statement did otherwise than it should have.
async fn problem_with(entry: &Entry, result: &Value, direct: &mut Direct) -> Option<String> {
    if entry.expected == "not yet" {
        let refused = result.get("error").is_some() && code(result) == "syntax";
        return (!refused).then(|| format!("the gate knows this now, or fails otherwise: {result}"));
    }
    let expected = direct.rows(&entry.sql).await;
    match (result.get("ok"), expected) {
        (None, Ok(_)) => Some(format!("refused: {}", result["error"])),
        (_, Err(error)) => Some(format!("the engine itself does not take it: {error}")),
        (Some(_), Ok(expected)) if entry.expected == "rows" => compare::difference(rows(result), &expected),
        (Some(_), Ok(_)) => None,
    }
}

/// An attacker, and his neighbour with something to steal.
async fn attacked(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::with(engine).app("probe", "probe").app("other", "probe").start().await;
    let mut visitor = host.visitor();
    let migration = json!({ "name": "t", "statements": ["create table t (a bigint)"] });
    ok(&visitor.probe_one(json!({ "op": "db.migrate", "migrations": [migration] })).await);
    (host, visitor)
}

async fn attacks_reach_nothing(engine: Engine) {
    let (host, mut visitor) = attacked(engine).await;
    let canaries = Canaries::plant(&host, engine).await;
    let before = canaries.state(&host).await;
    let mut problems = Vec::new();
    for part in files::attacks(engine, &canaries.places()).chunks(PER_REQUEST) {
        let mut steps = vec![execute("insert into t (a) values (1)", json!([]))];
        for entry in part {
            steps.extend([query(&entry.sql, json!([])), execute(&entry.sql, json!([]))]);
        }
        steps.extend([query("select count(*) from t where a = 1", json!([])), json!({ "op": "db.rollback" })]);
        let results = visitor.probe(json!(steps)).await;
        for (entry, results) in part.iter().zip(results[1..].chunks(2)) {
            problems.extend(results.iter().filter_map(|result| got_through(entry, result)));
        }
        assert_eq!(integer(&results[results.len() - 2]), 1, "the unit of work goes on: {:?}", part);
        let after = canaries.state(&host).await;
        assert_eq!(before, after, "one of these changed something: {part:#?}");
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// What an attack was told that it should not have been.
fn got_through(entry: &Entry, result: &Value) -> Option<String> {
    if canaries::sings(result) {
        return Some(format!("{}\n    the answer has a canary in it: {result}", entry.sql));
    }
    let refused = result.get("error").is_some() && REFUSALS.contains(&code(result));
    let fine = refused || entry.expected == "harmless";
    (!fine).then(|| format!("{}\n    not refused: {result}", entry.sql))
}

/// How a statement is refused before anything of it runs.
const REFUSALS: [&str; 4] = ["denied", "syntax", "bad-parameter", "too-large"];

async fn attacks_that_change_nothing_leave_the_unit_as_it_was(engine: Engine) {
    let (_host, mut visitor) = attacked(engine).await;
    let attacks = files::attacks(engine, &canaries::Places::default());
    let insert = || execute("insert into t (a) values (2)", json!([]));
    let refused: Vec<&Entry> = attacks.iter().filter(|entry| entry.expected == "refused").collect();
    for part in refused.chunks(PER_REQUEST) {
        let steps: Vec<Value> = part.iter().flat_map(|entry| [insert(), execute(&entry.sql, json!([]))]).collect();
        let results = visitor.probe(json!(steps)).await;
        assert!(results.iter().step_by(2).all(|result| result.get("ok") == Some(&json!(1))), "{results:?}");
    }
    let count = visitor.probe_one(query("select count(*) from t where a = 2", json!([]))).await;
    assert_eq!(integer(&count), i64::try_from(refused.len()).expect("some hundreds"));
}
