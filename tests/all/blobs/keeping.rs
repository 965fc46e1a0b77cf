//! Staged, kept, deleted: as part of the unit of work.

use serde_json::{Value, json};
use support::probe::{all_ok, code, ok, op, respond};
use support::{Engine, TestHost, Visitor};

use super::{kept, probe, send_body};

on_both_databases! {
    a_received_blob_is_staged_until_it_is_kept,
    keeping_is_undone_with_the_request,
    keeping_twice_changes_nothing,
    a_deleted_blob_is_gone,
    deleting_is_undone_with_the_request,
    what_does_not_exist_is_not_found,
    kept_blobs_are_listed_in_order,
    an_app_has_a_quota,
    what_nothing_keeps_is_swept,
}

async fn staged(visitor: &mut Visitor) -> Value {
    let steps = json!([{ "op": "blob.receive-body", "name": "note.txt" }]);
    let answer = send_body(visitor, "text/plain", "a note", steps).await.expect(200).json();
    ok(&answer[0]).clone()
}

fn list() -> Value {
    json!({ "op": "blob.list", "limit": 1000 })
}

fn on(op: &str, blob: &Value) -> Value {
    json!({ "op": op, "id": blob["id"] })
}

async fn a_received_blob_is_staged_until_it_is_kept(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = staged(&mut visitor).await;
    let results = visitor.probe(json!([on("blob.stat", &blob), list(), on("blob.keep", &blob), list()])).await;
    assert_eq!((ok(&results[0]), ok(&results[1])), (&blob, &json!([])));
    let listed = &ok(&results[3])[0];
    assert_eq!((&listed["id"], &listed["kept"]), (&blob["id"], &json!(true)));
    assert_eq!((&listed["name"], &listed["content-type"]), (&json!("note.txt"), &json!("text/plain")));
}

async fn keeping_is_undone_with_the_request(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for end in [op("trap"), respond(500), op("db.rollback")] {
        let blob = staged(&mut visitor).await;
        visitor.probe_answer(json!([on("blob.keep", &blob), end])).await;
        let results = visitor.probe(json!([on("blob.stat", &blob), list()])).await;
        assert_eq!((&ok(&results[0])["kept"], ok(&results[1])), (&json!(false), &json!([])));
    }
}

async fn keeping_twice_changes_nothing(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain", "a", b"kept").await;
    all_ok(&visitor.probe(json!([on("blob.keep", &blob), on("blob.keep", &blob)])).await);
}

async fn a_deleted_blob_is_gone(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain", "a", &vec![b'x'; 1_000_000]).await;
    all_ok(&visitor.probe(json!([on("blob.delete", &blob)])).await);
    for op in ["blob.stat", "blob.open", "blob.keep", "blob.delete"] {
        assert_eq!(code(&visitor.probe_one(on(op, &blob)).await), "not-found", "{op}");
    }
    assert_eq!(host.database().count("probe", "chunks").await, 0);
}

async fn deleting_is_undone_with_the_request(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain", "a", b"kept").await;
    for end in [op("trap"), respond(500), op("db.rollback")] {
        visitor.probe_answer(json!([on("blob.delete", &blob), end])).await;
        let results =
            visitor.probe(json!([on("blob.open", &blob), { "op": "reader.read", "reader": 0, "max": 100 }])).await;
        assert_eq!(ok(&results[1]), "a2VwdA==");
    }
}

async fn what_does_not_exist_is_not_found(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for id in ["00000000000000000000000000000000", "", "x", "../x", "'", "Ü"] {
        for op in ["blob.stat", "blob.open", "blob.keep", "blob.delete", "blob.send"] {
            let result = visitor.probe_one(json!({ "op": op, "id": id })).await;
            assert_eq!(code(&result), "not-found", "{op} {id:?}");
        }
    }
}

async fn kept_blobs_are_listed_in_order(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(kept(&mut visitor, "text/plain", "a", format!("{n}").as_bytes()).await["id"].clone());
    }
    ids.sort_by_key(ToString::to_string);
    let page = |after: &Value| json!({ "op": "blob.list", "after": after, "limit": 2 });
    let results = visitor.probe(json!([page(&Value::Null), page(&ids[1]), page(&ids[3]), page(&ids[4])])).await;
    let listed: Vec<Value> = results
        .iter()
        .flat_map(|page| ok(page).as_array().expect("blobs"))
        .map(|blob| blob["id"].clone())
        .collect();
    assert_eq!(listed, ids);
    for limit in [0, 1001] {
        assert_eq!(code(&visitor.probe_one(json!({ "op": "blob.list", "limit": limit })).await), "bad-parameter");
    }
}

async fn an_app_has_a_quota(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_APP_BYTES", "1MiB").start().await;
    let mut visitor = host.visitor();
    let blob = kept(&mut visitor, "text/plain", "a", &vec![b'x'; 700_000]).await;
    let steps = || json!([{ "op": "blob.receive-body" }]);
    let body = || vec![b'x'; 700_000];
    let answer = send_body(&mut visitor, "text/plain", body(), steps()).await.expect(200).json();
    assert_eq!(code(&answer[0]), "quota-exceeded");
    all_ok(&visitor.probe(json!([on("blob.delete", &blob)])).await);
    ok(&send_body(&mut visitor, "text/plain", body(), steps()).await.expect(200).json()[0]);
}

async fn what_nothing_keeps_is_swept(engine: Engine) {
    let (mut host, mut visitor) = probe(engine).await;
    kept(&mut visitor, "text/plain", "kept", b"kept").await;
    staged(&mut visitor).await;
    host.sweep_soon().await;
    let swept = async || (host.database().count("probe", "blobs").await == 1).then_some(());
    support::until("the staged blob is swept and the kept one stays", swept).await;
    assert_eq!(host.database().count("probe", "chunks").await, 1);
}
