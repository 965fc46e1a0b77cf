//! Requests that no well-behaved client sends, byte by byte.

use support::raw::{raw, status};
use support::{Engine, TestHost};

/// Panics unless each request is answered with one of these statuses, and the guest has seen none of them.
async fn refuses(requests: &[&str], statuses: &[u16]) {
    let host = TestHost::of(Engine::Sqlite, "hello", "hello").await;
    for request in requests {
        let answer = raw(host.address(), request.as_bytes()).await;
        let shown = String::from_utf8_lossy(&answer);
        assert!(status(&answer).is_some_and(|status| statuses.contains(&status)), "{request:?}: {shown}");
        assert!(!shown.contains("Hello, world!"), "{request:?}: {shown}");
    }
    host.visitor().get("/").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_two_lengths_is_refused() {
    refuses(
        &[
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd",
        ],
        &[400, 501],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_one_host() {
    refuses(
        &[
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        ],
        &[400],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_lines_and_methods_are_refused() {
    refuses(
        &[
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n",
            "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
            "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
        &[400, 405, 501, 505],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let (long, wide) = ("x".repeat(9_000), "x".repeat(40_000));
    refuses(
        &[
            &format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"),
            &format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
            &format!("GET / HTTP/1.1\r\nHost: a\r\nX: {wide}\r\n\r\n"),
        ],
        &[400, 413, 414, 431],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_smuggled_behind_another_never_runs() {
    let host = TestHost::of(Engine::Sqlite, "probe", "probe").await;
    let smuggled = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let request = format!(
        "POST /run HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
        5 + smuggled.len(),
    );
    let answer = raw(host.address(), request.as_bytes()).await;
    assert!(!String::from_utf8_lossy(&answer).contains("Hello"), "{}", String::from_utf8_lossy(&answer));
}
