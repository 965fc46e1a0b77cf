//! Clients that leave, and those that only look as if they had (T12).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::database::Direct;
use support::platform::{Code, Router, Rules};
use support::probe::{execute, ok};
use support::raw::{read_to_end, status};
use support::{Engine, TestHost, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::make_table;

on_both_databases! {
    t12_a_client_that_only_sends_nothing_more_gets_its_answer,
}

/// Longer than a host needs to notice that somebody has left.
const SLOW: u64 = 1500;

fn insert(id: &str) -> Value {
    execute("insert into kept (id) values ($1)", json!([id]))
}

/// A request with steps for the probe, in a version and with a header of its own.
fn request(version: &str, header: &str, steps: &Value) -> String {
    let body = steps.to_string();
    format!("POST /run HTTP/{version}\r\nHost: a\r\n{header}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Sends all that it has to say, says so, and waits for the answer: `printf .. | nc -N`.
async fn half_closed(address: SocketAddr, said: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the host listens");
    stream.write_all(said.as_bytes()).await.expect("the host reads");
    stream.shutdown().await.expect("this side can be closed");
    String::from_utf8_lossy(&read_to_end(&mut stream).await).into_owned()
}

async fn kept(host: &TestHost) -> Vec<String> {
    let rows = host.database().app_rows("app", "select id from kept order by id").await;
    rows.into_iter().flatten().collect()
}

async fn t12_a_client_that_only_sends_nothing_more_gets_its_answer(engine: Engine) {
    let host = TestHost::of(engine, "app", "probe").await;
    ok(&host.probe(json!([make_table()])).await[0]);
    let slow = |id: &str| json!([insert(id), { "op": "sleep", "ms": SLOW }]);
    for (id, version, header) in [("old", "1.0", ""), ("last", "1.1", "Connection: close\r\n")] {
        let answer = half_closed(host.address(), &request(version, header, &slow(id))).await;
        assert!(answer.starts_with(&format!("HTTP/{version} 200 ")), "{answer}");
    }
    // Two in one go: the first counts as asked for as long as the second has not been looked at.
    let both = [request("1.1", "", &slow("first")), request("1.1", "Connection: close\r\n", &slow("second"))];
    let answers = half_closed(host.address(), &both.concat()).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answers}");
    assert_eq!(kept(&host).await, ["first", "last", "old", "second"]);
    assert!(!host.logs().contains("the visitor left"), "{}", host.logs());
    // A browser keeps its connection for the next request, and ends it only when it leaves.
    let asked = request("1.1", "", &json!([insert("browser"), { "op": "sleep", "ms": 60_000 }]));
    let mut browser = TcpStream::connect(host.address()).await.expect("the host listens");
    browser.write_all(asked.as_bytes()).await.expect("the host reads");
    drop(browser);
    host.wait_for_log("the visitor left before there was an answer").await;
    assert_eq!(kept(&host).await.len(), 4);
}

/// Its upload is in the socket, and the guest has not asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn t12_a_client_that_leaves_with_an_upload_unread_ends_its_guest() {
    const READ_AND_UNREAD: usize = 200_000;
    let host = TestHost::with(Engine::Sqlite).app("app", "probe").env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let steps = json!([{ "op": "stderr", "text": "begun\n" }, { "op": "sleep", "ms": 20_000 }]);
    let head = format!(
        "POST /steps HTTP/1.1\r\nHost: a\r\nprobe-steps: {steps}\r\nContent-Length: {READ_AND_UNREAD}\r\n\r\n"
    );
    let mut client = TcpStream::connect(host.address()).await.expect("the host listens");
    client.write_all(head.as_bytes()).await.expect("the host reads");
    client.write_all(&vec![b'x'; READ_AND_UNREAD]).await.expect("the sockets take it");
    host.wait_for_log("begun").await;
    let left = Instant::now();
    drop(client);
    host.wait_for_log("the visitor left before there was an answer").await;
    assert!(left.elapsed() < Duration::from_secs(10), "{:?}", left.elapsed());
}

/// From the moment at which a guest sets its answer, leaving changes nothing: what is being kept is
/// kept, and the log says so.
#[tokio::test(flavor = "multi_thread")]
async fn t12_a_client_that_leaves_during_the_commit_undoes_nothing() {
    let host = TestHost::with(Engine::Postgres).app("app", "probe").env("INNKEEPER_TRUST_PROXY", "1");
    let host = host.env("INNKEEPER_STATEMENT_TIME", "30s").start().await;
    ok(&host.probe(json!([make_table()])).await[0]);
    let mut direct = Direct::to(host.database()).await;
    let slowly = "create function app_app.slowly() returns trigger language plpgsql as \
                  'begin perform pg_sleep(8); return null; end'; \
                  create constraint trigger slowly after insert on app_app.kept deferrable initially deferred \
                  for each row execute function app_app.slowly()";
    direct.rows(slowly).await.expect("a trigger that runs in the commit");
    let router = Router::before(host.address(), Rules::default()).await;
    let mut client = TcpStream::connect(router.address()).await.expect("the router listens");
    client.write_all(request("1.1", "", &json!([insert("a")])).as_bytes()).await.expect("the router reads");
    until("the commit is under way", async || {
        let sql = "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
        let sleeping = direct.rows(sql).await.expect("the server answers");
        (!sleeping.is_empty()).then_some(())
    })
    .await;
    drop(client);
    // The first one has made the table.
    let both = async || (host.logs().matches("POST /run").count() == 2).then_some(());
    until("the request is over", both).await;
    assert!(!host.logs().contains("the visitor left"), "{}", host.logs());
    assert_eq!(kept(&host).await, ["a"]);
    until("the router notes it", async || router.codes().contains_key(&Code::H27).then_some(())).await;
}

/// A router has no other reason to do so, whatever it has said before.
#[tokio::test(flavor = "multi_thread")]
async fn t12_a_router_that_closes_its_side_is_gone() {
    let host = TestHost::with(Engine::Sqlite).app("app", "probe").env("INNKEEPER_TRUST_PROXY", "1").start().await;
    let asked = request("1.1", "Connection: close\r\n", &json!([{ "op": "sleep", "ms": 20_000 }]));
    let began = Instant::now();
    let answer = half_closed(host.address(), &asked).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(status(answer.as_bytes()), Some(499), "{answer}");
}
