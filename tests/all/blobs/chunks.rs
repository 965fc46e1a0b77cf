//! What sending reads of the database, and for how long it holds a connection to it.

use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use support::probe::{code, ok, query, rows};
use support::{Engine, TestHost, Visitor};

use super::{get_blob, kept, probe};

on_both_databases! {
    a_range_reads_only_its_chunks,
    a_range_of_a_guest_reads_only_its_chunks,
    a_download_of_which_a_part_is_missing_is_cut_off,
    slow_visitors_hold_no_connection,
}

const CHUNK: usize = 256 * 1024;
const CHUNKS: usize = 7;

/// A blob of [`CHUNKS`] chunks of which only those of number 2 and 3 are left.
async fn torn(engine: Engine) -> (TestHost, Visitor, Value, Vec<u8>) {
    let (host, mut visitor) = probe(engine).await;
    let bytes = support::bytes::png(CHUNKS * CHUNK - 1_000, 1);
    let blob = kept(&mut visitor, "image/png", "a.png", &bytes).await;
    let table = host.database().host_table("chunks");
    host.database().app_rows("probe", &format!("delete from {table} where seq not in (2, 3)")).await;
    assert_eq!(host.database().count("probe", "chunks").await, 2);
    (host, visitor, blob["id"].clone(), bytes)
}

async fn a_range_reads_only_its_chunks(engine: Engine) {
    let (_host, mut visitor, id, bytes) = torn(engine).await;
    let (begin, end) = (2 * CHUNK, 4 * CHUNK);
    for (first, last) in [
        (begin, begin),
        (begin + 5, begin + 10),
        (begin, end - 1),
        (end - 1, end - 1),
        (3 * CHUNK - 1, 3 * CHUNK),
        (3 * CHUNK, end - 1),
    ] {
        let answer = get_blob(&mut visitor, &id, Value::Null, ("range", &format!("bytes={first}-{last}"))).await;
        assert!(answer.expect(206).body == bytes[first..=last], "{first}-{last}");
    }
    let two = format!("bytes={begin}-{begin},{}-{}", end - 1, end - 1);
    get_blob(&mut visitor, &id, Value::Null, ("range", &two)).await.expect(206);
}

async fn a_range_of_a_guest_reads_only_its_chunks(engine: Engine) {
    let (_host, mut visitor, id, _) = torn(engine).await;
    let read = |first: usize, last: usize| {
        let open = json!({ "op": "blob.open", "id": id, "first": first, "last": last });
        json!([open, { "op": "reader.read", "reader": 0, "max": 10 }])
    };
    ok(&visitor.probe(read(2 * CHUNK, 4 * CHUNK - 1)).await[1]);
    ok(&visitor.probe(read(4 * CHUNK - 1, 4 * CHUNK - 1)).await[1]);
    assert_eq!(code(&visitor.probe(read(2 * CHUNK, 4 * CHUNK)).await[1]), "not-found");
}

async fn a_download_of_which_a_part_is_missing_is_cut_off(engine: Engine) {
    let (host, mut visitor, id, _) = torn(engine).await;
    let beyond = format!("bytes={}-{}", 2 * CHUNK, 4 * CHUNK);
    for range in ["bytes=0-", "bytes=0-0", &beyond, &format!("bytes={}-{},0-0", 2 * CHUNK, 2 * CHUNK)] {
        let steps = json!([{ "op": "blob.send", "id": id }]);
        let request = Request::get("/photo").header("probe-steps", steps.to_string()).header("range", range);
        assert!(visitor.try_send(request, Full::default()).await.is_err(), "{range} came as if it were whole");
    }
    assert_eq!(host.visitor().get("/hello").await.status, 200);
}

async fn slow_visitors_hold_no_connection(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_POOL_SIZE", "1");
    let host =
        host.env("INNKEEPER_WALL_PER_REQUEST", "4min").env("INNKEEPER_CPU_PER_REQUEST", "1min").start().await;
    let mut visitor = host.visitor();
    // Far more than fits between the two ends of a connection.
    let bytes = support::bytes::png(48 << 20, 1);
    let id = kept(&mut visitor, "image/png", "a.png", &bytes).await["id"].clone();
    let steps = json!([{ "op": "blob.send", "id": id }]).to_string();
    let mut slow = Vec::new();
    for _ in 0..4 {
        let request = Request::get("/photo").header("probe-steps", &steps);
        let mut response = visitor.open(request, Full::default()).await.expect("an answer");
        response.body_mut().frame().await.expect("it goes on").expect("bytes");
        slow.push(response);
    }
    for _ in 0..10 {
        assert_eq!(rows(&visitor.probe_one(query("select 1", json!([]))).await).as_array().map(Vec::len), Some(1));
    }
    let rest = slow.pop().expect("one of them").into_body().collect().await.expect("the whole").to_bytes();
    assert!(rest.len() <= bytes.len() && bytes.ends_with(&rest), "{} bytes came", rest.len());
}
