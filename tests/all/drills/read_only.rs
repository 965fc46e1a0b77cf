//! A database that takes no writes for a while: said by its own code, and no reason to stop reading.

use serde_json::json;
use support::postgres::Server;
use support::probe::{code, execute, integer, query};
use support::{TestHost, until};

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
