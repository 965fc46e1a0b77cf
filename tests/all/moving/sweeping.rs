//! `innkeeper blobs sweep`: what nothing has kept, and what nothing mentions.

use serde_json::{Value, json};
use support::probe::{all_ok, execute, ok};
use support::{Engine, TestDatabase, TestHost, Visitor};

use super::{Carried, ROW_BYTES, blobs, folder, listed, sweep, with_variables};
use crate::db::tables::{column, define};

on_both_databases! {
    only_what_nothing_mentions_is_listed,
    tables_with_capital_letters_are_looked_through_too,
    kept_blobs_go_only_when_that_is_asked_for_and_not_at_once,
    uploads_that_nothing_kept_go_when_their_time_is_over,
    a_count_that_is_off_is_put_right,
    an_empty_app_has_nothing_to_sweep,
}

/// Keeps a small file. Returns its id.
async fn kept(visitor: &mut Visitor, text: &str) -> String {
    let steps = json!([
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": text },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$2.ok.id" },
    ]);
    let results = visitor.probe(steps).await;
    all_ok(&results);
    ok(&results[2])["id"].as_str().unwrap().to_owned()
}

fn raw(id: &str) -> Value {
    let digits: Vec<u32> = id.chars().map(|c| c.to_digit(16).unwrap()).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect();
    json!({ "bytes": base64(&bytes) })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * at) & 63).unwrap();
            text.push(if at <= group.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}

fn hyphened(id: &str) -> String {
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}

async fn only_what_nothing_mentions_is_listed(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let mut ids = Vec::new();
    for text in ["text", "in a text", "json", "uuid", "bytes", "session", "raw table", "orphan"] {
        ids.push(kept(&mut visitor, text).await);
    }
    let nullable = |name: &str, kind: &str| json!({ "name": name, "column-type": kind, "nullable": true });
    let columns = [
        column("n", "integer"),
        nullable("t", "text"),
        nullable("j", "json"),
        nullable("u", "uuid"),
        nullable("b", "bytes"),
    ];
    let table = json!({ "name": "mentions", "columns": columns });
    let insert = |column: &str, value: Value| {
        execute(&format!("insert into mentions (n, {column}) values (1, $1)"), json!([value]))
    };
    let raw_table = json!({ "name": "1", "statements": ["create table plain (a varchar(100) primary key)"] });
    all_ok(
        &visitor
            .probe(json!([
                define(table),
                { "op": "db.migrate", "migrations": [raw_table] },
                insert("t", json!(ids[0])),
                insert("t", json!(format!("![photo](/photos/{}?size=small)", ids[1].to_uppercase()))),
                insert("j", json!({ "json": json!({ "photos": [ids[2]] }).to_string() })),
                insert("u", json!({ "uuid": hyphened(&ids[3]) })),
                insert("b", raw(&ids[4])),
                { "op": "session.set", "key": "draft", "value": ids[5] },
                execute("insert into plain (a) values ($1)", json!([ids[6]])),
            ]))
            .await,
    );
    for more in [&["--dry-run"][..], &[]] {
        let swept = sweep(host.database(), more).await;
        let list = swept["unreferenced"].as_array().unwrap();
        assert_eq!(list.len(), 1, "{swept}");
        assert_eq!((&list[0]["id"], &list[0]["size"]), (&json!(ids[7]), &json!(6)), "{swept}");
        assert_eq!(swept["deleted"], 0, "{swept}");
    }
    assert_eq!(listed(&mut visitor).await.len(), 8, "none is gone");
}

/// As if every blob had been made long ago.
async fn age(database: &TestDatabase, engine: Engine) {
    let table = if engine == Engine::Sqlite { "innkeeper_blobs" } else { "innkeeper.blobs" };
    database.app_rows("probe", &format!("update {table} set created_at = 0 returning id")).await;
}

async fn kept_blobs_go_only_when_that_is_asked_for_and_not_at_once(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let (mentioned, orphan) = (kept(&mut visitor, "mentioned").await, kept(&mut visitor, "orphan").await);
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "k", "value": mentioned }])).await);
    let young = sweep(host.database(), &["--unreferenced"]).await;
    assert_eq!((&young["deleted"], listed(&mut visitor).await.len()), (&json!(0), 2), "{young}");
    age(host.database(), engine).await;
    let looked = sweep(host.database(), &["--unreferenced", "--dry-run"]).await;
    assert_eq!((&looked["unreferenced"][0]["id"], &looked["deleted"]), (&json!(orphan), &json!(0)), "{looked}");
    let not_asked = sweep(host.database(), &[]).await;
    assert_eq!((&not_asked["deleted"], listed(&mut visitor).await.len()), (&json!(0), 2), "{not_asked}");
    let asked = sweep(host.database(), &["--unreferenced"]).await;
    assert_eq!(asked["deleted"], 1, "{asked}");
    let left = listed(&mut visitor).await;
    assert!(left.len() == 1 && left[0]["id"] == json!(mentioned), "{left:?}");
    let usage = sweep(host.database(), &["--dry-run"]).await["usage"].clone();
    assert_eq!((&usage["noted"], &usage["counted"]), (&json!(9 + ROW_BYTES), &json!(9 + ROW_BYTES)), "{usage}");
}

async fn uploads_that_nothing_kept_go_when_their_time_is_over(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let steps = json!([
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "staged" },
        { "op": "writer.finish", "writer": 0 },
    ]);
    all_ok(&host.probe(steps).await);
    // A host that serves sweeps by itself.
    let database = host.into_database().await;
    let early = sweep(&database, &[]).await;
    assert_eq!((&early["overdue"], &early["deleted"]), (&json!([]), &json!(0)), "{early}");
    age(&database, engine).await;
    let looked = sweep(&database, &["--dry-run"]).await;
    assert_eq!(looked["overdue"].as_array().map(Vec::len), Some(1), "{looked}");
    assert_eq!(sweep(&database, &[]).await["deleted"], 1);
    assert_eq!(database.count("probe", "chunks").await, 0);
}

async fn a_count_that_is_off_is_put_right(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let files = folder(&[("a", &[1; 100]), ("b", &[1; 50])]);
    blobs(host.database(), "import", files.path(), &[]).await.succeeded();
    // A host that serves puts it right by itself.
    let database = host.into_database().await;
    let table = if engine == Engine::Sqlite { "innkeeper_usage" } else { "innkeeper.usage" };
    database.app_rows("probe", &format!("update {table} set bytes = 7 returning app")).await;
    let looked = sweep(&database, &["--dry-run"]).await;
    assert_eq!(looked["usage"], json!({ "noted": 7, "counted": 150 + 2 * ROW_BYTES, "mended": false }));
    let arguments = ["blobs", "sweep", "--app", "probe"];
    let said = with_variables(&database, &arguments, &[]).await.succeeded();
    assert!(said.stdout.contains(&format!("7 bytes and are {}", 150 + 2 * ROW_BYTES)), "{said}");
    assert_eq!(
        sweep(&database, &[]).await["usage"],
        json!({ "noted": 150 + 2 * ROW_BYTES, "counted": 150 + 2 * ROW_BYTES, "mended": false })
    );
}

async fn an_empty_app_has_nothing_to_sweep(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let swept = sweep(host.database(), &["--unreferenced"]).await;
    assert_eq!(
        (&swept["overdue"], &swept["unreferenced"], &swept["deleted"]),
        (&json!([]), &json!([]), &json!(0))
    );
}

async fn tables_with_capital_letters_are_looked_through_too(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let (mentioned, orphan) = (kept(&mut visitor, "mentioned").await, kept(&mut visitor, "orphan").await);
    let raw =
        json!({ "name": "1", "statements": ["create table \"Photos\" (\"File\" varchar(100) primary key)"] });
    let insert = execute("insert into \"Photos\" (\"File\") values ($1)", json!([mentioned]));
    all_ok(&visitor.probe(json!([{ "op": "db.migrate", "migrations": [raw] }, insert])).await);
    let listed = sweep(host.database(), &["--dry-run"]).await;
    let ids: Vec<&Value> = listed["unreferenced"].as_array().unwrap().iter().map(|blob| &blob["id"]).collect();
    assert_eq!(ids, [&json!(orphan)], "{listed}");
    let carried = Carried::new();
    let refused = carried.export(host.database(), "probe", &[]).await.failed();
    assert!(refused.stderr.contains("table Photos"), "{refused}");
    let said = carried.export(host.database(), "probe", &["--skip-table", "Photos"]).await.succeeded().json();
    assert_eq!(said["left-behind"], json!(["table Photos, as asked"]), "{said}");
}
