//! The end of uploads that do not come to a good one.

use http::Method;
use serde_json::json;
use support::Engine;
use support::probe::{all_ok, code};

use super::{begin, offset, patch, probe, stat, ticket, tus};

on_both_databases! {
    an_upload_can_be_ended,
    an_upload_that_is_left_is_swept,
}

async fn an_upload_can_be_ended(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let end = async |visitor: &mut support::Visitor, path: &str| {
        tus(visitor, Method::DELETE, path, &[], "").await.status
    };
    let (_, path) = ticket(&mut visitor, json!({})).await;
    assert_eq!(end(&mut visitor, &path).await, 404);
    begin(&mut visitor, &path, 300_000).await.expect(201);
    patch(&mut visitor, &path, 0, &[65; 270_000]).await.expect(204);
    assert_eq!(end(&mut visitor, &path).await, 204);
    assert_eq!(offset(&mut visitor, &path).await, None);
    assert_eq!(host.database().count("probe", "chunks").await, 0);
    // A complete one too, until the app has kept it.
    for is_kept in [false, true] {
        let (id, path) = ticket(&mut visitor, json!({})).await;
        begin(&mut visitor, &path, 5).await.expect(201);
        patch(&mut visitor, &path, 0, b"hello").await.expect(204);
        if is_kept {
            all_ok(&visitor.probe(json!([{ "op": "blob.keep", "id": id }])).await);
        }
        assert_eq!(end(&mut visitor, &path).await, if is_kept { 409 } else { 204 });
        assert_eq!(stat(&mut visitor, &id).await.get("ok").is_some(), is_kept);
        // What the app has looked at under this id is not exchanged for something else.
        begin(&mut visitor, &path, 5).await.expect(409);
        if is_kept {
            all_ok(&visitor.probe(json!([{ "op": "blob.delete", "id": id }])).await);
        }
        begin(&mut visitor, &path, 5).await.expect(409);
    }
}

async fn an_upload_that_is_left_is_swept(engine: Engine) {
    let (mut host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &path, 300_000).await.expect(201);
    patch(&mut visitor, &path, 0, &[65; 270_000]).await.expect(204);
    host.sweep_soon().await;
    let swept = async || (host.database().count("probe", "blobs").await == 0).then_some(());
    support::until("the upload is swept", swept).await;
    assert_eq!(offset(&mut visitor, &path).await, None);
    assert_eq!(code(&stat(&mut visitor, &id).await), "not-found");
    let mark = if host.database().directory().is_some() { "innkeeper_" } else { "innkeeper." };
    assert_eq!(host.database().app_value("probe", &format!("select bytes from {mark}usage")).await, "0");
}
