//! Values: what goes into a column is what comes out of it, of every kind, on both databases.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, query, rows};
use support::{Engine, Visitor};

use super::probe;

on_both_databases! {
    every_kind_of_value_comes_back_as_it_was,
    every_kind_of_column_holds_null,
    a_parameter_takes_on_the_type_of_its_column,
    a_parameter_that_would_lose_something_is_refused,
    a_parameter_is_never_part_of_the_statement,
    columns_have_their_names_even_without_rows,
    a_placeholder_may_stand_several_times,
    long_values_come_back_whole,
}

/// For each type of column, values that have to survive.
fn samples() -> Vec<(&'static str, Vec<Value>)> {
    let object = |kind: &str, values: &[Value]| values.iter().map(|value| json!({ kind: value })).collect();
    vec![
        ("boolean", vec![json!(true), json!(false)]),
        ("integer", object("integer", &[json!("0"), json!(i64::MIN.to_string()), json!(i64::MAX.to_string())])),
        ("float", object("float", &[json!(0.5), json!(-1e300), json!(5e-324), json!(0.1)])),
        ("decimal", object("decimal", &[json!("0"), json!("-12.50"), json!("12345678901234567890.123456789")])),
        ("text", vec![json!(""), json!("it's \"1\" \\ $1 ?"), json!("🦀 Grüße\r\n\te\u{301}"), json!("NULL")]),
        ("bytes", object("bytes", &[json!(""), json!("AAECAwD/"), json!("/////w==")])),
        ("uuid", object("uuid", &[json!("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")])),
        (
            "date",
            object("date", &[json!([2026, 2, 28]), json!([2000, 2, 29]), json!([1, 1, 1]), json!([9999, 12, 31])]),
        ),
        ("time", object("time", &[json!([0, 0, 0, 0]), json!([23, 59, 59, 999_999]), json!([14, 5, 6, 7])])),
        (
            "datetime",
            object("datetime", &[json!([2026, 10, 3, 14, 5, 6, 123_456]), json!([1582, 10, 10, 0, 0, 0, 0])]),
        ),
        (
            "instant",
            object("instant", &[json!("0"), json!("-1"), json!("1790985906123456"), json!("-62135596800000000")]),
        ),
        ("json", object("json", &[json!("{\"a\": [1, null, \"ü\"]}"), json!("null"), json!("\"text\"")])),
    ]
}

async fn every_kind_of_value_comes_back_as_it_was(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (kind, values) in samples() {
        let table = define(engine, &mut visitor, kind).await;
        for (n, value) in values.iter().enumerate() {
            let insert = execute(&format!("insert into {table} (n, v) values ($1, $2)"), json!([n, value]));
            let select = query(&format!("select v from {table} where n = $1"), json!([n]));
            let results = visitor.probe(json!([insert, select])).await;
            ok(&results[0]);
            assert_eq!(&rows(&results[1])[0][0], value, "{kind} on {engine:?}");
        }
    }
}

async fn every_kind_of_column_holds_null(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (kind, _) in samples() {
        let table = define(engine, &mut visitor, kind).await;
        let insert = execute(&format!("insert into {table} (n, v) values (1, $1)"), json!([null]));
        let select = query(&format!("select v, v is null from {table}"), json!([]));
        let results = visitor.probe(json!([insert, select])).await;
        ok(&results[0]);
        assert_eq!(rows(&results[1])[0][0], Value::Null, "{kind} on {engine:?}");
    }
}

async fn a_parameter_takes_on_the_type_of_its_column(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let id = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    for (kind, given, kept) in [
        ("float", json!({"integer": "3"}), json!({"float": 3.0})),
        ("decimal", json!({"integer": "3"}), json!({"decimal": "3"})),
        ("uuid", json!(id), json!({ "uuid": id })),
        ("uuid", json!({"uuid": id.to_uppercase()}), json!({ "uuid": id })),
        ("date", json!("2026-02-28"), json!({"date": [2026, 2, 28]})),
        ("json", json!("[1]"), json!({"json": "[1]"})),
    ] {
        let table = define(engine, &mut visitor, kind).await;
        let sql = format!("insert into {table} (n, v) values (1, $1) returning v");
        let result = visitor.probe_one(query(&sql, json!([given]))).await;
        assert_eq!(rows(&result)[0][0], kept, "{kind} on {engine:?}");
    }
}

async fn a_parameter_that_would_lose_something_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let malformed = [
        ("date", json!({"date": [2026, 2, 30]})),
        ("decimal", json!({"decimal": "12.5.1"})),
        ("uuid", json!({"uuid": "no uuid"})),
        ("json", json!({"json": "{"})),
    ];
    // SQLite keeps any value in any column; only Postgres compares it with the column's type.
    let misplaced = [
        ("integer", json!("seven")),
        ("integer", json!({"float": 1.5})),
        ("boolean", json!("perhaps")),
        ("uuid", json!("no uuid")),
    ];
    let misplaced = misplaced.into_iter().filter(|_| engine == Engine::Postgres);
    for (kind, given) in malformed.into_iter().chain(misplaced) {
        let table = define(engine, &mut visitor, kind).await;
        let sql = format!("insert into {table} (n, v) values (1, $1)");
        let result = visitor.probe_one(execute(&sql, json!([given]))).await;
        assert_eq!(code(&result), "bad-parameter", "{given} for {kind} on {engine:?}");
    }
}

async fn a_parameter_is_never_part_of_the_statement(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let table = define(engine, &mut visitor, "text").await;
    for text in ["'); drop table texts; --", "\\'; select 1", "a\u{0}b", "$1 $2 :v @v ?"] {
        let sql = format!("insert into {table} (n, v) values (1, $1) returning v");
        let result = visitor.probe_one(query(&sql, json!([text]))).await;
        // Postgres keeps no text with a NUL in it; then it is an error and not another text.
        match result.get("error") {
            Some(error) => assert!(text.contains('\0') && error["code"] == "bad-parameter", "{result}"),
            None => assert_eq!(rows(&result)[0][0], text),
        }
    }
    integer(&visitor.probe_one(query(&format!("select count(*) from {table}"), json!([]))).await);
}

async fn columns_have_their_names_even_without_rows(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let table = define(engine, &mut visitor, "text").await;
    let sql = format!("select n as \"First Column\", v, v from {table} where n < 0");
    let result = visitor.probe_one(query(&sql, json!([]))).await;
    assert_eq!(ok(&result), &json!({ "columns": ["First Column", "v", "v"], "rows": [] }));
}

async fn a_placeholder_may_stand_several_times(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let table = define(engine, &mut visitor, "text").await;
    let insert =
        execute(&format!("insert into {table} (n, v) values ($2, $1), ($2 + 1, $1)"), json!(["twice", 1]));
    let select = query(&format!("select count(*) from {table} where v = $1 or v = $1"), json!(["twice"]));
    let results = visitor.probe(json!([insert, select])).await;
    assert_eq!((ok(&results[0]), integer(&results[1])), (&json!(2), 2));
}

async fn long_values_come_back_whole(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let table = define(engine, &mut visitor, "text").await;
    let long = "Grüße 🦀 ".repeat(100_000);
    let insert = execute(&format!("insert into {table} (n, v) values (1, $1)"), json!([long]));
    let results = visitor.probe(json!([insert, query(&format!("select v from {table}"), json!([]))])).await;
    assert!(rows(&results[1])[0][0] == long.as_str(), "it came back changed");
}

/// A table with a number `n` and a column `v` of this kind. SQLite understands the names that
/// Postgres has for types.
async fn define(engine: Engine, visitor: &mut Visitor, kind: &str) -> String {
    let (name, declared) = (format!("{kind}s"), declared(engine, kind));
    let create = format!("create table if not exists {name} (n bigint, v {declared})");
    all_ok(&visitor.probe(json!([execute(&create, json!([]))])).await);
    name
}

pub(super) fn declared(engine: Engine, kind: &str) -> &str {
    match kind {
        "integer" => "bigint",
        "float" => "double precision",
        // To SQLite `numeric` is a number that keeps fifteen digits.
        "decimal" if engine == Engine::Sqlite => "decimal_text",
        "json" if engine == Engine::Sqlite => "json_text",
        "decimal" => "numeric",
        "bytes" => "bytea",
        "datetime" => "timestamp",
        "instant" => "timestamptz",
        same => same,
    }
}
