//! Conditional requests for blobs (RFC 9110, section 13).

use http::Method;
use serde_json::{Value, json};
use support::client::KeepAlive;
use support::{Answer, Engine, TestHost};

use super::{PLAIN, get_blob, kept, probe};

on_both_databases! {
    conditions_are_weighed_in_their_order,
    an_unchanged_file_is_not_sent_again,
    a_refusal_is_not_kept_in_the_files_place,
    head_tells_of_the_whole,
    a_method_with_effects_has_no_conditions,
    another_status_sends_the_whole,
}

/// Long before the blob was made, and long after.
const OLDER: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const NEWER: &str = "Fri, 06 Nov 2893 08:49:37 GMT";

const SIZE: usize = 1_000;

/// A host with one blob of [`SIZE`] bytes.
struct Scene {
    _host: TestHost,
    connection: KeepAlive,
    id: Value,
    etag: String,
    modified: String,
}

impl Scene {
    async fn set(engine: Engine) -> Self {
        let (host, mut visitor) = probe(engine).await;
        let id = kept(&mut visitor, "text/plain", "a.txt", &[b'x'; SIZE]).await["id"].clone();
        let answer = get_blob(&mut visitor, &id, Value::Null, PLAIN).await.expect(200);
        let header = |name| answer.header(name).expect("validators are sent").to_owned();
        let (etag, modified) = (header("etag"), header("last-modified"));
        Self { connection: visitor.keep_alive().await, _host: host, id, etag, modified }
    }

    /// Asks for the blob. In values of headers `TAG` and `DATE` stand for the blob's own.
    async fn ask(&mut self, method: Method, options: Value, headers: &[(&str, &str)]) -> Answer {
        let send = json!({ "op": "blob.send", "id": self.id, "options": options });
        self.run(method, &json!([send]), headers).await
    }

    async fn run(&mut self, method: Method, steps: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = http::Request::builder().method(method).uri("/photo");
        request = request.header("probe-steps", steps.to_string());
        for (name, value) in headers {
            request = request.header(*name, value.replace("TAG", &self.etag).replace("DATE", &self.modified));
        }
        self.connection.send(request).await
    }
}

async fn conditions_are_weighed_in_their_order(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("if-none-match", "TAG")], 304),
        (&[("if-none-match", "W/TAG")], 304),
        (&[("if-none-match", "\"x, y\" , TAG")], 304),
        (&[("if-none-match", "\"x\""), ("if-none-match", "TAG")], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"x\"")], 200),
        (&[("if-none-match", "TAG\"")], 200),
        (&[("if-modified-since", "DATE")], 304),
        (&[("if-modified-since", NEWER)], 304),
        (&[("if-modified-since", OLDER)], 200),
        (&[("if-modified-since", "yesterday")], 200),
        (&[("if-modified-since", "DATE"), ("if-modified-since", "DATE")], 200),
        (&[("if-none-match", "\"x\""), ("if-modified-since", "DATE")], 200),
        (&[("if-match", "TAG")], 200),
        (&[("if-match", "\"x,\", TAG")], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", "W/TAG")], 412),
        (&[("if-match", "\"x\"")], 412),
        (&[("if-unmodified-since", "DATE")], 200),
        (&[("if-unmodified-since", NEWER)], 200),
        (&[("if-unmodified-since", OLDER)], 412),
        (&[("if-unmodified-since", "yesterday")], 200),
        (&[("if-match", "TAG"), ("if-unmodified-since", OLDER)], 200),
        (&[("if-match", "\"x\""), ("if-none-match", "TAG")], 412),
        (&[("if-match", "TAG"), ("if-none-match", "TAG")], 304),
        (&[("range", "bytes=0-9")], 206),
        (&[("range", "bytes=0-9"), ("if-range", "TAG")], 206),
        (&[("range", "bytes=0-9"), ("if-range", "W/TAG")], 200),
        (&[("range", "bytes=0-9"), ("if-range", "\"x\"")], 200),
        (&[("range", "bytes=0-9"), ("if-range", "DATE")], 206),
        (&[("range", "bytes=0-9"), ("if-range", NEWER)], 200),
        (&[("range", "bytes=0-9"), ("if-range", OLDER)], 200),
        (&[("range", "bytes=0-9"), ("if-range", "yesterday")], 200),
        (&[("range", "bytes=0-1"), ("range", "bytes=4-5")], 200),
        (&[("range", "bytes=0-9"), ("if-none-match", "TAG")], 304),
        (&[("range", "bytes=0-9"), ("if-match", "\"x\"")], 412),
        (&[("range", "bytes=5000-"), ("if-range", "\"x\"")], 200),
        (&[("range", "bytes=5000-"), ("if-range", "TAG")], 416),
    ];
    for (headers, status) in cases {
        let answer = scene.ask(Method::GET, Value::Null, headers).await;
        let length = [(200, SIZE), (206, 10)].iter().find(|(of, _)| of == status).map_or(0, |(_, length)| *length);
        assert_eq!((answer.status, answer.body.len()), (*status, length), "{headers:?}");
        // A HEAD is answered as the GET would be, but it knows no ranges.
        let head = scene.ask(Method::HEAD, Value::Null, headers).await;
        let expected = if matches!(status, 206 | 416) { 200 } else { *status };
        assert_eq!((head.status, head.body.len()), (expected, 0), "{headers:?}");
    }
}

async fn an_unchanged_file_is_not_sent_again(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    for method in [Method::GET, Method::HEAD] {
        let options = json!({ "max-age": 60, "download": true });
        let answer = scene.ask(method, options, &[("if-none-match", "TAG")]).await.expect(304);
        assert_eq!(answer.header("etag"), Some(scene.etag.as_str()));
        assert_eq!(answer.header("last-modified"), Some(scene.modified.as_str()));
        assert_eq!(answer.header("cache-control"), Some("private, max-age=60"));
        assert!(answer.headers.contains_key("date"));
        for absent in ["content-length", "content-type", "content-range", "transfer-encoding"] {
            assert_eq!(answer.header(absent), None, "{absent}");
        }
        // The visitor's copy is offered by the rules of today.
        assert!(answer.header("content-disposition").is_some_and(|shown| shown.starts_with("attachment")));
    }
}

async fn a_refusal_is_not_kept_in_the_files_place(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    for (header, status, range) in
        [(("if-match", "\"x\""), 412, None), (("range", "bytes=1000-,-0"), 416, Some("bytes */1000"))]
    {
        let answer = scene.ask(Method::GET, json!({ "max-age": 60 }), &[header]).await.expect(status);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!((answer.header("content-range"), answer.header("content-length")), (range, Some("0")));
        assert_eq!((answer.header("content-type"), answer.header("content-disposition")), (None, None));
    }
}

async fn head_tells_of_the_whole(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    let get = scene.ask(Method::GET, Value::Null, &[]).await.expect(200);
    for range in [("accept", "*/*"), ("range", "bytes=0-9"), ("range", "bytes=0-1,4-5"), ("range", "bytes=5000-")]
    {
        let head = scene.ask(Method::HEAD, Value::Null, &[range]).await.expect(200);
        for name in get.headers.keys().filter(|name| !["date", "x-request-id"].contains(&name.as_str())) {
            assert_eq!(head.headers.get(name), get.headers.get(name), "{name}");
        }
        assert_eq!((head.header("content-length"), head.headers.len()), (Some("1000"), get.headers.len()));
    }
}

async fn a_method_with_effects_has_no_conditions(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    for header in
        [("if-match", "\"x\""), ("if-none-match", "TAG"), ("range", "bytes=0-9"), ("range", "bytes=5000-")]
    {
        let answer = scene.ask(Method::POST, Value::Null, &[header]).await.expect(200);
        assert_eq!(answer.body.len(), SIZE, "{header:?}");
    }
}

async fn another_status_sends_the_whole(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    let asked = [("if-none-match", "TAG"), ("range", "bytes=0-9")];
    for (given, status, length) in
        [(404, 404, SIZE), (201, 201, SIZE), (503, 503, SIZE), (204, 204, 0), (206, 304, 0), (416, 304, 0)]
    {
        let headers = json!([["innkeeper-send-blob", scene.id]]);
        let respond = json!([{ "op": "respond", "status": given, "headers": headers, "body": "" }]);
        let answer = scene.run(Method::GET, &respond, &asked).await;
        assert_eq!((answer.status, answer.body.len()), (status, length), "{given}");
        assert_eq!(answer.header("content-range"), None);
        let head = scene.run(Method::HEAD, &respond, &asked).await;
        assert_eq!((head.status, head.body.len()), (status, 0), "{given}");
    }
}
