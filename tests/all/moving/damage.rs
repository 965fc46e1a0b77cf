//! A file that is damaged, cut, or none at all brings nothing in.

use serde_json::json;
use support::probe::{all_ok, execute, ok};
use support::{Engine, TestDatabase, TestHost, command};

use super::Carried;
use crate::db::tables::{column, define};

on_both_databases! {
    a_file_with_one_wrong_byte_brings_nothing_in,
    a_file_that_is_cut_brings_nothing_in,
    what_is_no_export_is_refused,
}

async fn exported(engine: Engine) -> (TestHost, Carried) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let table = json!({ "name": "notes", "columns": [column("n", "integer"), column("a", "text")] });
    let steps = json!([
        define(table),
        execute("insert into notes (n, a) values (1, 'the-row-in-the-file')", json!([])),
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "the-bytes-of-the-blob" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$4.ok.id" },
        { "op": "session.set", "key": "k", "value": "the-value-of-the-session" },
    ]);
    let results = host.probe(steps).await;
    all_ok(&results);
    ok(&results[0]);
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    (host, carried)
}

/// Nothing is active, and nothing of the app is there.
async fn assert_nothing(database: &TestDatabase, engine: Engine, what: &str) {
    let apps = command::on(database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps, json!([]), "{what}");
    if engine == Engine::Sqlite && !database.directory().unwrap().join("apps/probe.sqlite").exists() {
        return;
    }
    for table in ["blobs", "chunks", "sessions", "app_migrations"] {
        assert_eq!(database.count("probe", table).await, 0, "{what}: {table}");
    }
    let tables = match engine {
        Engine::Sqlite => "select count(*) from sqlite_master where name = 'notes'",
        Engine::Postgres => "select count(*) from pg_tables where tablename = 'notes'",
    };
    assert_eq!(database.app_value("probe", tables).await, "0", "{what}");
}

async fn a_file_with_one_wrong_byte_brings_nothing_in(engine: Engine) {
    let (_host, carried) = exported(engine).await;
    let good = std::fs::read(carried.path()).unwrap();
    let database = TestDatabase::fresh(engine).await;
    let find = |text: &str| {
        let at = good.windows(text.len()).position(|window| window == text.as_bytes());
        at.unwrap_or_else(|| panic!("no {text} in the file"))
    };
    for (text, offset) in [
        ("the-row-in-the-file", 3),
        ("the-bytes-of-the-blob", 3),
        ("the-value-of-the-session", 3),
        ("tables/notes.json", 3),
        ("\"settings\"", 14),
        ("\"column-type\"", 3),
        ("\"blob-bytes\"", 16),
        ("component.wasm", 600),
    ] {
        let mut bad = good.clone();
        let at = find(text) + offset;
        bad[at] ^= 1;
        std::fs::write(carried.path(), &bad).unwrap();
        let refused = carried.import(&database, &[]).await.failed();
        assert!(!refused.stderr.is_empty(), "{text}: {refused}");
        assert_nothing(&database, engine, text).await;
    }
    std::fs::write(carried.path(), &good).unwrap();
    carried.import(&database, &[]).await.succeeded();
}

async fn a_file_that_is_cut_brings_nothing_in(engine: Engine) {
    let (_host, carried) = exported(engine).await;
    let good = std::fs::read(carried.path()).unwrap();
    let database = TestDatabase::fresh(engine).await;
    // What is refused at its first byte makes no tables, and to look into them there have to be
    // some.
    command::on(&database, &["migrate"]).await.succeeded();
    let totals = good.windows(11).position(|window| window == b"totals.json").unwrap();
    for length in [0, 100, 600, 100_000, totals, totals + 700] {
        std::fs::write(carried.path(), &good[..length]).unwrap();
        carried.import(&database, &[]).await.failed();
        assert_nothing(&database, engine, &format!("{length} bytes")).await;
    }
}

async fn what_is_no_export_is_refused(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let carried = Carried::new();
    for bytes in [&b"no tar"[..], &[0; 2048], &[b'x'; 2048]] {
        std::fs::write(carried.path(), bytes).unwrap();
        let refused = carried.import(&database, &[]).await.failed();
        assert!(refused.stderr.contains("no file of an export"), "{refused}");
    }
    let missing = command::on(&database, &["import", "/nowhere/app.tar"]).await.failed();
    assert!(missing.stderr.contains("/nowhere/app.tar"), "{missing}");
}
