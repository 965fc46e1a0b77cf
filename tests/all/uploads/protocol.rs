//! The way of an upload, from the ticket to the kept blob.

use http::Method;
use serde_json::json;
use support::bytes::{png, sha256};
use support::probe::{all_ok, ok};
use support::{Answer, Engine};

use super::{STREAM, begin, download, offset, patch, probe, stat, ticket, tus};

on_both_databases! {
    the_host_says_what_it_can_do,
    an_upload_goes_from_a_ticket_to_a_kept_blob,
    the_first_bytes_may_come_with_the_beginning,
    an_empty_file_is_a_file,
    a_client_that_knows_only_post_can_send_too,
    a_beginning_whose_answer_was_lost_can_be_repeated,
    a_beginning_that_was_the_end_can_be_repeated_too,
    a_beginning_that_broke_off_goes_on_when_it_is_repeated,
    a_ticket_is_good_for_one_file,
    what_clients_say_of_a_file_is_read_as_they_write_it,
    a_client_may_add_a_charset,
}

async fn the_host_says_what_it_can_do(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let answer = visitor.method(Method::OPTIONS, "/_innkeeper/uploads/probe/x").await.expect(204);
    assert_eq!(answer.header("tus-version"), Some("1.0.0"));
    assert_eq!(
        answer.header("tus-extension"),
        Some("creation,creation-with-upload,expiration,checksum,termination")
    );
    assert_eq!(answer.header("tus-max-size"), Some("104857600"));
    assert_eq!(answer.header("tus-checksum-algorithm"), Some("sha1,sha256"));
}

async fn an_upload_goes_from_a_ticket_to_a_kept_blob(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({ "accept": ["image/*"] })).await;
    let photo = png(700_001, 1);
    let metadata = "filename Z3LDtsOfZSDwn5C1LnBuZw==,filetype dGV4dC9odG1s";
    let headers = [("upload-length", "700001"), ("upload-metadata", metadata)];
    let begun = tus(&mut visitor, Method::POST, &path, &headers, "").await.expect(201);
    assert_eq!((begun.header("location"), begun.header("tus-resumable")), (Some(&*path), Some("1.0.0")));
    assert!(begun.header("upload-expires").is_some(), "{begun:?}");
    assert_eq!(offset(&mut visitor, &path).await, Some(0));
    let said = tus(&mut visitor, Method::HEAD, &path, &[], "").await;
    assert_eq!(said.header("upload-metadata"), Some(metadata));
    // Pieces that end before, on and behind the ends of chunks, and one without bytes.
    let mut at = 0;
    for end in [1, 9_000, 262_144, 262_144, 300_000, 524_288, 700_000] {
        let answer = patch(&mut visitor, &path, at, &photo[at..end]).await.expect(204);
        assert_eq!(answer.header("upload-offset"), Some(&*end.to_string()));
        assert_eq!(offset(&mut visitor, &path).await, Some(end));
        at = end;
    }
    assert!(stat(&mut visitor, &id).await.get("error").is_some(), "nobody sees a part of a file");
    patch(&mut visitor, &path, at, &photo[at..]).await.expect(204);
    let blob = ok(&stat(&mut visitor, &id).await).clone();
    assert_eq!((&blob["size"], &blob["sha256"]), (&json!(700_001), &json!(sha256(&photo))));
    assert_eq!((&blob["name"], &blob["content-type"]), (&json!("größe 🐵.png"), &json!("image/png")));
    assert_eq!(blob["kept"], false);
    all_ok(&visitor.probe(json!([{ "op": "blob.keep", "id": id }])).await);
    assert_eq!(offset(&mut visitor, &path).await, Some(700_001), "the last answer may have been lost");
    assert!(download(&mut visitor, &id).await == photo);
}

async fn the_first_bytes_may_come_with_the_beginning(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let headers = [("upload-length", "10"), ("content-type", STREAM)];
    let begun = tus(&mut visitor, Method::POST, &path, &headers, "hello").await.expect(201);
    assert_eq!(begun.header("upload-offset"), Some("5"));
    patch(&mut visitor, &path, 5, b"world").await.expect(204);
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(b"helloworld")));
}

async fn an_empty_file_is_a_file(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &path, 0).await.expect(201);
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(b"")));
    assert_eq!(offset(&mut visitor, &path).await, Some(0));
}

async fn a_client_that_knows_only_post_can_send_too(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &path, 5).await.expect(201);
    let headers = [("x-http-method-override", "PATCH"), ("content-type", STREAM), ("upload-offset", "0")];
    tus(&mut visitor, Method::POST, &path, &headers, "hello").await.expect(204);
    ok(&stat(&mut visitor, &id).await);
}

async fn a_beginning_whose_answer_was_lost_can_be_repeated(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (_id, path) = ticket(&mut visitor, json!({})).await;
    begin(&mut visitor, &path, 10).await.expect(201);
    patch(&mut visitor, &path, 0, b"hello").await.expect(204);
    let again = begin(&mut visitor, &path, 10).await.expect(201);
    assert_eq!((again.header("location"), again.header("upload-offset")), (Some(&*path), Some("5")));
    begin(&mut visitor, &path, 11).await.expect(409);
    patch(&mut visitor, &path, 5, b"world").await.expect(204);
    begin(&mut visitor, &path, 10).await.expect(409);
    assert_eq!(host.database().count("probe", "blobs").await, 1);
}

async fn a_beginning_that_broke_off_goes_on_when_it_is_repeated(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let photo = png(900_000, 1);
    let said = [("upload-length", "900000"), ("content-type", STREAM)];
    let offset_of = |answer: &Answer| answer.header("upload-offset").map(str::to_owned);
    let first = tus(&mut visitor, Method::POST, &path, &said, photo[..300_000].to_vec()).await.expect(201);
    assert_eq!(offset_of(&first).as_deref(), Some("300000"));
    // Other bytes are another file.
    tus(&mut visitor, Method::POST, &path, &said, png(900_000, 2)).await.expect(409);
    // The client has not heard how far it came, and sends all of it again.
    let again = tus(&mut visitor, Method::POST, &path, &said, photo.clone()).await.expect(201);
    assert_eq!(offset_of(&again).as_deref(), Some("900000"));
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(&photo)));
}

async fn a_beginning_that_was_the_end_can_be_repeated_too(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    for (size, bytes) in [("5", "hello"), ("0", "")] {
        let (id, path) = ticket(&mut visitor, json!({})).await;
        let said = ("upload-metadata", "filename YS50eHQ=");
        let whole = [("upload-length", size), said, ("content-type", STREAM)];
        // The second time the answer to the first was lost; the third time the app has kept the
        // file meanwhile.
        for time in 0..3 {
            let answer = tus(&mut visitor, Method::POST, &path, &whole, bytes).await.expect(201);
            assert_eq!(
                (answer.header("location"), answer.header("upload-offset")),
                (Some(&*path), Some(size)),
                "{size}: {time}"
            );
            if time == 1 {
                all_ok(&visitor.probe(json!([{ "op": "blob.keep", "id": id }])).await);
            }
        }
        // Another file, or another description of it, is another upload.
        for (headers, bytes) in [
            (&[("upload-length", size), ("content-type", STREAM)][..], bytes),
            (
                &[("upload-length", size), ("upload-metadata", "filename Yi50eHQ="), ("content-type", STREAM)],
                bytes,
            ),
            (&[("upload-length", "6"), said, ("content-type", STREAM)], "hello!"),
            (&whole, "HELLO"),
            (&whole, "hell"),
            (&whole, "hello!"),
        ] {
            let refused = tus(&mut visitor, Method::POST, &path, headers, bytes).await;
            assert_eq!(refused.status, 409, "{headers:?} {bytes}");
        }
        let blob = ok(&stat(&mut visitor, &id).await).clone();
        assert_eq!((&blob["sha256"], &blob["kept"]), (&json!(sha256(bytes.as_bytes())), &json!(true)));
        // Where the app has deleted it, the ticket is used up all the same.
        all_ok(&visitor.probe(json!([{ "op": "blob.delete", "id": id }])).await);
        tus(&mut visitor, Method::POST, &path, &whole, bytes).await.expect(409);
    }
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}

async fn a_ticket_is_good_for_one_file(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let mine = [("upload-length", "10"), ("upload-metadata", "filename bWluZQ=="), ("content-type", STREAM)];
    tus(&mut visitor, Method::POST, &path, &mine, "hello").await.expect(201);
    let yours = [("upload-length", "10"), ("upload-metadata", "filename eW91cnM="), ("content-type", STREAM)];
    for headers in [&yours[..], &yours[..2], &yours[..1], &[("upload-length", "9"), mine[1]]] {
        tus(&mut visitor, Method::POST, &path, headers, "").await.expect(409);
    }
    let again = tus(&mut visitor, Method::POST, &path, &mine, "hello").await.expect(201);
    assert_eq!(again.header("upload-offset"), Some("5"), "none of it is taken twice");
    for (bytes, status) in [("hell", 201), ("HELLO", 409), ("jelloworld", 409)] {
        tus(&mut visitor, Method::POST, &path, &mine, bytes).await.expect(status);
    }
    assert_eq!(offset(&mut visitor, &path).await, Some(5));
    patch(&mut visitor, &path, 5, b"wo").await.expect(204);
    let whole = tus(&mut visitor, Method::POST, &path, &mine, "helloworld").await.expect(201);
    assert_eq!(whole.header("upload-offset"), Some("10"), "what is not there yet is taken");
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(b"helloworld")));
}

/// Uppy says the same twice and more besides, libraries for Dart and Swift leave padding out,
/// others write what is no base64.
async fn what_clients_say_of_a_file_is_read_as_they_write_it(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for metadata in [
        "relativePath bnVsbA==,name Z3LDtsOfZS5iaW4=,type YXBwbGljYXRpb24veC1vd24=,filetype YXBwbGljYXRpb24veC1vd24=,filename Z3LDtsOfZS5iaW4=",
        "filename Z3LDtsOfZS5iaW4,filetype YXBwbGljYXRpb24veC1vd24",
        "filename Z3LDtsOfZS5iaW4=, caption gr\u{f6}\u{df}e, album *, empty , filetype YXBwbGljYXRpb24veC1vd24=",
        "filename %%%,name Z3LDtsOfZS5iaW4=,,filetype YXBwbGljYXRpb24veC1vd24=,",
    ] {
        let (id, path) = ticket(&mut visitor, json!({})).await;
        let headers = [("upload-length", "5"), ("upload-metadata", metadata), ("content-type", STREAM)];
        tus(&mut visitor, Method::POST, &path, &headers, "hello").await.expect(201);
        let blob = ok(&stat(&mut visitor, &id).await).clone();
        let (name, kind) = (&blob["name"], &blob["content-type"]);
        assert_eq!((name, kind), (&json!("größe.bin"), &json!("application/x-own")), "{metadata}");
        let looked = tus(&mut visitor, Method::HEAD, &path, &[], "").await.expect(200);
        assert_eq!(looked.headers["upload-metadata"].as_bytes(), metadata.as_bytes(), "as it came");
    }
}

async fn a_client_may_add_a_charset(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let charset = ("Content-Type", "Application/Offset+Octet-Stream; charset=utf-8");
    tus(&mut visitor, Method::POST, &path, &[("UPLOAD-LENGTH", "10"), charset], "he").await.expect(201);
    let headers = [charset, ("Upload-Offset", "2"), ("Upload-Checksum", "SHA1 FetSFarWc0hhpaW7mXI5j96puNA")];
    tus(&mut visitor, Method::PATCH, &path, &headers, "llx").await.expect(460);
    tus(&mut visitor, Method::PATCH, &path, &headers, "llo").await.expect(204);
    let headers = [("X-HTTP-Method-Override", "patch"), charset, ("Upload-Offset", "5")];
    tus(&mut visitor, Method::POST, &path, &headers, "world").await.expect(204);
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(b"helloworld")));
}
