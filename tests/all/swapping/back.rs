//! Going back.

use super::{active, audited, config, deploy_number, serves};
use serde_json::{Value, json};
use support::probe::{all_ok, ok, query};
use support::{Engine, TestDatabase, TestHost, command, until};

on_both_databases! {
    going_back_brings_back_the_version_and_its_settings,
    going_back_twice_goes_back_two_versions,
    going_back_says_what_the_version_does_not_know,
    going_back_behind_what_was_destroyed_wants_force,
    there_is_nothing_before_the_first_version,
}

async fn rollback(database: &TestDatabase, more: &[&str]) -> command::Finished {
    command::on(database, &[&["rollback", "--app", "app"], more].concat()).await
}

async fn number(host: &TestHost) -> String {
    ok(&host.visitor().probe(json!([config("number")])).await[0]).as_str().unwrap_or_default().to_owned()
}

async fn reads(host: &TestHost, wanted: &str) {
    until("the setting is read", async || (number(host).await == wanted).then_some(())).await;
}

async fn going_back_brings_back_the_version_and_its_settings(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let mut visitor = host.visitor();
    let steps = json!([{ "op": "session.set", "key": "name", "value": "Ann" }]);
    all_ok(&visitor.probe(steps).await);
    deploy_number(host.database(), 2, &["--note", "prices"]).await.succeeded();
    reads(&host, "2").await;
    let said = rollback(host.database(), &["--note", "too dear"]).await.succeeded();
    assert!(said.stdout.contains("version 1"), "{said}");
    reads(&host, "1").await;
    let name = visitor.probe(json!([{ "op": "session.get", "key": "name" }])).await;
    assert_eq!(ok(&name[0]), "Ann", "the visitor's session has stayed");
    let audited = audited(host.database()).await;
    assert_eq!(audited[0][..2], ["rollback", "version 1: too dear"]);
    assert_eq!(audited[1][..2], ["deploy", "version 2: prices"]);
    assert!(!audited[0][2].is_empty());
}

async fn going_back_twice_goes_back_two_versions(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for number in 1..=3 {
        deploy_number(&database, number, &[]).await.succeeded();
    }
    for expected in [2, 1] {
        rollback(&database, &[]).await.succeeded();
        assert_eq!(active(&database).await, Some(expected));
    }
    let said = rollback(&database, &[]).await.failed();
    assert!(said.stderr.contains("no version before"), "{said}");
    rollback(&database, &["--version", "3"]).await.succeeded();
    assert_eq!(active(&database).await, Some(3), "forward again");
    let said = rollback(&database, &["--version", "9"]).await.failed();
    assert!(said.stderr.contains("no version 9"), "{said}");
    let said = rollback(&database, &["--version", "3"]).await.failed();
    assert!(said.stderr.contains("active already"), "{said}");
}

/// Lets the active version migrate: `list` has names, statements and what they destroy.
async fn migrate(host: &TestHost, list: &[(&str, &str, &[&str])]) {
    let migrations: Vec<Value> = list
        .iter()
        .map(
            |(name, statement, destroys)| json!({ "name": name, "statements": [statement], "destroys": destroys }),
        )
        .collect();
    all_ok(&host.visitor().probe(json!([{ "op": "db.migrate", "migrations": migrations }])).await);
}

const FIRST: (&str, &str, &[&str]) = ("1", "create table notes (id bigint not null, body text, old text)", &[]);

async fn going_back_says_what_the_version_does_not_know(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    migrate(&host, &[FIRST]).await;
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    migrate(&host, &[FIRST, ("2", "alter table notes add column author text", &[])]).await;
    let said = rollback(host.database(), &["--json"]).await.succeeded();
    let unknown = &said.json()["unknown_migrations"];
    assert_eq!(unknown[0]["name"], "2", "{said}");
    assert_eq!(unknown[0]["version"], 2);
    assert_eq!(unknown.as_array().map(Vec::len), Some(1), "it knows the first");
    let found = host.visitor().probe(json!([query("select author from notes", json!([]))])).await;
    all_ok(&found);
}

async fn going_back_behind_what_was_destroyed_wants_force(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    migrate(&host, &[FIRST]).await;
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    migrate(&host, &[FIRST, ("2", "alter table notes drop column old", &["notes.old"])]).await;
    let said = rollback(host.database(), &[]).await.failed();
    assert!(said.stderr.contains("2 has destroyed notes.old") && said.stderr.contains("--force"), "{said}");
    assert_eq!(active(host.database()).await, Some(2), "nothing has changed");
    rollback(host.database(), &["--force"]).await.succeeded();
    assert_eq!(active(host.database()).await, Some(1));
    // Forward again there is nothing that the version does not know.
    let said = rollback(host.database(), &["--version", "2", "--json"]).await.succeeded();
    assert_eq!(said.json()["unknown_migrations"], json!([]), "{said}");
}

async fn there_is_nothing_before_the_first_version(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let said = rollback(&database, &[]).await.failed();
    assert!(said.stderr.contains("no version before the active one"), "{said}");
    let said = command::on(&database, &["rollback", "--app", "other"]).await.failed();
    assert!(said.stderr.contains("no app other"), "{said}");
}
