//! Connections that the server ends, at whatever moment.

use std::time::Duration;

use serde_json::{Value, json};
use support::postgres::{Server, USER};
use support::probe::{all_ok, code, execute, query};
use support::{Answer, until};

use super::{count, nothing_is_left_open, probe_on_its_own_server};

/// What makes the server send for a while.
const LARGE_ROW: &str = "select repeat('x', 150000000)";
/// Rows that fit, and are received for a while.
const MANY_ROWS: &str = "select repeat('x', 1000) from generate_series(1, 7000)";

/// Ends the server's processes of the host, and waits until they are gone.
async fn kill_all(server: &Server) {
    let query = format!("select pid::text from pg_stat_activity where usename = '{USER}'");
    let pids = server.ask(&query).await.concat().join(",");
    server.end_backends().await;
    let left = format!("select pid::text from pg_stat_activity where pid = any('{{{pids}}}')");
    let gone = async || server.ask(&left).await.is_empty().then_some(());
    until("the processes are gone", gone).await;
}

/// A transaction begins together with its first statement, so a connection that has ended while it
/// was idle has to be found before.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_after_idle_connections_were_ended_goes_through() {
    let (server, host) = probe_on_its_own_server().await;
    let mut visitor = host.visitor();
    for round in 0..5 {
        kill_all(&server).await;
        let insert = execute("insert into kept (id) values ($1)", json!([round.to_string()]));
        all_ok(&visitor.probe(json!([insert])).await);
        kill_all(&server).await;
        all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "round", "value": round.to_string() }])).await);
    }
    assert_eq!(count(&host).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_in_a_result_is_told_and_replaced() {
    let environment = [("INNKEEPER_STATEMENT_TIME", "50s"), ("INNKEEPER_WALL_PER_REQUEST", "100s")];
    let (server, host) = super::probe_with(&environment).await;
    let mut hits = 0;
    for delay in [0, 10, 30, 100, 200] {
        for sql in [LARGE_ROW, MANY_ROWS] {
            let mut visitor = host.visitor();
            let select = query(sql, json!([]));
            let steps = json!([execute("insert into kept (id) values ('x')", json!([])), select, select, select]);
            let asking = tokio::spawn(async move { visitor.try_probe(steps).await });
            tokio::time::sleep(Duration::from_millis(delay)).await;
            kill_all(&server).await;
            let answer = asking.await.expect("a visitor does not panic").expect("a whole answer");
            hits += usize::from(is_hit(&answer));
            let ask = async || host.visitor().try_probe(json!([query("select 1", json!([]))])).await;
            let served = async || ask().await.filter(|answer| answer.text().contains("\"ok\"")).map(drop);
            until("others are served", served).await;
            all_ok(&host.probe(json!([execute("delete from kept", json!([]))])).await);
        }
    }
    assert!(hits > 0, "no connection has ended while it was in use");
    nothing_is_left_open(&server).await;
}

/// Whether a request has noticed that its connection ended. Panics if it was told anything else
/// than that or that a row is too large.
#[track_caller]
fn is_hit(answer: &Answer) -> bool {
    if answer.status != 200 {
        assert!([500, 503].contains(&answer.status), "{answer:?}");
        return true;
    }
    let results = answer.json();
    let results = results.as_array().expect("a list of results");
    let is_lost = |result: &Value| result.get("ok").is_none() && code(result) != "too-large";
    for lost in results.iter().filter(|result| is_lost(result)) {
        assert!(["unavailable", "closed"].contains(&code(lost)), "{answer:?}");
    }
    results.iter().any(is_lost)
}
