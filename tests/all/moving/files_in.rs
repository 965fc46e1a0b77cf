//! `innkeeper blobs import`: every file becomes a kept blob, once.

use serde_json::{Value, json};
use support::bytes::{png, sha256};
use support::command;
use support::{Engine, TestHost, until};

use super::{ROW_BYTES, blobs, folder, listed, put, sent, sweep, with_variables};

on_both_databases! {
    files_become_kept_blobs_once,
    a_changed_file_becomes_another_blob,
    limits_hold_and_are_named,
    a_dry_run_changes_nothing,
    a_map_is_whole_and_outside_of_the_folder,
    an_import_that_was_killed_is_taken_up_again,
    what_is_no_file_is_named,
}

async fn files_become_kept_blobs_once(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let (photo, empty) = (png(700_000, 1), Vec::new());
    let files: [(&str, &[u8]); 4] =
        [("a/photo.png", &photo), ("a/b/notes.txt", b"words"), ("empty", &empty), ("data.bin", &[0, 1, 2, 255])];
    let folder = folder(&files);
    let map = folder.path().with_extension("ndjson");
    let map_argument = ["--map", map.to_str().unwrap()];
    let said = blobs(host.database(), "import", folder.path(), &map_argument).await.succeeded().json();
    assert_eq!((&said["imported"], &said["already-there"]), (&json!(4), &json!(0)), "{said}");
    let mut visitor = host.visitor();
    let list = listed(&mut visitor).await;
    assert_eq!(list.len(), 4, "{list:?}");
    for (file, bytes) in files {
        let name = file.rsplit('/').next().unwrap();
        let blob = list.iter().find(|blob| blob["name"] == name).unwrap_or_else(|| panic!("no {name}: {list:?}"));
        assert_eq!((&blob["sha256"], &blob["kept"]), (&json!(sha256(bytes)), &json!(true)));
        assert!(sent(&mut visitor, &blob["id"]).await == bytes, "{name}");
    }
    let type_of = |name: &str| list.iter().find(|blob| blob["name"] == name).unwrap()["content-type"].clone();
    assert_eq!([type_of("photo.png"), type_of("notes.txt")], [json!("image/png"), json!("text/plain")]);
    let lines = mapped(&map);
    assert_eq!(lines.len(), 4);
    let photo_line = lines.iter().find(|line| line["file"] == "a/photo.png").unwrap();
    assert!(list.iter().any(|blob| blob["id"] == photo_line["id"] && blob["sha256"] == photo_line["sha256"]));
    let again = blobs(host.database(), "import", folder.path(), &[]).await.succeeded().json();
    assert_eq!((&again["imported"], &again["already-there"]), (&json!(0), &json!(4)), "{again}");
    assert_eq!(listed(&mut visitor).await, list);
    std::fs::remove_file(map).unwrap();
}

fn mapped(map: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(map).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn a_changed_file_becomes_another_blob(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let folder = folder(&[("a.txt", b"one"), ("b.txt", b"same")]);
    blobs(host.database(), "import", folder.path(), &[]).await.succeeded();
    put(folder.path(), "a.txt", b"two");
    let said = blobs(host.database(), "import", folder.path(), &[]).await.succeeded();
    assert!(said.stderr.contains("a.txt: changed"), "{said}");
    assert_eq!(said.json()["changed"], 1, "{said}");
    let list = listed(&mut host.visitor()).await;
    assert_eq!(list.iter().filter(|blob| blob["name"] == "a.txt").count(), 2, "the old blob stays: {list:?}");
    let again = blobs(host.database(), "import", folder.path(), &[]).await.succeeded().json();
    assert_eq!((&again["changed"], &again["already-there"]), (&json!(0), &json!(2)));
}

async fn limits_hold_and_are_named(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let folder = folder(&[("a", &[1; 3000]), ("b", &[2; 3000]), ("c", &[3; 500])]);
    let arguments = ["blobs", "import", folder.path().to_str().unwrap(), "--app", "probe", "--json"];
    let refused = with_variables(host.database(), &arguments, &[("INNKEEPER_APP_BYTES", "6000")]).await.failed();
    assert!(refused.stderr.contains("b: ") && refused.stderr.contains("INNKEEPER_APP_BYTES"), "{refused}");
    assert_eq!((&refused.json()["imported"], refused.json()["failed"].as_array().unwrap().len()), (&json!(2), 1));
    let refused = with_variables(host.database(), &arguments, &[("INNKEEPER_FILE_BYTES", "2KiB")]).await.failed();
    assert!(refused.stderr.contains("INNKEEPER_FILE_BYTES"), "{refused}");
    // What was refused left nothing, so the count is right and the third file has its room.
    let swept = sweep(host.database(), &["--dry-run"]).await;
    assert_eq!(swept["usage"]["noted"], swept["usage"]["counted"], "{swept}");
    assert_eq!(swept["usage"]["counted"], 3500 + 2 * ROW_BYTES, "{swept}");
    let said = blobs(host.database(), "import", folder.path(), &[]).await.succeeded().json();
    assert_eq!((&said["imported"], &said["already-there"]), (&json!(1), &json!(2)), "{said}");
}

async fn a_dry_run_changes_nothing(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let folder = folder(&[("a.txt", b"one")]);
    let said = blobs(host.database(), "import", folder.path(), &["--dry-run"]).await.succeeded().json();
    assert_eq!(said["imported"], 1, "{said}");
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}

async fn a_map_is_whole_and_outside_of_the_folder(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let (files, beside) = (folder(&[("a/b.txt", b"one")]), folder(&[("map.ndjson", b"an earlier one")]));
    let map = beside.path().join("map.ndjson");
    let with_map = ["--map", map.to_str().unwrap()];
    blobs(host.database(), "import", files.path(), &[&with_map[..], &["--dry-run"]].concat()).await.succeeded();
    assert_eq!(std::fs::read(&map).unwrap(), b"an earlier one");
    blobs(host.database(), "import", files.path(), &with_map).await.succeeded();
    assert_eq!(mapped(&map).len(), 1);
    assert_eq!(std::fs::read_dir(beside.path()).unwrap().count(), 1, "nothing else is there");
    for inside in ["map.ndjson", "a/map.ndjson"] {
        let inside = files.path().join(inside);
        let refused = blobs(host.database(), "import", files.path(), &["--map", inside.to_str().unwrap()]).await;
        let refused = refused.failed();
        assert!(refused.stderr.contains("is inside the folder") && !inside.exists(), "{refused}");
    }
    assert_eq!(host.database().count("probe", "blobs").await, 1);
}

async fn an_import_that_was_killed_is_taken_up_again(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let files: Vec<(String, Vec<u8>)> = (0..12).map(|n| (format!("{n}.png"), png(3_000_000, n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = folder(&files);
    let arguments = ["blobs", "import", folder.path().to_str().unwrap(), "--app", "probe"];
    let mut import = command::innkeeper(&[&arguments[..], &host.database().arguments()].concat()).spawn().unwrap();
    until("something has arrived", async || (host.database().count("probe", "chunks").await > 0).then_some(()))
        .await;
    import.kill().await.unwrap();
    let said = blobs(host.database(), "import", folder.path(), &[]).await.succeeded().json();
    let total = said["imported"].as_u64().unwrap() + said["already-there"].as_u64().unwrap();
    assert_eq!(total, 12, "{said}");
    let list = listed(&mut host.visitor()).await;
    assert_eq!(list.len(), 12);
    for (name, bytes) in &files {
        let right = |blob: &&Value| blob["name"] == *name && blob["sha256"] == sha256(bytes);
        assert_eq!(list.iter().filter(right).count(), 1, "{name}");
    }
    // What the first one left of the file that it was at.
    let clean = async || {
        let arguments = ["blobs", "sweep", "--app", "probe", "--json"];
        let variables = [("INNKEEPER_STAGED_BLOB_LIFETIME", "1s")];
        let swept = with_variables(host.database(), &arguments, &variables).await.succeeded().json();
        assert_eq!(swept["usage"]["noted"], swept["usage"]["counted"], "{swept}");
        (host.database().count("probe", "blobs").await == 12).then_some(())
    };
    until("the rest is swept", clean).await;
}

async fn what_is_no_file_is_named(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let folder = folder(&[("a.txt", b"one")]);
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
    let said = blobs(host.database(), "import", folder.path(), &[]).await.failed();
    assert!(said.stderr.contains("link") && said.json()["imported"] == 1, "{said}");
    let missing = blobs(host.database(), "import", &folder.path().join("nowhere"), &[]).await.failed();
    assert!(missing.stderr.contains("nowhere"), "{missing}");
    let unknown = command::on(host.database(), &["blobs", "import", "/tmp", "--app", "nobody"]).await.failed();
    assert!(unknown.stderr.contains("there is no app nobody"), "{unknown}");
}
