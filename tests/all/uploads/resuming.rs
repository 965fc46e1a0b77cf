//! Uploads that are interrupted and taken up again: after a broken connection, at another dyno,
//! after a crash, by two at once.

use serde_json::json;
use support::bytes::{png, sha256};
use support::probe::ok;
use support::{Engine, TestHost, Visitor, command, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{STREAM, begin, download, offset, patch, probe, stat, ticket};

on_both_databases! {
    what_arrived_before_the_connection_broke_counts,
    an_upload_goes_on_at_another_dyno,
    an_upload_goes_on_after_a_crash,
    of_two_who_go_on_at_once_one_is_told,
    tickets_are_good_after_the_keys_were_exchanged,
}

/// Sends the beginning of a piece and breaks off.
async fn break_off(host: &TestHost, path: &str, at: usize, promised: usize, sent: &[u8]) {
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {}\r\nTus-Resumable: 1.0.0\r\nContent-Type: {STREAM}\r\n\
         Upload-Offset: {at}\r\nContent-Length: {promised}\r\n\r\n",
        host.address()
    );
    let mut stream = TcpStream::connect(host.address()).await.expect("the host listens");
    stream.write_all(&[head.as_bytes(), sent].concat()).await.expect("the host reads");
    stream.shutdown().await.expect("the host reads");
}

async fn finish(visitor: &mut Visitor, path: &str, id: &str, bytes: &[u8]) {
    let at = offset(visitor, path).await.expect("an upload");
    patch(visitor, path, at, &bytes[at..]).await.expect(204);
    assert_eq!(ok(&stat(visitor, id).await)["sha256"], json!(sha256(bytes)));
    assert!(download(visitor, id).await == bytes);
}

async fn what_arrived_before_the_connection_broke_counts(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let photo = png(1_000_000, 1);
    begin(&mut visitor, &path, photo.len()).await.expect(201);
    // In the middle of a chunk, twice in the same one.
    for (from, to) in [(0, 600_000), (600_000, 600_001)] {
        break_off(&host, &path, from, photo.len() - from, &photo[from..to]).await;
        let here = async || (offset(&mut visitor, &path).await == Some(to)).then_some(());
        until("what arrived counts", here).await;
    }
    finish(&mut visitor, &path, &id, &photo).await;
}

async fn an_upload_goes_on_at_another_dyno(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (_other, mut elsewhere) = host.twin().await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let photo = png(900_000, 1);
    begin(&mut elsewhere, &path, photo.len()).await.expect(201);
    let mut at = 0;
    for (turn, end) in [100_000, 400_000, 500_001, 800_000].into_iter().enumerate() {
        let who = if turn % 2 == 0 { &mut visitor } else { &mut elsewhere };
        patch(who, &path, at, &photo[at..end]).await.expect(204);
        at = end;
    }
    finish(&mut elsewhere, &path, &id, &photo).await;
}

async fn an_upload_goes_on_after_a_crash(engine: Engine) {
    let (mut host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let photo = png(900_000, 1);
    begin(&mut visitor, &path, photo.len()).await.expect(201);
    patch(&mut visitor, &path, 0, &photo[..555_555]).await.expect(204);
    host.kill9().await;
    host.restart().await;
    assert_eq!(offset(&mut visitor, &path).await, Some(555_555), "what the visitor was told stays");
    finish(&mut visitor, &path, &id, &photo).await;
}

async fn of_two_who_go_on_at_once_one_is_told(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    for round in 0..5 {
        let (id, path) = ticket(&mut visitor, json!({})).await;
        let size = 800_000;
        begin(&mut visitor, &path, size).await.expect(201);
        let sending: Vec<_> = (0..4)
            .map(|n| {
                let (mut visitor, path) = (host.visitor(), path.clone());
                tokio::spawn(async move { patch(&mut visitor, &path, 0, &png(size, n)).await.status })
            })
            .collect();
        let mut told = Vec::new();
        for one in sending {
            told.push(one.await.expect("an answer"));
        }
        told.sort_unstable();
        assert!(told.iter().all(|status| [204, 408, 409, 503].contains(status)), "round {round}: {told:?}");
        assert!(told.iter().filter(|status| **status == 204).count() <= 1, "round {round}: {told:?}");
        // Whoever it was, nobody's bytes were mixed with another's.
        if let Some(at) = offset(&mut visitor, &path).await.filter(|at| *at < size) {
            patch(&mut visitor, &path, at, &png(size, 9)[at..]).await.expect(204);
        }
        let sum = ok(&stat(&mut visitor, &id).await)["sha256"].clone();
        assert_eq!(sum, json!(sha256(&download(&mut visitor, &id).await)));
    }
}

async fn tickets_are_good_after_the_keys_were_exchanged(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (_, old) = ticket(&mut visitor, json!({})).await;
    let said = command::on(host.database(), &["keys", "rotate"]).await.succeeded().stdout;
    let key = said.split(' ').next().expect("the name of a key").to_owned();
    let new = async || {
        let (_, path) = ticket(&mut visitor, json!({})).await;
        path.contains(&format!("&key={key}&")).then_some(path)
    };
    let new = until("the new key signs", new).await;
    begin(&mut visitor, &old, 10).await.expect(201);
    begin(&mut visitor, &new, 10).await.expect(201);
    let keys = command::on(host.database(), &["keys", "list", "--json"]).await.succeeded().json();
    assert_eq!(keys.as_array().map(Vec::len), Some(2), "{keys}");
    command::on(host.database(), &["keys", "rotate", "--revoke"]).await.succeeded();
    let over = async || (begin(&mut visitor, &old, 10).await.status == 403).then_some(());
    until("what was given out is good no more", over).await;
    begin(&mut visitor, &new, 10).await.expect(403);
    // A new process has the keys of the database.
    let (_other, mut elsewhere) = host.twin().await;
    let (_, path) = ticket(&mut elsewhere, json!({})).await;
    begin(&mut visitor, &path, 10).await.expect(201);
}
