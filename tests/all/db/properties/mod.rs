//! Properties of values: whatever goes in comes out, for hundreds of random values of every kind
//! beside the edges.
//!
//! A failure names its seed: the same values come again with `INNKEEPER_TEST_SEED=…`.

pub(crate) mod samples;

use serde_json::{Value, json};
use support::probe::{all_ok, execute, ok, query, rows};
use support::random::Random;
use support::{Engine, Visitor};

use super::probe;
use super::values::declared;
use samples::Kind;

on_both_databases! {
    whatever_goes_into_a_column_comes_out_of_it,
    whatever_goes_through_a_cast_comes_out_of_it,
    a_value_finds_its_row,
    a_large_value_of_each_kind_comes_back_whole,
    floats_that_are_no_numbers_follow_the_written_rule,
    decimals_that_are_no_numbers_are_kept_or_refused,
    the_end_of_a_day_is_the_same_datetime_on_both,
}

/// How many random values of each kind.
const COUNT: usize = 300;
/// Rows of one INSERT: two parameters each, and a statement has 1,000 at most.
const ROWS: usize = 400;

async fn whatever_goes_into_a_column_comes_out_of_it(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut random = Random::from_environment();
    for kind in samples::kinds(engine) {
        let values = kind.values(&mut random, COUNT);
        let got = through_a_table(engine, &mut visitor, &kind, &values).await;
        assert_same(engine, &kind, &values, &got, &random);
    }
}

async fn whatever_goes_through_a_cast_comes_out_of_it(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut random = Random::from_environment();
    for kind in samples::kinds(engine) {
        let Some(cast) = cast(engine, kind.name) else { continue };
        let values = kind.values(&mut random, COUNT);
        for values in values.chunks(ROWS) {
            let columns: Vec<String> = (1..=values.len()).map(|n| cast.replace('$', &format!("${n}"))).collect();
            let select = query(&format!("select {}", columns.join(", ")), json!(values));
            let result = exact(&mut visitor, json!([select])).await.remove(0);
            let got = rows(&result)[0].as_array().expect("a row").clone();
            assert_same(engine, &kind, values, &got, &random);
        }
    }
}

/// How a parameter becomes a result by itself. An expression has no declared type, which is all
/// that SQLite's kinds are made of.
fn cast(engine: Engine, kind: &str) -> Option<String> {
    match (engine, kind) {
        (Engine::Sqlite, "bytes") => Some("$".to_owned()),
        (Engine::Sqlite, "integer" | "float" | "text") | (Engine::Postgres, _) => {
            Some(format!("cast($ as {})", declared(engine, kind)))
        }
        (Engine::Sqlite, _) => None,
    }
}

async fn a_value_finds_its_row(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut random = Random::from_environment();
    // Postgres compares no `json`.
    for kind in samples::kinds(engine).into_iter().filter(|kind| kind.name != "json") {
        let values: Vec<Value> = kind.values(&mut random, 40).into_iter().filter(is_something).collect();
        through_a_table(engine, &mut visitor, &kind, &values).await;
        let find = |value| query(&format!("select n from {}s where v = $1", kind.name), json!([value]));
        let found = visitor.probe(values.iter().map(find).collect()).await;
        for (n, (value, found)) in values.iter().zip(&found).enumerate() {
            let has_it =
                rows(found).as_array().is_some_and(|rows| rows.contains(&json!([{"integer": n.to_string()}])));
            assert!(has_it, "{value} of {} on {engine:?} finds {found}; {random}", kind.name);
        }
    }
}

/// Neither NULL nor NaN, which equal nothing, not even themselves.
fn is_something(value: &Value) -> bool {
    !value.is_null() && *value != json!({"float": "NaN"})
}

async fn a_large_value_of_each_kind_comes_back_whole(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut random = Random::from_environment();
    for kind in samples::kinds(engine) {
        for value in kind.large(&mut random) {
            let got = through_a_table(engine, &mut visitor, &kind, std::slice::from_ref(&value)).await;
            assert!(got == [value], "a large {} on {engine:?} came back changed; {random}", kind.name);
        }
    }
}

async fn floats_that_are_no_numbers_follow_the_written_rule(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let kind = samples::kind(engine, "float");
    let given: Vec<Value> = ["NaN", "Infinity", "-Infinity", "-0e0"].map(|text| json!({ "float": text })).to_vec();
    let got = through_a_table(engine, &mut visitor, &kind, &given).await;
    let mut expected = given;
    if engine == Engine::Sqlite {
        expected[0] = Value::Null;
        // SQLite documentation, "Floating Point Numbers": a whole number is kept as an integer,
        // which has no such zero.
        expected[3] = json!({"float": "0e0"});
    }
    assert_eq!(got, expected);
}

async fn decimals_that_are_no_numbers_are_kept_or_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let table = define(engine, &mut visitor, "decimal").await;
    for text in ["NaN", "Infinity", "-Infinity"] {
        let sql = format!("insert into {table} (n, v) values (1, $1) returning v");
        let result = visitor.probe_one(query(&sql, json!([{ "decimal": text }]))).await;
        match engine {
            Engine::Postgres => assert_eq!(rows(&result)[0][0], json!({ "decimal": text })),
            Engine::Sqlite => assert_eq!(result["error"]["code"], "bad-parameter", "{result}"),
        }
    }
}

async fn the_end_of_a_day_is_the_same_datetime_on_both(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let kind = samples::kind(engine, "datetime");
    let given = [json!({ "datetime": [2026, 12, 31, 24, 0, 0, 0] })];
    let got = through_a_table(engine, &mut visitor, &kind, &given).await;
    assert_eq!(got, [json!({ "datetime": [2027, 1, 1, 0, 0, 0, 0] })]);
}

/// Puts values into an empty table and reads them back in their order.
async fn through_a_table(engine: Engine, visitor: &mut Visitor, kind: &Kind, values: &[Value]) -> Vec<Value> {
    let table = define(engine, visitor, kind.name).await;
    let mut steps = vec![execute(&format!("delete from {table}"), json!([]))];
    for (at, values) in values.chunks(ROWS).enumerate() {
        let places: Vec<String> = (1..=values.len()).map(|n| format!("(${}, ${})", 2 * n - 1, 2 * n)).collect();
        let params: Vec<Value> =
            values.iter().enumerate().flat_map(|(n, value)| [json!(at * ROWS + n), value.clone()]).collect();
        steps.push(execute(&format!("insert into {table} (n, v) values {}", places.join(", ")), json!(params)));
    }
    steps.push(query(&format!("select v from {table} order by n"), json!([])));
    let mut results = exact(visitor, json!(steps)).await;
    all_ok(&results);
    let last = results.pop().expect("the query's result");
    rows(&last).as_array().expect("rows").iter().map(|row| row[0].clone()).collect()
}

/// A table with a number `n` and a column `v` of this kind.
async fn define(engine: Engine, visitor: &mut Visitor, kind: &str) -> String {
    let create = format!("create table if not exists {kind}s (n bigint, v {})", declared(engine, kind));
    ok(&visitor.probe_one(execute(&create, json!([]))).await);
    format!("{kind}s")
}

fn assert_same(engine: Engine, kind: &Kind, given: &[Value], got: &[Value], random: &Random) {
    assert_eq!(got.len(), given.len(), "{} on {engine:?}; {random}", kind.name);
    for (given, got) in given.iter().zip(got) {
        assert_eq!(got, given, "{} on {engine:?}; {random}", kind.name);
    }
}

/// Results with every float as text: as a JSON number it would be rounded on its way.
async fn exact(visitor: &mut Visitor, steps: Value) -> Vec<Value> {
    const MARK: &str = "{\"float\":";
    let answer = visitor.probe_answer(steps).await.expect(200);
    let mut pieces = answer.text().split(MARK);
    let mut quoted = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once('}').expect("a number and the end of its object");
        let number = number.trim_matches('"');
        let number: f64 = number.parse().expect("a float");
        quoted.push_str(&format!("{MARK}\"{}\"}}{rest}", samples::written(number)));
    }
    serde_json::from_str(&quoted).expect("still JSON")
}
