//! The client that the rest of the world uses (tus-js-client, from npm).

use serde_json::{Value, json};
use support::bytes::{png, sha256};
use support::probe::{all_ok, ok};
use support::{Engine, TestHost, node};

use super::{download, probe, stat, ticket};

on_both_databases! {
    a_real_client_sends_a_file_and_takes_it_up_again_after_a_crash,
    a_real_client_sends_a_file_in_other_ways_too,
}

/// Runs the client on a file.
async fn client(mode: &str, host: &TestHost, path: &str, photo: &[u8], piece: usize) -> Value {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), photo).expect("a temporary file");
    let (url, name) = (format!("{}{path}", host.url()), file.path().to_str().expect("a UTF-8 path"));
    node::run("tus.js", &[mode, &url, name, &piece.to_string()]).await
}

async fn a_real_client_sends_a_file_and_takes_it_up_again_after_a_crash(engine: Engine) {
    let (mut host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({ "accept": ["image/*"] })).await;
    let photo = png(2_000_003, 1);
    let begun = client("begin", &host, &path, &photo, 700_000).await;
    assert_eq!((&begun["end"], &begun["pieces"]), (&json!("left"), &json!([700_000])), "{begun}");
    assert_eq!(begun["url"], json!(format!("{}{path}", host.url())));
    host.kill9().await;
    host.restart().await;
    let resumed = client("resume", &host, &path, &photo, 700_000).await;
    assert_eq!(
        (&resumed["end"], &resumed["pieces"]),
        (&json!("whole"), &json!([1_400_000, 2_000_003])),
        "{resumed}"
    );
    let blob = ok(&stat(&mut visitor, &id).await).clone();
    assert_eq!((&blob["sha256"], &blob["name"]), (&json!(sha256(&photo)), &json!("größe.png")));
    all_ok(&visitor.probe(json!([{ "op": "blob.keep", "id": id }])).await);
    assert!(download(&mut visitor, &id).await == photo);
    // Asked once more it sees that there is nothing left to do.
    let again = client("resume", &host, &path, &photo, 700_000).await;
    assert_eq!((&again["end"], &again["pieces"]), (&json!("whole"), &json!([])), "{again}");
}

async fn a_real_client_sends_a_file_in_other_ways_too(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let (id, path) = ticket(&mut visitor, json!({})).await;
    let photo = png(1_000_000, 1);
    // The first piece with the beginning, the others by POST.
    let sent = client("whole", &host, &path, &photo, 300_000).await;
    assert_eq!(sent["end"], "whole", "{sent}");
    assert_eq!(ok(&stat(&mut visitor, &id).await)["sha256"], json!(sha256(&photo)));
}
