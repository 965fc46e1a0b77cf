//! What SQLite alone has, and an app may use there: `INSERT OR`, its counts, its functions.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, ok, query, rows};
use support::{Engine, TestHost, paths};

use super::probe;

on_both_databases! {
    functions_for_numbers_give_the_same,
}

/// The functions of the list.
fn listed() -> Vec<String> {
    let path = paths::repository().join("host/src/storage/statement/allowed/functions_sqlite.txt");
    let text = std::fs::read_to_string(path).expect("the list is there");
    let entries = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    entries.filter_map(|entry| entry.split_whitespace().next()).map(str::to_owned).collect()
}

/// Those of Postgres are looked up where they are measured (`costs`).
#[tokio::test(flavor = "multi_thread")]
async fn every_function_on_the_list_is_there() {
    let (_host, mut visitor) = probe(Engine::Sqlite).await;
    let names = listed();
    assert!(names.len() > 100, "{names:?}");
    for name in names {
        // Whatever is wrong with these arguments, the name is not.
        for sql in
            [format!("select {name}(1, 2, 3, 4, 5, 6, 7, 8, 9)"), format!("select {name}(1) from (select 1)")]
        {
            let result = visitor.probe_one(query(&sql, json!([]))).await;
            assert!(!result.to_string().contains("no such function") || is_no_call(&name), "{name}: {result}");
            assert_ne!(result["error"]["code"], "denied", "{name}: {result}");
        }
    }
}

/// Operators, words and tables that SQLite's authorizer asks for as functions.
fn is_no_call(name: &str) -> bool {
    let table = ["json_each", "json_tree", "jsonb_each", "jsonb_tree"].contains(&name);
    table || name.starts_with("->") || name.starts_with("current_")
}

async fn functions_for_numbers_give_the_same(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let expected = [
        ("floor(-1.5)", -2.0),
        ("ceil(-1.5)", -1.0),
        ("ceiling(1.2)", 2.0),
        ("trunc(-1.7)", -1.0),
        ("power(2, 10)", 1024.0),
        ("sqrt(16)", 4.0),
        ("exp(0)", 1.0),
        ("ln(1)", 0.0),
        ("log(100)", 2.0),
        ("mod(7, 3)", 1.0),
        ("pi()", std::f64::consts::PI),
        ("degrees(0)", 0.0),
        ("radians(180)", std::f64::consts::PI),
        ("sin(0)", 0.0),
        ("atan2(0, 1)", 0.0),
        ("cosh(0)", 1.0),
    ];
    for (sql, expected) in expected {
        let result = visitor.probe_one(query(&format!("select {sql}"), json!([]))).await;
        let value =
            rows(&result)[0][0].as_object().unwrap_or_else(|| panic!("{sql}: {result}")).values().next().cloned();
        let value = value.unwrap();
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(f64::NAN);
        assert!((number - expected).abs() < 1e-12, "{sql}: {result}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_by_their_kind() {
    let (_host, mut visitor) = probe(Engine::Sqlite).await;
    ok(&visitor.probe_one(execute("create table t (a integer)", json!([]))).await);
    for (sql, expected, told) in [
        ("select a from t order by a collate nowhere", "syntax", "no such collation"),
        ("select 'a' match 'b'", "denied", "not authorized to use function"),
    ] {
        let result = visitor.probe_one(query(sql, json!([]))).await;
        assert_eq!(code(&result), expected, "{sql}: {result}");
        assert!(result.to_string().contains(told), "{sql}: {result}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_for_numbers_take_what_is_a_number() {
    let (_host, mut visitor) = probe(Engine::Sqlite).await;
    let cases = [
        ("floor(5), ceil('7'), trunc(' 2.5 '), floor(9223372036854775807)", "5|7|2.0|9223372036854775807"),
        (
            "sqrt('16'), sqrt('abc'), sqrt(null), sqrt(x'31'), sqrt(''), sqrt('inf'), sqrt(-1)",
            "4.0|null|null|null|null|null|null",
        ),
        (
            "ln(0), log(-1), log(2, 8), log(1, 8), log(10, '100'), log2(8), log10(1000)",
            "null|null|3.0|null|2.0|3.0|3.0",
        ),
        (
            "mod(-7, 3), mod(7.5, 2), mod(1, 0), pow(2, -1), power('3', 2), atan2(0, -1) > 3.14",
            "-1.0|1.5|null|0.5|9.0|1",
        ),
    ];
    for (sql, expected) in cases {
        let result = visitor.probe_one(query(&format!("select {sql}"), json!([]))).await;
        assert_eq!(texts(rows(&result)), [expected], "{sql}");
    }
}

fn texts(rows: &Value) -> Vec<String> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(text).collect::<Vec<_>>().join("|");
    rows.as_array().unwrap().iter().map(row).collect()
}

fn text(value: &Value) -> String {
    let content = value.as_object().and_then(|members| members.values().next()).unwrap_or(value);
    content.as_str().map_or_else(|| content.to_string(), str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_resolved_as_the_statement_says() {
    let (_host, mut visitor) = probe(Engine::Sqlite).await;
    let start = "insert into t values (1, 'a', 1), (2, 'b', 2)";
    // The statement, the error that it meets, and the rows after it.
    let forms: [(&str, Option<&str>, &[&str]); 15] = [
        ("insert or replace into t values (1, 'x', 9)", None, &["1|x|9", "2|b|2"]),
        ("INSERT OR REPLACE INTO t (id, name, n) VALUES (3, 'a', 9)", None, &["2|b|2", "3|a|9"]),
        ("replace into t values (1, 'x', 9)", None, &["1|x|9", "2|b|2"]),
        ("replace into t (id, name, n) select id, name, 7 from t", None, &["1|a|7", "2|b|7"]),
        ("insert or ignore into t values (1, 'x', 9), (3, 'c', 3)", None, &["1|a|1", "2|b|2", "3|c|3"]),
        ("insert or abort into t values (3, 'c', 3), (1, 'x', 9)", Some("unique-violation"), &["1|a|1", "2|b|2"]),
        (
            "insert or fail into t values (3, 'c', 3), (1, 'x', 9)",
            Some("unique-violation"),
            &["1|a|1", "2|b|2", "3|c|3"],
        ),
        ("insert or rollback into t values (1, 'x', 9)", Some("denied"), &["1|a|1", "2|b|2"]),
        ("update or replace t set name = 'a' where id = 2", None, &["2|a|2"]),
        ("update or ignore t set name = 'a' where id = 2", None, &["1|a|1", "2|b|2"]),
        ("update or abort t set name = 'z'", Some("unique-violation"), &["1|a|1", "2|b|2"]),
        ("update or fail t set name = 'z'", Some("unique-violation"), &["1|z|1", "2|b|2"]),
        ("update or rollback t set name = 'a' where id = 2", Some("denied"), &["1|a|1", "2|b|2"]),
        ("with x (i) as (values (2)) insert or replace into t select i, 'q', 8 from x", None, &["1|a|1", "2|q|8"]),
        ("with x (i) as (values (2)) replace into t select i, 'q', 8 from x", None, &["1|a|1", "2|q|8"]),
    ];
    let create = "create table t (id integer primary key, name text unique, n integer)";
    ok(&visitor.probe_one(execute(create, json!([]))).await);
    for (sql, error, expected) in forms {
        // Alone in a request, and in the middle of a unit of work.
        ok(&visitor.probe_one(execute("delete from t", json!([]))).await);
        let steps = json!([
            execute(start, json!([])),
            execute(sql, json!([])),
            query("select * from t order by id", json!([]))
        ]);
        let results = visitor.probe(steps).await;
        match error {
            Some(error) => assert_eq!(code(&results[1]), error, "{sql}"),
            None => drop(ok(&results[1])),
        }
        assert_eq!(texts(rows(&results[2])), expected, "{sql}");
        let kept = visitor.probe_one(query("select * from t order by id", json!([]))).await;
        assert_eq!(texts(rows(&kept)), expected, "{sql}");
    }
    let returning = "insert or replace into t values (1, 'r', 1) returning id, name";
    assert_eq!(texts(rows(&visitor.probe_one(query(returning, json!([]))).await)), ["1|r"]);
    let constraint = "create table c (a integer unique on conflict rollback)";
    assert_eq!(code(&visitor.probe_one(execute(constraint, json!([]))).await), "denied");
    let function = "select replace(name, 'r', 'x') from t where id = 1 or replace(name, 'r', 'x') = 'x'";
    assert_eq!(texts(rows(&visitor.probe_one(query(function, json!([]))).await)), ["x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_names_the_table_whose_rows_it_replaces() {
    let (_host, mut visitor) = probe(Engine::Sqlite).await;
    let create = "create table t (a integer primary key, b text)";
    ok(&visitor.probe_one(execute(create, json!([]))).await);
    for sql in [
        "insert or replace into t values (1, 'x')",
        "replace into t values (1, 'x')",
        "update or replace t set a = 1",
    ] {
        let migrate = |destroys: &[&str]| {
            let step = json!({ "name": sql, "statements": [sql], "destroys": destroys });
            json!({ "op": "db.migrate", "migrations": [step] })
        };
        let refused = visitor.probe_one(migrate(&[])).await;
        assert_eq!(code(&refused), "denied", "{sql}");
        assert!(refused.to_string().contains("would destroy t"), "{refused}");
        ok(&visitor.probe_one(migrate(&["t"])).await);
    }
    let harmless = json!([{ "name": "i", "statements": ["insert or ignore into t values (1, 'x')"] }]);
    ok(&visitor.probe_one(json!({ "op": "db.migrate", "migrations": harmless })).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_those_of_the_request() {
    let host = TestHost::of(Engine::Sqlite, "probe", "probe").await;
    let mut visitor = host.visitor();
    let counts = || query("select changes(), total_changes(), last_insert_rowid()", json!([]));
    let create = "create table t (a integer primary key, b integer)";
    ok(&visitor.probe_one(execute(create, json!([]))).await);
    let results = visitor
        .probe(json!([
            counts(),
            execute("insert into t values (10, 1), (11, 1), (12, 2)", json!([])),
            counts(),
            // The host writes over the same connection.
            json!({ "op": "session.set", "key": "k", "value": "v" }),
            json!({ "op": "blob.create", "content-type": "text/plain" }),
            json!({ "op": "writer.write", "writer": 0, "text": "x" }),
            json!({ "op": "writer.finish", "writer": 0 }),
            counts(),
            execute("update t set b = 3 where b = 1", json!([])),
            counts(),
            execute("create table u (a integer)", json!([])),
            counts(),
            execute("delete from t where b = 99", json!([])),
            counts(),
            json!({ "op": "db.commit" }),
            counts(),
            execute("insert into u values (last_insert_rowid())", json!([])),
            query("select a from u", json!([])),
            execute("insert into t (a, b) values (12, 5) on conflict (a) do update set b = 5", json!([])),
            counts(),
        ]))
        .await;
    let told = |at: usize| texts(rows(&results[at]))[0].clone();
    all_ok(&results);
    let found = [0, 2, 7, 9, 11, 13, 15, 17, 19].map(told);
    assert_eq!(found, ["0|0|0", "3|3|12", "3|3|12", "2|5|12", "2|5|12", "0|5|12", "0|5|12", "12", "1|7|1"]);
    // Another request begins anew, whatever connection it is given.
    for _ in 0..3 {
        let results = visitor
            .probe(json!([counts(), execute("update t set b = 1 where a = 10", json!([])), counts()]))
            .await;
        assert_eq!([0, 2].map(|at| texts(rows(&results[at]))[0].clone()), ["0|0|0", "1|1|0"]);
    }
}
