//! Isolation: as if transactions ran one after the other, or an error that says to try again.

use serde_json::{Value, json};
use support::probe::{all_ok, code, integer, op};
use support::{Engine, TestHost};

use super::probe_with;

on_both_databases! {
    serializable_transactions_run_as_if_one_after_the_other,
    what_a_transaction_has_read_stays_as_it_was,
    a_session_that_waits_to_be_written_leaves_the_isolation_as_asked,
}

/// Counts the rows, waits until the other one has done so too, and adds one.
fn count_and_add(isolation: &str) -> Value {
    json!([
        { "op": "db.begin", "options": { "isolation": isolation } },
        { "op": "tx.query", "tx": 0, "sql": "select count(*) from t" },
        { "op": "sleep", "ms": 400 },
        { "op": "tx.execute", "tx": 0, "sql": "insert into t (a) values (1)" },
        { "op": "tx.commit", "tx": 0 },
        op("db.commit"),
        // A commit that failed is told in its result; without this the whole answer would be 503.
        op("db.rollback"),
    ])
}

async fn add(host: &TestHost) -> Vec<Value> {
    host.visitor().probe(count_and_add("serializable")).await
}

async fn serializable_transactions_run_as_if_one_after_the_other(engine: Engine) {
    let (host, _visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let (first, second) = tokio::join!(add(&host), add(&host));
    let mut seen = Vec::new();
    for results in [first, second] {
        match results.iter().find(|result| result.get("error").is_some()) {
            None => seen.push(integer(&results[1])),
            Some(failed) => {
                assert_eq!(
                    (code(failed), &failed["error"]["retryable"]),
                    ("serialization", &json!(true)),
                    "{failed}"
                );
                // Told to try again, it succeeds.
                let again = add(&host).await;
                all_ok(&again);
                seen.push(integer(&again[1]));
            }
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1], "each has seen what came before it");
}

async fn what_a_transaction_has_read_stays_as_it_was(engine: Engine) {
    read_twice(engine, &[]).await;
}

async fn a_session_that_waits_to_be_written_leaves_the_isolation_as_asked(engine: Engine) {
    read_twice(engine, &[json!({ "op": "session.set", "key": "a", "value": "1" })]).await;
}

/// After these steps a transaction counts the rows of a table, another request adds one, and the
/// transaction counts again.
async fn read_twice(engine: Engine, before: &[Value]) {
    let (host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let count = json!({ "op": "tx.query", "tx": 0, "sql": "select count(*) from t" });
    let begin = json!({ "op": "db.begin", "options": { "isolation": "repeatable-read" } });
    let told = json!({ "op": "stderr", "text": "has counted\n" });
    let steps = [begin, count.clone(), told, json!({ "op": "sleep", "ms": 500 }), count];
    let steps = json!([before, &steps].concat());
    let reader = tokio::spawn(async move { visitor.probe(steps).await });
    host.wait_for_log("has counted").await;
    let insert = json!([{ "op": "db.execute", "sql": "insert into t (a) values (1)" }]);
    all_ok(&host.probe(insert).await);
    let results = reader.await.expect("a visitor does not panic");
    let at = before.len();
    assert_eq!(integer(&results[at + 1]), integer(&results[at + 4]));
}
