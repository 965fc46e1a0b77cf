//! What one token does slowly, or often, keeps no other one waiting.

use super::{API, Api, ROOT, ROOT_VARIABLE, component, host, kind};
use serde_json::json;
use std::time::{Duration, Instant};
use support::{Engine, TestHost, Visitor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_both_databases! {
    slow_pieces_of_one_token_keep_no_other_waiting,
    slow_downloads_of_one_token_keep_no_other_waiting,
    one_token_does_not_fill_the_queue,
}

/// Longer than the host lets anybody wait for a place.
const SOON: Duration = Duration::from_secs(20);
/// Shorter than it waits for a body that stands still.
const MEANWHILE: Duration = Duration::from_secs(9);

async fn begin(api: &mut Api, app: &str, bytes: &[u8]) -> String {
    let wanted = json!({ "sha256": support::bytes::sha256(bytes), "size": bytes.len() });
    let begun = api.post(&format!("/apps/{app}/uploads"), &wanted).await.expect(200).json();
    begun["id"].as_str().expect("an upload").to_owned()
}

async fn slow_pieces_of_one_token_keep_no_other_waiting(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env(ROOT_VARIABLE, ROOT);
    let host = host.env("INNKEEPER_BODY_RATE", "1").start().await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["deploy:slow"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let mut sockets = Vec::new();
    for number in 0..4u8 {
        let id = begin(&mut api, "slow", &[number; 1_000]).await;
        let mut socket = TcpStream::connect(host.address()).await.expect("the host listens");
        let head = format!(
            "PATCH {API}/apps/slow/uploads/{id} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
             Upload-Offset: 0\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.expect("the host reads");
        socket.write_all(&[number; 500]).await.expect("the host reads");
        sockets.push(socket);
    }
    // Two are waited for. The others are told to come back, and soon.
    let asked = Instant::now();
    for socket in &mut sockets[2..] {
        let mut answer = vec![0; 4_096];
        let read =
            tokio::time::timeout(SOON, socket.read(&mut answer)).await.expect("in time").expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..read]).to_lowercase();
        assert!(answer.starts_with("http/1.1 503") && answer.contains("retry-after: 5"), "{answer}");
    }
    assert!(asked.elapsed() < SOON);
    // A body that stands still for 10 s is given up.
    sockets[0].write_all(&[0; 250]).await.expect("the host still reads");
    let brought = tokio::time::timeout(MEANWHILE, root.bring("other", b"what another brings")).await;
    brought.expect("another token brings something meanwhile");
    let mut last = vec![0; 1_000];
    sockets[0].write_all(&[0; 250]).await.expect("the host still reads");
    let read = sockets[0].read(&mut last).await.expect("an answer");
    assert!(last[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&last[..read]));
}

/// A component that no buffer of a socket holds: a section in it means nothing.
fn large() -> Vec<u8> {
    let mut random = 1u64;
    let section: Vec<u8> = std::iter::repeat_with(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random.to_be_bytes()[0]
    })
    .take(16 << 20)
    .collect();
    let mut size = section.len() + 1;
    let mut bytes = component("hello");
    bytes.push(0);
    while size >= 128 {
        bytes.push(u8::try_from(size % 128).expect("seven bits") | 128);
        size /= 128;
    }
    bytes.push(u8::try_from(size).expect("seven bits"));
    bytes.push(0);
    bytes.extend(section);
    bytes
}

async fn slow_downloads_of_one_token_keep_no_other_waiting(engine: Engine) {
    let host = host(engine).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("large.wasm");
    std::fs::write(&file, large()).expect("a file");
    let arguments = ["deploy", file.to_str().expect("UTF-8"), "--app", "large", "--no-smoke"];
    support::command::on(host.database(), &arguments).await.succeeded();
    let mut root = Api::root(&host);
    let token = root.make_token(&["read"]).await;
    let path = "/apps/large/versions/1/component";
    let mut socket = TcpStream::connect(host.address()).await.expect("the host listens");
    let head = format!("GET {API}{path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.expect("the host reads");
    let mut first = [0; 1_000];
    let read = socket.read(&mut first).await.expect("an answer");
    assert!(first[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&first[..read]));
    let asked = Instant::now();
    let refused = Api::new(host.visitor(), &token).get(path).await.expect(503);
    assert_eq!((refused.header("retry-after"), kind(&refused).as_str()), (Some("5"), "unavailable"));
    assert!(refused.text().contains("this token") && asked.elapsed() < SOON, "{refused:?}");
    let taken = root.get(path).await.expect(200);
    assert_eq!(support::bytes::sha256(&taken.body), support::bytes::sha256(&large()));
    drop(socket);
    let again = async || {
        let answer = Api::new(host.visitor(), &token).get(path).await;
        (answer.status == 200).then_some(())
    };
    support::until("the place is free again", again).await;
}

async fn one_token_does_not_fill_the_queue(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let token = root.make_token(&["deploy:slow"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let sha256 = api.bring("slow", &component("probe")).await;
    let path = Visitor::path_with_steps("/run", &json!([{ "op": "sleep", "ms": 8_000 }]));
    let wanted = json!({ "sha256": sha256, "deploy": { "smoke": { "path": path } } });
    let mut ids = Vec::new();
    for _ in 0..3 {
        let view = api.post("/apps/slow/deployments", &wanted).await.expect(202).json();
        ids.push(view["id"].as_str().expect("an id").to_owned());
    }
    let refused = api.post("/apps/slow/deployments", &wanted).await.expect(429);
    assert!(refused.text().contains("3 deployments of this token"), "{refused:?}");
    let sha256 = root.bring("probe", &component("hello")).await;
    root.post("/apps/probe/deployments", &json!({ "sha256": sha256 })).await.expect(202);
    assert_eq!(api.ended("slow", &ids[0]).await["state"], "done");
    support::until("there is room for another", async || {
        (api.post("/apps/slow/deployments", &wanted).await.status == 202).then_some(())
    })
    .await;
}
