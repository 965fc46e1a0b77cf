//! What a move refuses, and what it leaves behind in words.

use serde_json::json;
use support::probe::{all_ok, code, execute};
use support::{Engine, TestDatabase, TestHost, host};

use super::{Carried, forget_apps, other};
use crate::db::tables::{column, define};

on_both_databases! {
    a_table_without_a_portable_description_is_named_and_can_be_left_behind,
    an_app_with_data_is_not_written_over,
    a_route_of_another_app_is_refused_before_anything_is_written,
    data_without_an_app_are_taken_for_an_import_that_could_not_end,
    what_differs_beside_the_tables_is_found,
    settings_that_this_host_cannot_read_are_refused,
    no_table_refers_to_one_that_is_not_an_apps,
    views_and_partial_indexes_stay_behind_in_words,
}

fn notes() -> serde_json::Value {
    json!({ "name": "notes", "columns": [column("n", "integer"), column("a", "text")] })
}

async fn a_table_without_a_portable_description_is_named_and_can_be_left_behind(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let raw =
        json!({ "name": "1", "statements": ["create table odd (id integer primary key, tags varchar(10))"] });
    all_ok(&host.probe(json!([define(notes()), { "op": "db.migrate", "migrations": [raw] }])).await);
    let carried = Carried::new();
    let refused = carried.export(host.database(), "probe", &[]).await.failed();
    for text in ["table odd", "column", "no portable type", "--skip-table"] {
        assert!(refused.stderr.contains(text), "no {text:?}: {refused}");
    }
    assert!(!carried.path().exists(), "no half file");
    let unknown = carried.export(host.database(), "probe", &["--skip-table", "od"]).await.failed();
    assert!(unknown.stderr.contains("no such table"), "{unknown}");
    let said = carried.export(host.database(), "probe", &["--skip-table", "odd"]).await.succeeded();
    assert_eq!(said.json()["left-behind"], json!(["table odd, as asked"]), "{said}");
    let database = TestDatabase::fresh(other(engine)).await;
    carried.import(&database, &[]).await.succeeded();
    assert_eq!(database.app_value("probe", "select count(*) from notes").await, "0");
}

async fn an_app_with_data_is_not_written_over(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    all_ok(&host.probe(json!([define(notes()), execute("insert into notes values (1, 'a')", json!([]))])).await);
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    let refused = carried.import(host.database(), &[]).await.failed();
    assert!(refused.stderr.contains("has data here (tables: 1") && refused.stderr.contains("--app"), "{refused}");
    assert_eq!(host.database().app_value("probe", "select count(*) from notes").await, "1");
}

async fn a_route_of_another_app_is_refused_before_anything_is_written(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    all_ok(&host.probe(json!([define(notes())])).await);
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "other", "hello", &["--route", "/"]).await.succeeded();
    let refused = carried.import(&database, &[]).await.failed();
    assert!(
        refused.stderr.contains("route / belongs to app other") && refused.stderr.contains("--route"),
        "{refused}"
    );
    let bad = carried.import(&database, &["--route", "no route"]).await.failed();
    assert!(!bad.stderr.is_empty());
    carried.import(&database, &["--route", "/probe"]).await.succeeded();
}

async fn data_without_an_app_are_taken_for_an_import_that_could_not_end(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    all_ok(&host.probe(json!([define(notes()), execute("insert into notes values (1, 'a')", json!([]))])).await);
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    let database = TestDatabase::fresh(other(engine)).await;
    carried.import(&database, &[]).await.succeeded();
    forget_apps(&database).await;
    database.app_rows("probe", "update notes set a = 'b' returning n").await;
    let refused = carried.import(&database, &[]).await.failed();
    assert!(refused.stderr.contains("table notes: the database does not have the rows"), "{refused}");
    database.app_rows("probe", "update notes set a = 'a' returning n").await;
    let said = carried.import(&database, &[]).await.succeeded().json();
    assert_eq!((&said["compared-only"], &said["version"]), (&json!(true), &json!(1)), "{said}");
    assert_eq!(database.app_value("probe", "select count(*) from notes").await, "1");
}

async fn views_and_partial_indexes_stay_behind_in_words(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let raw = json!({ "name": "1", "statements": [
        "create view few as select n from notes",
        "create index a_few on notes (n) where n > 5",
        "create index by_case on notes (lower(a))",
    ] });
    all_ok(&host.probe(json!([define(notes()), { "op": "db.migrate", "migrations": [raw] }])).await);
    let said = Carried::new().export(host.database(), "probe", &[]).await.succeeded();
    assert_eq!(said.json()["left-behind"], json!(["index a_few", "index by_case", "view few"]), "{said}");
}

async fn what_differs_beside_the_tables_is_found(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let migration = json!({ "name": "first", "statements": ["update notes set a = 'b'"] });
    let steps = json!([
        define(notes()),
        { "op": "db.migrate", "migrations": [migration] },
        { "op": "blob.create", "content-type": "text/plain", "name": "a.txt" },
        { "op": "writer.write", "writer": 0, "text": "kept" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$4.ok.id" },
        { "op": "session.set", "key": "k", "value": "kept" },
    ]);
    all_ok(&host.probe(steps).await);
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    let database = TestDatabase::fresh(other(engine)).await;
    carried.import(&database, &[]).await.succeeded();
    forget_apps(&database).await;
    for (table, column, change, back, what) in [
        ("blobs", "content_type", "'text/html'", "'text/plain'", "files"),
        ("session_values", "value", "value || 'x'", "substr(value, 1, length(value) - 1)", "sessions"),
        ("app_migrations", "applied_at", "applied_at + 1", "applied_at - 1", "migrations"),
    ] {
        let table = database.host_table(table);
        let set = |to: &str| format!("update {table} set {column} = {to} where app = 'probe' returning app");
        database.app_rows("probe", &set(change)).await;
        let refused = carried.import(&database, &[]).await.failed();
        assert!(refused.stderr.contains(&format!("does not have the {what} of the file")), "{refused}");
        database.app_rows("probe", &set(back)).await;
    }
    carried.import(&database, &[]).await.succeeded();
}

async fn settings_that_this_host_cannot_read_are_refused(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    let mut bytes = std::fs::read(carried.path()).unwrap();
    let setting = br#"\"config\""#;
    let at = bytes.windows(setting.len()).position(|window| window == setting).unwrap();
    bytes[at + 2..at + 8].copy_from_slice(b"future");
    std::fs::write(carried.path(), bytes).unwrap();
    let database = TestDatabase::fresh(engine).await;
    let refused = carried.import(&database, &[]).await.failed();
    for text in ["settings that this host cannot read", "future"] {
        assert!(refused.stderr.contains(text), "no {text:?}: {refused}");
    }
}

async fn no_table_refers_to_one_that_is_not_an_apps(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    for table in ["innkeeper_blobs", "sqlite_sequence", "pg_class"] {
        let refers =
            json!({ "name": "a", "column-type": "text", "references": { "table": table, "column": "id" } });
        let results = host.probe(json!([define(json!({ "name": "notes", "columns": [refers] }))])).await;
        assert_eq!(code(&results[0]), "bad-parameter", "{table}: {results:?}");
        assert!(results[0].to_string().contains("not an app's"), "{results:?}");
    }
}
