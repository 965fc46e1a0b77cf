//! A guest that misbehaves: what its visitor is told, and that nobody else notices.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use support::raw::raw;
use support::{Answer, Engine, TestHost, Visitor};
use tokio::task::JoinHandle;

on_both_databases! {
    a_success_keeps_row_file_and_session,
    a_500_keeps_nothing,
    a_trap_keeps_nothing,
}

/// The most that a host may grow over something that it only passes on.
const SOME_MEMORY_KIB: u64 = 16 * 1024;

const IMPATIENT: [(&str, &str); 1] = [("INNKEEPER_WALL_PER_REQUEST", "1s")];

async fn a_success_keeps_row_file_and_session(engine: Engine) {
    let (_host, mut visitor) = hostile(engine).await;
    visitor.get("/write-ok").await.expect(200);
    assert_eq!(visitor.get("/count").await.expect(200).text(), r#"{"rows":1,"blobs":1,"session":"written"}"#);
}

async fn a_500_keeps_nothing(engine: Engine) {
    let (_host, mut visitor) = hostile(engine).await;
    let answer = visitor.get("/write-500").await.expect(500);
    assert_eq!(answer.header("set-cookie"), None, "there is no session to name");
    assert_eq!(visitor.get("/count").await.expect(200).text(), r#"{"rows":0,"blobs":0,"session":null}"#);
}

async fn a_trap_keeps_nothing(engine: Engine) {
    let (_host, mut visitor) = hostile(engine).await;
    visitor.get("/write-trap").await.expect(500);
    assert_eq!(visitor.get("/count").await.expect(200).text(), r#"{"rows":0,"blobs":0,"session":null}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_tells_the_visitor_nothing_of_the_inside() {
    let answer = answer_of("/trap").await.expect(500);
    for inside in ["wasm", "unreachable", "backtrace", "panicked", "src/"] {
        assert!(!answer.text().contains(inside), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_is_ended_while_its_neighbour_works() {
    let (host, mut visitor) = hostile(Engine::Sqlite).await;
    let mut spinning = tokio::spawn(async move { visitor.get("/spin").await });
    let mut took = Vec::new();
    let answer = loop {
        tokio::select! {
            answer = &mut spinning => break answer.expect("an answer"),
            time = hello(&host) => took.push(time),
        }
    };
    answer.expect(504);
    host.wait_for_log("used up its computing time").await;
    // Few would be answered at all if they waited for the loop.
    took.sort();
    assert!(took.len() > 10 && took[took.len() / 2] < Duration::from_secs(1), "a neighbour waited {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_endless_loops_than_processors_do_not_stop_the_host() {
    let (host, visitor) = hostile(Engine::Sqlite).await;
    let spinning: Vec<_> = (0..6).map(|_| tokio::spawn(get(visitor.clone(), "/spin"))).collect();
    let mut took = Vec::new();
    while !spinning.iter().all(JoinHandle::is_finished) {
        took.push(hello(&host).await);
    }
    took.sort();
    assert!(took.len() > 5 && took[took.len() / 2] < Duration::from_secs(1), "a neighbour waited {took:?}");
    for answer in spinning {
        let status = answer.await.expect("an answer").status;
        assert!([503, 504].contains(&status), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_gets_no_more_memory_than_its_limit() {
    let answer = answer_of("/grow").await.expect(200);
    let mib: u32 = answer.text().parse().expect("a number");
    assert!((64..=128).contains(&mib), "{mib} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_recursion_and_endless_resources_are_traps() {
    answer_of("/recurse").await.expect(500);
    let status = answer_of("/handles").await.status;
    assert!([500, 504].contains(&status), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gigabytes_of_randomness_are_not_handed_out() {
    let status = answer_of("/random").await.status;
    assert!([500, 504].contains(&status), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_is_cut() {
    let (host, mut visitor) = hostile(Engine::Sqlite).await;
    visitor.get("/log-flood").await;
    hello(&host).await;
    host.wait_for_log("dropped").await;
    let size = host.logs().len();
    assert!(size < 256 * 1024, "{size} bytes were logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_sets_no_answer_is_an_error_at_once() {
    let (_host, mut visitor) = hostile(Engine::Sqlite).await;
    let began = Instant::now();
    let status = visitor.get("/never-set").await.status;
    assert!([500, 502].contains(&status), "{status}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_waits_for_ever_is_ended() {
    let (host, mut visitor) = hostile_with(&IMPATIENT).await;
    visitor.get("/park").await.expect(504);
    hello(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_cut_off() {
    let (host, mut visitor) = hostile_with(&IMPATIENT).await;
    assert!(visitor.try_get("/no-finish").await.is_none());
    hello(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shorter_than_announced_is_no_whole_answer() {
    let (host, mut visitor) = hostile(Engine::Sqlite).await;
    assert!(visitor.try_get("/half-body").await.is_none());
    hello(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_longer_than_announced_does_not_become_the_next_one() {
    let (host, _) = hostile(Engine::Sqlite).await;
    for path in ["/long-body", "/two-lengths"] {
        let requests = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        );
        let answer = raw(host.address(), requests.as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        // Either it is cut off, and the connection with it, or it is answered for, and so is the
        // request after it.
        let heads: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).collect();
        assert!(heads.iter().all(|head| head.to_lowercase().matches("content-length").count() <= 1), "{answer}");
        assert!(heads.get(1).is_none_or(|next| next.ends_with("Hello, world!")), "{answer}");
        assert!(!answer.contains("56789") && !answer.contains("01234HTTP/"), "{answer}");
        hello(&host).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cannot_say_where_a_message_ends_or_what_becomes_of_the_connection() {
    let answer = answer_of("/framing").await.expect(200);
    assert!(answer.text().lines().count() == 9 && !answer.text().contains(": set"), "{}", answer.text());
    for name in ["connection", "keep-alive", "upgrade", "te", "trailer", "proxy-authenticate", "proxy-connection"]
    {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_behind_a_body_do_not_arrive() {
    let (host, _) = hostile(Engine::Sqlite).await;
    let request = "GET /trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, te\r\n\r\n";
    let answer = raw(host.address(), request.as_bytes()).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n0\r\n\r\n"), "{} bytes", answer.len());
    assert!(!answer.to_lowercase().contains("innkeeper-hostile"), "a cookie came behind the body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_one_line_and_not_the_hosts() {
    let answer = answer_of("/split-cookie").await.expect(200);
    assert_eq!((answer.text(), answer.header("set-cookie")), ("split: false, fat: true", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn seventy_thousand_headers_are_refused() {
    let (host, mut visitor) = hostile(Engine::Sqlite).await;
    if let Some(answer) = visitor.try_get("/headers").await {
        assert!(answer.headers.len() < 1000, "{} headers came", answer.headers.len());
    }
    hello(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cannot_set_the_cookies_of_the_host() {
    let answer = answer_of("/set-cookie").await;
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies: Vec<String> = cookies.map(|value| value.to_str().expect("text").trim().to_lowercase()).collect();
    // `innkeeper` alone is no name of the host's: there is no app in it.
    assert_eq!(cookies, ["__secure-innkeeper=evil; path=/; secure", "innkeeper=evil", "harmless=1; path=/"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_to_a_slow_visitor_is_not_piled_up() {
    // Time is not the matter here, and a loaded machine takes long for so much.
    let (host, mut visitor) =
        hostile_with(&[("INNKEEPER_CPU_PER_REQUEST", "60s"), ("INNKEEPER_WALL_PER_REQUEST", "120s")]).await;
    visitor.download("/big-response").await;
    let before = host.rss_kib();
    host.serving().forget_peak();
    let answer = visitor.open(Request::get("/big-response"), Full::<Bytes>::default()).await;
    let mut body = answer.expect("an answer").into_body();
    let (mut size, mut pieces) = (0, 0);
    while let Some(frame) = body.frame().await {
        // Others are served between the first pieces: the slow visitor takes his time.
        if pieces < 50 {
            hello(&host).await;
        }
        pieces += 1;
        size += frame.expect("the answer arrives whole").into_data().map_or(0, |data| data.len());
    }
    assert_eq!(size, 100 * 1024 * 1024);
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown < SOME_MEMORY_KIB, "grown by {grown} KiB");
}

/// A host with the hostile guest at `/` and a harmless one beside it.
async fn hostile(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::with(engine).app("hostile", "hostile").app("hello", "hello").start().await;
    let visitor = host.visitor();
    (host, visitor)
}

/// The same with other limits.
async fn hostile_with(limits: &[(&str, &str)]) -> (TestHost, Visitor) {
    let host = TestHost::with(Engine::Sqlite).app("hostile", "hostile").app("hello", "hello");
    let host = limits.iter().fold(host, |host, (name, value)| host.env(name, value)).start().await;
    let visitor = host.visitor();
    (host, visitor)
}

/// What the hostile guest's visitor is told; the neighbour is served afterwards.
async fn answer_of(path: &str) -> Answer {
    let (host, mut visitor) = hostile(Engine::Sqlite).await;
    let answer = visitor.get(path).await;
    hello(&host).await;
    answer
}

/// How long the neighbour takes to answer.
async fn hello(host: &TestHost) -> Duration {
    let began = Instant::now();
    assert_eq!(host.visitor().get("/hello").await.expect(200).text(), "Hello, world!");
    began.elapsed()
}

async fn get(mut visitor: Visitor, path: &str) -> Answer {
    visitor.get(path).await
}
