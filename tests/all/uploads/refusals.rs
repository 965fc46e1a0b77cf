//! What the host takes from nobody: changed tickets, odd requests, files that are too large or of
//! the wrong kind.

use http::Method;
use serde_json::json;
use support::probe::code;
use support::{Engine, TestHost};

use super::{STREAM, begin, offset, patch, probe, ticket, tus};

on_both_databases! {
    a_ticket_cannot_be_changed,
    a_ticket_ends,
    a_ticket_of_another_app_or_host_opens_nothing,
    what_is_not_the_protocol_is_refused,
    uploads_are_not_put_together,
    a_file_that_is_too_large_is_refused,
    a_file_of_the_wrong_kind_is_refused,
    the_quota_counts_from_the_beginning,
}

async fn a_ticket_cannot_be_changed(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (_, path) = ticket(&mut visitor, json!({ "max-file": 100, "accept": ["image/png"] })).await;
    for (at, letter) in path.char_indices().skip("/_innkeeper/uploads/".len()) {
        let other = if letter == '1' { "2" } else { "1" };
        let changed = format!("{}{other}{}", &path[..at], &path[at + letter.len_utf8()..]);
        let answer = begin(&mut host.visitor(), &changed, 10).await;
        assert!([403, 404, 410].contains(&answer.status), "{} for {changed} instead of {path}", answer.status);
    }
    for changed in [
        format!("{path}&most=1000"),
        path.replace("&most=100", ""),
        path.split_once('?').expect("a query").0.to_owned(),
    ] {
        begin(&mut visitor, &changed, 10).await.expect(403);
    }
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}

async fn a_ticket_ends(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for seconds in [0, 604_801] {
        let step = json!({ "op": "blob.sign-upload", "seconds": seconds });
        assert_eq!(code(&visitor.probe_one(step).await), "bad-parameter");
    }
    let step = json!({ "op": "blob.sign-upload", "seconds": 1 });
    let path = visitor.probe_one(step).await["ok"]["path"].as_str().expect("a path").to_owned();
    let ended = async || (tus(&mut visitor, Method::HEAD, &path, &[], "").await.status == 410).then_some(());
    support::until("the ticket ends", ended).await;
}

async fn a_ticket_of_another_app_or_host_opens_nothing(engine: Engine) {
    let host =
        TestHost::with(engine).app("probe", "probe").app_at("other", "probe", "other.example").start().await;
    let mut visitor = host.visitor();
    let (_, path) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &path.replace("/probe/", "/other/"), 10).await.expect(403);
    // The other app answers at its own host name only, and so do its uploads.
    let step = json!([{ "op": "blob.sign-upload", "seconds": 60 }]);
    let request =
        http::Request::post("/run").header("host", "other.example").header("content-type", "application/json");
    let body = http_body_util::Full::new(bytes::Bytes::from(step.to_string()));
    let path =
        visitor.send(request, body).await.expect(200).json()[0]["ok"]["path"].as_str().expect("a path").to_owned();
    begin(&mut visitor, &path, 10).await.expect(404);
    let headers = [("upload-length", "10"), ("host", "other.example")];
    tus(&mut visitor, Method::POST, &path, &headers, "").await.expect(201);
    // And the other way round: what belongs to the path / is not served at a host name that is
    // another app's own.
    let (_, path) = ticket(&mut visitor, json!({})).await;
    tus(&mut visitor, Method::POST, &path, &headers, "").await.expect(404);
    let unknown = [("upload-length", "10"), ("host", "unknown.example")];
    tus(&mut visitor, Method::POST, &path, &unknown, "").await.expect(201);
    // A ticket for one thing is none for another.
    begin(&mut visitor, &path.replace("/uploads/", "/blobs/"), 10).await.expect(405);
}

async fn what_is_not_the_protocol_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (_, path) = ticket(&mut visitor, json!({})).await;
    let missing = visitor.method(Method::HEAD, &path).await.expect(412);
    assert_eq!(missing.header("tus-version"), Some("1.0.0"));
    for (name, value) in [("upload-length", "-1"), ("upload-length", "x"), ("upload-defer-length", "1")] {
        tus(&mut visitor, Method::POST, &path, &[(name, value)], "").await.expect(400);
    }
    // What is no media type is as if nothing had been said: here a NUL, which no text of a database
    // may have.
    let odd = ticket(&mut visitor, json!({})).await.1;
    let headers = [("upload-length", "10"), ("upload-metadata", "filetype YQBi")];
    tus(&mut visitor, Method::POST, &odd, &headers, "").await.expect(201);
    let long = format!("filename {}", "YWFh".repeat(1024));
    let headers = [("upload-length", "10"), ("upload-metadata", &*long)];
    tus(&mut visitor, Method::POST, &path, &headers, "").await.expect(400);
    tus(&mut visitor, Method::HEAD, &path, &[], "").await.expect(404);
    patch(&mut visitor, &path, 0, b"hello").await.expect(404);
    begin(&mut visitor, &path, 10).await.expect(201);
    for (headers, status) in [
        (vec![("content-type", "text/plain"), ("upload-offset", "0")], 415),
        (vec![("upload-offset", "0")], 415),
        (vec![("content-type", STREAM)], 400),
        (vec![("content-type", STREAM), ("upload-offset", "1")], 409),
        (vec![("content-type", STREAM), ("upload-offset", "99999999999999999999")], 400),
        (vec![("content-type", STREAM), ("upload-offset", "0"), ("upload-checksum", "md5 AAAA")], 400),
    ] {
        let answer = tus(&mut visitor, Method::PATCH, &path, &headers, "hello").await.expect(status);
        assert_eq!(answer.header("tus-resumable"), Some("1.0.0"), "{headers:?}");
    }
    tus(&mut visitor, Method::GET, &path, &[], "").await.expect(405);
    assert_eq!(offset(&mut visitor, &path).await, Some(0));
}

/// A part of an upload that is to be put together later would become a file of its own, and a guest
/// would find half of what it asked for.
async fn uploads_are_not_put_together(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (_, path) = ticket(&mut visitor, json!({})).await;
    let abilities = visitor.method(Method::OPTIONS, &path).await.expect(204);
    assert!(!abilities.header("tus-extension").expect("a list").contains("concatenation"), "{abilities:?}");
    for value in ["partial", "final;/_innkeeper/uploads/a /_innkeeper/uploads/b", ""] {
        let headers = [("upload-length", "10"), ("upload-concat", value)];
        let refused = tus(&mut visitor, Method::POST, &path, &headers, "").await.expect(400);
        assert!(refused.text().contains("concatenation"), "{refused:?}");
        assert_eq!(refused.header("tus-resumable"), Some("1.0.0"));
    }
    assert_eq!(host.database().count("probe", "blobs").await, 0);
    begin(&mut visitor, &path, 10).await.expect(201);
    let headers = [("content-type", STREAM), ("upload-offset", "0"), ("upload-concat", "partial")];
    tus(&mut visitor, Method::PATCH, &path, &headers, "hello").await.expect(400);
    let looked = tus(&mut visitor, Method::HEAD, &path, &[], "").await.expect(200);
    assert_eq!((looked.header("upload-offset"), looked.header("upload-concat")), (Some("0"), None));
}

async fn a_file_that_is_too_large_is_refused(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (_, path) = ticket(&mut visitor, json!({ "max-file": 20, "max-total": 10 })).await;
    begin(&mut visitor, &path, 11).await.expect(413);
    begin(&mut visitor, &path, 10).await.expect(201);
    patch(&mut visitor, &path, 0, b"hello worlds").await.expect(413);
    let (_, path) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &path, 100 * 1024 * 1024 + 1).await.expect(413);
    assert_eq!(host.database().count("probe", "chunks").await, 0);
}

async fn a_file_of_the_wrong_kind_is_refused(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (_, path) = ticket(&mut visitor, json!({ "accept": ["image/*"] })).await;
    let headers = [("upload-length", "400000"), ("upload-metadata", "filetype aW1hZ2UvcG5n")];
    tus(&mut visitor, Method::POST, &path, &headers, "").await.expect(201);
    let page = "<!doctype html><script>alert(1)</script>".repeat(1000);
    patch(&mut visitor, &path, 0, page.as_bytes()).await.expect(415);
    assert_eq!(offset(&mut visitor, &path).await, None);
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}

async fn the_quota_counts_from_the_beginning(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_APP_BYTES", "1MiB").start().await;
    let mut visitor = host.visitor();
    let (_, first) = ticket(&mut visitor, json!({})).await;
    let (_, second) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &first, 700_000).await.expect(201);
    begin(&mut visitor, &second, 700_000).await.expect(507);
    tus(&mut visitor, Method::DELETE, &first, &[], "").await.expect(204);
    begin(&mut visitor, &second, 700_000).await.expect(201);
}
