//! Cursors: any number of rows in bounded memory.

use serde_json::{Value, json};
use support::Engine;
use support::probe::{all_ok, code, execute, ok};

use super::{probe, probe_with};

// FIXME: the interface has this, the host answers "not yet".
not_yet_on_both_databases! {
    a_cursor_reads_more_rows_than_a_result_may_have,
    a_cursor_ends_with_its_transaction,
    several_cursors_read_side_by_side,
    a_cursor_tells_its_columns,
    a_cursor_cannot_be_opened_on_what_is_refused,
}

fn open(sql: &str) -> Value {
    json!({ "op": "db.open-cursor", "sql": sql })
}

fn next(cursor: u32, max: u32) -> Value {
    json!({ "op": "cursor.next", "cursor": cursor, "max": max })
}

fn numbers(last: u32) -> String {
    format!(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < {last}) select i from n order by i"
    )
}

async fn a_cursor_reads_more_rows_than_a_result_may_have(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut steps = vec![open(&numbers(25_000))];
    steps.extend((0..26).map(|_| next(0, 1_000)));
    let results = visitor.probe(Value::from(steps)).await;
    let rows: Vec<&Value> = results[1..].iter().flat_map(|result| ok(result).as_array().expect("rows")).collect();
    assert_eq!(rows.len(), 25_000);
    let in_order =
        rows.iter().enumerate().all(|(n, row)| row[0]["integer"].as_str() == Some(&(n + 1).to_string()));
    assert!(in_order && ok(&results[26]) == &json!([]));
}

async fn a_cursor_ends_with_its_transaction(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let insert = json!({ "op": "tx.execute", "tx": 0, "sql": "insert into t (a) values (1)" });
    let end = json!({ "op": "tx.commit", "tx": 0 });
    let steps = json!([{ "op": "db.begin" }, insert, open(&numbers(10)), next(0, 1), end, next(0, 1)]);
    let results = visitor.probe(steps).await;
    all_ok(&results[..5]);
    assert_eq!(code(&results[5]), "closed");
}

async fn several_cursors_read_side_by_side(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let insert = execute("insert into t (a) values (1)", json!([]));
    let steps = json!([open(&numbers(5)), next(0, 2), open("select a from t"), insert, next(0, 9), next(1, 9)]);
    let results = visitor.probe(steps).await;
    all_ok(&results);
    assert_eq!(ok(&results[4]), &json!([[{"integer": "3"}], [{"integer": "4"}], [{"integer": "5"}]]));
}

async fn a_cursor_tells_its_columns(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let steps = json!([open("select 1 as a, 2 as b, 3 as a"), { "op": "cursor.columns", "cursor": 0 }]);
    assert_eq!(ok(&visitor.probe(steps).await[1]), &json!(["a", "b", "a"]));
}

async fn a_cursor_cannot_be_opened_on_what_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let results = visitor.probe(json!([open("commit"), open("select * from nowhere"), open("select $1")])).await;
    let codes: Vec<&str> = results.iter().map(code).collect();
    assert!(["denied", "syntax"].contains(&codes[0]), "{codes:?}");
    assert_eq!(codes[1..], ["syntax", "bad-parameter"]);
}
