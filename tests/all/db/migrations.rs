//! Migrations of an app: once, in order, all or none, remembered with their text.

use serde_json::{Value, json};
use support::Engine;
use support::probe::{all_ok, code, execute, integer, ok, op, query, respond};

use super::probe;

on_both_databases! {
    a_migration_runs_once,
    later_migrations_are_added,
    a_list_that_fails_in_the_middle_changes_nothing,
    a_changed_migration_is_refused,
    a_migration_is_kept_whatever_becomes_of_the_request,
    a_migration_after_a_write_is_refused,
    parallel_requests_migrate_once,
    the_text_for_sqlite_is_run_on_sqlite_only,
    a_migration_may_not_do_what_a_statement_may_not,
    what_is_destroyed_has_to_be_named,
    defined_tables_are_changed_by_migrations,
}

fn migrate(list: &[Value]) -> Value {
    json!({ "op": "db.migrate", "migrations": list })
}

fn migration(name: &str, statements: &[&str]) -> Value {
    json!({ "name": name, "statements": statements })
}

fn one() -> Value {
    migration("0001-one", &["create table one (a bigint)", "insert into one (a) values (1)"])
}

fn two() -> Value {
    migration("0002-two", &["alter table one add column b text", "create index one_b on one (b)"])
}

fn count_one() -> Value {
    query("select count(*) from one", json!([]))
}

async fn a_migration_runs_once(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let results = visitor.probe(json!([migrate(&[one()]), migrate(&[one()]), count_one()])).await;
    assert_eq!((ok(&results[0]), ok(&results[1])), (&json!(["0001-one"]), &json!([])));
    let later = visitor.probe(json!([migrate(&[one()]), count_one()])).await;
    assert_eq!((ok(&later[0]), integer(&later[1])), (&json!([]), 1));
}

async fn later_migrations_are_added(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([migrate(&[one()])])).await);
    let results = visitor.probe(json!([migrate(&[one(), two()]), query("select a, b from one", json!([]))])).await;
    assert_eq!(ok(&results[0]), &json!(["0002-two"]));
    assert_eq!(ok(&results[1])["rows"], json!([[{"integer": "1"}, null]]));
    // A version that was rolled back knows less than has been run.
    all_ok(&visitor.probe(json!([migrate(&[one()])])).await);
}

async fn a_list_that_fails_in_the_middle_changes_nothing(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let broken = migration("0002-broken", &["create table two (a bigint)", "insert into nowhere values (1)"]);
    let results = visitor.probe(json!([migrate(&[one(), broken])])).await;
    assert_eq!(code(&results[0]), "syntax");
    let results =
        visitor.probe(json!([count_one(), query("select 1 from two", json!([])), migrate(&[one()])])).await;
    assert_eq!(
        (code(&results[0]), code(&results[1]), ok(&results[2])),
        ("syntax", "syntax", &json!(["0001-one"]))
    );
}

async fn a_changed_migration_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([migrate(&[one()])])).await);
    let changed = migration("0001-one", &["create table one (a text)"]);
    let results = visitor.probe(json!([migrate(&[changed]), count_one()])).await;
    assert_eq!(code(&results[0]), "conflict");
    assert!(results[0]["error"]["message"].as_str().is_some_and(|text| text.contains("0001-one")), "{results:?}");
    assert_eq!(integer(&results[1]), 1);
}

async fn a_migration_is_kept_whatever_becomes_of_the_request(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    visitor.probe_answer(json!([migrate(&[one()]), op("trap")])).await.expect(500);
    visitor.probe_answer(json!([migrate(&[one(), two()]), respond(500)])).await.expect(500);
    let results = visitor.probe(json!([migrate(&[one(), two()]), count_one()])).await;
    assert_eq!((ok(&results[0]), integer(&results[1])), (&json!([]), 1));
}

async fn a_migration_after_a_write_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([migrate(&[one()])])).await);
    let insert = execute("insert into one (a) values (2)", json!([]));
    let results = visitor.probe(json!([insert, migrate(&[one(), two()])])).await;
    assert_eq!(code(&results[1]), "conflict");
}

async fn parallel_requests_migrate_once(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let begin = || {
        let mut visitor = host.visitor();
        tokio::spawn(async move { visitor.probe_one(migrate(&[one(), two()])).await })
    };
    let requests: Vec<_> = (0..8).map(|_| begin()).collect();
    let mut run = Vec::new();
    for request in requests {
        run.extend(ok(&request.await.expect("an answer")).as_array().expect("names").clone());
    }
    assert_eq!(run, [json!("0001-one"), json!("0002-two")]);
    assert_eq!(integer(&visitor.probe_one(count_one()).await), 1);
}

async fn the_text_for_sqlite_is_run_on_sqlite_only(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let migration = json!({
        "name": "1",
        "statements": ["create table t (id bigint generated always as identity primary key, at timestamptz)"],
        "sqlite-statements": ["create table t (id integer primary key autoincrement, at timestamptz)"],
    });
    let insert = query("insert into t (at) values ($1) returning id", json!([{"instant": "1"}]));
    let results = visitor.probe(json!([migrate(&[migration]), insert, insert])).await;
    assert_eq!((integer(&results[1]), integer(&results[2])), (1, 2));
}

async fn a_migration_may_not_do_what_a_statement_may_not(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (n, statement) in
        ["commit", "drop table innkeeper_sessions", "drop schema innkeeper cascade", "create role r"]
            .into_iter()
            .enumerate()
    {
        let evil = migration(&n.to_string(), &["create table t (a bigint)", statement]);
        let results = visitor.probe(json!([migrate(&[evil]), query("select 1 from t", json!([]))])).await;
        assert!(["denied", "syntax"].contains(&code(&results[0])), "{statement}: {results:?}");
        assert_eq!(code(&results[1]), "syntax", "{statement}");
    }
}

async fn what_is_destroyed_has_to_be_named(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([migrate(&[one(), two()])])).await);
    let cases =
        [("alter table one drop column b", "one.b"), ("delete from one", "one"), ("drop table one", "one")];
    for (at, (statement, name)) in cases.into_iter().enumerate() {
        let mut step = migration(&format!("1-{at}"), &["create table other (a bigint)", statement]);
        step["destroys"] = json!(["one.a", "other"]);
        let refused = visitor.probe_one(migrate(&[one(), two(), step])).await;
        assert_eq!(code(&refused), "denied", "{statement}: {refused}");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(&format!("add {name} to its `destroys`")), "{message}");
        // All or none: the tables are as they were, and the steps before it have not been run.
        let results = visitor.probe(json!([count_one(), query("select 1 from other", json!([]))])).await;
        assert_eq!((integer(&results[0]), code(&results[1])), (1, "syntax"));
    }
    let drop_index = json!({ "name": "2-index", "statements": ["drop index one_b"] });
    let named =
        json!({ "name": "3-drop", "statements": ["alter table one drop column b"], "destroys": ["one.b"] });
    let mut later = named.clone();
    later["destroys"] = json!([]);
    let list = |step: &Value| migrate(&[one(), two(), drop_index.clone(), step.clone()]);
    let results = visitor.probe(json!([list(&named), query("select b from one", json!([])), list(&later)])).await;
    assert_eq!(ok(&results[0]), &json!(["2-index", "3-drop"]));
    assert_eq!(
        (code(&results[1]), ok(&results[2])),
        ("syntax", &json!([])),
        "what is named is no part of the text"
    );
}

/// The rules of a table made by `define-table` stay with it when SQL changes it.
async fn defined_tables_are_changed_by_migrations(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let column = |name: &str, kind: &str| json!({ "name": name, "column-type": kind, "nullable": true });
    let define = |columns: &[Value], checks: Value| json!({ "op": "db.define-table", "table": { "name": "t", "columns": columns, "checks": checks } });
    let (a, b, c) = (column("a", "decimal"), column("b", "date"), column("c", "text"));
    let low = json!([{ "name": "low", "condition": "a < 10" }]);
    all_ok(&visitor.probe(json!([define(&[a.clone(), b.clone()], json!([]))])).await);
    all_ok(&visitor.probe(json!([define(&[a, b, c.clone()], low)])).await);
    let rename = migration("1", &["alter table t rename column a to price"]);
    let mut drop = migration("2", &["alter table t drop column b"]);
    drop["destroys"] = json!(["t.b"]);
    let whole = migration("3", &["alter table t rename to things"]);
    all_ok(&visitor.probe(json!([migrate(&[rename, drop, whole])])).await);
    let add = |price: Value| execute("insert into things (price, c) values ($1, 'x')", json!([price]));
    let results = visitor
        .probe(json!([add(json!({"decimal": "9.5"})), add(json!("x")), add(json!({"decimal": "10"}))]))
        .await;
    ok(&results[0]);
    assert_eq!((code(&results[1]), code(&results[2])), ("bad-parameter", "check-violation"), "{results:?}");
    let again = json!({ "op": "db.define-table", "table": { "name": "things", "columns": [column("price", "decimal"), c] } });
    assert_eq!(ok(&visitor.probe_one(again.clone()).await), &json!(false));
    let mut gone = migration("4", &["drop table things"]);
    gone["destroys"] = json!(["things"]);
    let results = visitor.probe(json!([again, migrate(&[gone]), again, again])).await;
    let answers = [0, 2, 3].map(|at| ok(&results[at]).clone());
    assert_eq!(answers, [json!(false), json!(true), json!(false)], "what a migration drops is made again");
}
