//! What another one does between two statements: a definition that is overtaken while it still
//! looks whether the table is there, a table that is to be emptied while it is exported.

use serde_json::{Value, json};
use support::postgres::Server;
use support::postgres::proxy::Proxy;
use support::probe::{all_ok, execute, ok};
use support::{TestDatabase, command};

use super::{KEPT, probe_at};
use crate::db::tables::{column, define};

/// Who has got this far looks no more: it has the lock or waits for it.
const LOCK: &str = "select pg_advisory_xact_lock";

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_is_overtaken_at_any_point() {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let host = probe_at(&proxy.url(&server.fresh_database().await), &[]).await;
    let mut points = 0;
    loop {
        proxy.take_trips();
        let mut held = proxy.hold("pg_catalog", points);
        let slow = tokio::spawn({
            let mut visitor = host.visitor();
            async move { visitor.probe_one(table(points)).await }
        });
        held.came().await;
        let looks = !proxy.take_trips().iter().any(|trip| trip.contains(LOCK));
        if looks {
            assert_eq!(ok(&host.visitor().probe_one(table(points)).await), &json!(true), "point {points}");
        }
        drop(held);
        assert_eq!(ok(&slow.await.expect("an answer")), &json!(!looks), "point {points}");
        if !looks {
            break;
        }
        points += 1;
    }
    // Before the table is looked for, and before the names that are taken.
    assert!(points >= 2, "only {points} points");
}

fn table(number: usize) -> Value {
    let columns = json!([column("id", "integer"), column("name", "text")]);
    let index = json!({ "columns": ["name"], "unique": true });
    define(json!({ "name": format!("t{number}"), "columns": columns, "primary-key": ["id"], "indexes": [index] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_not_emptied_while_an_export_reads() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let host = probe_at(&url, &[]).await;
    let insert = execute("insert into t0 (id, name) values (1, 'a')", json!([]));
    all_ok(&host.probe(json!([table(0), insert])).await);
    let proxy = Proxy::start(server.port()).await;
    let mut held = proxy.hold("from \"t0\"", 0);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("probe.tar").to_str().expect("UTF-8").to_owned();
    let database = TestDatabase::at(&proxy.url(&url));
    let export = tokio::spawn({
        let file = file.clone();
        async move {
            command::on(&database, &["export", &file, "--app", "probe", "--skip-table", "kept", "--json"]).await
        }
    });
    held.came().await;
    // To the export, which sees the state from before, an emptied table would be empty.
    let emptied = json!({ "name": "0002", "statements": ["truncate t0"], "destroys": ["t0"] });
    let both = json!([{ "name": "0001", "statements": [KEPT] }, emptied]);
    let result = host.probe(json!([{ "op": "db.migrate", "migrations": both }])).await;
    assert_eq!(result[0]["error"]["retryable"], true, "{result:?}");
    drop(held);
    let said = export.await.expect("an end").succeeded().json();
    assert_eq!(said["totals"]["tables"]["t0"]["rows"], 1, "{said}");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).expect("a file"));
    assert_eq!(mode & 0o777, 0o600, "nobody else may read it");
}
