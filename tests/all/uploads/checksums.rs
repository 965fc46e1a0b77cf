//! Pieces that say what they are: none of one counts unless all of it is what was sent.

use http::Method;
use serde_json::json;
use support::Engine;
use support::bytes::{png, sha256};
use support::probe::ok;

use super::{STREAM, begin, offset, probe, stat, ticket, tus};

on_both_databases! {
    a_piece_counts_only_if_its_checksum_holds,
}

/// Of `hello` and of `world`.
const HELLO: &str = "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=";
const WORLD: &str = "sha256 SG6kYiTRu0+2gPNPfJrZao8k7Ii+c+qOWmxlJg6cuKc=";

async fn a_piece_counts_only_if_its_checksum_holds(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &path, 10).await.expect(201);
    let send = async |visitor: &mut support::Visitor, at: &str, sum: &str, bytes: &'static str| {
        let headers = [("content-type", STREAM), ("upload-offset", at), ("upload-checksum", sum)];
        tus(visitor, Method::PATCH, &path, &headers, bytes).await
    };
    send(&mut visitor, "0", HELLO, "jello").await.expect(460);
    assert_eq!(offset(&mut visitor, &path).await, Some(0));
    send(&mut visitor, "0", HELLO, "hello").await.expect(204);
    send(&mut visitor, "5", WORLD, "words").await.expect(460);
    assert_eq!(offset(&mut visitor, &path).await, Some(5));
    send(&mut visitor, "5", WORLD, "world").await.expect(204);
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(b"helloworld")));
    // Over several chunks: what a damaged attempt has left behind counts for nothing.
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let (good, bad) = (png(900_000, 1), png(900_000, 2));
    begin(&mut visitor, &path, good.len()).await.expect(201);
    let headers = [("content-type", STREAM), ("upload-offset", "0"), ("upload-checksum", HELLO)];
    tus(&mut visitor, Method::PATCH, &path, &headers, bad).await.expect(460);
    assert_eq!(offset(&mut visitor, &path).await, Some(0));
    let headers = [("content-type", STREAM), ("upload-offset", "0")];
    tus(&mut visitor, Method::PATCH, &path, &headers, good.clone()).await.expect(204);
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(&good)));
    assert!(super::download(&mut visitor, &id).await == good);
}
