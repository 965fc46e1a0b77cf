//! Blobs as answers: by `send`, or by a response header.

use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::png;
use support::probe::code;
use support::{Answer, Engine};

use super::{PLAIN, get_blob, kept, probe};

on_both_databases! {
    a_blob_is_sent_with_safe_headers,
    what_could_run_script_is_offered_for_saving,
    the_name_and_the_age_can_be_chosen,
    text_is_sent_as_utf_8,
    a_response_header_sends_a_blob_too,
    a_blob_that_is_gone_is_not_found,
    sound_and_film_are_sent_under_types_that_browsers_know,
    a_guest_cannot_loosen_how_a_blob_is_sent,
    a_blob_is_sent_instead_of_a_response,
}

async fn a_blob_is_sent_with_safe_headers(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (photo, name) = (png(5_000, 1), "größe \"1\".png");
    let blob = kept(&mut visitor, "image/png", name, &photo).await;
    let answer = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.expect(200);
    assert!(answer.body == photo);
    assert_safe(&answer);
    assert_eq!((answer.header("accept-ranges"), answer.header("content-length")), (Some("bytes"), Some("5000")));
    assert!(answer.header("content-disposition").is_some_and(|shown| shown.starts_with("inline")), "{answer:?}");
}

/// What keeps a stored file from acting as a page of the app.
fn assert_safe(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let values: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name}");
    }
}

async fn text_is_sent_as_utf_8(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain; charset=iso-2022-jp", "a.txt", "Grüße".as_bytes()).await;
    let answer = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(answer.header("content-disposition").is_some_and(|shown| shown.starts_with("inline")), "{answer:?}");
}

async fn what_could_run_script_is_offered_for_saving(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (content_type, text) in [
        ("text/html", "<!doctype html><script>alert(1)</script>"),
        ("image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("application/xhtml+xml", "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        ("text/xml", "<?xml version=\"1.0\"?><a/>"),
        ("application/javascript", "alert(1)"),
        ("text/css", "a { color: red }"),
        (
            "multipart/x-mixed-replace; boundary=a",
            "--a\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
        ),
        ("image/png", "<!doctype html><script>alert(1)</script>"),
        ("text/plain", "<html><script>alert(1)</script></html>"),
    ] {
        let blob = kept(&mut visitor, content_type, "file", text.as_bytes()).await;
        let answer = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.expect(200);
        let shown = answer.header("content-disposition").unwrap_or_default();
        assert!(shown.starts_with("attachment"), "{content_type}: {shown:?}");
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"), "{content_type}");
        assert_safe(&answer);
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

async fn a_blob_that_is_gone_is_not_found(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "image/png", "a.png", &png(5_000, 1)).await;
    visitor.probe(json!([{ "op": "blob.delete", "id": blob["id"] }])).await;
    let unknown = "0".repeat(32);
    for id in [blob["id"].as_str().expect("an id"), &unknown, "nonsense", ""] {
        for status in [200, 201, 404] {
            let set = json!({ "op": "session.set", "key": "seen", "value": "1" });
            let headers = json!([["innkeeper-send-blob", id]]);
            let respond = json!({ "op": "respond", "status": status, "headers": headers, "body": "" });
            let answer = visitor.probe_answer(json!([set, respond])).await.expect(404);
            assert!(answer.text().contains("no longer here"), "{answer:?}");
            assert_eq!(answer.header("set-cookie"), None, "nothing is kept");
        }
    }
    assert_eq!(host.database().count("probe", "sessions").await, 0);
    host.wait_for_log("innkeeper-send-blob").await;
}

async fn sound_and_film_are_sent_under_types_that_browsers_know(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (begin, found, sent) in [
        (&b"RIFF\x24\0\0\0WAVEfmt "[..], "audio/x-wav", "audio/wav"),
        (b"fLaC\0\0\0\x22", "audio/x-flac", "audio/flac"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/m4a", "audio/mp4"),
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg", "audio/mpeg"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "video/mp4", "video/mp4"),
    ] {
        let bytes = [begin, &[0; 64]].concat();
        let blob = kept(&mut visitor, "application/octet-stream", "a", &bytes).await;
        assert_eq!(blob["content-type"], found);
        let answer = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.expect(200);
        assert_eq!(answer.header("content-type"), Some(sent));
        let policy = "sandbox allow-same-origin; default-src 'none'; media-src 'self'";
        assert_eq!(answer.header("content-security-policy"), Some(policy), "{found}");
        assert!(
            answer.header("content-disposition").is_some_and(|shown| shown.starts_with("inline")),
            "{answer:?}"
        );
    }
}

async fn a_guest_cannot_loosen_how_a_blob_is_sent(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let drawing = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let blob = kept(&mut visitor, "image/svg+xml", "a.svg", drawing).await;
    let safe = get_blob(&mut visitor, &blob["id"], Value::Null, PLAIN).await.expect(200);
    let headers = json!([
        ["Innkeeper-Send-Blob", blob["id"]],
        ["content-type", "text/html"],
        ["Content-Type", "image/svg+xml"],
        ["content-disposition", "inline"],
        ["content-security-policy", "default-src *"],
        ["content-security-policy", "script-src 'unsafe-inline'"],
        ["x-content-type-options", "none"],
        ["cross-origin-resource-policy", "cross-origin"],
        ["etag", "\"own\""],
        ["last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"],
        ["accept-ranges", "none"],
        ["content-range", "bytes 0-0/1"],
        ["content-encoding", "gzip"],
        ["content-location", "/other"],
        ["content-length", "0"],
        ["x-frame-options", "DENY"],
    ]);
    let respond = json!([{ "op": "respond", "status": 200, "headers": headers, "body": "" }]);
    let request = http::Request::get("/photo").header("probe-steps", respond.to_string());
    let answer = visitor.send(request, Full::<bytes::Bytes>::default()).await.expect(200);
    assert_eq!(&answer.body[..], drawing);
    assert_safe(&answer);
    for name in safe.headers.keys().filter(|name| !["date", "x-request-id"].contains(&name.as_str())) {
        let values = |answer: &Answer| answer.headers.get_all(name).iter().cloned().collect::<Vec<_>>();
        assert_eq!(values(&answer), values(&safe), "{name}");
    }
    let more: Vec<_> = answer.headers.keys().filter(|name| !safe.headers.contains_key(*name)).collect();
    assert_eq!(more, ["x-frame-options"]);
}

async fn a_blob_is_sent_instead_of_a_response(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "image/png", "a.png", &png(100, 1)).await;
    let send = json!({ "op": "blob.send", "id": blob["id"] });
    let answer = visitor.probe_answer(json!([{ "op": "respond", "status": 200 }, send])).await.expect(200);
    assert_eq!(code(&answer.json()[1]), "conflict");
}
