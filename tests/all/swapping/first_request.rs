//! One request before a version is live, of which nothing is kept.

use super::{active, config, deploy_number, serves};
use serde_json::json;
use support::probe::{all_ok, query};
use support::{Engine, TestDatabase, TestHost, Visitor, command, host, paths};

on_both_databases! {
    nothing_of_the_first_request_is_kept,
    a_version_that_fails_its_first_request_is_refused_and_changes_nothing,
    the_page_may_be_named_or_left_out,
}

async fn nothing_of_the_first_request_is_kept(engine: Engine) {
    let host = TestHost::of(engine, "app", "page").await;
    let mut visitor = host.visitor();
    assert_eq!(visitor.get("/").await.expect(200).text(), "visits=1 rows=1");
    let said = host.deploy("app", "page").await.succeeded();
    assert!(said.stderr.contains("GET / answered with 200"), "{said}");
    let hits = host.database().app_rows("app", "select path from hits").await;
    assert_eq!(hits.len(), 1, "the row of the first request was undone");
    assert_eq!(host.database().count("app", "sessions").await, 1);
    host.database().has_no_open_transaction("app").await;
}

async fn a_version_that_fails_its_first_request_is_refused_and_changes_nothing(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    for (steps, said) in [
        (json!([{ "op": "trap" }]), "it traps"),
        (json!([{ "op": "respond", "status": 500 }]), "it answers with 500"),
        (json!([{ "op": "respond", "status": 404 }]), "it answers with 404"),
        (
            json!([{ "op": "db.migrate", "migrations": [{ "name": "1", "statements": ["create tabel t (a text)"] }] }, { "op": "trap" }]),
            "it traps",
        ),
    ] {
        let path = Visitor::path_with_steps("/", &steps);
        let refused = deploy_number(host.database(), 2, &["--smoke", &path]).await.failed();
        assert!(refused.stderr.contains(said) && refused.stderr.contains("was not made active"), "{refused}");
    }
    assert_eq!(active(host.database()).await, Some(1));
    let versions = command::on(host.database(), &["versions", "--app", "app", "--json"]).await.succeeded().json();
    assert_eq!(versions.as_array().map(Vec::len), Some(1), "nothing was written down");
    all_ok(&host.visitor().probe(json!([config("number")])).await);
}

async fn the_page_may_be_named_or_left_out(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let migration = json!({ "name": "1", "statements": ["create table t (a text not null)"] });
    let steps = json!([
        { "op": "db.migrate", "migrations": [migration] },
        { "op": "db.define-table", "table": { "name": "u", "columns": [{ "name": "a", "column-type": "text" }] } },
        { "op": "db.execute", "sql": "insert into t (a) values ('x')", "params": [] },
        { "op": "db.commit" },
        { "op": "db.query", "sql": "select count(*) from t", "params": [] },
    ]);
    let path = Visitor::path_with_steps("/", &steps);
    let said = deploy_number(host.database(), 2, &["--smoke", &path, "--json"]).await.succeeded().json();
    assert_eq!(said["smoke"]["migrations"], json!(["1"]), "{said}");
    serves(&host, 2).await;
    let there = host.visitor().probe(json!([query("select count(*) from t", json!([]))])).await;
    assert!(there[0].get("error").is_some(), "the migration was tried and undone: {there:?}");
    let said = deploy_number(host.database(), 3, &["--no-smoke", "--json"]).await.succeeded().json();
    assert_eq!(said["smoke"], json!(null));
    let refused = deploy_number(host.database(), 4, &["--smoke", "healthz"]).await.failed();
    assert!(refused.stderr.contains("not a path such as /healthz"), "{refused}");
    let file = paths::guest("hello");
    let refused = host::deploy(host.database(), "app", "hello", &["--smoke", "/", "--no-smoke"]).await.failed();
    assert!(refused.stderr.contains("cannot be used with"), "{} {refused}", file.display());
}
