//! Cursors: any number of rows in bounded memory.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, ok, op, respond};
use support::{Engine, TestHost, Visitor};
use tokio::task::JoinSet;

use super::{probe, probe_with};

on_both_databases! {
    a_cursor_reads_more_rows_than_a_result_may_have,
    a_million_rows_pass_in_bounded_memory,
    large_rows_come_in_pieces,
    rows_of_very_different_size_all_come,
    a_cursor_of_a_transaction_sees_what_it_has_written,
    a_cursor_outlives_a_statement_that_fails,
    a_cursor_goes_on_after_the_response_head,
    a_cursor_that_fails_ends_alone,
    a_dropped_cursor_leaves_nothing_open,
    a_request_has_a_number_of_cursors,
    a_column_may_be_called_as_the_engine_calls_its_rows,
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

fn drain(cursor: u32) -> Value {
    json!({ "op": "cursor.drain", "cursor": cursor, "max": 10_000 })
}

fn all(rows: u32) -> Value {
    json!({ "rows": rows, "in-order": true })
}

/// A table with one row of 1 MiB of text.
async fn with_large_row(engine: Engine) -> (TestHost, Visitor) {
    let (host, mut visitor) = probe_with(engine, &["create table large (body text)"]).await;
    let insert = execute("insert into large (body) values ($1)", json!(["x".repeat(1 << 20)]));
    all_ok(&visitor.probe(json!([insert])).await);
    (host, visitor)
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

async fn a_million_rows_pass_in_bounded_memory(engine: Engine) {
    // Neither the guest nor the host are built for speed here, and the machine may be busy.
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_CPU_PER_REQUEST", "20s");
    let host = host.env("INNKEEPER_STATEMENT_TIME", "50s").env("INNKEEPER_WALL_PER_REQUEST", "200s").start().await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([open(&numbers(1_000)), drain(0)])).await);
    let before = host.rss_kib();
    host.serving().forget_peak();
    let results = visitor.probe(json!([open(&numbers(1_000_000)), drain(0)])).await;
    assert_eq!(ok(&results[1]), &all(1_000_000));
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown < 16 << 10, "the memory of the host rose by {grown} KiB");
}

async fn large_rows_come_in_pieces(engine: Engine) {
    let (_host, mut visitor) = with_large_row(engine).await;
    let sql = format!("select n.i, l.body from ({}) n cross join large l order by n.i", numbers(60));
    assert_eq!(ok(&visitor.probe(json!([open(&sql), drain(0)])).await[1]), &all(60));
}

async fn rows_of_very_different_size_all_come(engine: Engine) {
    let (_host, mut visitor) = with_large_row(engine).await;
    let body = "case when n.i > 3000 and n.i < 3030 then l.body else 'x' end";
    let sql = format!("select n.i, {body} from ({}) n cross join large l order by n.i", numbers(4_000));
    let write = execute("insert into large (body) select 'y' where 1 = 0", json!([]));
    let results = visitor.probe(json!([open(&sql), drain(0), write, open(&sql), drain(1)])).await;
    assert_eq!((ok(&results[1]), ok(&results[4])), (&all(4_000), &all(4_000)), "by itself, and in a transaction");
}

async fn a_cursor_of_a_transaction_sees_what_it_has_written(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let insert = |a: i32| execute(&format!("insert into t (a) values ({a})"), json!([]));
    let steps = json!([insert(1), open("select a from t order by a"), insert(2), next(0, 9), next(0, 9)]);
    let results = visitor.probe(steps).await;
    assert_eq!(ok(&results[3]), &json!([[{ "integer": "1" }]]), "what was written before it, not after it");
    assert_eq!(ok(&results[4]), &json!([]));
    assert_eq!(ok(&visitor.probe(json!([open("select a from t"), drain(0)])).await[1])["rows"], json!(2));
}

async fn a_cursor_outlives_a_statement_that_fails(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint primary key)"]).await;
    let insert = execute("insert into t (a) values (1)", json!([]));
    let steps =
        json!([insert, open(&numbers(5)), next(0, 2), insert, next(0, 2), open("select a from t"), drain(1)]);
    let results = visitor.probe(steps).await;
    assert_eq!(code(&results[3]), "unique-violation");
    assert_eq!(ok(&results[4]), &json!([[{ "integer": "3" }], [{ "integer": "4" }]]));
    assert_eq!(ok(&results[6])["rows"], json!(1), "what was written stands");
}

async fn a_cursor_goes_on_after_the_response_head(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let insert = execute("insert into t (a) values (1)", json!([]));
    let answer = visitor.probe_answer(json!([open(&numbers(50_000)), insert, respond(200), drain(0)])).await;
    let results = answer.expect(200).json();
    assert_eq!(ok(&results[3]), &all(50_000));
}

async fn a_cursor_that_fails_ends_alone(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let overflow = "abs(case when i = 900 then -9223372036854775807 - 1 else i end)";
    let fails = format!("select {overflow} from ({}) n", numbers(1_000));
    let steps = json!([open(&numbers(9)), open(&fails), next(1, 2_000), next(1, 1), drain(0)]);
    let results = visitor.probe(steps).await;
    assert_eq!((code(&results[2]), code(&results[3])), ("bad-parameter", "closed"));
    assert_eq!(ok(&results[4]), &all(9));
}

async fn a_dropped_cursor_leaves_nothing_open(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let drop = json!({ "op": "cursor.drop", "cursor": 0 });
    all_ok(&visitor.probe(json!([open(&numbers(100_000)), next(0, 5), drop])).await);
    assert!(visitor.try_probe(json!([open(&numbers(100_000)), next(0, 5), op("trap")])).await.is_some());
    host.database().has_no_open_transaction("probe").await;
    // As many as would fill the pool, one after the other.
    for _ in 0..10 {
        all_ok(&visitor.probe(json!([open(&numbers(100)), next(0, 5)])).await);
    }
}

async fn a_request_has_a_number_of_cursors(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut steps: Vec<Value> = (0..9).map(|_| open(&numbers(3))).collect();
    steps.extend([json!({ "op": "cursor.drop", "cursor": 0 }), open(&numbers(3)), drain(8), drain(7)]);
    let results = visitor.probe(Value::from(steps)).await;
    all_ok(&results[..8]);
    assert_eq!(code(&results[8]), "too-large");
    all_ok(&results[9..]);
}

async fn a_column_may_be_called_as_the_engine_calls_its_rows(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let insert = execute("insert into t (a) values (1)", json!([]));
    let sql = format!("select i as rowid from ({}) n order by i", numbers(40));
    assert_eq!(ok(&visitor.probe(json!([insert, open(&sql), drain(0)])).await[2]), &all(40));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_cursors_on_sqlite_wait_no_longer_than_for_a_connection() {
    let host = TestHost::with(Engine::Sqlite).app("probe", "probe").env("INNKEEPER_POOL_WAIT", "300ms");
    let host = host.start().await;
    let mut steps: Vec<Value> = (0..8).map(|_| open(&numbers(3))).collect();
    steps.push(json!({ "op": "sleep", "ms": 25_000 }));
    // They want more places than an app has, so that all are taken whoever comes between.
    let mut holders = JoinSet::new();
    for _ in 0..3 {
        let (mut visitor, steps) = (host.visitor(), Value::from(steps.clone()));
        holders.spawn(async move { visitor.try_probe(steps).await });
    }
    let full = async || {
        let result = host.visitor().probe_one(open(&numbers(3))).await;
        (result.pointer("/error/code") == Some(&json!("busy"))).then_some(())
    };
    support::until("no further cursor is to be had", full).await;
    holders.shutdown().await;
    let again = async || {
        let results = host.visitor().probe(json!([open(&numbers(3)), drain(0)])).await;
        results.iter().all(|result| result.get("ok").is_some()).then_some(())
    };
    support::until("a cursor is to be had again", again).await;
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
