//! Blobs that the app makes itself, and blobs that it reads.

use serde_json::{Value, json};
use support::bytes::sha256;
use support::probe::{all_ok, code, ok};
use support::{Engine, TestHost};

use super::{kept, probe};

on_both_databases! {
    what_was_written_is_read_back,
    a_writer_that_is_dropped_leaves_nothing,
    a_finished_writer_is_closed,
    a_range_is_read_and_nothing_else,
    a_range_behind_the_end_is_refused,
    a_reader_gives_at_most_what_is_asked_for,
    an_empty_blob_is_a_blob,
    a_piece_is_no_larger_than_allowed,
    a_blob_of_which_a_part_was_undone_is_not_staged,
    a_writer_that_could_not_take_everything_has_ended,
}

fn create(content_type: &str) -> Value {
    json!({ "op": "blob.create", "name": "made.bin", "content-type": content_type })
}

fn write(count: u32, byte: u8, calls: u32) -> Value {
    json!({ "op": "writer.write", "writer": 0, "repeat": { "byte": byte, "count": count, "calls": calls } })
}

fn finish() -> Value {
    json!({ "op": "writer.finish", "writer": 0 })
}

fn read(max: u32) -> Value {
    json!({ "op": "reader.read", "reader": 0, "max": max })
}

async fn what_was_written_is_read_back(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let steps = json!([create("application/x-own"), write(300_000, 65, 2), write(1, 66, 1), finish()]);
    let results = visitor.probe(steps).await;
    let blob = ok(&results[3]);
    let bytes = [&vec![65; 600_000][..], &[66]].concat();
    assert_eq!((&blob["size"], &blob["sha256"]), (&json!(600_001), &json!(sha256(&bytes))));
    assert_eq!((&blob["name"], &blob["content-type"]), (&json!("made.bin"), &json!("application/x-own")));
    let range = json!({ "op": "blob.open", "id": blob["id"], "first": 599_999 });
    assert_eq!(ok(&visitor.probe(json!([range, read(100)])).await[1]), "QUI=");
}

async fn a_writer_that_is_dropped_leaves_nothing(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let drop = json!({ "op": "writer.drop", "writer": 0 });
    all_ok(&visitor.probe(json!([create("text/plain"), write(500_000, 65, 4), drop])).await);
    // And one that the end of the request closes.
    all_ok(&visitor.probe(json!([create("text/plain"), write(500_000, 65, 4)])).await);
    let gone = async || (host.database().count("probe", "chunks").await == 0).then_some(());
    support::until("nothing is left of what was written", gone).await;
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}

async fn a_finished_writer_is_closed(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let results = visitor.probe(json!([create("text/plain"), finish(), write(1, 65, 1), finish()])).await;
    assert_eq!((code(&results[2]), code(&results[3])), ("closed", "closed"));
}

async fn a_range_is_read_and_nothing_else(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    // Every seventh byte tells where it stands, across all chunks.
    let bytes: Vec<u8> = (0..2_100_000_u32).map(|n| u8::try_from(n % 7 + 48).expect("a digit")).collect();
    let blob = kept(&mut visitor, "text/plain", "a", &bytes).await;
    for (first, last) in
        [(0, 0), (262_140, 262_150), (1_048_570, 1_048_580), (2_099_999, 2_099_999), (2_099_990, 9_999_999)]
    {
        let open = json!({ "op": "blob.open", "id": blob["id"], "first": first, "last": last });
        let about = json!({ "op": "reader.blob", "reader": 0 });
        // A piece may be shorter than asked for, where a chunk ends; only the end is empty.
        let results = visitor.probe(json!([open, about, read(100), read(100), read(100)])).await;
        let read: Vec<u8> =
            results[2..].iter().flat_map(|piece| decode(ok(piece).as_str().expect("bytes"))).collect();
        assert_eq!(read, bytes[first..=last.min(bytes.len() - 1)], "{first}-{last}");
        assert_eq!((ok(&results[4]), &ok(&results[1])["size"]), (&json!(""), &json!(bytes.len())));
    }
}

async fn a_range_behind_the_end_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain", "a", b"0123456789").await;
    for (first, last) in [(10, None), (11, None), (5, Some(3)), (i64::MAX, Some(i64::MAX))] {
        let result =
            visitor.probe_one(json!({ "op": "blob.open", "id": blob["id"], "first": first, "last": last })).await;
        assert_eq!(code(&result), "bad-parameter", "{first}-{last:?}");
    }
}

async fn a_reader_gives_at_most_what_is_asked_for(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain", "a", &vec![b'x'; 3_000_000]).await;
    let open = json!({ "op": "blob.open", "id": blob["id"] });
    let results = visitor.probe(json!([open, read(3), read(9_999_999), read(0), read(10)])).await;
    let lengths: Vec<usize> = results[1..].iter().map(|r| decode(ok(r).as_str().expect("bytes")).len()).collect();
    assert!(lengths[0] == 3 && lengths[1] <= 1_048_576 && lengths[1] > 0 && lengths[3] <= 10, "{lengths:?}");
}

async fn an_empty_blob_is_a_blob(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let results =
        visitor.probe(json!([create("text/plain"), finish(), { "op": "blob.keep", "id": "$1.ok.id" }])).await;
    let blob = ok(&results[1]);
    assert_eq!((&blob["size"], &blob["sha256"]), (&json!(0), &json!(sha256(b""))));
    let open = json!({ "op": "blob.open", "id": blob["id"] });
    assert_eq!(ok(&visitor.probe(json!([open, read(10)])).await[1]), "");
}

async fn a_piece_is_no_larger_than_allowed(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mib = 1024 * 1024;
    let results =
        visitor.probe(json!([create("text/plain"), write(mib, 65, 1), write(mib + 1, 65, 1), finish()])).await;
    ok(&results[1]);
    assert_eq!(code(&results[2]), "too-large");
}

/// The probe shows bytes in base64; this is just enough to read that.
fn decode(text: &str) -> Vec<u8> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').map(digit).collect();
    let bits = digits.chunks(4).flat_map(|four| {
        let word = four.iter().fold(0_u32, |word, digit| word << 6 | u32::from(*digit)) << (6 * (4 - four.len()));
        word.to_be_bytes()[1..four.len()].to_vec()
    });
    bits.collect()
}

async fn a_blob_of_which_a_part_was_undone_is_not_staged(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (begin, undo) = (json!({ "op": "db.begin" }), json!({ "op": "tx.rollback", "tx": 0 }));
    let piece = || write(262_144, 65, 1);
    let steps = json!([create("text/plain"), piece(), begin, piece(), undo, write(100, 66, 1), finish()]);
    let results = visitor.probe(steps).await;
    assert_eq!(code(&results[6]), "conflict", "{results:?}");
}

async fn a_writer_that_could_not_take_everything_has_ended(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_FILE_BYTES", "1MiB").start().await;
    let mut visitor = host.visitor();
    // Dropped before the answer: by itself that happens behind it.
    let drop = json!({ "op": "writer.drop", "writer": 0 });
    let writes = [write(1_000_000, 65, 1), write(100_000, 65, 1), write(1, 65, 1)];
    let steps = [&[create("text/plain")], &writes[..], &[finish(), drop]].concat();
    let results = visitor.probe(json!(steps)).await;
    let codes: Vec<&str> = results[2..5].iter().map(code).collect();
    ok(&results[5]);
    assert_eq!(codes, ["too-large", "closed", "closed"]);
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}
