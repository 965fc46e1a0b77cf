//! Two requests define the same table, and one is overtaken while it still looks whether the table is there.

use serde_json::{Value, json};
use support::postgres::Server;
use support::postgres::proxy::Proxy;
use support::probe::ok;

use super::probe_at;
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
