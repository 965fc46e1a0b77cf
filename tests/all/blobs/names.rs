//! Names of files as a reader that many servers and clients use takes them out of the header.

use serde_json::json;
use support::{Engine, node};

use super::{PLAIN, get_blob, kept, probe};

on_both_databases! {
    a_name_is_read_as_it_was_given,
}

async fn a_name_is_read_as_it_was_given(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let blob = kept(&mut visitor, "text/plain", "own name.txt", b"text").await;
    for (given, read) in [
        (None, Some("own name.txt")),
        (Some("Grüße 🦀.png"), Some("Grüße 🦀.png")),
        (Some("100%41 'x' (1) *;=,.txt"), Some("100%41 'x' (1) *;=,.txt")),
        (Some("a\"; filename=evil.exe"), Some("a; filename=evil.exe")),
        (Some("a\\\"; filename*=UTF-8''evil.exe"), Some("; filename*=UTF-8''evil.exe")),
        (Some("a\r\nSet-Cookie: x=1"), Some("aSet-Cookie: x=1")),
        (Some("../../etc/passwd"), Some("passwd")),
        (Some("C:\\Windows\\x.dll"), Some("x.dll")),
        (Some("gnp.\u{202e}exe"), Some("gnp.exe")),
        (Some(".."), None),
    ] {
        let answer = get_blob(&mut visitor, &blob["id"], json!({ "name": given }), PLAIN).await.expect(200);
        assert_eq!(answer.header("set-cookie"), None);
        let shown = answer.header("content-disposition").expect("a disposition");
        let parsed = node::run("disposition.js", &[shown]).await;
        assert_eq!(
            (&parsed["type"], &parsed["parameters"]["filename"]),
            (&json!("inline"), &json!(read)),
            "{shown}"
        );
        let others =
            parsed["parameters"].as_object().expect("parameters").keys().filter(|name| *name != "filename");
        assert_eq!(others.count(), 0, "{shown}");
    }
    let saved = get_blob(&mut visitor, &blob["id"], json!({ "download": true }), PLAIN).await.expect(200);
    let parsed = node::run("disposition.js", &[saved.header("content-disposition").expect("a disposition")]).await;
    assert_eq!(parsed, json!({ "type": "attachment", "parameters": { "filename": "own name.txt" } }));
}
