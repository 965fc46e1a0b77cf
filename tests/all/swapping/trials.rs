//! A version that fails on its first requests is replaced by the one before it.

use super::{active, audited, becomes_active, deploy_number, on_second_version, serves};
use serde_json::json;
use support::postgres::{Server, Stop};
use support::probe::{all_ok, execute, ok};
use support::{Engine, TestDatabase, TestHost, command, until};

on_both_databases! {
    a_version_that_traps_goes_and_visitors_keep_what_they_have,
    a_version_that_answers_with_errors_goes,
    a_few_failures_among_many_answers_are_no_reason,
    a_version_to_which_the_host_went_back_stays,
}

async fn a_version_that_traps_goes_and_visitors_keep_what_they_have(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let mut ann = host.visitor();
    let table = json!({ "name": "t", "columns": [{ "name": "a", "column-type": "text" }] });
    let steps = json!([
        { "op": "db.define-table", "table": table },
        execute("insert into t (a) values ('kept')", json!([])),
        { "op": "session.set", "key": "name", "value": "Ann" },
    ]);
    all_ok(&ann.probe(steps).await);
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    for _ in 0..5 {
        let steps = json!([execute("insert into t (a) values ('lost')", json!([])), { "op": "trap" }]);
        assert_eq!(ann.try_probe(steps).await.map(|answer| answer.status), Some(500));
    }
    becomes_active(host.database(), 1).await;
    let name = ann.probe(json!([{ "op": "session.get", "key": "name" }])).await;
    assert_eq!(ok(&name[0]), "Ann");
    assert_eq!(host.database().app_rows("app", "select a from t").await, [["kept"]]);
    let audited = audited(host.database()).await;
    assert_eq!(audited[0][0], "automatic rollback");
    assert!(audited[0][1].contains("version 1: it trapped 5 times"), "{audited:?}");
    assert_eq!(audited[0][2], "innkeeper");
    let versions = command::on(host.database(), &["versions", "--app", "app", "--json"]).await.succeeded().json();
    assert_eq!((&versions[0]["number"], &versions[0]["failed"]), (&json!(2), &json!(true)), "{versions}");
    host.wait_for_log("went back to version 1 by itself").await;
}

async fn a_version_that_answers_with_errors_goes(engine: Engine) {
    let host = on_second_version(engine).await;
    for _ in 0..11 {
        assert_eq!(host.visitor().probe_answer(json!([{ "op": "respond", "status": 500 }])).await.status, 500);
    }
    becomes_active(host.database(), 1).await;
}

async fn a_few_failures_among_many_answers_are_no_reason(engine: Engine) {
    let host = on_second_version(engine).await;
    for number in 0..60 {
        let status = if number % 6 == 0 { 500 } else { 200 };
        host.visitor().probe_answer(json!([{ "op": "respond", "status": status }])).await.expect(status);
    }
    // A change of the registry that comes later has been seen by then, so another would have been.
    deploy_number(host.database(), 3, &[]).await.succeeded();
    serves(&host, 3).await;
    let done: Vec<String> = audited(host.database()).await.into_iter().map(|[action, ..]| action).collect();
    assert_eq!(done, ["deploy", "deploy", "deploy"]);
}

async fn a_version_to_which_the_host_went_back_stays(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for number in 1..=2 {
        deploy_number(&database, number, &[]).await.succeeded();
    }
    let host = TestHost::with(engine).database(database).start().await;
    deploy_number(host.database(), 3, &[]).await.succeeded();
    serves(&host, 3).await;
    let trap = json!([{ "op": "trap" }]);
    let trapped = async || host.visitor().try_probe(trap.clone()).await.is_some_and(|answer| answer.status == 500);
    until("the host goes back", async || {
        trapped().await;
        (active(host.database()).await == Some(2)).then_some(())
    })
    .await;
    serves(&host, 2).await;
    for _ in 0..12 {
        assert!(trapped().await);
    }
    deploy_number(host.database(), 4, &[]).await.succeeded();
    serves(&host, 4).await;
    let done: Vec<String> = audited(host.database()).await.into_iter().map(|[action, ..]| action).collect();
    assert_eq!(done, ["deploy", "automatic rollback", "deploy", "deploy", "deploy"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_database_are_not_the_versions_fault() {
    let server = Server::start();
    let database = TestDatabase::at(&server.fresh_database().await);
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(database).start().await;
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    server.stop(Stop::Immediate);
    for _ in 0..15 {
        // The guest answers with an error of its own because it cannot read.
        let steps =
            json!([{ "op": "db.query", "sql": "select 1", "params": [] }, { "op": "respond", "status": 500 }]);
        let answer = host.visitor().probe_answer(steps).await;
        assert!(answer.status >= 500, "{answer:?}");
    }
    server.start_again();
    host.wait_until_ready().await;
    deploy_number(host.database(), 3, &[]).await.succeeded();
    serves(&host, 3).await;
    assert!(!host.logs().contains("the version fails"), "{}", host.logs());
    let done: Vec<String> = audited(host.database()).await.into_iter().map(|[action, ..]| action).collect();
    assert_eq!(done, ["deploy", "deploy", "deploy"]);
}
