//! What is an app's own lives in the database that the app names, and nowhere else.

use serde_json::json;
use support::probe::{all_ok, integer, ok, op, query};
use support::{Engine, TestDatabase};

use super::{VAR, found, in_other, leave_something, something, split, two_apps};

on_both_databases! {
    an_own_postgres_database_holds_everything,
    an_own_sqlite_directory_holds_everything,
    two_variables_are_two_databases,
}

async fn an_own_postgres_database_holds_everything(engine: Engine) {
    holds_everything(engine, Engine::Postgres).await;
}

async fn an_own_sqlite_directory_holds_everything(engine: Engine) {
    holds_everything(engine, Engine::Sqlite).await;
}

async fn holds_everything(engine: Engine, own: Engine) {
    let own = TestDatabase::fresh(own).await;
    let host = split(two_apps(engine).await, &own.url()).await;
    let mut visitor = host.visitor();
    let file = leave_something(&mut visitor).await;
    in_other(&mut host.visitor(), &something()).await.expect(200);
    assert_eq!(found(&own, "probe").await, [1, 1, 1, 1], "in the app's own database");
    assert_eq!(found(host.database(), "probe").await, [0, 0, 0, 0], "in the host's");
    assert_eq!(found(host.database(), "other").await, [1, 1, 1, 1], "the other app");
    // A guest that comes after finds it all; who deploys it need not know the variable.
    host.swap("probe", "hello").await;
    host.swap("probe", "probe").await;
    let steps = json!([
        query("select count(*) from notes", json!([])),
        { "op": "blob.stat", "id": file },
        { "op": "session.get", "key": "k" },
    ]);
    let results = visitor.probe(steps).await;
    all_ok(&results);
    assert_eq!((integer(&results[0]), ok(&results[2])), (1, &json!("kept")));
}

async fn two_variables_are_two_databases(engine: Engine) {
    let [one, two] = [TestDatabase::fresh(Engine::Postgres).await, TestDatabase::fresh(Engine::Sqlite).await];
    let database = two_apps(engine).await;
    super::set(&database, &super::NAMED, &one.url()).await.succeeded();
    let arguments = ["apps", "set", "other", "--database-var", "OTHER_URL"];
    super::with_variable(&database, &arguments, "OTHER_URL", &two.url()).await.succeeded();
    let apps = support::command::on(&database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!((&apps[0]["database_var"], &apps[1]["database_var"]), (&json!("OTHER_URL"), &json!(VAR)));
    let host = support::TestHost::with(engine).database(database);
    let host = host.env(VAR, &one.url()).env("OTHER_URL", &two.url()).start().await;
    leave_something(&mut host.visitor()).await;
    in_other(&mut host.visitor(), &something()).await.expect(200);
    assert_eq!(found(&one, "probe").await, [1, 1, 1, 1]);
    assert_eq!(found(&two, "other").await, [1, 1, 1, 1]);
    assert_eq!(host.visitor().probe_one(op("session.get-keys")).await, json!({ "ok": [] }));
}
