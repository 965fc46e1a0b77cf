//! Results of every shape: no rows, no columns, too many of them, the same name twice.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, ok, query, rows};
use support::{Engine, TestHost};

use super::probe;

on_both_databases! {
    names_may_stand_twice_and_values_stay_in_their_order,
    a_result_may_have_as_many_columns_as_the_database_allows,
    a_thousand_parameters_come_back_in_their_order,
    rows_of_nothing_but_null_are_rows,
    an_empty_value_is_not_null,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_without_columns_has_rows_on_postgres() {
    let host = TestHost::of(Engine::Postgres, "probe", "probe").await;
    let create = execute("create table things (n bigint)", json!([]));
    let fill = execute("insert into things (n) values (1), (2)", json!([]));
    let select = query("select from things", json!([]));
    let results = host.probe(json!([create, select, fill, select])).await;
    assert_eq!(ok(&results[1]), &json!({ "columns": [], "rows": [] }));
    assert_eq!(ok(&results[3]), &json!({ "columns": [], "rows": [[], []] }));
}

async fn names_may_stand_twice_and_values_stay_in_their_order(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let sql = "select a.n, b.n, a.n as n, 'x' as \"n\" from (select 1 as n) a, (select 2 as n) b";
    let result = visitor.probe_one(query(sql, json!([]))).await;
    let expected = json!([[{"integer": "1"}, {"integer": "2"}, {"integer": "1"}, "x"]]);
    assert_eq!(ok(&result), &json!({ "columns": ["n", "n", "n", "n"], "rows": expected }));
}

async fn a_result_may_have_as_many_columns_as_the_database_allows(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let most = match engine {
        Engine::Postgres => 1_664,
        Engine::Sqlite => 2_000,
    };
    let select = |count: usize| {
        let columns: Vec<String> = (0..count).map(|number| format!("{number} as c{number}")).collect();
        query(&format!("select {}", columns.join(", ")), json!([]))
    };
    let results = visitor.probe(json!([select(most), select(most + 1), select(1)])).await;
    let expected: Vec<Value> = (0..most).map(|number| json!({ "integer": number.to_string() })).collect();
    assert_eq!(rows(&results[0]), &json!([expected]));
    assert_eq!(ok(&results[0])["columns"].as_array().map(Vec::len), Some(most));
    assert_eq!(code(&results[1]), "too-large", "{}", results[1]);
    ok(&results[2]);
}

async fn a_thousand_parameters_come_back_in_their_order(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    // From the last to the first, so that a place in the text is not taken for a number.
    let columns: Vec<String> = (1..=1_000).rev().map(|number| format!("cast(${number} as bigint)")).collect();
    let params: Vec<Value> =
        (1..=1_000).map(|number: i64| json!({ "integer": (number * number).to_string() })).collect();
    let select = query(&format!("select {}", columns.join(", ")), json!(params));
    let result = visitor.probe_one(select).await;
    let expected: Vec<&Value> = params.iter().rev().collect();
    assert_eq!(rows(&result), &json!([expected]));
}

async fn rows_of_nothing_but_null_are_rows(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let result =
        visitor.probe_one(query("select null as a, null as b union all select null, null", json!([]))).await;
    assert_eq!(ok(&result), &json!({ "columns": ["a", "b"], "rows": [[null, null], [null, null]] }));
}

async fn an_empty_value_is_not_null(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let create = execute("create table empties (a text, b bytea)", json!([]));
    let insert = execute("insert into empties (a, b) values ($1, $2)", json!(["", {"bytes": ""}]));
    let select =
        query("select a, b, a is null or b is null as none, length(a), length(b) from empties", json!([]));
    let results = visitor.probe(json!([create, insert, select])).await;
    all_ok(&results);
    let row = &rows(&results[2])[0];
    let zero = json!({"integer": "0"});
    assert_eq!(json!([row[0], row[1], row[3], row[4]]), json!(["", {"bytes": ""}, zero, zero]));
}
