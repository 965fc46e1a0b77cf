//! What columns of each portable type hold, refuse, and in which order: the same on both databases.
//! `storage/schema/types.rs` has the table.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, ok, query, rows};
use support::{Engine, Visitor};

use super::probe;

on_both_databases! {
    boolean_columns,
    integer_columns,
    identity_columns,
    float_columns,
    decimal_columns,
    decimals_are_compared_as_numbers,
    text_columns,
    bytes_columns,
    uuid_columns,
    date_columns,
    time_columns,
    datetime_columns,
    instant_columns,
    json_columns,
}

/// Values that a column holds, from the least to the greatest, and values that it refuses.
struct Case {
    kind: &'static str,
    ascending: Vec<Value>,
    refused: Vec<Value>,
}

impl Case {
    async fn holds(self, engine: Engine) {
        let (_host, mut visitor) = probe(engine).await;
        let Self { kind, ascending, refused } = self;
        define(&mut visitor, json!({ "name": "v", "column-type": kind, "nullable": true })).await;
        for (n, value) in ascending.iter().enumerate().rev() {
            ok(&visitor.probe_one(insert(n, value)).await);
        }
        let all = visitor.probe_one(query("select v from t order by n", json!([]))).await;
        let kept: Vec<&Value> = rows(&all).as_array().unwrap().iter().map(|row| &row[0]).collect();
        assert_eq!(kept, ascending.iter().collect::<Vec<_>>(), "{kind} on {engine:?}");
        if kind != "json" {
            let sorted = visitor.probe_one(query("select v from t order by v, n", json!([]))).await;
            assert_eq!(rows(&sorted), rows(&all), "{kind} on {engine:?}");
        }
        ok(&visitor.probe_one(insert(1000, &Value::Null)).await);
        for value in &refused {
            let result = visitor.probe_one(insert(2000, value)).await;
            assert_eq!(code(&result), "bad-parameter", "{value} in {kind} on {engine:?}: {result}");
        }
        let update = execute("update t set v = $1 where n = 0", json!([refused[0]]));
        assert_eq!(code(&visitor.probe_one(update).await), "bad-parameter", "{kind} on {engine:?}");
    }
}

async fn define(visitor: &mut Visitor, column: Value) {
    let table = json!({ "name": "t", "columns": [{ "name": "n", "column-type": "integer" }, column] });
    ok(&visitor.probe_one(json!({ "op": "db.define-table", "table": table })).await);
}

fn insert(n: usize, value: &Value) -> Value {
    execute("insert into t (n, v) values ($1, $2)", json!([n, value]))
}

fn each(case: &str, values: &[Value]) -> Vec<Value> {
    values.iter().map(|value| json!({ case: value })).collect()
}

async fn boolean_columns(engine: Engine) {
    let refused = vec![json!("true"), json!("1"), json!(2), json!(1.5), json!({"bytes": "AQ=="})];
    Case { kind: "boolean", ascending: vec![json!(false), json!(true)], refused }.holds(engine).await;
}

async fn integer_columns(engine: Engine) {
    let numbers = [
        json!(i64::MIN.to_string()),
        json!("-1"),
        json!("0"),
        json!("9007199254740993"),
        json!(i64::MAX.to_string()),
    ];
    let refused =
        vec![json!("seven"), json!(1.5), json!({"bytes": "AQ=="}), json!({"date": [2026, 1, 1]}), json!("")];
    Case { kind: "integer", ascending: each("integer", &numbers), refused }.holds(engine).await;
}

async fn identity_columns(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let id = json!({ "name": "id", "column-type": "integer", "identity": true });
    let note = json!({ "name": "note", "column-type": "text", "nullable": true });
    let table = json!({ "name": "t", "columns": [id, note], "primary-key": ["id"] });
    let add = query("insert into t (note) values ('x') returning id", json!([]));
    let steps = json!([
        { "op": "db.define-table", "table": table }, add, add,
        execute("delete from t where id = 2", json!([])), add,
        execute("insert into t (id) values (50)", json!([])),
        execute("insert into t (id) values (50)", json!([])),
        execute("insert into t (id) values ($1)", json!(["x"])),
    ]);
    let results = visitor.probe(steps).await;
    let numbers = [1, 2, 4].map(|at| rows(&results[at])[0][0]["integer"].clone());
    assert_eq!(numbers, ["1", "2", "3"], "a number is never given twice");
    ok(&results[5]);
    assert_eq!((code(&results[6]), code(&results[7])), ("unique-violation", "bad-parameter"), "{results:?}");
    assert_eq!(results[6]["error"]["constraint"], "t_pkey");
}

async fn float_columns(engine: Engine) {
    let numbers = [
        json!("-Infinity"),
        json!(-1e300),
        json!(-0.5),
        json!(0.0),
        json!(5e-324),
        json!(0.1),
        json!(3.0),
        json!("Infinity"),
    ];
    let refused =
        vec![json!("x"), json!({"bytes": "AQ=="}), json!({"uuid": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"})];
    Case { kind: "float", ascending: each("float", &numbers), refused }.holds(engine).await;
    let (_host, mut visitor) = probe(engine).await;
    define(&mut visitor, json!({ "name": "v", "column-type": "float", "nullable": true })).await;
    let nan = query("insert into t (n, v) values (1, $1) returning v", json!([{"float": "NaN"}]));
    let whole = query("insert into t (n, v) values (1, $1) returning v / 2", json!([3]));
    let results = visitor.probe(json!([nan, whole])).await;
    let kept = if engine == Engine::Sqlite { json!(null) } else { json!({"float": "NaN"}) };
    assert_eq!((&rows(&results[0])[0][0], &rows(&results[1])[0][0]), (&kept, &json!({"float": 1.5})));
}

async fn decimal_columns(engine: Engine) {
    let numbers = [
        "-12345678901234567890.5",
        "-10",
        "-9.75",
        "-0.05",
        "0",
        "0.00",
        "0.001",
        "0.1",
        "1.5",
        "9.99",
        "10",
        "100.0",
        "12345678901234567890.123456789",
        "12345678901234567890.12345678901",
    ];
    let refused = vec![
        json!("x"),
        json!({"decimal": "NaN"}),
        json!({"decimal": "Infinity"}),
        json!({"decimal": "1e5"}),
        json!(""),
        json!({"bytes": "AQ=="}),
        json!({"date": [2026, 1, 1]}),
    ];
    Case { kind: "decimal", ascending: each("decimal", &numbers.map(|number| json!(number))), refused }
        .holds(engine)
        .await;
}

async fn decimals_are_compared_as_numbers(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let price = json!({ "name": "price", "column-type": "decimal" });
    let unique = json!({ "columns": ["price"], "unique": true });
    let positive = json!({ "name": "positive", "condition": "price >= 0.5" });
    let table = json!({ "name": "t", "columns": [price], "indexes": [unique], "checks": [positive] });
    ok(&visitor.probe_one(json!({ "op": "db.define-table", "table": table })).await);
    let add = |price: Value| execute("insert into t (price) values ($1)", json!([price]));
    let decimal = |text: &str| add(json!({ "decimal": text }));
    let compare =
        |condition: &str| query(&format!("select price from t where {condition} order by price"), json!([]));
    let steps = json!([
        decimal("10.0"),
        decimal("10.000"),
        decimal("+009.50"),
        decimal("0.499"),
        add(json!(7)),
        add(json!(2.5)),
        compare("price > 9"),
        compare("price = 10"),
        compare("price < 9.500"),
        query("select price from t where price = $1", json!([{"decimal": "9.5"}])),
        query(
            "select price from t where price between $1 and $2 order by 1",
            json!([{"decimal": "2.50"}, {"decimal": "7.0"}])
        ),
    ]);
    let results = visitor.probe(steps).await;
    assert_eq!((code(&results[1]), code(&results[3])), ("unique-violation", "check-violation"), "{results:?}");
    assert_eq!(
        (&results[1]["error"]["constraint"], &results[3]["error"]["constraint"]),
        (&json!("t_price_key"), &json!("positive"))
    );
    let found = |at: usize| -> Vec<String> {
        let rows = rows(&results[at]).as_array().unwrap().iter();
        rows.map(|row| row[0]["decimal"].as_str().unwrap_or_else(|| panic!("{row}")).to_owned()).collect()
    };
    assert_eq!((found(6), found(7)), (vec!["9.50".into(), "10.0".into()], vec!["10.0".into()]));
    assert_eq!((found(8), found(9)), (vec!["2.5".to_owned(), "7".into()], vec!["9.50".to_owned()]));
    assert_eq!(found(10), ["2.5", "7"]);
}

async fn text_columns(engine: Engine) {
    let texts = ["", " ", "5", "B", "Z", "a", "a'b", "ab", "\u{e4}", "\u{ffff}", "\u{1f980}"];
    let refused =
        vec![json!("a\0b"), json!(5), json!(1.5), json!(true), json!({"bytes": "YQ=="}), json!({"instant": "1"})];
    Case { kind: "text", ascending: texts.map(|text| json!(text)).to_vec(), refused }.holds(engine).await;
    let (_host, mut visitor) = probe(engine).await;
    define(&mut visitor, json!({ "name": "v", "column-type": "text" })).await;
    all_ok(&visitor.probe(json!([insert(1, &json!("Ada")), insert(2, &json!("ada"))])).await);
    let like = |pattern: &str| query("select v from t where v like $1 order by v", json!([pattern]));
    let results = visitor.probe(json!([like("A%"), like("%d%"), query("select 'A' like 'a'", json!([]))])).await;
    assert_eq!((rows(&results[0]), rows(&results[1])), (&json!([["Ada"]]), &json!([["Ada"], ["ada"]])));
    assert!([json!([[false]]), json!([[{"integer": "0"}]])].contains(rows(&results[2])), "{results:?}");
}

async fn bytes_columns(engine: Engine) {
    let bytes = ["", "AA==", "AAE=", "AQ==", "YWJj", "/w=="];
    let refused = vec![json!("abc"), json!(5), json!(1.5), json!(true)];
    Case { kind: "bytes", ascending: each("bytes", &bytes.map(|text| json!(text))), refused }.holds(engine).await;
}

async fn uuid_columns(engine: Engine) {
    let ids = [
        "00000000-0000-0000-0000-000000000000",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ];
    let refused = vec![
        json!("no uuid"),
        json!({"uuid": "x"}),
        json!(5),
        json!({"bytes": "AQ=="}),
        json!("f81d4fae-7dec-11d0-a765-00a0c91e6bf"),
        json!("g81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        json!("f81d4fae-7dec-11d0-a765-00a0c91e6b-6"),
    ];
    Case { kind: "uuid", ascending: each("uuid", &ids.map(|id| json!(id))), refused }.holds(engine).await;
}

async fn date_columns(engine: Engine) {
    let days = [
        json!([-4713, 11, 24]),
        json!([-4713, 12, 31]),
        json!([-43, 3, 15]),
        json!([-4, 2, 29]),
        json!([0, 2, 29]),
        json!([1, 1, 1]),
        json!([2024, 2, 29]),
        json!([2024, 3, 1]),
        json!([9999, 12, 31]),
        json!([10000, 1, 1]),
        json!([5_874_897, 12, 31]),
    ];
    let refused = vec![
        json!("x"),
        json!({"date": [2023, 2, 29]}),
        json!("2023-02-29"),
        json!("1900-02-29"),
        json!("2024-13-01"),
        json!("2024-00-10"),
        json!("24-01-01"),
        json!("2024-1-1"),
        json!({"date": [-4713, 11, 23]}),
        json!({"date": [5_874_898, 1, 1]}),
        json!(5),
        json!("+2024-01-01x"),
        json!({"time": [1, 2, 3, 0]}),
        json!("-0000-01-01x"),
    ];
    Case { kind: "date", ascending: each("date", &days), refused }.holds(engine).await;
}

async fn time_columns(engine: Engine) {
    let times = [
        json!([0, 0, 0, 0]),
        json!([0, 0, 0, 1]),
        json!([9, 59, 59, 999_999]),
        json!([23, 59, 59, 999_999]),
        json!([24, 0, 0, 0]),
    ];
    let refused = vec![
        json!("x"),
        json!("25:00:00"),
        json!("24:00:01"),
        json!("12:60:00"),
        json!("12:00:60"),
        json!({"time": [24, 0, 0, 1]}),
        json!(5),
        json!("12:00:00.1234567"),
        json!({"date": [2024, 1, 1]}),
    ];
    Case { kind: "time", ascending: each("time", &times), refused }.holds(engine).await;
}

async fn datetime_columns(engine: Engine) {
    let moments = [
        json!([-4713, 11, 24, 0, 0, 0, 0]),
        json!([-43, 3, 15, 12, 0, 0, 0]),
        json!([1582, 10, 10, 0, 0, 0, 0]),
        json!([2026, 10, 3, 14, 5, 6, 0]),
        json!([2026, 10, 3, 14, 5, 6, 1]),
        json!([9999, 12, 31, 23, 59, 59, 999_999]),
        json!([10000, 1, 1, 0, 0, 0, 0]),
        json!([294_276, 12, 31, 23, 59, 59, 999_999]),
    ];
    let refused = vec![
        json!("x"),
        json!({"datetime": [2023, 2, 29, 0, 0, 0, 0]}),
        json!("2023-02-29 00:00:00"),
        json!("2024-01-01 25:00:00"),
        json!(5),
        json!({"datetime": [294_277, 1, 1, 0, 0, 0, 0]}),
        json!({"datetime": [-4713, 11, 23, 0, 0, 0, 0]}),
        json!({"time": [1, 2, 3, 0]}),
    ];
    Case { kind: "datetime", ascending: each("datetime", &moments), refused }.holds(engine).await;
    let (_host, mut visitor) = probe(engine).await;
    define(&mut visitor, json!({ "name": "v", "column-type": "datetime" })).await;
    let midnight = json!({"datetime": [2024, 12, 31, 24, 0, 0, 0]});
    let kept =
        visitor.probe_one(query("insert into t (n, v) values (1, $1) returning v", json!([midnight]))).await;
    assert_eq!(rows(&kept)[0][0], json!({"datetime": [2025, 1, 1, 0, 0, 0, 0]}));
}

async fn instant_columns(engine: Engine) {
    let moments = ["-210866803200000000", "-1", "0", "1790985906123456", "9223372036854775807"];
    let refused = vec![
        json!("x"),
        json!({"instant": "-210866803200000001"}),
        json!({"instant": i64::MIN.to_string()}),
        json!(1.5),
    ];
    Case { kind: "instant", ascending: each("instant", &moments.map(|at| json!(at))), refused }
        .holds(engine)
        .await;
}

async fn json_columns(engine: Engine) {
    let documents = ["{\"b\": 1,  \"a\": [1.0, null, \"\u{fc}\"]}", "null", "\"text\"", "1.50", "5", "[]"];
    let refused = vec![
        json!("{"),
        json!({"json": "{"}),
        json!("nul"),
        json!(5),
        json!(true),
        json!({"bytes": "e30="}),
        json!(""),
    ];
    Case { kind: "json", ascending: each("json", &documents.map(|text| json!(text))), refused }
        .holds(engine)
        .await;
}

/// The table of types names a test for each, and each is here.
#[test]
fn every_portable_type_has_a_test() {
    let types = include_str!("../../../host/src/storage/schema/types.rs");
    let names: Vec<&str> = types.split("`columns::").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    assert_eq!(names.len(), 13, "{names:?}");
    for name in names {
        let test = format!("async fn {name}(engine: Engine)");
        assert!(include_str!("columns.rs").contains(&test), "no test {name}");
    }
}
