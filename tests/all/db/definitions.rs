//! Descriptions of tables: refused where they make no sense, done once, kept, and found again.

use serde_json::{Value, json};
use support::Engine;
use support::probe::{all_ok, code, execute, ok, query, rows};

use super::probe;
use super::tables::{column, define, insert, people, refusals};

on_both_databases! {
    a_table_that_was_dropped_is_defined_again,
    names_that_are_none_are_refused,
    descriptions_that_make_no_sense_are_refused,
    a_table_of_raw_sql_is_not_taken_for_another,
    parallel_requests_define_once,
    a_definition_is_kept_whatever_becomes_of_the_request,
    a_definition_after_a_write_is_refused,
    a_restarted_host_finds_nothing_to_do,
    initial_values,
}

async fn a_table_that_was_dropped_is_defined_again(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let table = json!({ "name": "t", "columns": [column("a", "text")] });
    all_ok(&visitor.probe(json!([define(table.clone())])).await);
    all_ok(&visitor.probe(json!([execute("drop table t", json!([]))])).await);
    let results = visitor.probe(json!([define(table), query("select a from t", json!([]))])).await;
    assert_eq!((ok(&results[0]), rows(&results[1])), (&json!(true), &json!([])));
}

async fn names_that_are_none_are_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let long = "a".repeat(49);
    let named = |table: &str, column: &str| json!({ "name": table, "columns": [{ "name": column, "column-type": "text" }] });
    let bad = ["", "1a", "A", "a b", "a\"b", "a-b", "\u{e4}", "a.b", "_a", long.as_str()];
    let mut cases: Vec<(Value, &str)> =
        bad.iter().flat_map(|name| [(named(name, "a"), "table"), (named("t", name), "column")]).collect();
    for kept in ["pg_class", "sqlite_master", "innkeeper_blobs", "pragma_x"] {
        cases.push((named(kept, "a"), "not an app's"));
    }
    cases.extend(["rowid", "ctid", "oid"].map(|name| (named("t", name), "of that name already")));
    refusals(&mut visitor, "bad-parameter", &cases).await;
    // Keywords are names like any other.
    ok(&visitor.probe_one(define(named("order", "select"))).await);
    let longest = "b".repeat(48);
    let mut table = named(&longest, &longest);
    table["indexes"] = json!([{ "columns": [longest] }]);
    table["columns"][0]["max-length"] = json!(3);
    assert_eq!(ok(&visitor.probe_one(define(table)).await), &json!(true));
    // Two tables whose indexes would have the same name.
    for (table, index) in [("a_b", "c"), ("a", "b_c")] {
        let mut table = named(table, index);
        table["indexes"] = json!([{ "columns": [index] }]);
        assert_eq!(ok(&visitor.probe_one(define(table)).await), &json!(true));
    }
}

async fn descriptions_that_make_no_sense_are_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let one = |column: Value| json!({ "name": "t", "columns": [column] });
    let with = |key: &str, value: Value| {
        let mut table = one(column("a", "text"));
        table[key] = value;
        table
    };
    let cases = [
        (json!({ "name": "t" }), "no columns"),
        (json!({ "name": "t", "columns": [column("a", "text"), column("a", "date")] }), "twice"),
        (one(json!({ "name": "a", "column-type": "integer", "identity": true })), "whole primary key"),
        (one(json!({ "name": "a", "column-type": "integer", "max-length": 3 })), "max-length"),
        (one(json!({ "name": "a", "column-type": "integer", "initial": { "constant": "x" } })), "initial"),
        (
            one(
                json!({ "name": "a", "column-type": "date", "initial": { "constant": { "date": [2023, 2, 29] } } }),
            ),
            "initial",
        ),
        (one(json!({ "name": "a", "column-type": "text", "initial": "now" })), "initial"),
        (one(json!({ "name": "a", "column-type": "text", "initial": "random-uuid" })), "initial"),
        (
            one(
                json!({ "name": "a", "column-type": "text", "references": { "table": "p", "column": "b", "on-delete": "set-null" } }),
            ),
            "nullable",
        ),
        (with("primary-key", json!(["b"])), "no column"),
        (with("primary-key", json!(["a", "a"])), "twice"),
        (with("indexes", json!([{ "columns": [] }])), "1 to 32"),
        (with("indexes", json!([{ "columns": ["a"] }, { "columns": ["a"], "unique": true }])), "two indexes"),
        (with("checks", json!([{ "name": "type_of_a", "condition": "a > ''" }])), "used by the host"),
        (
            with(
                "checks",
                json!([{ "name": "x", "condition": "a > ''" }, { "name": "x", "condition": "a > ''" }]),
            ),
            "twice",
        ),
        (json!({ "name": "t", "columns": [column("a", "json")], "primary-key": ["a"] }), "json"),
        (
            json!({ "name": "t", "columns": [{ "name": "a", "column-type": "text", "nullable": true }], "primary-key": ["a"] }),
            "nullable",
        ),
    ];
    refusals(&mut visitor, "bad-parameter", &cases).await;
}

async fn a_table_of_raw_sql_is_not_taken_for_another(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let table = json!({ "name": "t", "columns": [column("a", "integer"), column("b", "text")] });
    let raw = json!({ "name": "1", "statements": ["create table t (a integer, b varchar(5) not null)", "insert into t values (1, 'x')"] });
    ok(&visitor.probe_one(json!({ "op": "db.migrate", "migrations": [raw] })).await);
    let result = visitor.probe_one(define(table)).await;
    assert_eq!(code(&result), "conflict", "{result}");
    let message = result["error"]["message"].as_str().unwrap();
    for part in ["column a is declared", "column a is nullable", "column b is declared"] {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
}

async fn parallel_requests_define_once(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let begin = || {
        let mut visitor = host.visitor();
        tokio::spawn(async move { visitor.probe_one(define(people(&[]))).await })
    };
    let requests: Vec<_> = (0..20).map(|_| begin()).collect();
    let mut made = 0;
    for request in requests {
        made += u32::from(ok(&request.await.expect("an answer")) == &json!(true));
    }
    assert_eq!(made, 1);
    ok(&visitor.probe_one(insert("Ada")).await);
}

async fn a_definition_is_kept_whatever_becomes_of_the_request(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    visitor.probe_answer(json!([define(people(&[])), { "op": "trap" }])).await.expect(500);
    ok(&visitor.probe_one(insert("Ada")).await);
}

async fn a_definition_after_a_write_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let other = json!({ "name": "t", "columns": [column("a", "text")] });
    let results = visitor.probe(json!([define(people(&[])), insert("Ada"), define(other.clone()), { "op": "db.commit" }, define(other)])).await;
    assert_eq!(code(&results[2]), "conflict");
    ok(&results[4]);
}

async fn a_restarted_host_finds_nothing_to_do(engine: Engine) {
    let (mut host, mut visitor) = probe(engine).await;
    let more = [
        json!({ "name": "price", "column-type": "decimal", "initial": { "constant": { "decimal": "1.50" } } }),
        json!({ "name": "label", "column-type": "text", "initial": { "constant": "it's \\" } }),
        json!({ "name": "flag", "column-type": "boolean", "initial": { "constant": false } }),
        json!({ "name": "count", "column-type": "integer", "initial": { "constant": -7 } }),
        json!({ "name": "ratio", "column-type": "float", "initial": { "constant": -0.5 } }),
        json!({ "name": "day", "column-type": "date", "initial": { "constant": { "date": [-43, 3, 15] } } }),
        json!({ "name": "at", "column-type": "instant", "initial": { "constant": { "instant": "1" } } }),
        json!({ "name": "raw", "column-type": "bytes", "initial": { "constant": { "bytes": "AP8=" } } }),
        json!({ "name": "doc", "column-type": "json", "initial": { "constant": { "json": "{}" } } }),
        json!({ "name": "now_at", "column-type": "datetime", "initial": "now" }),
        json!({ "name": "now_on", "column-type": "date", "initial": "now" }),
        json!({ "name": "now_in", "column-type": "time", "initial": "now" }),
        json!({ "name": "now_is", "column-type": "instant", "initial": "now" }),
        json!({ "name": "key", "column-type": "uuid", "initial": "random-uuid" }),
    ];
    let mut table = people(&more);
    table["checks"] = json!([{ "name": "cheap", "condition": "price < 10 or label = ')'" }]);
    assert_eq!(ok(&visitor.probe_one(define(table.clone())).await), &json!(true));
    host.restart().await;
    assert_eq!(ok(&visitor.probe_one(define(table.clone())).await), &json!(false));
    table["columns"][2]["initial"] = json!({ "constant": { "decimal": "2" } });
    refusals(&mut visitor, "conflict", &[(table, "column price has another initial value")]).await;
}

async fn initial_values(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let constants = [
        ("boolean", json!(true)),
        ("integer", json!({"integer": i64::MIN.to_string()})),
        ("float", json!({"float": -1.5})),
        ("decimal", json!({"decimal": "-12.50"})),
        ("text", json!("it's \\ \"1\"; --")),
        ("bytes", json!({"bytes": "AP8="})),
        ("uuid", json!({"uuid": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"})),
        ("date", json!({"date": [-43, 3, 15]})),
        ("time", json!({"time": [1, 2, 3, 4]})),
        ("datetime", json!({"datetime": [12024, 1, 2, 3, 4, 5, 6]})),
        ("instant", json!({"instant": "1790985906123456"})),
        ("json", json!({"json": "{\"a\": \"'\"}"})),
    ];
    let constant = |(kind, value): &(&str, Value)| json!({ "name": format!("c_{kind}"), "column-type": kind, "initial": { "constant": value } });
    let mut columns: Vec<Value> = constants.iter().map(constant).collect();
    columns.push(json!({ "name": "n", "column-type": "integer" }));
    for kind in ["instant", "datetime", "date", "time"] {
        columns.push(json!({ "name": format!("now_{kind}"), "column-type": kind, "initial": "now" }));
    }
    columns.push(json!({ "name": "id", "column-type": "uuid", "initial": "random-uuid" }));
    let define_t = define(json!({ "name": "t", "columns": columns }));
    let add = execute("insert into t (n) values (1)", json!([]));
    let results = visitor.probe(json!([define_t, add, add, query("select * from t", json!([]))])).await;
    all_ok(&results);
    let row = &rows(&results[3])[0];
    for (at, (kind, value)) in constants.iter().enumerate() {
        assert_eq!(&row[at], value, "{kind} on {engine:?}");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let instant: u64 = row[13]["instant"].as_str().unwrap().parse().unwrap();
    assert!(now.abs_diff(instant / 1_000_000) < 60, "{row}");
    assert!(row[14]["datetime"].is_array() && row[15]["date"].is_array() && row[16]["time"].is_array(), "{row}");
    assert_ne!(row[17]["uuid"], rows(&results[3])[1][17]["uuid"]);
    // A later version finds the initial values as described.
    host.deploy("probe", "probe").await.succeeded();
    let mut other = json!({ "name": "t", "columns": columns });
    other["indexes"] = json!([{ "columns": ["n"] }]);
    ok(&visitor.probe_one(define(other)).await);
}
