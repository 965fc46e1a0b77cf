//! A host that has been told to stop: everybody who asks before it is gone gets a whole answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;
use support::raw::{read_to_end, status};
use support::{Answer, Engine, TestHost, Visitor, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};

on_both_databases! {
    whoever_connects_or_asks_until_the_listener_is_closed_is_answered,
    an_open_connection_brings_its_last_request_while_others_are_answered,
    a_crowd_is_answered_to_the_last_request,
    what_does_not_end_is_told_so_in_time,
}

/// What the app `hello` says.
const HELLO: &[u8] = b"Hello, world!";
const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// How long new connections are taken after the signal.
const CLOSING: Duration = Duration::from_secs(1);
/// Somebody on a busy machine who asks so late is no longer waited for.
const LATE: Duration = Duration::from_millis(800);

/// Whether an answer is whole and says that it is the last one.
fn is_last(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    status(answer) == Some(200) && text.contains("\r\nconnection: close\r\n") && answer.ends_with(HELLO)
}

async fn ask_once(mut stream: TcpStream) -> Vec<u8> {
    let _cut = stream.write_all(ASK).await;
    read_to_end(&mut stream).await
}

async fn connections(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(TcpStream::connect(address).await.expect("the host listens"));
    }
    streams
}

/// A request to the app `probe` whose guest sleeps, and has begun to.
async fn sleeping(host: &TestHost, milliseconds: u32) -> JoinHandle<Answer> {
    let mut visitor = host.visitor();
    let steps = json!([{ "op": "stderr", "text": "under way\n" }, { "op": "sleep", "ms": milliseconds }]);
    let request = Visitor::with_steps("/probe", &steps);
    let asked = tokio::spawn(async move { visitor.send(request, Full::<Bytes>::default()).await });
    host.wait_for_log("under way").await;
    asked
}

async fn whoever_connects_or_asks_until_the_listener_is_closed_is_answered(engine: Engine) {
    let mut host = TestHost::of(engine, "hello", "hello").await;
    let address = host.address();
    // Some have asked before, some have not, and all are open when the signal comes.
    let mut idle = connections(address, 5).await;
    for stream in &mut idle {
        stream.write_all(ASK).await.expect("the host reads");
        assert_eq!(status(&read_answer(stream).await), Some(200));
    }
    idle.extend(connections(address, 5).await);
    let told = Instant::now();
    host.serving().signal("TERM");
    host.wait_for_log("stopping").await;
    // It knows a moment later.
    let marked = async || {
        let Ok(mut stream) = TcpStream::connect(address).await else { return Some(()) };
        stream.write_all(ASK).await.ok()?;
        is_last(&read_answer(&mut stream).await).then_some(())
    };
    until("answers say that they are the last", marked).await;
    // The platform may repeat the signal.
    host.serving().signal("TERM");
    for stream in idle {
        let answer = ask_once(stream).await;
        assert!(is_last(&answer), "{:?}", String::from_utf8_lossy(&answer));
    }
    // Whoever is connected gets an answer, also who takes a moment to ask, until nobody can connect
    // any more.
    let is_early = told.elapsed() < CLOSING / 2;
    let mut asking = JoinSet::new();
    while let Ok(stream) = TcpStream::connect(address).await {
        let connected = Instant::now();
        asking.spawn(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let is_late = connected.elapsed() > LATE;
            (is_late, ask_once(stream).await)
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!asking.is_empty() || !is_early, "new connections are taken for a moment");
    for (is_late, answer) in asking.join_all().await {
        assert!(is_late || is_last(&answer), "{:?}", String::from_utf8_lossy(&answer));
    }
    let (status, logs) = host.ended().await;
    assert_eq!(status.code(), Some(0), "{logs}");
    assert!(!logs.contains("cut off"), "{logs}");
}

async fn an_open_connection_brings_its_last_request_while_others_are_answered(engine: Engine) {
    let mut host = TestHost::with(engine).app("hello", "hello").app("probe", "probe").start().await;
    let idle = connections(host.address(), 3).await;
    let slow = sleeping(&host, 10_000).await;
    host.serving().signal("TERM");
    let refused = async || TcpStream::connect(host.address()).await.is_err().then_some(());
    until("the listener is closed", refused).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for stream in idle {
        let answer = ask_once(stream).await;
        assert!(is_last(&answer), "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(slow.await.expect("the answer arrives").status, 200);
    let (status, logs) = host.ended().await;
    assert_eq!(status.code(), Some(0), "{logs}");
}

async fn a_crowd_is_answered_to_the_last_request(engine: Engine) {
    let mut host = TestHost::of(engine, "hello", "hello").await;
    let address = host.address();
    let mut crowd = JoinSet::new();
    for _ in 0..8 {
        crowd.spawn(ask_until_refused(address));
    }
    let served = async || (host.logs().matches("GET /").count() > 50).then_some(());
    until("the crowd is being served", served).await;
    let (status, logs) = host.terminate().await;
    assert_eq!(status.code(), Some(0), "{logs}");
    for answered in crowd.join_all().await {
        assert!(answered > 1, "each has been answered");
    }
}

/// Asks on one connection after the other, on each as long as it stays open. Returns the number of
/// answers when nobody can connect any more. Panics if a request on an open connection that comes
/// in time gets no whole answer.
async fn ask_until_refused(address: SocketAddr) -> u32 {
    let mut answered = 0;
    while let Ok(mut stream) = TcpStream::connect(address).await {
        let mut quiet = Instant::now();
        loop {
            let asked = stream.write_all(ASK).await;
            let is_late = quiet.elapsed() > LATE;
            let answer = if asked.is_ok() { read_answer(&mut stream).await } else { Vec::new() };
            if is_late && !answer.ends_with(HELLO) {
                break;
            }
            let is_whole = status(&answer) == Some(200) && answer.ends_with(HELLO);
            assert!(is_whole, "{:?}", String::from_utf8_lossy(&answer));
            answered += 1;
            quiet = Instant::now();
            if is_last(&answer) {
                break;
            }
        }
    }
    answered
}

/// One answer of the app `hello`, whose body is its end, or as much of it as there is.
async fn read_answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    while !answer.ends_with(HELLO) && stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {}
    answer
}

async fn what_does_not_end_is_told_so_in_time(engine: Engine) {
    let mut host = TestHost::with(engine).app("hello", "hello").app("probe", "probe").start().await;
    let parked = sleeping(&host, 60_000).await;
    let mut visitor = host.visitor();
    let request = Visitor::with_steps("/probe", &json!([{ "op": "spin" }]));
    let spinning = tokio::spawn(async move { visitor.send(request, Full::<Bytes>::default()).await });
    let began = Instant::now();
    let (status, logs) = host.terminate().await;
    assert!(began.elapsed() < Duration::from_secs(28), "Heroku kills after 30 s");
    assert_eq!(status.code(), Some(0), "{logs}");
    assert_eq!(spinning.await.expect("an answer").status, 504);
    let told = parked.await.expect("an answer").expect(503);
    assert!(told.header("retry-after").is_some() && told.text().contains("restarted"), "{told:?}");
}
