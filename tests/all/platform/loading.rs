//! Apps that are being loaded: who asks for one waits a while (T1), and harms nobody else.
//!
//! The loading is held up at a table of the registry, so how long it takes is up to the test.

use std::time::{Duration, Instant};

use serde_json::json;
use support::database::Direct;
use support::host::Builder;
use support::platform::{Router, Rules};
use support::{Engine, TestDatabase, TestHost, host, until};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::with_password;

/// Keeps every host from reading compiled code that its own machine does not have.
async fn hold_up(database: &TestDatabase) -> Direct {
    let mut direct = Direct::to(database).await;
    let lock = "begin; lock table innkeeper.native_code in access exclusive mode";
    direct.rows(lock).await.expect("nobody else locks it");
    direct
}

async fn go_on(mut held: Direct) {
    held.rows("rollback").await.expect("the lock is given back");
}

/// A host on a machine that has no compiled code yet, behind a router.
fn on_machine(machine: &TempDir, database: TestDatabase) -> Builder {
    let host = TestHost::with(Engine::Postgres).database(database).env("INNKEEPER_TRUST_PROXY", "1");
    // Half of it is how long the host waits for a lock.
    let host = host.env("INNKEEPER_STATEMENT_TIME", "40s");
    host.env("INNKEEPER_CODE_CACHE", machine.path().to_str().expect("a UTF-8 path"))
}

/// With so many descriptors a host takes 100 connections, a quarter of which may wait, and half of
/// those for one app.
const DESCRIPTORS: u32 = 200;
const MAY_WAIT: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_crowd_that_waits_for_one_app_keeps_nobody_else_out() {
    let (_fresh, database) = with_password().await;
    host::deploy(&database, "hello", "hello", &["--route", "/hello"]).await.succeeded();
    let machine = tempfile::tempdir().expect("a folder");
    let before = on_machine(&machine, database).start().await;
    let database = before.into_database().await;
    host::deploy(&database, "slow", "page", &["--route", "/"]).await.succeeded();
    let held = hold_up(&database).await;
    let host = on_machine(&machine, database).descriptors(DESCRIPTORS).start_unready().await;
    let mut visitor = host.visitor();
    until("the other app is loaded", async || {
        let answer = visitor.get("/hello").await;
        (answer.status == 200).then_some(())
    })
    .await;
    let mut tries = 0;
    let (crowd, crowded) = loop {
        tries += 1;
        let (mut crowd, crowded) = (JoinSet::new(), Instant::now());
        for _ in 0..90 {
            let mut visitor = host.visitor();
            crowd.spawn(async move { visitor.get("/").await });
        }
        for _ in MAY_WAIT..90 {
            let answer = crowd.join_next().await.expect("a visitor").expect("an answer").expect(503);
            assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
            assert!(
                answer.text().contains("starting") && !answer.text().contains("database"),
                "{}",
                answer.text()
            );
        }
        // On a busy machine that may take nearly as long as the others wait.
        if crowded.elapsed() < Duration::from_secs(1) || tries == 2 {
            break (crowd, crowded);
        }
        crowd.join_all().await;
    };
    // The others still wait; nobody is kept out by them.
    assert!(crowded.elapsed() < Duration::from_secs(4), "{:?}", crowded.elapsed());
    host.visitor().get("/hello").await.expect(200);
    host.visitor().get("/_innkeeper/live").await.expect(200);
    assert_eq!(host.visitor().get("/_innkeeper/ready").await.expect(503).text(), "starting: waiting for slow\n");
    go_on(held).await;
    let waited: Vec<_> = crowd.join_all().await.iter().map(|answer| answer.status).collect();
    assert_eq!(waited, [200; MAY_WAIT], "after {:?}", crowded.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_whoever_has_waited_is_told_that_the_app_is_starting() {
    let (_fresh, database) = with_password().await;
    host::deploy(&database, "slow", "page", &["--route", "/"]).await.succeeded();
    let machine = tempfile::tempdir().expect("a folder");
    let held = hold_up(&database).await;
    let host = on_machine(&machine, database).start_unready().await;
    let began = Instant::now();
    let (mut visitor, mut other, mut program) = (host.visitor(), host.visitor(), host.visitor());
    let (answer, head, json) = tokio::join!(
        visitor.get("/"),
        other.method(http::Method::HEAD, "/"),
        program.get_with("/", "accept", "application/json")
    );
    assert!((5..10).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    for answer in [&answer, &head, &json] {
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    }
    assert!(answer.text().contains("starting") && !answer.text().contains("database"), "{}", answer.text());
    assert!(head.body.is_empty());
    let problem = json.json();
    assert_eq!(
        (problem["status"].as_u64(), json.header("content-type")),
        (Some(503), Some("application/problem+json"))
    );
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("starting")), "{problem}");
    assert_eq!(problem["request"].as_str(), json.header("x-request-id"));
    go_on(held).await;
    until("the app is served", async || (visitor.get("/").await.status == 200).then_some(())).await;
}

/// Who has waited for the app has the less time to answer.
#[tokio::test(flavor = "multi_thread")]
async fn t12_the_hosts_504_comes_in_time_also_after_a_wait_for_the_app() {
    let (_fresh, database) = with_password().await;
    host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
    let machine = tempfile::tempdir().expect("a folder");
    let held = hold_up(&database).await;
    // Without the bound it would be answered 30 s after it came, or later.
    let host = on_machine(&machine, database).env("INNKEEPER_WALL_PER_REQUEST", "28s").start_unready().await;
    let router = Router::before(host.address(), Rules::default()).await;
    let began = Instant::now();
    let mut visitor = router.visitor();
    let asked = tokio::spawn(async move { visitor.probe_answer(json!([{ "op": "sleep", "ms": 60_000 }])).await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    go_on(held).await;
    let answer = asked.await.expect("an answer").expect(504);
    let took = began.elapsed();
    assert!(took > Duration::from_secs(24) && took < Rules::default().first_byte, "{took:?}");
    assert!(answer.text().contains("took too long") && router.codes().is_empty(), "{}", answer.text());
}
