//! Files that never became whole: what they took up is free again soon, however they ended.

use serde_json::{Value, json};
use support::bytes::png;
use support::gate::Gated;
use support::multipart::Multipart;
use support::probe::{all_ok, code, execute, op, respond};
use support::{Engine, TestHost, Visitor, until};

use super::quota::room;
use crate::units::hold;

on_both_databases! {
    an_upload_that_finds_everybody_busy_gives_its_room_back,
    a_form_that_finds_everybody_busy_gives_the_room_of_all_its_files_back,
    what_a_guest_leaves_half_made_takes_up_no_room,
    a_visitor_who_leaves_leaves_no_room_taken,
    what_is_finished_is_never_taken_for_half_made,
}

const QUOTA: u64 = 8 << 20;
/// More than two chunks.
const PART: usize = 700_000;

async fn probe(engine: Engine) -> TestHost {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_APP_BYTES", &QUOTA.to_string());
    let host = host.env("INNKEEPER_POOL_SIZE", "1").env("INNKEEPER_POOL_WAIT", "1s").start().await;
    all_ok(&host.probe(json!([execute("create table held (n bigint)", json!([]))])).await);
    host
}

/// Waits until nothing takes up room any more.
async fn is_given_back(host: &TestHost, what: &str) {
    let free = async || (room(host).await == (0, 0)).then_some(());
    until(&format!("{what}: the room is given back"), free).await;
    for table in ["blobs", "chunks"] {
        assert_eq!(host.database().count("probe", table).await, 0, "{what}: {table}");
    }
}

/// Waits until all chunks have been stored that are whole so far: nobody writes for a while.
async fn have_arrived(host: &TestHost, chunks: u32) {
    let arrived = async || (host.database().count("probe", "chunks").await >= chunks).then_some(());
    until("a part of the upload has arrived", arrived).await;
}

/// Sends the first part of a body, which has so many whole chunks, lets somebody else keep
/// everybody from writing, and sends the rest.
async fn interrupted(host: &TestHost, content_type: &str, body: &[u8], chunks: u32, op: Value) -> Value {
    let (first, rest) = body.split_at(body.len() - PART);
    let (body, gate) = Gated::new(first.to_vec(), rest.to_vec());
    let request = Visitor::with_steps("/upload", &json!([op])).header("content-type", content_type);
    let mut visitor = host.visitor();
    let sending = tokio::spawn(async move { visitor.send(request, body).await });
    have_arrived(host, chunks).await;
    let held = hold(host, "it holds the writer").await;
    gate.open();
    let answer = sending.await.expect("an answer").expect(200).json();
    held.end().await.expect(200);
    answer[0].clone()
}

async fn an_upload_that_finds_everybody_busy_gives_its_room_back(engine: Engine) {
    let host = probe(engine).await;
    let receive = json!({ "op": "blob.receive-body" });
    let result = interrupted(&host, "image/png", &png(2 * PART, 1), 2, receive).await;
    assert_eq!(code(&result), "busy", "{result}");
    is_given_back(&host, "an upload").await;
}

async fn a_form_that_finds_everybody_busy_gives_the_room_of_all_its_files_back(engine: Engine) {
    let host = probe(engine).await;
    let form = Multipart::new()
        .file("a", "a.png", "image/png", &png(1000, 1))
        .file("b", "b.png", "image/png", &png(PART, 2))
        .file("c", "c.png", "image/png", &png(2 * PART, 3));
    let result =
        interrupted(&host, &form.content_type(), &form.body(), 6, json!({ "op": "blob.receive-form" })).await;
    assert_eq!(code(&result), "busy", "{result}");
    is_given_back(&host, "a form").await;
}

async fn what_a_guest_leaves_half_made_takes_up_no_room(engine: Engine) {
    let host = probe(engine).await;
    let row = execute("insert into held (n) values (1)", json!([]));
    let made = |first: usize| {
        let create = json!({ "op": "blob.create", "content-type": "text/plain" });
        let repeat = json!({ "byte": 65, "count": PART, "calls": 1 });
        let writer = format!("${first}.ok");
        vec![create, json!({ "op": "writer.write", "writer": writer, "repeat": repeat })]
    };
    let ends: [(&str, Vec<Value>); 4] = [
        ("it ends well", vec![]),
        ("it ends badly", vec![respond(500)]),
        ("it traps", vec![op("trap")]),
        (
            "it goes on in a transaction",
            vec![row.clone(), json!({ "op": "writer.write", "writer": 0, "text": "more" })],
        ),
    ];
    for (what, end) in ends {
        let answer = host.visitor().probe_answer(json!([made(0), end].concat())).await;
        assert!([200, 500].contains(&answer.status), "{what}: {answer:?}");
        is_given_back(&host, what).await;
    }
    // Begun in the transaction that is kept.
    all_ok(&host.probe(json!([vec![row], made(1)].concat())).await);
    is_given_back(&host, "it was begun in a transaction").await;
}

async fn a_visitor_who_leaves_leaves_no_room_taken(engine: Engine) {
    let host = probe(engine).await;
    let (body, gate) = Gated::new(png(PART, 1), "");
    let request = Visitor::with_steps("/upload", &json!([{ "op": "blob.receive-body" }]));
    let mut visitor = host.visitor();
    let sending =
        tokio::spawn(async move { visitor.try_send(request.header("content-type", "image/png"), body).await });
    have_arrived(&host, 2).await;
    sending.abort();
    assert!(sending.await.is_err_and(|error| error.is_cancelled()));
    drop(gate);
    is_given_back(&host, "the visitor has left").await;
}

async fn what_is_finished_is_never_taken_for_half_made(engine: Engine) {
    let host = probe(engine).await;
    let mut visitor = host.visitor();
    let create = json!({ "op": "blob.create", "content-type": "text/plain" });
    let write = |writer: u32| json!({ "op": "writer.write", "writer": writer, "text": "whole" });
    let steps = json!([create, write(0), { "op": "writer.finish", "writer": 0 }, create, write(1)]);
    all_ok(&visitor.probe(steps).await);
    // The second one has nothing stored yet, the first is staged; so is the file of a form that was
    // answered badly.
    let form = Multipart::new().file("a", "a.png", "image/png", &png(1000, 1));
    let steps = json!([{ "op": "blob.receive-form" }, respond(500)]);
    super::send_form(&mut visitor, &form, steps).await.expect(500);
    let staged = format!("select count(*) from {} where state = 1", host.database().host_table("blobs"));
    assert_eq!(host.database().app_value("probe", &staged).await, "2");
    // Something half made beside them has gone meanwhile, and they have not.
    let left = json!([create, { "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": PART, "calls": 1 } }]);
    all_ok(&visitor.probe(left).await);
    let gone = async || (host.database().count("probe", "blobs").await == 2).then_some(());
    until("what was half made is gone", gone).await;
    assert_eq!(host.database().app_value("probe", &staged).await, "2");
}
