//! `innkeeper blobs export`, and the way back.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use support::bytes::{png, sha256};
use support::{Engine, TestDatabase, TestHost, host};

use super::{blobs, folder, listed, other, put, sent};

on_both_databases! {
    what_is_exported_can_be_imported_as_it_was,
    a_second_export_writes_what_is_missing_or_damaged,
    a_damaged_file_is_not_imported,
    an_export_that_has_not_ended_is_not_imported,
    a_blob_that_the_database_has_damaged_is_not_exported,
}

async fn some_blobs(engine: Engine) -> TestHost {
    let host = TestHost::of(engine, "probe", "probe").await;
    let long = format!("{}.txt", "ü".repeat(110));
    let files =
        folder(&[("photo.png", &png(600_000, 1)), ("notes.txt", b"words"), (&long, b"long"), ("empty", b"")]);
    blobs(host.database(), "import", files.path(), &[]).await.succeeded();
    host
}

async fn empty_app(engine: Engine) -> TestDatabase {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
    database
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn manifest(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("manifest.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn what_is_exported_can_be_imported_as_it_was(engine: Engine) {
    let from = some_blobs(engine).await;
    let out = folder(&[]);
    let said = blobs(from.database(), "export", out.path(), &[]).await.succeeded().json();
    assert_eq!(said["written"], 4, "{said}");
    let entries = manifest(out.path());
    for entry in &entries {
        let bytes = std::fs::read(out.path().join(entry["file"].as_str().unwrap())).unwrap();
        assert_eq!((&json!(sha256(&bytes)), &json!(bytes.len())), (&entry["sha256"], &entry["size"]));
    }
    assert_eq!((entries.len(), names(out.path()).len()), (4, 5), "nothing else is there");
    let to = TestHost::with(other(engine)).database(empty_app(other(engine)).await).start().await;
    let said = blobs(to.database(), "import", out.path(), &[]).await.succeeded().json();
    assert_eq!(said["imported"], 4, "{said}");
    let (mut here, mut there) = (from.visitor(), to.visitor());
    let list = listed(&mut here).await;
    assert_eq!(listed(&mut there).await, list, "ids, names, types and times");
    for blob in &list {
        assert!(sent(&mut there, &blob["id"]).await == sent(&mut here, &blob["id"]).await, "{blob}");
    }
    let again = blobs(to.database(), "import", out.path(), &[]).await.succeeded().json();
    assert_eq!((&again["imported"], &again["already-there"]), (&json!(0), &json!(4)));
}

async fn a_second_export_writes_what_is_missing_or_damaged(engine: Engine) {
    let host = some_blobs(engine).await;
    let out = folder(&[]);
    blobs(host.database(), "export", out.path(), &[]).await.succeeded();
    let file_of = |end: &str| names(out.path()).into_iter().find(|name| name.ends_with(end)).unwrap();
    put(out.path(), &file_of("notes.txt"), b"sword");
    std::fs::remove_file(out.path().join(file_of("photo.png"))).unwrap();
    let said = blobs(host.database(), "export", out.path(), &[]).await.succeeded().json();
    assert_eq!((&said["written"], &said["already-there"]), (&json!(2), &json!(2)), "{said}");
    assert_eq!(std::fs::read(out.path().join(file_of("notes.txt"))).unwrap(), b"words");
}

async fn a_damaged_file_is_not_imported(engine: Engine) {
    let from = some_blobs(engine).await;
    let out = folder(&[]);
    blobs(from.database(), "export", out.path(), &[]).await.succeeded();
    let file = names(out.path()).into_iter().find(|name| name.ends_with("notes.txt")).unwrap();
    put(out.path(), &file, b"sword");
    let outside = json!({ "id": "0".repeat(32), "file": "../secret", "size": 1, "sha256": "0".repeat(64),
        "content-type": "text/plain", "name": null, "created": 0 });
    let mut lines = std::fs::read_to_string(out.path().join("manifest.ndjson")).unwrap();
    lines.push_str(&format!("{outside}\nnonsense\n"));
    put(out.path(), "manifest.ndjson", lines.as_bytes());
    let database = empty_app(engine).await;
    let said = blobs(&database, "import", out.path(), &[]).await.failed();
    assert!(said.stderr.contains(&file) && said.stderr.contains("SHA-256"), "{said}");
    assert_eq!(said.json()["imported"], 3, "{said}");
    assert_eq!(said.json()["failed"].as_array().map(Vec::len), Some(3), "{said}");
    assert_eq!(database.count("probe", "blobs").await, 3, "nothing of it is left");
}

async fn an_export_that_has_not_ended_is_not_imported(engine: Engine) {
    let from = some_blobs(engine).await;
    let out = folder(&[]);
    blobs(from.database(), "export", out.path(), &[]).await.succeeded();
    let manifest = out.path().join("manifest.ndjson");
    std::fs::rename(&manifest, out.path().join("manifest.ndjson.part")).unwrap();
    let database = empty_app(engine).await;
    let refused = blobs(&database, "import", out.path(), &[]).await.failed();
    assert!(refused.stderr.contains("has not ended") && refused.stderr.contains("run it again"), "{refused}");
    assert_eq!(database.count("probe", "blobs").await, 0);
    let said = blobs(from.database(), "export", out.path(), &[]).await.succeeded().json();
    assert_eq!(said["already-there"], 4, "{said}");
    blobs(&database, "import", out.path(), &[]).await.succeeded();
    assert_eq!(database.count("probe", "blobs").await, 4);
}

async fn a_blob_that_the_database_has_damaged_is_not_exported(engine: Engine) {
    let host = some_blobs(engine).await;
    let sql = match engine {
        Engine::Postgres => "update innkeeper.chunks set data = '\\x00' where seq = 2 returning blob",
        Engine::Sqlite => "update innkeeper_chunks set data = x'00' where seq = 2 returning blob",
    };
    let id = host.database().app_value("probe", sql).await;
    let out = folder(&[]);
    let said = blobs(host.database(), "export", out.path(), &[]).await.failed();
    assert!(said.stderr.contains(&id) && said.stderr.contains("SHA-256"), "{said}");
    assert_eq!(said.json()["written"], 3, "{said}");
    assert!(names(out.path()).iter().all(|name| !name.starts_with(&id)));
}
