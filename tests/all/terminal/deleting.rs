//! `apps delete`.

use serde_json::json;
use support::probe::{all_ok, execute, query};
use support::{Engine, TestDatabase, TestHost, command, host, until};

use super::at_terminal::Person;

on_both_databases! {
    an_app_goes_only_where_its_name_is_typed,
    data_are_kept_where_that_is_said,
}

/// A host that serves the app `shop`, which has a table, a row and a session.
async fn with_data(engine: Engine) -> TestHost {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "shop", "probe", &["--route", "/"]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let migration = json!({ "name": "1", "statements": ["create table notes (a text)"] });
    let mut visitor = host.visitor();
    let results = visitor.probe(json!([
        { "op": "db.migrate", "migrations": [migration] },
        execute("insert into notes (a) values ('kept')", json!([])),
        { "op": "session.set", "key": "k", "value": "v" },
    ]));
    all_ok(&results.await);
    host
}

async fn is_there(database: &TestDatabase) -> bool {
    let apps = command::on(database, &["apps", "--json"]).await.succeeded().json();
    apps.as_array().unwrap().iter().any(|app| app["name"] == "shop")
}

async fn an_app_goes_only_where_its_name_is_typed(engine: Engine) {
    let host = with_data(engine).await;
    let database = host.database();
    let delete = ["apps", "delete", "shop"];
    let unasked = command::on(database, &delete).await.failed();
    let goes = "shop goes for good, with versions: 1, tables: 1, files: 0, sessions: 1";
    assert!(unasked.stderr.contains(goes) && unasked.stderr.contains("--yes"), "{unasked}");
    for typed in ["", "yes", "shop2"] {
        let refused = Person { types: typed, ..Person::default() }.runs(database, &delete).await.failed();
        assert!(
            refused.stdout.contains("Type shop to go on") && refused.stdout.contains("nothing was done"),
            "{refused}"
        );
    }
    assert!(is_there(database).await);
    let done = Person { types: "shop", ..Person::default() }.runs(database, &delete).await.succeeded();
    assert!(done.stdout.contains("shop: deleted"), "{done}");
    assert!(!is_there(database).await);
    let gone = command::on(database, &delete).await.failed();
    assert!(gone.stderr.contains("no app shop"), "{gone}");
    let audit = command::on(database, &["audit", "shop", "--json"]).await.succeeded().json();
    assert_eq!(audit[0]["action"], json!("apps delete"), "{audit}");
}

async fn data_are_kept_where_that_is_said(engine: Engine) {
    let host = with_data(engine).await;
    let database = host.database();
    let delete = ["apps", "delete", "--app", "shop", "--keep-data", "--yes", "--json"];
    let deleted = command::on(database, &delete).await.succeeded().json();
    assert_eq!((&deleted["data_kept"], &deleted["plan"]["tables"]), (&json!(true), &json!(1)), "{deleted}");
    host::deploy(database, "shop", "probe", &[]).await.succeeded();
    assert_eq!(database.app_value("shop", "select a from notes").await, "kept");
    command::on(database, &["apps", "delete", "shop", "-y"]).await.succeeded();
    host::deploy(database, "shop", "probe", &["--route", "/"]).await.succeeded();
    let asked = json!([query("select a from notes", json!([]))]);
    let answers = async || {
        let answer = host.visitor().get("/").await;
        (!answer.text().contains("no app is deployed yet")).then_some(())
    };
    until("the new app answers", answers).await;
    let found = host.visitor().probe(asked).await;
    assert!(found[0]["ok"].is_null(), "the table is gone: {found:?}");
}
