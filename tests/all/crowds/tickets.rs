//! Uploads by ticket, all at once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use support::probe::ok;
use support::{Engine, TestHost, Visitor};
use tokio::io::AsyncWriteExt;

on_both_databases! {
    a_crowd_of_uploads_leaves_room_for_those_of_another_app,
}

const UPLOADS: usize = 66;
const SIZE: usize = 4_096;

async fn ticket(visitor: &mut Visitor, run: &str) -> String {
    let steps = json!([{ "op": "blob.sign-upload", "seconds": 600 }]);
    let answer = visitor.send(Visitor::with_steps(run, &steps), Full::<Bytes>::default()).await;
    let answer = answer.expect(200).json();
    ok(&answer[0])["path"].as_str().expect("a path").to_owned()
}

async fn begin(visitor: &mut Visitor, path: &str) {
    let request = Request::builder().method(Method::POST).uri(path);
    let request = request.header("tus-resumable", "1.0.0").header("upload-length", SIZE.to_string());
    visitor.send(request, Full::<Bytes>::default()).await.expect(201);
}

async fn a_crowd_of_uploads_leaves_room_for_those_of_another_app(engine: Engine) {
    let host = TestHost::with(engine).app_at("probe", "probe", "/a").app_at("other", "probe", "/b").start().await;
    let mut visitor = host.visitor();
    let mut crowd = Vec::new();
    for _ in 0..UPLOADS {
        let path = ticket(&mut visitor, "/a/x").await;
        begin(&mut visitor, &path).await;
        crowd.push(path);
    }
    let other = ticket(&mut visitor, "/b/x").await;
    begin(&mut visitor, &other).await;
    // Each has sent a byte and goes on so, as far as anybody knows.
    let mut senders = Vec::new();
    for path in &crowd {
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
             Content-Type: application/offset+octet-stream\r\nContent-Length: {SIZE}\r\n\r\nx"
        );
        senders.push(super::send(host.address(), &head).await);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for sender in &mut senders {
        sender.write_all(b"x").await.expect("the host reads");
    }
    let began = Instant::now();
    let request = Request::patch(&other)
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", "0")
        .header("content-type", "application/offset+octet-stream");
    visitor.send(request, Full::new(Bytes::from(vec![b'x'; SIZE]))).await.expect(204);
    assert!(began.elapsed() < super::PATIENCE, "took {:?}", began.elapsed());
}
