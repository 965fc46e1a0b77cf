//! Where the body of an answer ends: as the guest has said, or nowhere, but never earlier as if
//! that were all.

use std::time::{Duration, Instant};

use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use support::raw::raw;
use support::{Answer, Engine, TestHost, Visitor};

on_both_databases! {
    what_is_written_before_the_head_is_sent_behind_it,
    too_much_before_the_head_is_a_trap_at_once_and_keeps_nothing,
}

const MIB: usize = 1024 * 1024;

async fn hostile(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::of(engine, "hostile", "hostile").await;
    let visitor = host.visitor();
    (host, visitor)
}

async fn rows(visitor: &mut Visitor) -> Value {
    visitor.get("/count").await.expect(200).json()["rows"].clone()
}

async fn what_is_written_before_the_head_is_sent_behind_it(engine: Engine) {
    let (_host, mut visitor) = hostile(engine).await;
    for (bytes, piece, more) in [
        (10, 1, 0),
        (5_000, 1, 5),
        (600_000, 65_536, 0),
        (MIB, 4_096, 0),
        (MIB, MIB, 100_000),
        (MIB, 1_024, 3 * MIB),
        (0, 1, 3 * MIB),
    ] {
        let path = format!("/early?bytes={bytes}&piece={piece}&more={more}");
        let answer = visitor.get(&path).await.expect(200);
        assert_eq!(answer.body.len(), bytes + more, "{path}");
        assert!(answer.body.iter().all(|byte| *byte == b'x'), "{path}");
    }
    assert_eq!(rows(&mut visitor).await, 7);
    assert_eq!(visitor.get("/abandoned").await.expect(200).text(), "another one");
}

async fn too_much_before_the_head_is_a_trap_at_once_and_keeps_nothing(engine: Engine) {
    let (host, mut visitor) = hostile(engine).await;
    for (bytes, piece) in [(4 * MIB, 65_536), (4 * MIB, 1_000), (4 * MIB, MIB), (100_000, 1)] {
        let began = Instant::now();
        visitor.get(&format!("/early?bytes={bytes}&piece={piece}")).await.expect(500);
        assert!(began.elapsed() < Duration::from_secs(10), "{piece}: {:?}", began.elapsed());
        // Whoever writes next finds the database free.
        let began = Instant::now();
        visitor.get("/write-ok").await.expect(200);
        assert!(began.elapsed() < Duration::from_secs(10), "{piece}: {:?}", began.elapsed());
    }
    assert_eq!(rows(&mut visitor).await, 4);
    let line = host.wait_for_log("before it set the response").await;
    assert!(line.contains("more than 1 MiB") && line.contains("/early"), "{line}");
}

/// Small ones are there as a whole when the guest returns, large ones are on their way by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_was_not_finished_is_cut_off() {
    let (host, mut visitor) = hostile(Engine::Sqlite).await;
    for path in ["/leave-body", "/drop-body"] {
        for bytes in [0, 10, 300_000, 3 * MIB] {
            let path = format!("{path}?bytes={bytes}");
            assert!(visitor.try_get(&path).await.is_none(), "{path}");
        }
        let request = format!("GET {path}?bytes=3000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = raw(host.address(), request.as_bytes()).await;
        // Its end is not the empty chunk that ends a whole body.
        assert!(answer.starts_with(b"HTTP/1.1 200") && !answer.ends_with(b"\r\n0\r\n\r\n"), "{path}");
    }
    host.wait_for_log("before it finished its body").await;
    assert!(visitor.try_get("/no-body").await.is_none());
    for path in ["/no-body", "/leave-body?bytes=10"] {
        visitor.method(Method::HEAD, path).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_content_has_no_length() {
    let host = TestHost::of(Engine::Sqlite, "probe", "probe").await;
    for status in [204, 304] {
        for body in ["hello", ""] {
            let length = body.len().to_string();
            let answer = respond(&host, status, &[("content-length", &length), ("x-own", "kept")], body).await;
            assert_eq!(
                (answer.header("content-length"), answer.header("x-own")),
                (None, Some("kept")),
                "{status}"
            );
            assert_eq!((answer.header("transfer-encoding"), answer.body.len()), (None, 0), "{status}");
        }
    }
    let reset = respond(&host, 205, &[("content-length", "5")], "hello").await;
    assert_eq!((reset.header("content-length"), reset.body.len()), (Some("0"), 0));
    let whole = respond(&host, 200, &[("content-length", "5")], "hello").await;
    assert_eq!((whole.header("content-length"), whole.text()), (Some("5"), "hello"));
    // The next answer on the same connection is not read as a body of this one.
    let steps = json!([{ "op": "respond", "status": 204, "headers": [["content-length", "5"]], "body": "hello" }]);
    let path = Visitor::path_with_steps("/", &steps);
    let requests = format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    );
    let answers = String::from_utf8_lossy(&raw(host.address(), requests.as_bytes()).await).into_owned();
    let (first, second) = answers.split_once("\r\n\r\n").expect("two answers");
    assert!(first.starts_with("HTTP/1.1 204") && second.starts_with("HTTP/1.1 200"), "{answers}");
    assert!(!first.to_lowercase().contains("content-length"), "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_informational_status_is_no_answer() {
    let host = TestHost::of(Engine::Sqlite, "probe", "probe").await;
    for status in [100, 101, 103] {
        let answer = respond(&host, status, &[("content-length", "0")], "").await;
        assert_eq!(answer.status, 500, "{status}");
    }
    host.wait_for_log("status 103").await;
}

/// What the probe's answer becomes.
async fn respond(host: &TestHost, status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let steps = json!([{ "op": "respond", "status": status, "headers": headers, "body": body }]);
    let request = Request::get("/").header("probe-steps", steps.to_string());
    host.visitor().send(request, Full::<bytes::Bytes>::default()).await
}
