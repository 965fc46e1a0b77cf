//! The answer to COMMIT is lost: nobody can know whether it was kept, and so it must be said.

use serde_json::{Value, json};
use support::postgres::Server;
use support::postgres::proxy::Proxy;
use support::probe::{all_ok, code, execute, ok, op, query, respond, rows};
use support::{TestHost, until};

use super::{count, nothing_is_left_open, probe_at};

async fn probe_behind_a_proxy() -> (Server, Proxy, TestHost) {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let url = proxy.url(&server.fresh_database().await);
    let host = probe_at(&url, &[]).await;
    (server, proxy, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_commits_is_told_that_the_outcome_is_unknown() {
    let (server, proxy, host) = probe_behind_a_proxy().await;
    proxy.lose_commit_after("insert into kept");
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    let look = query("select id from kept", json!([]));
    let again = [op("db.commit"), insert.clone(), op("db.rollback"), look.clone()];
    let results = host.probe(json!([vec![insert, op("db.commit"), look], again.to_vec()].concat())).await;
    assert!(proxy.has_lost(), "{results:?}");
    assert_eq!(code(&results[1]), "commit-unknown", "{results:?}");
    assert_eq!(results[1]["error"]["retryable"], false, "to write it again might be to write it twice");
    // The server was asked and has kept it, which the request may look at.
    assert_eq!(rows(&results[2]), &json!([["a"]]));
    // It goes on in a new unit of work when it has taken notice.
    assert_eq!((code(&results[3]), code(&results[4])), ("commit-unknown", "closed"), "{results:?}");
    assert_eq!((ok(&results[5]), rows(&results[6])), (&Value::Null, &json!([["a"]])));
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_last_commit_is_in_doubt_is_no_success() {
    let (server, proxy, host) = probe_behind_a_proxy().await;
    for round in 1..=5 {
        proxy.lose_commit_after("insert into kept");
        let insert = execute("insert into kept (id) values ($1)", json!([round.to_string()]));
        let answer = host.visitor().probe_answer(json!([insert])).await;
        assert!(proxy.has_lost(), "{answer:?}");
        assert_eq!(answer.status, 500, "{answer:?}");
        assert!(answer.text().contains("not certain"), "{answer:?}");
        // This proxy asks the server before it cuts: what is in doubt has been kept, once.
        let kept = async || (count(&host).await == round).then_some(());
        until("the row is there, once", kept).await;
    }
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_takes_no_notice_of_a_commit_in_doubt_is_no_success() {
    let (server, proxy, host) = probe_behind_a_proxy().await;
    proxy.lose_commit_after("insert into kept");
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    let answer = host.visitor().probe_answer(json!([insert, op("db.commit"), respond(200)])).await;
    assert!(proxy.has_lost(), "{answer:?}");
    assert_eq!(answer.status, 500, "{answer:?}");
    assert!(answer.text().contains("not certain"), "{answer:?}");
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_commit_is_in_doubt_is_no_success() {
    let (_server, proxy, host) = probe_behind_a_proxy().await;
    let mut visitor = host.visitor();
    let add = || json!({ "op": "session.increment", "key": "visits", "by": 1 });
    all_ok(&visitor.probe(json!([add()])).await);
    proxy.lose_commit_after("insert into kept");
    let insert = execute("insert into kept (id) values ('a')", json!([]));
    let answer = visitor.probe_answer(json!([add(), insert])).await;
    assert_eq!((answer.status, proxy.has_lost()), (500, true), "{answer:?}");
    let visits = visitor.probe_one(add()).await;
    assert_eq!(visits["ok"], 3, "one count for each request that reached the server: {visits}");
}
