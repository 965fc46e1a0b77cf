//! A database that takes no writes for a while: said by its own code, and no reason to stop
//! reading.

use serde_json::{Value, json};
use support::postgres::{Server, USER};
use support::probe::{all_ok, code, execute, integer, ok, op, query, respond};
use support::{TestHost, Visitor, until};

use super::{nothing_is_left_open, probe_on_its_own_server};

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_while_a_database_takes_no_writes() {
    let (server, host) = probe_on_its_own_server().await;
    writes(&host).await;
    set(&server, "on").await;
    let read_only = async || {
        let result = write(&host).await?;
        // The first one after the failover may meet a connection that was ended.
        (result.pointer("/error/code")? == "read-only").then_some(())
    };
    until("a write is refused as read-only", read_only).await;
    for _ in 0..20 {
        let count = query("select count(*) from kept", json!([]));
        let insert = execute("insert into kept (id) values ('x')", json!([]));
        let results = host.probe(json!([count, insert, count])).await;
        assert_eq!((integer(&results[0]), code(&results[1]), integer(&results[2])), (1, "read-only", 1));
    }
    set(&server, "off").await;
    writes(&host).await;
    nothing_is_left_open(&server).await;
}

/// As a provider does it: for new connections, and the old ones are ended.
async fn set(server: &Server, read_only: &str) {
    server.administer(&format!("alter system set default_transaction_read_only = {read_only}")).await;
    server.administer("select pg_reload_conf()").await;
    server.end_backends().await;
}

async fn writes(host: &TestHost) {
    let kept = async || write(host).await?.get("ok").map(drop);
    until("a row can be written", kept).await;
}

async fn write(host: &TestHost) -> Option<serde_json::Value> {
    let insert = execute("insert into kept (id) values ('a') on conflict do nothing", json!([]));
    let answer = host.visitor().try_probe(json!([insert])).await?;
    (answer.status == 200).then(|| answer.json()[0].clone())
}

/// Visitors whose sessions are due to be noted as used.
async fn visitors(server: &Server, host: &TestHost, count: usize) -> Vec<Visitor> {
    let mut visitors = Vec::new();
    for _ in 0..count {
        let mut visitor = host.visitor();
        all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
        visitors.push(visitor);
    }
    make_due(server, host).await;
    visitors
}

async fn make_due(server: &Server, host: &TestHost) {
    let [_, url] = host.database().arguments();
    let minutes = "update innkeeper.sessions set used_at = used_at - 600000000, idle_expires_at = idle_expires_at - 600000000";
    server.administer_in(url, minutes).await;
}

/// Pages that only read.
fn pages() -> Vec<Value> {
    let count = query("select count(*) from kept", json!([]));
    let get = json!({ "op": "session.get", "key": "a" });
    let inside = json!({ "op": "tx.query", "tx": 0, "sql": "select count(*) from kept", "params": [] });
    let cursor = json!({ "op": "db.open-cursor", "sql": "select id from kept", "params": [] });
    vec![
        json!([get, count]),
        json!([get, op("session.take-flash"), op("session.get-user"), op("session.get-keys"), count]),
        json!([get, op("db.begin"), inside, { "op": "tx.commit", "tx": 0 }]),
        json!([op("db.begin"), get, inside]),
        json!([op("db.begin"), op("session.take-flash"), inside]),
        json!([get, { "op": "db.begin", "options": { "read-only": true } }, inside, get]),
        json!([get, count, op("db.commit"), count]),
        json!([get, cursor, { "op": "cursor.next", "cursor": 0, "max": 5 }, respond(200)]),
        json!([get, { "op": "session.csrf-token", "form": "f" }, count]),
        json!([get, { "op": "session.remove", "key": "nothing" }]),
    ]
}

async fn pages_are_read(visitors: &[Visitor]) {
    for page in pages() {
        for visitor in visitors {
            let answer = visitor.clone().probe_answer(page.clone()).await;
            assert_eq!(answer.status, 200, "{page}: {answer:?}");
            assert_eq!(answer.header("set-cookie"), None, "{page}: {answer:?}");
            all_ok(answer.json().as_array().expect("results"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_visitors_are_read_while_a_database_takes_no_writes() {
    let (server, host) = probe_on_its_own_server().await;
    writes(&host).await;
    let mut visitors = visitors(&server, &host, 3).await;
    all_ok(&visitors[0].probe(json!([{ "op": "session.flash", "message": "waits" }])).await);
    make_due(&server, &host).await;
    set(&server, "on").await;
    let reads = async || {
        let answer = host.visitor().try_probe(json!([query("select count(*) from kept", json!([]))])).await?;
        (answer.status == 200).then_some(())
    };
    until("the server is back", reads).await;
    pages_are_read(&visitors).await;
    // What the guest itself has put there cannot be kept, and that is said.
    for write in [
        json!({ "op": "session.set", "key": "a", "value": "2" }),
        json!({ "op": "session.flash", "message": "hello" }),
        json!({ "op": "session.remove", "key": "a" }),
    ] {
        let answer = visitors[0].clone().probe_answer(json!([write])).await.expect(503);
        assert!(answer.text().contains("be read"), "{write}: {answer:?}");
        assert!(answer.header("set-cookie").is_none() && answer.header("retry-after").is_some(), "{answer:?}");
    }
    for write in [
        json!({ "op": "session.increment", "key": "n", "by": 1 }),
        json!({ "op": "session.set-expiry", "idle-seconds": 7200 }),
        json!({ "op": "session.renew", "user": "Ada" }),
        op("session.destroy"),
    ] {
        let answer = visitors[0].clone().probe_answer(json!([write, respond(500)])).await.expect(500);
        assert_eq!(code(&answer.json()[0]), "read-only", "{write}");
        assert_eq!(answer.header("set-cookie"), None, "{write}: {answer:?}");
    }
    // A visitor who has no session begins none.
    let begins =
        host.visitor().probe_answer(json!([{ "op": "session.csrf-token", "form": "f" }])).await.expect(503);
    assert_eq!(begins.header("set-cookie"), None);
    host.wait_for_log("that a session was used").await;
    let said = host.logs().matches("that a session was used").count();
    assert!((1..=2).contains(&said), "{said} lines: {}", host.logs());
    set(&server, "off").await;
    writes(&host).await;
    nothing_is_left_open(&server).await;
    let [_, url] = host.database().arguments();
    let due = "select count(*)::text from innkeeper.sessions where used_at < (extract(epoch from now()) - 300) * 1000000";
    assert_eq!(server.look(url, due).await, ["3"], "none was noted as used");
    for visitor in &visitors {
        let value = visitor.clone().probe_one(json!({ "op": "session.get", "key": "a" })).await;
        assert_eq!(ok(&value), "1");
    }
    assert_eq!(server.look(url, due).await, ["0"], "each was noted as used");
    let left = visitors[0].probe_one(op("session.take-flash")).await;
    assert_eq!(ok(&left), &json!(["waits"]), "a message waits until it can be taken");
}

/// An operator may have taken a right away, or another program holds a lock: what is only good to
/// know is left out.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_visitors_are_read_where_sessions_cannot_be_noted_as_used() {
    let (server, host) = probe_on_its_own_server().await;
    writes(&host).await;
    let visitors = visitors(&server, &host, 2).await;
    let [_, url] = host.database().arguments();
    server.administer_in(url, &format!("revoke update on innkeeper.sessions from {USER}")).await;
    pages_are_read(&visitors).await;
    server.administer_in(url, &format!("grant update on innkeeper.sessions to {USER}")).await;
    pages_are_read(&visitors).await;
    nothing_is_left_open(&server).await;
}
