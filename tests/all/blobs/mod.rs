//! The interface `blob-upload`: receiving, keeping, reading, sending, deleting.

mod abandoned;
mod abuse;
mod browser;
mod chunks;
mod conditions;
mod form_heads;
mod form_texts;
mod forms;
mod hostile_forms;
mod keeping;
mod large;
mod making;
mod names;
pub(crate) mod quota;
mod ranges;
mod replacing;
mod sending;
mod signed;

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::multipart::Multipart;
use support::probe::ok;
use support::{Answer, Engine, TestHost, Visitor};

/// A header that asks for nothing in particular.
const PLAIN: (&str, &str) = ("accept", "*/*");

/// A visitor of a probe, and its host.
async fn probe(engine: Engine) -> (TestHost, Visitor) {
    // On a slow disk a large file takes its time.
    let host = TestHost::with(engine)
        .app("probe", "probe")
        .env("INNKEEPER_WALL_PER_REQUEST", "4min")
        .env("INNKEEPER_CPU_PER_REQUEST", "1min")
        .start()
        .await;
    let visitor = host.visitor();
    (host, visitor)
}

/// Sends a form to the probe and runs steps on it.
async fn send_form(visitor: &mut Visitor, form: &Multipart, steps: Value) -> Answer {
    send_body(visitor, &form.content_type(), form.body(), steps).await
}

/// Sends any body to the probe and runs steps on it.
async fn send_body(visitor: &mut Visitor, content_type: &str, body: impl Into<Bytes>, steps: Value) -> Answer {
    let request = Visitor::with_steps("/upload", &steps).header("content-type", content_type);
    visitor.send(request, Full::new(body.into())).await
}

/// Uploads bytes as a blob, keeps it and returns what the host knows about it.
async fn kept(visitor: &mut Visitor, content_type: &str, name: &str, bytes: &[u8]) -> Value {
    let steps = json!([{ "op": "blob.receive-body", "name": name }, { "op": "blob.keep", "id": "$0.ok.id" }]);
    let answer = send_body(visitor, content_type, bytes.to_vec(), steps).await.expect(200).json();
    ok(&answer[1]);
    ok(&answer[0]).clone()
}

/// `GET` that the probe answers with a blob.
async fn get_blob(visitor: &mut Visitor, id: &Value, options: Value, header: (&str, &str)) -> Answer {
    let steps = json!([{ "op": "blob.send", "id": id, "options": options }]);
    let request = http::Request::get("/photo").header("probe-steps", steps.to_string()).header(header.0, header.1);
    visitor.send(request, Full::<Bytes>::default()).await
}
