//! What counts as a sign of how good a version is, and what does not get in the way of replacing
//! one that fails.

use super::{active, audited, becomes_active, config, deploy_number, on_second_version, serves};
use serde_json::{Value, json};
use support::database::Direct;
use support::postgres::Server;
use support::probe::{code, execute, ok, respond};
use support::{Engine, TestDatabase, TestHost, Visitor, command, until};

on_both_databases! {
    changed_settings_do_not_end_a_trial,
    changed_settings_do_not_let_a_canary_begin_anew,
    a_version_is_replaced_once_the_database_takes_it,
    what_a_version_does_wrong_itself_is_no_failure_of_the_database,
}

async fn trap(host: &TestHost, times: usize) {
    for _ in 0..times {
        let answer = host.visitor().try_probe(json!([{ "op": "trap" }])).await;
        assert_eq!(answer.map(|answer| answer.status), Some(500));
    }
}

/// Sets a value, and waits until it is followed.
async fn set(host: &TestHost, read: impl AsyncFn() -> Value) {
    command::on(host.database(), &["config", "set", "--app", "app", "shared=set"]).await.succeeded();
    until("the setting is followed", async || (read().await == "set").then_some(())).await;
}

async fn changed_settings_do_not_end_a_trial(engine: Engine) {
    let host = on_second_version(engine).await;
    trap(&host, 3).await;
    set(&host, async || ok(&host.visitor().probe(json!([config("shared")])).await[0]).clone()).await;
    trap(&host, 2).await;
    becomes_active(host.database(), 1).await;
    assert!(audited(host.database()).await[0][1].contains("it trapped 5 times"));
}

async fn changed_settings_do_not_let_a_canary_begin_anew(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    deploy_number(host.database(), 2, &["--canary", "10%"]).await.succeeded();
    host.wait_for_log("canary").await;
    let canary = async |steps: Value| {
        let path = Visitor::path_with_steps("/", &steps);
        host.visitor().get_with(&path, "innkeeper-canary", "always").await
    };
    let there = async || (canary(json!([config("number")])).await.text().contains("\"2\"")).then_some(());
    until("the canary answers", there).await;
    for _ in 0..3 {
        canary(json!([{ "op": "trap" }])).await.expect(500);
    }
    set(&host, async || canary(json!([config("shared")])).await.expect(200).json()[0]["ok"].clone()).await;
    for _ in 0..2 {
        canary(json!([{ "op": "trap" }])).await.expect(500);
    }
    host.wait_for_log("the canary was ended by itself").await;
}

async fn a_version_is_replaced_once_the_database_takes_it(engine: Engine) {
    let host = on_second_version(engine).await;
    let mut other = match host.database().directory() {
        Some(folder) => {
            let file = folder.join("innkeeper.sqlite");
            Direct::Sqlite(rusqlite::Connection::open(file).expect("the file of the registry"))
        }
        None => Direct::to(host.database()).await,
    };
    let lock = match engine {
        Engine::Postgres => &["begin", "select number from innkeeper.generation for update"][..],
        Engine::Sqlite => &["begin immediate"],
    };
    for statement in lock {
        other.rows(statement).await.expect("a lock");
    }
    trap(&host, 5).await;
    host.wait_for_log("cannot be replaced yet").await;
    assert_eq!(active(host.database()).await, Some(2));
    other.rows("rollback").await.expect("the lock is gone");
    becomes_active(host.database(), 1).await;
    host.wait_for_log("went back to version 1 by itself").await;
}

async fn what_a_version_does_wrong_itself_is_no_failure_of_the_database(engine: Engine) {
    let host = on_second_version(engine).await;
    let steps = json!([
        { "op": "db.begin", "options": { "read-only": true } },
        { "op": "tx.execute", "tx": 0, "sql": "create table t (a text)" },
        respond(500),
    ]);
    for _ in 0..11 {
        let refused = host.visitor().probe_answer(steps.clone()).await;
        assert!(refused.status == 500 && refused.text().contains("read-only"), "{refused:?}");
    }
    becomes_active(host.database(), 1).await;
}

/// What a request meets that defines a table first, as most do.
fn defines_and_fails() -> Value {
    let table = json!({ "name": "t", "columns": [{ "name": "a", "column-type": "text" }] });
    json!([{ "op": "db.define-table", "table": table }, respond(500)])
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_an_own_database_are_not_the_versions_fault() {
    const VAR: &str = "OWN_URL";
    let server = Server::start();
    let (url, own) = (server.fresh_database().await, server.fresh_database().await);
    let database = TestDatabase::at(&url);
    deploy_number(&database, 1, &[]).await.succeeded();
    let set = ["apps", "set", "app", "--database-var", VAR];
    let mut by_variable = command::innkeeper(&[&set[..], &database.arguments()].concat());
    by_variable.env(VAR, &own);
    command::finish(by_variable, support::DEADLINE).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(database).env(VAR, &own).start().await;
    deploy_number(host.database(), 2, &["--no-smoke"]).await.succeeded();
    serves(&host, 2).await;
    let name = own.rsplit('/').next().expect("a path").split('?').next().expect("a name").to_owned();
    server.administer(&format!("alter database \"{name}\" set default_transaction_read_only = on")).await;
    let end = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    server.administer(&end).await;
    // Connections that were lost are told first.
    let is_read_only = async || {
        let refused = host.visitor().probe(json!([defines_and_fails()[0]])).await;
        (code(&refused[0]) == "read-only").then_some(())
    };
    until("the database takes no writes", is_read_only).await;
    for _ in 0..15 {
        assert_eq!(host.visitor().probe_answer(defines_and_fails()).await.status, 500);
    }
    server.administer(&format!("alter database \"{name}\" reset default_transaction_read_only")).await;
    // A change of the registry that comes later has been seen by then, so another would have been.
    deploy_number(host.database(), 3, &["--no-smoke"]).await.succeeded();
    serves(&host, 3).await;
    assert!(!host.logs().contains("the version fails"), "{}", host.logs());
    let done: Vec<String> = audited(host.database()).await.into_iter().map(|[action, ..]| action).collect();
    assert!(done.iter().all(|action| action == "deploy" || action == "apps set"), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_uses_up_its_connections_is_replaced() {
    let database = TestDatabase::fresh(Engine::Postgres).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(database).env("INNKEEPER_POOL_SIZE", "2").start().await;
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    let steps = json!([
        execute("create table if not exists t (a text)", json!([])),
        { "op": "sleep", "ms": 700 },
        { "op": "trap" },
    ]);
    // More than there are connections for, so that some are told that the database is busy.
    let mut visits = tokio::task::JoinSet::new();
    for mut visitor in (0..12).map(|_| host.visitor()) {
        let steps = steps.clone();
        visits.spawn(async move { visitor.try_probe(steps).await });
    }
    visits.join_all().await;
    becomes_active(host.database(), 1).await;
}
