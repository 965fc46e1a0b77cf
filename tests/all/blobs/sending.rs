//! Blobs as answers: by `send`, or by a response header.

use serde_json::{Value, json};
use support::Engine;
use support::bytes::png;
use support::probe::code;

use super::{get_blob, kept, probe};

on_both_databases! {
    a_blob_is_sent_with_safe_headers,
    what_could_run_script_is_offered_for_saving,
    the_name_and_the_age_can_be_chosen,
    a_range_is_sent_if_the_visitors_copy_is_the_same,
    a_response_header_sends_a_blob_too,
    a_blob_is_sent_instead_of_a_response,
}

const PLAIN: (&str, &str) = ("accept", "*/*");

async fn a_blob_is_sent_with_safe_headers(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (photo, name) = (png(5_000, 1), "größe \"1\".png");
    let blob = kept(&mut visitor, "image/png", name, &photo).await;
    let answer = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.expect(200);
    assert!(answer.body == photo);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(
        answer.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")),
        "{answer:?}"
    );
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert!(answer.header("content-disposition").is_none_or(|shown| shown.starts_with("inline")), "{answer:?}");
}

async fn what_could_run_script_is_offered_for_saving(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (content_type, text) in [
        ("text/html", "<!doctype html><script>alert(1)</script>"),
        ("image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("application/xhtml+xml", "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        ("text/xml", "<?xml version=\"1.0\"?><a/>"),
        ("application/javascript", "alert(1)"),
    ] {
        let blob = kept(&mut visitor, content_type, "file", text.as_bytes()).await;
        let answer = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.expect(200);
        let shown = answer.header("content-disposition").unwrap_or_default();
        assert!(shown.starts_with("attachment"), "{content_type}: {shown:?}");
    }
}

async fn the_name_and_the_age_can_be_chosen(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "image/png", "own.png", &png(100, 1)).await;
    let options = json!({ "name": "Grüße \"1\"\r\nX-Evil: 1.png", "download": true, "max-age": 60 });
    let answer = get_blob(&mut visitor, &blob["id"], options, PLAIN).await.expect(200);
    let shown = answer.header("content-disposition").expect("a disposition");
    assert!(shown.starts_with("attachment") && shown.contains("filename*=UTF-8''Gr%C3%BC%C3%9Fe"), "{shown}");
    assert_eq!(answer.header("x-evil"), None);
    assert!(answer.header("cache-control").is_some_and(|value| value.contains("max-age=60")), "{answer:?}");
    let plain = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await;
    assert!(plain.header("cache-control").is_some_and(|value| value.contains("no-cache")), "{plain:?}");
}

async fn a_range_is_sent_if_the_visitors_copy_is_the_same(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "image/png", "a.png", &png(1_000, 1)).await;
    let tag =
        get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.header("etag").expect("a tag").to_owned();
    for (if_range, status, length) in [(tag.as_str(), 206, 10), ("\"other\"", 200, 1_000)] {
        let steps = json!([{ "op": "blob.send", "id": blob["id"] }]);
        let request = http::Request::get("/photo").header("probe-steps", steps.to_string());
        let request = request.header("range", "bytes=0-9").header("if-range", if_range);
        let answer = visitor.send(request, http_body_util::Full::<bytes::Bytes>::default()).await.expect(status);
        assert_eq!(answer.body.len(), length);
    }
}

async fn a_response_header_sends_a_blob_too(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let photo = png(5_000, 1);
    let blob = kept(&mut visitor, "image/png", "a.png", &photo).await;
    let headers = json!([["innkeeper-send-blob", blob["id"]], ["x-own", "sent along"]]);
    let respond = json!({ "op": "respond", "status": 200, "headers": headers, "body": "" });
    let answer = visitor.probe_answer(json!([respond])).await.expect(200);
    assert!(answer.body == photo, "{} bytes came", answer.body.len());
    assert_eq!(answer.header("content-type"), Some("image/png"));
    assert_eq!((answer.header("x-own"), answer.header("innkeeper-send-blob")), (Some("sent along"), None));
}

async fn a_blob_is_sent_instead_of_a_response(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "image/png", "a.png", &png(100, 1)).await;
    let send = json!({ "op": "blob.send", "id": blob["id"] });
    let answer = visitor.probe_answer(json!([{ "op": "respond", "status": 200 }, send])).await.expect(200);
    assert_eq!(code(&answer.json()[1]), "conflict");
}
