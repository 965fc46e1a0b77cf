//! Errors: the same codes on both databases, with what a program needs and nothing that it must not
//! see.

use serde_json::{Value, json};
use support::Engine;
use support::probe::{all_ok, code, execute, integer, ok, query, respond};

use super::{probe, probe_with};

on_both_databases! {
    violated_constraints_are_told_apart,
    a_row_that_is_referred_to_cannot_go,
    what_is_no_sql_is_a_syntax_error,
    wrong_numbers_of_parameters_are_refused,
    an_error_contains_no_value,
    a_statement_that_runs_too_long_is_cancelled,
    an_error_leaves_what_was_written_before_it,
    an_error_after_the_response_head_keeps_nothing,
}

async fn a_row_that_is_referred_to_cannot_go(engine: Engine) {
    let references = ["on delete restrict on update restrict", "on delete no action on update no action", ""];
    for rule in references {
        let (_host, mut visitor) = probe_with(
            engine,
            &[
                "create table parents (id bigint primary key)",
                &format!("create table children (parent bigint references parents (id) {rule})"),
                "insert into parents (id) values (1)",
                "insert into children (parent) values (1)",
            ],
        )
        .await;
        for sql in ["delete from parents where id = 1", "update parents set id = 2 where id = 1"] {
            let result = visitor.probe_one(execute(sql, json!([]))).await;
            assert_eq!(code(&result), "foreign-key-violation", "{sql} {rule}: {result}");
        }
    }
}

async fn violated_constraints_are_told_apart(engine: Engine) {
    let (_host, mut visitor) = probe_with(
        engine,
        &[
            "create table parents (id bigint primary key)",
            "create table children (id bigint primary key, parent bigint references parents (id), \
             name text not null, age bigint constraint age_is_positive check (age > 0), nick text, \
             constraint nick_is_unique unique (nick))",
            "insert into parents (id) values (1)",
            "insert into children (id, parent, name, age, nick) values (1, 1, 'a', 1, 'n')",
        ],
    )
    .await;
    for (values, expected, named) in [
        ("(1, 1, 'b', 1, null)", "unique-violation", None),
        ("(2, 1, 'b', 1, 'n')", "unique-violation", Some("nick")),
        ("(2, 9, 'b', 1, null)", "foreign-key-violation", None),
        ("(2, 1, null, 1, null)", "not-null-violation", Some("name")),
        ("(2, 1, 'b', 0, null)", "check-violation", Some("age_is_positive")),
    ] {
        let sql = format!("insert into children (id, parent, name, age, nick) values {values}");
        let result = visitor.probe_one(execute(&sql, json!([]))).await;
        assert_eq!(code(&result), expected, "{result}");
        assert_eq!(result["error"]["retryable"], false, "{result}");
        let constraint = result["error"]["constraint"].as_str().unwrap_or_default();
        assert!(constraint.contains(named.unwrap_or_default()), "no {named:?} in {result}");
    }
    let delete = visitor.probe_one(execute("delete from parents", json!([]))).await;
    assert_eq!(code(&delete), "foreign-key-violation");
}

async fn what_is_no_sql_is_a_syntax_error(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    for sql in ["selec 1", "", "select * from nowhere", "select b from t", "select no_such_function(1)", "("] {
        let result = visitor.probe_one(query(sql, json!([]))).await;
        assert!(["syntax", "denied"].contains(&code(&result)), "{sql:?}: {result}");
    }
}

async fn wrong_numbers_of_parameters_are_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (sql, params) in [
        ("select $1", json!([])),
        ("select 1", json!([1])),
        ("select $1", json!([1, 2])),
        ("select $2", json!([1, 2])),
        ("select $0", json!([1])),
        ("select $1, $3", json!([1, 2, 3])),
        ("select '$1'", json!([1])),
    ] {
        let result = visitor.probe_one(query(sql, params)).await;
        assert!(["bad-parameter", "syntax"].contains(&code(&result)), "{sql}: {result}");
    }
    let quoted = visitor.probe_one(query("select '$1' as a /* $7 */ -- $9", json!([]))).await;
    assert_eq!(ok(&quoted)["rows"], json!([["$1"]]));
}

async fn an_error_contains_no_value(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a text unique, n bigint)"]).await;
    let insert = |a: Value| execute("insert into t (a, n) values ($1, 1)", json!([a]));
    let wrong = ["uuid", "decimal", "json"].map(|kind| insert(json!({ kind: "s3cret" })));
    let results = visitor
        .probe(json!([insert(json!("s3cret")), insert(json!("s3cret")), wrong[0], wrong[1], wrong[2]]))
        .await;
    assert_eq!(code(&results[1]), "unique-violation");
    assert!(!format!("{results:?}").contains("s3cret"), "{results:?}");
}

async fn a_statement_that_runs_too_long_is_cancelled(engine: Engine) {
    let host =
        support::TestHost::with(engine).app("probe", "probe").env("INNKEEPER_STATEMENT_TIME", "2s").start().await;
    let endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select max(i) from n";
    let began = std::time::Instant::now();
    let results = host.probe(json!([query(endless, json!([])), query("select 1", json!([]))])).await;
    assert_eq!(code(&results[0]), "timeout");
    ok(&results[1]);
    assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());
}

/// Also where the connection knows the statement already, and takes it for one that does not fail.
async fn an_error_leaves_what_was_written_before_it(engine: Engine) {
    let tables = ["create table t (id bigint primary key, u uuid, s text, n bigint)"];
    let (_host, mut visitor) = probe_with(engine, &tables).await;
    let insert = |id: u32| execute(&format!("insert into t (id) values ({id})"), json!([]));
    let by_key = |key: serde_json::Value| query("select id from t where id = $1", json!([key]));
    let by_text = |text: &str| query("select id from t where s = $1", json!([text]));
    all_ok(&visitor.probe(json!([by_key(json!(1)), by_text("a"), query("select id from t", json!([]))])).await);
    let fails = [
        by_key(json!("zzz")),
        by_text("a\u{0}b"),
        execute("insert into t (id, n) select 1, length('a') from t where id = 1", json!([])),
        query("select nothing from t", json!([])),
        execute("insert into t (id, n) values (900, cast('a' as text) || cast('b' as text))", json!([])),
    ];
    let mut steps = vec![insert(1)];
    for (number, fail) in (2..).zip(fails) {
        steps.extend([fail, insert(number)]);
    }
    steps.push(query("select count(*) from t where id < 900", json!([])));
    let results = visitor.probe(Value::from(steps)).await;
    all_ok(&results.iter().step_by(2).cloned().collect::<Vec<_>>()[..6]);
    assert_eq!(integer(&results[11]), 6, "{results:?}");
}

async fn an_error_after_the_response_head_keeps_nothing(engine: Engine) {
    let (host, mut visitor) = probe_with(engine, &["create table many (n bigint)"]).await;
    let numbers =
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 10500) select i from n";
    let change = query(&format!("insert into many (n) {numbers} returning n"), json!([]));
    let results = visitor.probe_answer(json!([respond(200), change])).await.expect(200).json();
    assert_eq!(code(&results[1]), "too-large");
    assert_eq!(host.database().app_value("probe", "select count(*) from many").await, "0");
}
