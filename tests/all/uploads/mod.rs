//! Uploads by ticket: the tus protocol 1.0, spoken to the host past any guest.

mod checksums;
mod client;
mod crowd;
mod ending;
mod keys;
mod protocol;
mod refusals;
mod resuming;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use support::probe::ok;
use support::{Answer, Engine, TestHost, Visitor};

/// The content type of bytes that go on with an upload.
const STREAM: &str = "application/offset+octet-stream";

/// A probe and one visitor.
async fn probe(engine: Engine) -> (TestHost, Visitor) {
    // On a slow disk a large file takes its time.
    let host =
        TestHost::with(engine).app("probe", "probe").env("INNKEEPER_WALL_PER_REQUEST", "4min").start().await;
    let visitor = host.visitor();
    (host, visitor)
}

/// A ticket for one upload: the id of the blob and the path.
async fn ticket(visitor: &mut Visitor, limits: Value) -> (String, String) {
    let step = json!({ "op": "blob.sign-upload", "limits": limits, "seconds": 600 });
    let ticket = ok(&visitor.probe_one(step).await).clone();
    let text = |name: &str| ticket[name].as_str().expect("a text").to_owned();
    (text("id"), text("path"))
}

/// A request of the protocol.
pub(crate) async fn tus(
    visitor: &mut Visitor,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("tus-resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    visitor.send(request, Full::new(body.into())).await
}

/// Begins an upload of so many bytes.
pub(crate) async fn begin(visitor: &mut Visitor, path: &str, size: usize) -> Answer {
    tus(visitor, Method::POST, path, &[("upload-length", &size.to_string())], "").await
}

/// Goes on with bytes from an offset.
pub(crate) async fn patch(visitor: &mut Visitor, path: &str, offset: usize, bytes: &[u8]) -> Answer {
    let headers = [("content-type", STREAM), ("upload-offset", &offset.to_string())];
    tus(visitor, Method::PATCH, path, &headers, bytes.to_vec()).await
}

/// How far an upload has got; none where there is none.
pub(crate) async fn offset(visitor: &mut Visitor, path: &str) -> Option<usize> {
    let answer = tus(visitor, Method::HEAD, path, &[], "").await;
    assert!([200, 404].contains(&answer.status), "{answer:?}");
    answer.header("upload-offset").map(|text| text.parse().expect("a number"))
}

/// What the app knows of a blob.
async fn stat(visitor: &mut Visitor, id: &str) -> Value {
    visitor.probe_one(json!({ "op": "blob.stat", "id": id })).await
}

/// The bytes of a blob as a visitor gets them.
async fn download(visitor: &mut Visitor, id: &str) -> Bytes {
    let steps = json!([{ "op": "blob.send", "id": id }]);
    let request = Request::get("/file").header("probe-steps", steps.to_string());
    visitor.send(request, Full::<Bytes>::default()).await.expect(200).body
}
