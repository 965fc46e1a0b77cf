//! Guests that ask for what is not theirs, or take away what is being sent.

use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use support::probe::{all_ok, code};
use support::{Engine, TestHost, Visitor};

use super::{kept, probe};

on_both_databases! {
    blobs_of_another_app_are_unknown,
    a_blob_that_is_deleted_while_it_is_sent_is_cut_off,
    readers_and_writers_are_sixteen_at_once,
}

async fn blobs_of_another_app_are_unknown(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("other", "probe").start().await;
    let blob = kept(&mut host.visitor(), "text/plain", "a", b"not yours").await;
    let steps: Vec<Value> = ["stat", "open", "keep", "delete", "send"]
        .map(|op| json!({ "op": format!("blob.{op}"), "id": blob["id"] }))
        .into_iter()
        .chain([json!({ "op": "blob.sign-download", "id": blob["id"], "seconds": 60 })])
        .collect();
    let request = Request::post("/other/run").header("probe-steps", Value::from(steps).to_string());
    let results = host.visitor().send(request, Full::<bytes::Bytes>::default()).await.expect(200).json();
    for result in results.as_array().expect("results") {
        assert_eq!(code(result), "not-found", "{results}");
    }
}

async fn readers_and_writers_are_sixteen_at_once(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain", "a", b"abc").await;
    let open = json!({ "op": "blob.open", "id": blob["id"] });
    let create = json!({ "op": "blob.create", "content-type": "text/plain" });
    let read = json!({ "op": "reader.read", "reader": 0, "max": 10 });
    let finish = json!({ "op": "writer.finish", "writer": 0 });
    let mut steps = vec![open.clone(); 15];
    // Each of these gives a place back: the end of a reader, a finished writer, a dropped reader.
    let drop = json!({ "op": "reader.drop", "reader": 1 });
    for back in [read, finish, drop] {
        let last = if steps.len() == 15 { create.clone() } else { open.clone() };
        steps.extend([last, open.clone(), create.clone()]);
        steps.push(back);
    }
    steps.push(open);
    let results = visitor.probe(json!(steps)).await;
    let refused: Vec<usize> = (0..results.len()).filter(|at| results[*at].get("error").is_some()).collect();
    assert_eq!(refused, [16, 17, 20, 21, 24, 25], "{results:?}");
    refused.iter().for_each(|at| assert_eq!(code(&results[*at]), "too-large"));
}

async fn a_blob_that_is_deleted_while_it_is_sent_is_cut_off(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let size = 40 << 20;
    let steps = json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }]);
    let (answer, _) = visitor.upload(Visitor::with_steps("/upload", &steps), size).await;
    let id = answer.expect(200).json()[0]["ok"]["id"].clone();
    let send = json!([{ "op": "blob.send", "id": id }]).to_string();
    let request = Request::get("/file").header("probe-steps", send);
    let mut slow = visitor.open(request, Full::<bytes::Bytes>::default()).await.expect("a head");
    let first = slow.body_mut().frame().await.expect("a piece").expect("a piece");
    let mut received = first.into_data().map_or(0, |bytes| bytes.len() as u64);
    all_ok(&visitor.probe(json!([{ "op": "blob.delete", "id": id }])).await);
    let end = loop {
        match slow.body_mut().frame().await {
            Some(Ok(frame)) => received += frame.into_data().map_or(0, |bytes| bytes.len() as u64),
            end => break end,
        }
    };
    assert!(matches!(end, Some(Err(_))) && received < size, "cut off and not ended: {received} bytes, {end:?}");
}
