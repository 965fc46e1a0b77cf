//! The room of an app's files: exact, however many uploads there are at once and however they end.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::png;
use support::multipart::Multipart;
use support::probe::{all_ok, code, execute, ok, op, respond};
use support::{Engine, TestHost, Visitor};

use super::{kept, send_body, send_form};

on_both_databases! {
    parallel_uploads_never_exceed_the_quota,
    parallel_forms_never_exceed_the_quota,
    what_is_gone_takes_up_no_room,
    room_is_given_back_in_every_kind_of_unit,
    a_unit_of_work_cannot_exceed_the_quota_either,
    an_upload_that_cannot_fit_is_refused_before_it_comes,
    many_empty_files_take_up_room_too,
    an_upload_that_was_undone_is_not_begun_again,
}

const QUOTA: u64 = 8 << 20;
/// What each blob counts beside its bytes.
pub(super) const ROW: u64 = 1024;
const SIZE: usize = 700_000;
const COUNTED: u64 = SIZE as u64 + ROW;
const UPLOADS: usize = 50;

pub(super) async fn small(engine: Engine) -> TestHost {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_APP_BYTES", &QUOTA.to_string());
    // Uploads wait until the room of others is free again, and are not told to come back.
    host.env("INNKEEPER_POOL_WAIT", "20s").start().await
}

/// What the host counts, and what there is.
pub(crate) async fn room(host: &TestHost) -> (u64, u64) {
    let mark = if host.database().directory().is_some() { "innkeeper_" } else { "innkeeper." };
    let sql = format!(
        "select (select coalesce(sum(bytes), 0) from {mark}usage), (select coalesce(sum(size + {ROW}), 0) from {mark}blobs)"
    );
    let rows = host.database().app_rows("probe", &sql).await;
    let number = |at: usize| rows[0][at].parse().expect("a number");
    (number(0), number(1))
}

/// Asserts that what is counted is what there is, and within the quota. Returns it.
pub(super) async fn exact(host: &TestHost) -> u64 {
    let (counted, there) = room(host).await;
    assert_eq!(counted, there);
    assert!(counted <= QUOTA, "{counted} bytes");
    counted
}

fn receive() -> Value {
    json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }])
}

/// Uploads until there is an answer that is no "try again". Returns whether it was kept.
async fn upload(mut visitor: Visitor, content_type: String, body: Vec<u8>, steps: Value) -> bool {
    loop {
        let request = Visitor::with_steps("/upload", &steps).header("content-type", &content_type);
        let answer = visitor.send(request, Full::new(Bytes::from(body.clone()))).await;
        if answer.status == 200 {
            match answer.json()[0].pointer("/error/code").and_then(Value::as_str) {
                None => return true,
                Some("quota-exceeded") => return false,
                Some("busy" | "unavailable") => {}
                Some(other) => panic!("{other}: {answer:?}"),
            }
        } else {
            assert_eq!(answer.status, 503, "{answer:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn in_parallel(host: &TestHost, content_type: &str, body: &[u8], steps: Value) -> usize {
    let uploads: Vec<_> = (0..UPLOADS)
        .map(|_| tokio::spawn(upload(host.visitor(), content_type.to_owned(), body.to_vec(), steps.clone())))
        .collect();
    let watching = async {
        loop {
            let (counted, there) = room(host).await;
            assert!(counted <= QUOTA && there <= QUOTA, "{counted} counted, {there} there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let all = async {
        let mut kept = 0;
        for upload in uploads {
            kept += usize::from(upload.await.expect("an answer"));
        }
        kept
    };
    tokio::select! {
        kept = all => kept,
        () = watching => 0,
    }
}

async fn parallel_uploads_never_exceed_the_quota(engine: Engine) {
    let host = small(engine).await;
    let kept = in_parallel(&host, "image/png", &png(SIZE, 1), receive()).await;
    assert_eq!(kept as u64, QUOTA / COUNTED);
    assert_eq!(exact(&host).await, kept as u64 * COUNTED);
}

async fn parallel_forms_never_exceed_the_quota(engine: Engine) {
    let host = small(engine).await;
    let form = Multipart::new().field("a", "one").file("f", "f.png", "image/png", &png(SIZE, 1));
    let steps = json!([{ "op": "blob.receive-form" }, { "op": "blob.keep", "id": "$0.ok.files.0.blob.id" }]);
    let kept = in_parallel(&host, &form.content_type(), &form.body(), steps).await;
    assert!(kept > 0);
    assert_eq!(exact(&host).await, kept as u64 * COUNTED);
}

async fn what_is_gone_takes_up_no_room(engine: Engine) {
    let host = small(engine).await;
    let mut visitor = host.visitor();
    let blob = kept(&mut visitor, "image/png", "a.png", &png(SIZE, 1)).await;
    assert_eq!(exact(&host).await, COUNTED);
    // A form of which one file is refused, and a writer that is dropped.
    let form =
        Multipart::new().file("f", "a.png", "image/png", &png(SIZE, 1)).file("f", "b.txt", "text/plain", b"no");
    let limits = json!({ "accept": ["image/*"] });
    let refused = send_form(&mut visitor, &form, json!([{ "op": "blob.receive-form", "limits": limits }])).await;
    assert_eq!(code(&refused.json()[0]), "unsupported-type");
    let create = json!({ "op": "blob.create", "content-type": "text/plain" });
    let write =
        json!({ "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": 300_000, "calls": 3 } });
    all_ok(&visitor.probe(json!([create, write, { "op": "writer.drop", "writer": 0 }])).await);
    assert_eq!(exact(&host).await, COUNTED);
    // One that is finished takes up what it has, not what was promised to it.
    let made = visitor.probe(json!([create, write, { "op": "writer.finish", "writer": 0 }])).await;
    assert_eq!(ok(&made[2])["size"], 900_000);
    assert_eq!(exact(&host).await, COUNTED + 900_000 + ROW);
    all_ok(&visitor.probe(json!([{ "op": "blob.delete", "id": blob["id"] }])).await);
    assert_eq!(exact(&host).await, 900_000 + ROW);
}

async fn room_is_given_back_in_every_kind_of_unit(engine: Engine) {
    let host = small(engine).await;
    let mut visitor = host.visitor();
    let blob = kept(&mut visitor, "image/png", "a.png", &png(SIZE, 1)).await;
    let delete = json!({ "op": "blob.delete", "id": blob["id"] });
    // Not where the deletion is undone, by itself or with the request.
    let (begin, undo) = (op("db.begin"), json!({ "op": "tx.rollback", "tx": 0 }));
    all_ok(&visitor.probe(json!([begin, delete, undo])).await);
    visitor.probe_answer(json!([delete, respond(500)])).await.expect(500);
    assert_eq!(exact(&host).await, COUNTED);
    // An upload inside a transaction that is undone afterwards.
    let table = execute("create table if not exists t (a text)", json!([]));
    let row = execute("insert into t (a) values ('x')", json!([]));
    let steps = json!([table, row, { "op": "blob.receive-body" }, op("db.rollback")]);
    let results = send_body(&mut visitor, "image/png", png(SIZE, 2), steps).await.expect(200).json();
    all_ok(results.as_array().expect("results"));
    let (counted, there) = room(&host).await;
    assert_eq!(counted, there);
    // In a part that is kept, with a part beside it that is not.
    let steps = json!([begin, undo, begin, delete, { "op": "tx.commit", "tx": 1 }]);
    all_ok(&visitor.probe(steps).await);
    let (counted, there) = room(&host).await;
    assert_eq!(counted, there);
    // After the head, where each statement is kept by itself.
    let other = kept(&mut visitor, "image/png", "b.png", &png(SIZE, 3)).await;
    let answer = visitor.probe_answer(json!([respond(200), { "op": "blob.delete", "id": other["id"] }])).await;
    all_ok(answer.expect(200).json().as_array().expect("results"));
    let (counted, there) = room(&host).await;
    assert_eq!((counted, counted < COUNTED), (there, true));
}

async fn a_unit_of_work_cannot_exceed_the_quota_either(engine: Engine) {
    let host = small(engine).await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([execute("create table t (a text)", json!([]))])).await);
    let row = execute("insert into t (a) values ('x')", json!([]));
    let six = || png(6 << 20, 1);
    // While this one has its transaction open, another one takes the room, or has to wait and gets
    // none. Whoever comes first, the pause only makes it likely that they meet: one of them gets
    // the room.
    let slow = json!([row, { "op": "blob.receive-body" }, { "op": "sleep", "ms": 1500 }]);
    let quick = json!([{ "op": "blob.receive-body" }]);
    let mut second = host.visitor();
    let (slow, quick) = tokio::join!(send_body(&mut visitor, "image/png", six(), slow), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        send_body(&mut second, "image/png", six(), quick).await
    });
    let got_it =
        |answer: &support::Answer, at: usize| answer.status == 200 && answer.json()[at].get("ok").is_some();
    assert!(got_it(&slow, 1) != got_it(&quick, 0), "one of them: {slow:?} {quick:?}");
    exact(&host).await;
}

async fn an_upload_that_cannot_fit_is_refused_before_it_comes(engine: Engine) {
    let host = small(engine).await;
    let mut visitor = host.visitor();
    kept(&mut visitor, "image/png", "a.png", &png(SIZE, 1)).await;
    let request = Visitor::with_steps("/upload", &receive());
    let (answer, _) = visitor.upload(request, QUOTA).await;
    assert_eq!(code(&answer.expect(200).json()[0]), "quota-exceeded");
    assert_eq!(exact(&host).await, COUNTED);
}

async fn many_empty_files_take_up_room_too(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_APP_BYTES", "10KiB").start().await;
    let mut visitor = host.visitor();
    let steps: Vec<Value> = (0..20)
        .flat_map(|n| {
            [
                json!({ "op": "blob.create", "content-type": "text/plain" }),
                json!({ "op": "writer.finish", "writer": n }),
            ]
        })
        .collect();
    let results = visitor.probe(Value::from(steps)).await;
    let made = results.chunks(2).filter(|pair| pair[1].get("ok").is_some()).count();
    assert_eq!(made, 10, "{results:?}");
}

async fn an_upload_that_was_undone_is_not_begun_again(engine: Engine) {
    let host = small(engine).await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([execute("create table t (a text)", json!([]))])).await);
    let row = execute("insert into t (a) values ('x')", json!([]));
    let create = json!({ "op": "blob.create", "content-type": "text/plain" });
    let write =
        json!({ "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": 300_000, "calls": 1 } });
    let finish = json!({ "op": "writer.finish", "writer": 0 });
    let results = visitor.probe(json!([row, create, write, op("db.rollback"), write, finish])).await;
    assert_eq!((code(&results[4]), code(&results[5])), ("conflict", "closed"), "{results:?}");
    assert_eq!(exact(&host).await, 0);
}
