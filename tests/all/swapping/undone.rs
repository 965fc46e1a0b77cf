//! What a first request leaves behind: nothing, and for no longer than it takes.

use super::{deploy_number, serves};
use serde_json::json;
use std::time::{Duration, Instant};
use support::probe::all_ok;
use support::{Engine, TestDatabase, TestHost, Visitor, command, host, paths};

on_both_databases! {
    files_of_the_first_request_are_not_kept,
    one_that_has_changed_tables_gets_a_second,
    a_new_app_that_is_refused_leaves_nothing,
    a_new_app_is_asked_under_its_route,
}

async fn files_of_the_first_request_are_not_kept(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let steps = json!([
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "a file" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "db.commit" },
    ]);
    // As a visitor's request they stay.
    all_ok(&host.visitor().probe(steps.clone()).await);
    let files =
        async || (host.database().count("app", "blobs").await, host.database().count("app", "chunks").await);
    assert_eq!(files().await, (1, 1));
    let path = Visitor::path_with_steps("/", &steps);
    deploy_number(host.database(), 2, &["--smoke", &path]).await.succeeded();
    serves(&host, 2).await;
    assert_eq!(files().await, (1, 1));
    host.database().has_no_open_transaction("app").await;
}

async fn one_that_has_changed_tables_gets_a_second(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let migration = json!({ "name": "1", "statements": ["create table t (a text not null)"] });
    let steps = json!([{ "op": "db.migrate", "migrations": [migration] }, { "op": "sleep", "ms": 9_500 }]);
    let path = Visitor::path_with_steps("/", &steps);
    let began = Instant::now();
    let refused = deploy_number(&database, 2, &["--smoke", &path]).await.failed();
    assert!(
        refused.stderr.contains("after it changed tables") && refused.stderr.contains("was undone"),
        "{refused}"
    );
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    database.has_no_open_transaction("app").await;
}

/// Whether an app has a schema or a file.
async fn has_space(database: &TestDatabase, app: &str) -> bool {
    match database.directory() {
        Some(folder) => folder.join(format!("apps/{app}.sqlite")).exists(),
        None => {
            let sql = format!("select nspname from pg_namespace where nspname = 'app_{app}'");
            !database.host_rows(&sql).await.is_empty()
        }
    }
}

async fn a_new_app_that_is_refused_leaves_nothing(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "hello", "hello", &["--route", "/hello"]).await.succeeded();
    assert!(has_space(&database, "hello").await);
    let migration = json!({ "name": "1", "statements": ["create table t (a text not null)"] });
    let steps = json!([{ "op": "db.migrate", "migrations": [migration] }, { "op": "trap" }]);
    let path = Visitor::path_with_steps("/", &steps);
    for more in [&["--smoke", &path][..], &["--route", "/hello"], &["--canary", "10%"]] {
        host::deploy(&database, "ghost", "probe", more).await.failed();
        assert!(!has_space(&database, "ghost").await, "{more:?}");
    }
    let apps = command::on(&database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps.as_array().map(Vec::len), Some(1), "{apps}");
}

async fn a_new_app_is_asked_under_its_route(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for (app, path) in [("first", "/"), ("second", "/second")] {
        let component = paths::guest("hello");
        let deploy = ["deploy", component.to_str().expect("UTF-8"), "--app", app, "--json"];
        let said = command::on(&database, &deploy).await.succeeded().json();
        assert_eq!(said["smoke"]["path"], path, "{said}");
    }
}
