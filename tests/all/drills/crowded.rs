//! More visitors than connections: a clear answer in time, and nobody's transaction ends up with
//! somebody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::postgres::USER;
use support::probe::{code, execute, query};
use support::{TestHost, until};

use super::load::Load;
use super::{count, nothing_is_left_open, op_sleep, probe_with};

/// What a request waits for a connection (`INNKEEPER_POOL_WAIT`), and what a busy machine adds.
const WAIT: Duration = Duration::from_secs(2);
const SLACK: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_is_told_in_two_seconds() {
    let (server, host) = probe_with(&[("INNKEEPER_POOL_SIZE", "2")]).await;
    let holders: Vec<_> = (0..2).map(|number| hold(&host, number)).collect();
    let held = async || (server.backends("state = 'idle in transaction'").await == 2).then_some(());
    until("both connections are held", held).await;
    let (took, result) = timed(&host, json!([query("select count(*) from kept", json!([]))])).await;
    assert_eq!(code(&result[0]), "busy");
    assert_eq!(result[0]["error"]["retryable"], true);
    assert!(took > WAIT - Duration::from_millis(100) && took < WAIT + SLACK, "it took {took:?}");
    // A session is loaded by the host itself.
    let began = Instant::now();
    let ready = host.visitor().get("/_innkeeper/live").await;
    assert!(ready.status == 200 && began.elapsed() < WAIT + SLACK, "{ready:?} after {:?}", began.elapsed());
    for holder in holders {
        holder.await.expect("a visitor does not panic");
    }
    assert_eq!(count(&host).await, 2);
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_grants_fewer_connections_than_the_pool_wants_is_used_all_the_same() {
    let (server, host) = probe_with(&[("INNKEEPER_POOL_SIZE", "6")]).await;
    server.administer(&format!("alter role {USER} connection limit 2")).await;
    server.end_backends().await;
    let load = Load::begin(&host);
    load.wait_for_writes(100).await;
    server.administer(&format!("alter role {USER} connection limit -1")).await;
    load.recovers(&host).await;
    load.check(&host).await;
    nothing_is_left_open(&server).await;
}

/// A visitor whose request writes, and then sleeps in its transaction.
fn hold(host: &TestHost, number: u32) -> tokio::task::JoinHandle<()> {
    let mut visitor = host.visitor();
    let insert = execute("insert into kept (id) values ($1)", json!([number.to_string()]));
    tokio::spawn(async move { drop(visitor.probe(json!([insert, op_sleep(8_000)])).await) })
}

async fn timed(host: &TestHost, steps: Value) -> (Duration, Vec<Value>) {
    let began = Instant::now();
    let results = host.probe(steps).await;
    (began.elapsed(), results)
}
