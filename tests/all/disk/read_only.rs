//! A data folder that takes no writes.

use serde_json::json;
use support::probe::{all_ok, code, integer, ok, op};
use support::small_disk::SmallDisk;

use super::{SIZE, count, insert, inserts_again, probe_on, ready, table};

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_read_only_disk_serves_all_that_was_kept() {
    let name = "disk::read_only::a_start_on_a_read_only_disk_serves_all_that_was_kept";
    let Some(disk) = SmallDisk::mount(SIZE, name) else { return };
    let mut host = probe_on(&disk).await;
    all_ok(&host.probe(json!([table(), insert(), insert()])).await);
    let mut visitor = host.visitor();
    let flash = json!({ "op": "session.flash", "message": "waits" });
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "b", "value": "1" }, flash])).await);
    // First with a log ahead of the file, in which the rows are; then without one; then with one
    // that has lost its index.
    for end in ["killed", "ended", "without an index"] {
        let rows = count(&host).await;
        let due = "update innkeeper_sessions set used_at = used_at - 600000000";
        host.database().app_rows("probe", due).await;
        match end {
            "ended" => drop(host.terminate().await),
            _ => host.kill9().await,
        }
        if end == "without an index" {
            std::fs::remove_file(disk.folder().join("apps/probe.sqlite-shm")).unwrap();
        }
        disk.remount(false);
        host.restart().await;
        assert_eq!(count(&host).await, rows, "{end}");
        let results = host.probe(json!([insert(), { "op": "session.get", "key": "a" }])).await;
        assert_eq!(code(&results[0]), "read-only", "{end}");
        assert!(results[1].get("ok").is_some(), "{end}: {results:?}");
        let inside = |sql: &str| json!({ "op": "tx.execute", "tx": 0, "sql": sql, "params": [] });
        let look = json!({ "op": "tx.query", "tx": 0, "sql": "select count(*) from kept", "params": [] });
        let steps =
            json!([op("db.begin"), look, inside("delete from kept"), look, { "op": "tx.commit", "tx": 0 }]);
        let results = visitor.probe(steps).await;
        assert_eq!((integer(&results[1]), integer(&results[3])), (rows, rows), "{end}");
        assert_eq!((code(&results[2]), ok(&results[4])), ("read-only", &serde_json::Value::Null), "{end}");
        // Nor is a use noted, or a message taken that is to be shown once.
        let get = json!({ "op": "session.get", "key": "b" });
        let results = visitor.probe(json!([get, op("session.take-flash"), op("session.get-user")])).await;
        assert_eq!((ok(&results[0]), ok(&results[1])), (&json!("1"), &json!([])), "{end}");
        visitor.probe(json!([get])).await;
        host.wait_for_log("that a session was used").await;
        assert_eq!(host.logs().matches("that a session was used").count(), 1, "{end}: {}", host.logs());
        // A session that cannot be kept is an answer that says so.
        let set = json!([{ "op": "session.set", "key": "a", "value": "b" }]);
        let answer = host.visitor().probe_answer(set).await.expect(503);
        assert!(answer.header("retry-after").is_some() && answer.text().contains("be read"), "{end}: {answer:?}");
        assert!(ready(&host).await.contains("read-only"), "{end}");
        let said = host.logs();
        let lines: Vec<&str> = said.lines().filter(|line| line.contains("the data folder is read-only")).collect();
        assert_eq!(lines.len(), 1, "{end}: {said}");
        disk.remount(true);
        inserts_again(&host).await;
        assert_eq!(count(&host).await, rows + 1, "{end}");
    }
    assert_eq!(ok(&visitor.probe_one(op("session.take-flash")).await), &json!(["waits"]));
}
