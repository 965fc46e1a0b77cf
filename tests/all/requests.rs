//! Requests that no well-behaved client sends, byte by byte.

use serde_json::json;
use support::probe::ok;
use support::raw::{raw, status};
use support::{Engine, TestHost, Visitor};

/// Panics unless each request is answered with one of these statuses, and the guest has seen none
/// of them.
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
async fn a_host_may_be_named_in_the_target_in_any_spelling() {
    let host = TestHost::with(Engine::Sqlite)
        .app("probe", "probe")
        .app_at("hello", "hello", "other.example")
        .start()
        .await;
    for (target, named) in [
        ("http://other.example:80/", "other.example"),
        ("http://other.example/x", "other.example:80"),
        ("http://OTHER.example:80", "other.EXAMPLE"),
        ("http://other.example./", "other.example"),
        ("https://other.example:443/", "other.example"),
        ("https://other.example/", "other.example:443"),
        ("HTTP://other.example:8080/", "other.example:8080"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {named}\r\nConnection: close\r\n\r\n");
        let answer = String::from_utf8_lossy(&raw(host.address(), request.as_bytes()).await).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("Hello, world!"), "{request}{answer}");
    }
    for (target, named) in [
        ("http://other.example:80/", "a"),
        ("http://a:80/", "other.example"),
        ("http://other.example:443/", "other.example"),
        ("https://other.example:80/", "other.example"),
        ("http://other.example/", "other.example:443"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {named}\r\n\r\n");
        assert_eq!(status(&raw(host.address(), request.as_bytes()).await), Some(400), "{request}");
    }
}

/// Old health checks name no host, or name it in the target.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_http_1_0_needs_no_host() {
    let host = TestHost::with(Engine::Sqlite)
        .app("probe", "probe")
        .app_at("hello", "hello", "other.example")
        .start()
        .await;
    let ask = async |request: String| {
        let answer = String::from_utf8_lossy(&raw(host.address(), request.as_bytes()).await).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request}{answer}"));
        assert!(head.split(' ').nth(1) == Some("200"), "{request}{answer}");
        body.to_owned()
    };
    let steps = json!([{ "op": "echo-authority" }, { "op": "echo-uri" }, { "op": "echo-headers" }]);
    let path = Visitor::path_with_steps("/health", &steps);
    let seen: serde_json::Value =
        serde_json::from_str(&ask(format!("GET {path} HTTP/1.0\r\n\r\n")).await).unwrap();
    assert_eq!((ok(&seen[0]), ok(&seen[1])), (&json!("localhost"), &json!(path)));
    assert_eq!(ok(&seen[2]), &json!([]), "no header is made up");
    assert_eq!(ask("GET /hello HTTP/1.0\r\n\r\n".into()).await, "Hello, world!");
    assert_eq!(ask("GET /hello HTTP/1.0\r\nHost: a\r\n\r\n".into()).await, "Hello, world!");
    assert_eq!(ask("HEAD /hello HTTP/1.0\r\nUser-Agent: check\r\n\r\n".into()).await, "");
    let posted = format!("POST /run HTTP/1.0\r\nContent-Length: {}\r\n\r\n{steps}", steps.to_string().len());
    assert!(ask(posted).await.contains("localhost"));
    // A target that names a host goes to that host's app.
    assert_eq!(ask("GET http://other.example/ HTTP/1.0\r\n\r\n".into()).await, "Hello, world!");
    let path = path.replace("/health", "http://a:8080/health");
    let seen = ask(format!("GET {path} HTTP/1.0\r\n\r\n")).await;
    assert!(seen.contains("a:8080") && !seen.contains("localhost"), "{seen}");
    let options = raw(host.address(), b"OPTIONS * HTTP/1.0\r\n\r\n").await;
    assert!(!String::from_utf8_lossy(&options).contains(" 500 "), "{}", String::from_utf8_lossy(&options));
    host.visitor().get("/_innkeeper/live").await.expect(200);
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
