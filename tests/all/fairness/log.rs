//! Apps that fill the log, and a log that nobody reads.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use support::{DEADLINE, Engine, TestDatabase, TestHost, Visitor, command, host};
use tokio::io::{AsyncBufReadExt, BufReader};

const MINUTE_BYTES: usize = 32 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn an_app_fills_no_more_of_the_log_than_its_share_of_a_minute() {
    let host = TestHost::with(Engine::Sqlite).app("hostile", "hostile").app("hello", "hello");
    let mut host = host.env("INNKEEPER_LOG_BYTES_PER_MINUTE", &MINUTE_BYTES.to_string()).start().await;
    for _ in 0..10 {
        host.visitor().get("/log-flood").await.expect(200);
    }
    host.visitor().get("/hello").await.expect(200);
    let (_status, log) = host.terminate().await;
    let printed: Vec<&str> = log.lines().filter(|line| line.contains(" guest: ")).collect();
    let (told, printed): (Vec<&str>, Vec<&str>) = printed.iter().partition(|line| line.contains("left out"));
    let size: usize = printed.iter().map(|line| line.len() + 1).sum();
    // The minute may have ended meanwhile, but not more than once.
    assert!((MINUTE_BYTES / 2..=2 * MINUTE_BYTES).contains(&size), "{size} bytes of one app");
    assert!((1..=2).contains(&told.len()), "{told:?}");
    assert!(
        told.iter().all(|line| line.contains("app=hostile") && line.contains("INNKEEPER_LOG_BYTES_PER_MINUTE"))
    );
    assert!(log.lines().any(|line| line.contains("request") && line.contains("hello")), "others are logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_lines_are_not_free() {
    let host = TestHost::with(Engine::Sqlite).app("hostile", "hostile");
    let mut host = host.env("INNKEEPER_LOG_BYTES_PER_MINUTE", &MINUTE_BYTES.to_string()).start().await;
    host.visitor().get("/log-lines").await.expect(200);
    let (_status, log) = host.terminate().await;
    let size: usize = log.lines().filter(|line| line.contains(" guest: ")).map(str::len).sum();
    assert!((MINUTE_BYTES / 8..=MINUTE_BYTES + 1024).contains(&size), "{size} bytes of one app");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_stops_nobody() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    host::deploy(&database, "hello", "hello", &["--route", "/"]).await.succeeded();
    let [flag, place] = database.arguments();
    let mut serving = command::innkeeper(&["serve", "--listen", "127.0.0.1:0", flag, place]);
    let mut serving = serving.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the host starts");
    let mut lines = BufReader::new(serving.stdout.take().expect("a pipe")).lines();
    let address = loop {
        let line = lines.next_line().await.expect("a line").expect("the host lives");
        let found = line.split_once("listening on http://").map(|(_, address)| address.trim().to_owned());
        if let Some(address) = found {
            break address.parse().expect("an address");
        }
    };
    let mut visitor = Visitor::of(Arc::new(Mutex::new(address)));
    while visitor.get("/hello").await.status != 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The pipe stays open, and from here on nobody reads. More lines than any buffer on the way
    // used to take.
    let clients: Vec<_> = (0..4).map(|_| tokio::spawn(many_requests(visitor.clone()))).collect();
    for client in clients {
        client.await.expect("every request is answered");
    }
    assert_eq!(visitor.get("/_innkeeper/live").await.status, 200);
    let peak = std::fs::read_to_string(format!("/proc/{}/status", serving.id().expect("it lives")));
    assert!(peak.is_ok_and(|status| status.contains("VmRSS")));
    serving.kill().await.expect("it lived");
}

async fn many_requests(visitor: Visitor) {
    let mut connection = visitor.keep_alive().await;
    for _ in 0..4000 {
        let answer = tokio::time::timeout(DEADLINE, connection.send(Request::get("/hello"))).await;
        assert_eq!(answer.expect("an answer in time").status, 200);
    }
}
