//! Limits of statements and results: a clear error, and the request goes on.

use serde_json::json;
use support::probe::{code, execute, ok, query, rows};
use support::{Engine, TestHost};

use super::probe;

on_both_databases! {
    a_result_has_no_more_than_ten_thousand_rows,
    a_result_has_no_more_bytes_than_allowed,
    a_statement_is_no_longer_than_allowed,
    a_thousand_parameters_fit,
    a_batch_has_no_more_than_a_thousand_statements,
    a_value_is_no_larger_than_allowed,
    a_limit_can_be_set,
    a_change_whose_rows_are_too_many_is_undone,
    all_results_of_a_batch_together_are_bounded,
}

const NUMBERS: &str =
    "with recursive n (i) as (select 1 union all select i + 1 from n where i < $1) select i from n";

async fn a_result_has_no_more_than_ten_thousand_rows(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let results = visitor.probe(json!([query(NUMBERS, json!([10_000])), query(NUMBERS, json!([10_001]))])).await;
    assert_eq!(rows(&results[0]).as_array().map(Vec::len), Some(10_000));
    assert_eq!(code(&results[1]), "too-large");
}

async fn a_result_has_no_more_bytes_than_allowed(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let long = "x".repeat(1_000_000);
    let wide = "with recursive n (i, t) as (select 1, cast($2 as text) union all select i + 1, t from n where i < $1) \
                select t from n";
    let results = visitor.probe(json!([query(wide, json!([20, long])), query("select 1", json!([]))])).await;
    assert_eq!(code(&results[0]), "too-large");
    ok(&results[1]);
}

async fn a_statement_is_no_longer_than_allowed(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let sql = |length: usize| format!("select 1 /*{}*/", "x".repeat(length - 13));
    let results = visitor.probe(json!([query(&sql(100_000), json!([])), query(&sql(100_001), json!([]))])).await;
    ok(&results[0]);
    assert_eq!(code(&results[1]), "too-large");
}

async fn a_thousand_parameters_fit(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let sum = |count: usize| {
        let terms: Vec<String> = (1..=count).map(|n| format!("cast(${n} as bigint)")).collect();
        query(&format!("select 1 where 1 in ({})", terms.join(", ")), json!(vec![1; count]))
    };
    let results = visitor.probe(json!([sum(1_000), sum(1_001)])).await;
    assert_eq!(rows(&results[0]).as_array().map(Vec::len), Some(1));
    assert_eq!(code(&results[1]), "too-large");
}

async fn a_batch_has_no_more_than_a_thousand_statements(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let batch = |count| json!({ "op": "db.batch", "statements": vec![json!({ "sql": "select 1" }); count] });
    let results = visitor.probe(json!([batch(1_000), batch(1_001), batch(0)])).await;
    assert_eq!(ok(&results[0]).as_array().map(Vec::len), Some(1_000));
    assert_eq!((code(&results[1]), ok(&results[2])), ("too-large", &json!([])));
}

async fn a_value_is_no_larger_than_allowed(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_SQL_VALUE_BYTES", "1KiB").start().await;
    let value = |length| query("select cast($1 as text)", json!(["x".repeat(length)]));
    let results = host.probe(json!([value(1000), value(1025)])).await;
    ok(&results[0]);
    assert_eq!(code(&results[1]), "too-large");
}

async fn a_limit_can_be_set(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_RESULT_ROWS", "5").start().await;
    let results = host.probe(json!([query(NUMBERS, json!([5])), query(NUMBERS, json!([6]))])).await;
    ok(&results[0]);
    assert_eq!(code(&results[1]), "too-large");
    // What nobody reads does not count.
    ok(&host.probe(json!([execute("create table t (a bigint)", json!([]))])).await[0]);
}

async fn a_change_whose_rows_are_too_many_is_undone(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let fill = format!("insert into many (n) {NUMBERS}");
    let change = query("update many set n = 0 returning n", json!([]));
    let sum = query("select cast(min(n) as bigint) from many", json!([]));
    let create = execute("create table many (n bigint)", json!([]));
    let results = visitor.probe(json!([create, execute(&fill, json!([10_500])), change, sum])).await;
    assert_eq!((ok(&results[1]), code(&results[2])), (&json!(10_500), "too-large"));
    assert_eq!(rows(&results[3])[0][0], json!({ "integer": "1" }));
}

async fn all_results_of_a_batch_together_are_bounded(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let long = "x".repeat(3_000_000);
    let statement = json!({ "sql": "select cast($1 as text)", "params": [long] });
    let batch = |count| json!({ "op": "db.batch", "statements": vec![statement.clone(); count] });
    let results = visitor.probe(json!([batch(2), batch(3)])).await;
    ok(&results[0]);
    assert_eq!(code(&results[1]), "too-large");
}
