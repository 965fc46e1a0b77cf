//! `innkeeper apps set`: what it refuses, and what a serving host makes of it.

use serde_json::json;
use support::command;
use support::{DEADLINE, Engine, TestDatabase, TestHost, until};

use super::{NAMED, VAR, found, leave_something, said, set, two_apps};

on_both_databases! {
    a_serving_host_follows_to_the_new_place_and_back,
    data_is_not_left_behind_unasked,
    a_variable_that_does_not_fit_is_refused_by_name,
    staged_files_are_swept_in_an_own_database,
}

async fn a_serving_host_follows_to_the_new_place_and_back(engine: Engine) {
    let own = TestDatabase::fresh(Engine::Sqlite).await;
    let host = TestHost::with(engine).database(two_apps(engine).await).env(VAR, &own.url()).start().await;
    set(host.database(), &NAMED, &own.url()).await.succeeded();
    host.wait_for_log(&format!("database=\"{VAR}\"")).await;
    leave_something(&mut host.visitor()).await;
    assert_eq!(found(&own, "probe").await, [1, 1, 1, 1]);
    let back = ["--no-database-var", "--leave-data"];
    set(host.database(), &back, &own.url()).await.succeeded();
    let left = async || {
        let results = host.visitor().probe(super::something()).await;
        drop(results);
        (found(host.database(), "probe").await[0] == 1).then_some(())
    };
    until("the app lives in the host's database again", left).await;
}

async fn data_is_not_left_behind_unasked(engine: Engine) {
    let own = TestDatabase::fresh(Engine::Postgres).await;
    let host = TestHost::with(engine).database(two_apps(engine).await).start().await;
    leave_something(&mut host.visitor()).await;
    let refused = set(host.database(), &NAMED, &own.url()).await.failed();
    for text in ["tables: 1", "files: 1", "sessions: 1", "--leave-data", "moves none"] {
        assert!(refused.stderr.contains(text), "no {text:?}: {refused}");
    }
    let apps = command::on(host.database(), &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps[1]["database_var"], json!(null));
    set(host.database(), &["--database-var", VAR, "--leave-data"], &own.url()).await.succeeded();
    assert_eq!(found(host.database(), "probe").await, [1, 1, 1, 1], "what was left is still there");
    // Nothing is there yet, so nothing is left on the way back.
    set(host.database(), &["--no-database-var"], &own.url()).await.succeeded();
    let list = command::on(host.database(), &["apps"]).await.succeeded();
    assert!(!list.stdout.contains(VAR), "{list}");
}

async fn a_variable_that_does_not_fit_is_refused_by_name(engine: Engine) {
    let database = two_apps(engine).await;
    let hidden = "postgres://user:hidden@127.0.0.1:1/x";
    for (var, value, text) in [
        ("LEDGER_URL", hidden, "LEDGER_URL: cannot reach the database"),
        ("LEDGER_URL", "mysql://user:hidden@127.0.0.1/x", "LEDGER_URL: the scheme mysql://"),
        ("LEDGER_URL", "", "LEDGER_URL was asked for and is empty"),
        ("NO_URL", hidden, "NO_URL was asked for and is not set"),
        (hidden, hidden, "not the name of a variable"),
    ] {
        let refused = set(&database, &["--database-var", var], value).await.failed();
        assert!(refused.stderr.contains(text) && !said(&refused).contains("hidden"), "{refused}");
    }
    let unknown =
        super::with_variable(&database, &["apps", "set", "nobody", NAMED[0], VAR], VAR, "sqlite:x").await;
    assert!(said(&unknown.failed()).contains("no app nobody"));
    command::on(&database, &["apps", "set", "probe"]).await.failed();
    let apps = command::on(&database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps[1]["database_var"], json!(null), "{apps}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_database_is_no_own_one() {
    let database = two_apps(Engine::Postgres).await;
    let url = database.url();
    let refused = set(&database, &NAMED, &url).await.failed();
    assert!(refused.stderr.contains("LEDGER_URL names the host's own database"), "{refused}");
    let mut by_variable = command::innkeeper(&["apps", "set", "probe", "--database-var", "DATABASE_URL"]);
    by_variable.env("DATABASE_URL", &url);
    let refused = command::finish(by_variable, DEADLINE).await.failed();
    assert!(refused.stderr.contains("DATABASE_URL is the variable of the host's own"), "{refused}");
}

async fn staged_files_are_swept_in_an_own_database(engine: Engine) {
    let own = TestDatabase::fresh(Engine::Postgres).await;
    let database = two_apps(engine).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    let mut host = TestHost::with(engine).database(database).env(VAR, &own.url()).start().await;
    let steps = json!([
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "staged" },
        { "op": "writer.finish", "writer": 0 },
    ]);
    support::probe::all_ok(&host.probe(steps).await);
    host.sweep_soon().await;
    let swept = async || (found(&own, "probe").await[1] == 0).then_some(());
    until("the staged file is swept", swept).await;
}
