//! `apps delete`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use support::database::Direct;
use support::jar::Jar;
use support::probe::{all_ok, execute, op, query};
use support::{Engine, TestDatabase, TestHost, command, host, until};

use super::at_terminal::Person;

on_both_databases! {
    an_app_goes_only_where_its_name_is_typed,
    data_are_kept_where_that_is_said,
    what_was_broken_off_is_taken_up_again,
    nothing_is_left_of_an_app_that_is_in_use,
    the_next_app_of_its_name_counts_its_versions_anew,
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
    // First there is none, and then it is starting.
    let answers = async || {
        let answer = host.visitor().try_probe(asked.clone()).await?;
        (answer.status == 200).then(|| answer.json())
    };
    let found = until("the new app answers", answers).await;
    assert!(found[0]["ok"].is_null(), "the table is gone: {found:?}");
}

async fn what_was_broken_off_is_taken_up_again(engine: Engine) {
    let host = with_data(engine).await;
    let database = host.database();
    let delete = ["apps", "delete", "shop", "--yes"];
    let lock = Direct::holding(database, "shop", "notes").await;
    let broken_off = command::on(database, &delete).await.failed();
    assert!(broken_off.stderr.contains("deleting it again goes on"), "{broken_off}");
    let listed = command::on(database, &["apps"]).await.succeeded();
    assert!(listed.stdout.contains("being deleted"), "{listed}");
    assert!(host.visitor().get("/").await.text().contains("no app"), "nobody is served any more");
    let deployed = host::deploy(database, "shop", "probe", &[]).await.failed();
    assert!(deployed.stderr.contains("app shop is being deleted"), "{deployed}");
    let changed = command::on(database, &["config", "set", "--app", "shop", "A=1"]).await.failed();
    assert!(changed.stderr.contains("app shop is being deleted"), "{changed}");
    assert_eq!(database.app_value("shop", "select a from notes").await, "kept", "all or nothing");
    drop(lock);
    command::on(database, &delete).await.succeeded();
    assert!(!is_there(database).await);
    let audit = command::on(database, &["audit", "shop", "--json"]).await.succeeded().json();
    assert_eq!((&audit[0]["action"], &audit[0]["result"]), (&json!("apps delete"), &json!("ok")), "{audit}");
    assert_eq!(audit[1]["detail"], json!("not yet deleted"), "{audit}");
}

/// Hosts follow the registry a moment later, and end what they have begun: what they write until
/// then goes, too.
async fn nothing_is_left_of_an_app_that_is_in_use(engine: Engine) {
    let host = with_data(engine).await;
    let database = host.database();
    let secret = "Only the visitor may know this.";
    let stop = Arc::new(AtomicBool::new(false));
    let visits = (0..4).map(|_| {
        let (mut visitor, stop) = (host.visitor(), stop.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let steps = json!([{ "op": "session.set", "key": "k", "value": secret }]);
                visitor.try_probe(steps).await;
                visitor.jar = Jar::default();
            }
        })
    });
    let visits: Vec<_> = visits.collect();
    let many = async || (database.count("shop", "sessions").await > 20).then_some(());
    until("there are sessions", many).await;
    let mut slow = host.visitor();
    let steps = json!([
        execute("insert into notes (a) values ('slow')", json!([])),
        op("db.commit"),
        { "op": "sleep", "ms": 4_000 },
        { "op": "session.set", "key": "k", "value": secret },
    ]);
    let slow = tokio::spawn(async move { slow.probe(steps).await });
    let slow_rows = "select count(*) from notes where a = 'slow'";
    let inside = async || (database.app_value("shop", slow_rows).await == "1").then_some(());
    until("the slow request is inside", inside).await;
    command::on(database, &["apps", "delete", "shop", "--yes"]).await.succeeded();
    all_ok(&slow.await.expect("whoever was inside is answered"));
    stop.store(true, Ordering::Relaxed);
    for visit in visits {
        visit.await.expect("a visitor does not panic");
    }
    if let Some(folder) = database.directory() {
        for file in ["apps/shop.sqlite", "apps/shop.sqlite-wal"] {
            let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{file} still has what a visitor kept");
        }
    }
    assert_eq!(database.count("shop", "sessions").await, 0);
    assert_eq!(database.count("shop", "session_values").await, 0);
}

/// Migrations that stay are those of nobody: a later version of that number is another one.
async fn the_next_app_of_its_name_counts_its_versions_anew(engine: Engine) {
    let host = with_data(engine).await;
    let database = host.database();
    host.deploy("shop", "probe").await.succeeded();
    let drops = json!({ "name": "2", "statements": ["drop table notes"], "destroys": ["notes"] });
    let first = json!({ "name": "1", "statements": ["create table notes (a text)"] });
    let both = json!([{ "op": "db.migrate", "migrations": [first, drops] }]);
    all_ok(&host.visitor().probe(both).await);
    command::on(database, &["apps", "delete", "shop", "--keep-data", "--yes"]).await.succeeded();
    host::deploy(database, "shop", "probe", &[]).await.succeeded();
    host::deploy(database, "shop", "hello", &[]).await.succeeded();
    command::on(database, &["rollback", "shop"]).await.succeeded();
}
