//! Ranges of a blob against what the RFC says of a slice of the same bytes: thousands of random
//! `Range` headers, and then the edges.
//!
//! A failure names its seed: the same headers come again with `INNKEEPER_TEST_SEED=…`.

mod asked;
mod oracle;

use std::collections::HashSet;
use std::sync::Arc;

use http::Request;
use serde_json::json;
use support::bytes::png;
use support::client::KeepAlive;
use support::random::Random;
use support::{Answer, Engine};
use tokio::task::JoinSet;

use super::{kept, probe};
use asked::Asked;
use oracle::Expected;

on_both_databases! {
    ten_thousand_ranges_are_answered_as_by_a_slice,
    several_ranges_come_in_one_body,
    an_empty_blob_has_no_ranges,
}

/// A bit more than six chunks.
const SIZE: usize = 1_600_123;
const CONNECTIONS: u64 = 4;
const RANGES_OF_EACH: usize = 2_500;

/// The blob of a test, as it was uploaded.
struct Blob {
    steps: String,
    etag: String,
    bytes: Vec<u8>,
}

async fn ten_thousand_ranges_are_answered_as_by_a_slice(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut random = Random::from_environment();
    let bytes = png(SIZE, random.bits());
    let known = kept(&mut visitor, "image/png", "a.png", &bytes).await;
    let steps = json!([{ "op": "blob.send", "id": known["id"] }]).to_string();
    let etag = format!("\"{}\"", known["sha256"].as_str().expect("a hash"));
    let blob = Arc::new(Blob { steps, etag, bytes });
    let mut visits = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (blob, connection, seed) = (blob.clone(), visitor.keep_alive().await, random.bits());
        let replay = random.to_string();
        visits.spawn(async move { visit(&blob, connection, Random::new(seed), &replay).await });
    }
    let boundaries = visits.join_all().await.concat();
    let different: HashSet<&String> = boundaries.iter().collect();
    assert!(!boundaries.is_empty() && different.len() == boundaries.len(), "a boundary came twice");
}

/// Asks for many ranges over one connection and returns the boundaries that came.
async fn visit(blob: &Blob, mut connection: KeepAlive, mut random: Random, replay: &str) -> Vec<String> {
    let mut boundaries = Vec::new();
    for _ in 0..RANGES_OF_EACH {
        let asked = Asked::any(&mut random, SIZE as u64);
        let request = Request::get("/photo").header("probe-steps", &blob.steps).header("range", &asked.header);
        let answer = connection.send(request).await;
        let compared = compare(blob, &asked, &answer);
        boundaries.extend(compared.unwrap_or_else(|what| panic!("{replay}: {:?}: {what}", asked.header)));
    }
    boundaries
}

/// What differs from what the slice says; else the boundary, if there is one.
fn compare(blob: &Blob, asked: &Asked, answer: &Answer) -> Result<Option<String>, String> {
    let expected = Expected::of(asked, SIZE as u64);
    let boundary =
        answer.header("content-type").and_then(|value| value.strip_prefix("multipart/byteranges; boundary="));
    let body = expected.body(&blob.bytes, "image/png", boundary.unwrap_or_default());
    let length = body.len().to_string();
    let same = |what: &str, got: Option<&str>, wanted: Option<&str>| match got == wanted {
        true => Ok(()),
        false => Err(format!("{what}: {got:?} and not {wanted:?}")),
    };
    same("status", Some(&answer.status.to_string()), Some(expected.status()))?;
    same("content-range", answer.header("content-range"), expected.content_range(SIZE as u64).as_deref())?;
    same("content-length", answer.header("content-length"), Some(&length))?;
    same("etag", answer.header("etag"), Some(&blob.etag))?;
    let is_several = matches!(expected, Expected::Several(_));
    if is_several != boundary.is_some_and(|boundary| boundary.len() >= 32) {
        return Err(format!("content-type: {:?}", answer.header("content-type")));
    }
    if answer.body != body {
        return Err(format!("{} other bytes than {length}", answer.body.len()));
    }
    Ok(boundary.map(str::to_owned))
}

async fn several_ranges_come_in_one_body(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let id = kept(&mut visitor, "text/plain", "a.txt", b"0123456789").await["id"].clone();
    let get = async |visitor: &mut support::Visitor, range: &str| {
        super::get_blob(visitor, &id, json!(null), ("range", range)).await
    };
    let answer = get(&mut visitor, "bytes=8-, 0-1").await.expect(206);
    let content_type = answer.header("content-type").expect("a type").to_owned();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
    let (part, range) = ("Content-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ", "/10\r\n\r\n");
    let body =
        format!("--{boundary}\r\n{part}8-9{range}89\r\n--{boundary}\r\n{part}0-1{range}01\r\n--{boundary}--\r\n");
    assert_eq!((answer.text(), answer.header("content-range")), (body.as_str(), None));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    // One that is there among several is sent as if it had been asked for alone.
    let one = get(&mut visitor, "bytes=20-,3-4,-0").await.expect(206);
    assert_eq!((one.text(), one.header("content-range")), ("34", Some("bytes 3-4/10")));
    let ten_thousand = format!("bytes={}", vec!["0-0"; 10_000].join(","));
    assert_eq!(get(&mut visitor, &ten_thousand[..30_000]).await.expect(200).text(), "0123456789");
}

async fn an_empty_blob_has_no_ranges(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let id = kept(&mut visitor, "text/plain", "a.txt", b"").await["id"].clone();
    for (range, status, content_range) in [
        ("bytes=0-", 416, Some("bytes */0")),
        ("bytes=0-0,5-", 416, Some("bytes */0")),
        ("bytes=-0", 416, Some("bytes */0")),
        // It is satisfiable by the RFC, but no `Content-Range` can name no byte.
        ("bytes=-5", 200, None),
    ] {
        let answer = super::get_blob(&mut visitor, &id, json!(null), ("range", range)).await.expect(status);
        assert_eq!((answer.header("content-range"), answer.body.len()), (content_range, 0), "{range}");
    }
}
