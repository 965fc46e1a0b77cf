//! Forms: received by the host, within limits, in the order of the request.

use serde_json::{Value, json};
use support::Engine;
use support::bytes::{png, sha256};
use support::multipart::Multipart;
use support::probe::{code, ok};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{probe, send_body, send_form};

on_both_databases! {
    a_form_comes_in_the_order_of_the_request,
    a_form_without_files_is_read_from_either_encoding,
    the_type_of_a_file_is_what_its_bytes_show,
    a_file_name_is_data_and_never_a_path,
    what_exceeds_a_limit_is_refused_as_a_whole,
    what_is_no_form_is_refused,
    a_body_is_read_once,
    a_form_that_breaks_off_leaves_nothing,
}

fn receive(limits: Value) -> Value {
    json!({ "op": "blob.receive-form", "limits": limits })
}

async fn a_form_comes_in_the_order_of_the_request(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (first, second) = (png(700_000, 1), png(10, 2));
    let form = Multipart::new()
        .field("a", "one")
        .file("photo", "first.png", "image/png", &first)
        .field("b", "Grüße 🦀\r\n--x")
        .file("empty", "", "application/octet-stream", b"")
        .file("photo", "second.png", "image/png", &second)
        .field("a", "two");
    let answer = send_form(&mut visitor, &form, json!([receive(json!({}))])).await.expect(200).json();
    let received = ok(&answer[0]);
    assert_eq!(received["fields"], json!([["a", "one"], ["b", "Grüße 🦀\r\n--x"], ["a", "two"]]));
    let files = received["files"].as_array().expect("files");
    assert_eq!(files.len(), 2, "an input left empty is no file: {files:?}");
    for (file, (name, bytes)) in files.iter().zip([("first.png", &first), ("second.png", &second)]) {
        assert_eq!((&file["field"], &file["blob"]["name"]), (&json!("photo"), &json!(name)));
        assert_eq!(file["blob"]["sha256"], json!(sha256(bytes)));
        assert_eq!((&file["blob"]["size"], &file["blob"]["kept"]), (&json!(bytes.len()), &json!(false)));
        assert_eq!(file["blob"]["id"].as_str().map(str::len), Some(32));
    }
}

async fn a_form_without_files_is_read_from_either_encoding(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let steps = || json!([receive(json!({}))]);
    let body = "a=one+two&b=%F0%9F%A6%80%26%3D&a=&c";
    let plain =
        send_body(&mut visitor, "application/x-www-form-urlencoded", body, steps()).await.expect(200).json();
    assert_eq!(ok(&plain[0])["fields"], json!([["a", "one two"], ["b", "🦀&="], ["a", ""], ["c", ""]]));
    let form = Multipart::new().field("a", "").field("b", "x");
    let multipart = send_form(&mut visitor, &form, steps()).await.expect(200).json();
    assert_eq!(ok(&multipart[0])["fields"], json!([["a", ""], ["b", "x"]]));
}

async fn the_type_of_a_file_is_what_its_bytes_show(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let page = b"<!doctype html><script>alert(1)</script>";
    let form = Multipart::new()
        .file("f", "a.txt", "text/plain", &png(100, 1))
        .file("f", "b.png", "image/png", page)
        .file("f", "c.bin", "application/x-own", b"\x00\x01\x02 nothing known");
    let answer = send_form(&mut visitor, &form, json!([receive(json!({}))])).await.expect(200).json();
    let types: Vec<&Value> =
        ok(&answer[0])["files"].as_array().expect("files").iter().map(|f| &f["blob"]["content-type"]).collect();
    assert_eq!(types[0], "image/png");
    assert_ne!(types[1], "image/png", "a page is no picture, whatever it says");
    assert_eq!(types[2], "application/x-own");
}

async fn a_file_name_is_data_and_never_a_path(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (sent, kept) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\fakepath\\\\photo.png", "photo.png"),
        ("größe 🦀.png", "größe 🦀.png"),
        ("..", ""),
        ("/", ""),
    ] {
        let form = Multipart::new().file("f", sent, "image/png", &png(100, 1));
        let answer = send_form(&mut visitor, &form, json!([receive(json!({}))])).await.expect(200).json();
        let name = ok(&answer[0])["files"][0]["blob"]["name"].as_str().unwrap_or_default();
        assert_eq!(name, kept, "{sent}");
    }
}

async fn what_exceeds_a_limit_is_refused_as_a_whole(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let form = Multipart::new().field("a", "one").file("small", "s.png", "image/png", &png(1_000, 1)).file(
        "large",
        "l.png",
        "image/png",
        &png(400_000, 2),
    );
    for (limits, expected) in [
        (json!({"max-file": 399_999}), "too-large"),
        (json!({"max-total": 400_999}), "too-large"),
        (json!({"max-files": 1}), "too-large"),
        (json!({"max-files": 0}), "too-large"),
        (json!({"accept": ["application/pdf"]}), "unsupported-type"),
    ] {
        let answer = send_form(&mut visitor, &form, json!([receive(limits.clone())])).await.expect(200).json();
        assert_eq!(code(&answer[0]), expected, "{limits}");
        assert!(
            ["small", "large"].contains(&answer[0]["error"]["field"].as_str().unwrap_or_default()),
            "{answer}"
        );
        assert_eq!(host.database().count("probe", "blobs").await, 0, "{limits}");
    }
    let fits = json!({"max-file": 400_000, "max-total": 401_000, "max-files": 2, "accept": ["text/*", "image/*"]});
    ok(&send_form(&mut visitor, &form, json!([receive(fits)])).await.expect(200).json()[0]);
}

async fn what_is_no_form_is_refused(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let whole = Multipart::new().field("a", "one").body();
    for (content_type, body) in [
        ("application/json", b"{}".to_vec()),
        ("multipart/form-data", whole.clone()),
        ("multipart/form-data; boundary=other", whole.clone()),
        ("multipart/form-data; boundary=x", b"--x\r\nno headers".to_vec()),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut".to_vec(),
        ),
    ] {
        let answer =
            send_body(&mut visitor, content_type, body, json!([receive(json!({}))])).await.expect(200).json();
        assert!(["bad-form", "interrupted"].contains(&code(&answer[0])), "{content_type}: {answer}");
    }
}

async fn a_body_is_read_once(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let form = Multipart::new().field("a", "one");
    for steps in [
        json!([receive(json!({})), receive(json!({}))]),
        json!([{ "op": "echo-body" }, receive(json!({}))]),
        json!([receive(json!({})), { "op": "blob.receive-body" }]),
    ] {
        let answer = send_form(&mut visitor, &form, steps).await.expect(200).json();
        ok(&answer[0]);
        assert_eq!(code(&answer[1]), "conflict");
    }
}

async fn a_form_that_breaks_off_leaves_nothing(engine: Engine) {
    let (host, _visitor) = probe(engine).await;
    let form = Multipart::new().file("f", "f.png", "image/png", &png(3_000_000, 1));
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nprobe-steps: {}\r\n\r\n",
        host.address(),
        form.content_type(),
        form.body().len(),
        json!([receive(json!({})), { "op": "blob.keep", "id": "$0.ok.files.0.blob.id" }]),
    );
    let cut = [head.as_bytes(), &form.body()[..2_000_000]].concat();
    // The connection is closed by the visitor in the middle of the file, after the host began to
    // store it.
    let mut stream = TcpStream::connect(host.address()).await.expect("the host listens");
    stream.write_all(&cut).await.expect("the host reads");
    let chunks = async || host.database().count("probe", "chunks").await;
    support::until("chunks are stored", async || (chunks().await > 0).then_some(())).await;
    drop(stream);
    let blobs = async || host.database().count("probe", "blobs").await;
    let gone = async || (blobs().await + chunks().await == 0).then_some(());
    support::until("nothing is left of the upload", gone).await;
}
