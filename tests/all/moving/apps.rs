//! Whole apps on the move: what visitors have left is there, and they stay signed in.

use serde_json::json;
use support::bytes::{png, sha256};
use support::command;
use support::probe::{all_ok, execute, ok, query, rows};
use support::{Engine, TestDatabase, TestHost};

use super::{Carried, ROW_BYTES, blobs, folder, listed, moved, other, same_browser, sweep, with_variables};
use crate::db::tables::{column, define};
use crate::guestbook::reader::Reader;

on_both_databases! {
    a_guestbook_moves_with_its_photos_and_signed_in_visitors,
    an_app_moves_between_databases_of_the_same_engine_under_another_name,
    an_app_in_a_database_of_its_own_moves_there_and_back,
    an_app_goes_through_a_pipe,
    files_that_take_up_more_than_they_may_are_told_of,
    migrations_and_imports_are_not_repeated,
    a_move_sees_one_moment_while_guests_go_on,
}

async fn a_guestbook_moves_with_its_photos_and_signed_in_visitors(engine: Engine) {
    let host = TestHost::of(engine, "guestbook", "guestbook-rust").await;
    let (mut reader, photo) = (Reader::signed_in(&host, "Ada").await, png(1_500_000, 9));
    reader.write("Ada", "Grüße 🦀").await.expect(303);
    let path = reader.write_photo(&photo).await;
    let (entries, visits) = (reader.json("?limit=100").await, reader.me().await["visits"].as_i64());
    let there = moved(&host, "guestbook", other(engine)).await;
    let mut reader = Reader(same_browser(&reader.0, &there));
    assert_eq!(reader.json("?limit=100").await, entries);
    assert!(reader.0.get(&path).await.expect(200).body == photo);
    let me = reader.me().await;
    assert_eq!(me["name"], "Ada", "still signed in");
    assert!(me["visits"].as_i64() > visits, "{me}");
    reader.write("Ada", "written after the move").await.expect(303);
    assert_eq!(reader.newest().await["message"], "written after the move");
    // And back, with what has happened meanwhile.
    let back = moved(&there, "guestbook", engine).await;
    let mut reader = Reader(same_browser(&reader.0, &back));
    assert_eq!(reader.newest().await["message"], "written after the move");
    assert_eq!(reader.name().await, "Ada");
    assert!(reader.0.get(&path).await.expect(200).body == photo);
}

async fn an_app_moves_between_databases_of_the_same_engine_under_another_name(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let left = leave(&host).await;
    let carried = Carried::new();
    let said = carried.export(host.database(), "probe", &[]).await.succeeded().json();
    let totals = &said["totals"];
    assert_eq!((&totals["tables"]["notes"]["rows"], &totals["blobs"]["rows"]), (&json!(2), &json!(1)), "{said}");
    // Into the same database, beside itself.
    let said = carried.import(host.database(), &["--app", "copy", "--route", "/copy"]).await.succeeded().json();
    assert_eq!((&said["app"], &said["version"], &said["verified"]), (&json!("copy"), &json!(1), &json!(true)));
    let listed = command::on(host.database(), &["apps", "--json"]).await.succeeded().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(host.database().app_value("copy", "select count(*) from notes").await, "2");
    assert_eq!(left, host.database().app_value("copy", "select a from notes where n = 2").await);
}

/// Leaves two rows, one of them with the id of a file, and a session. Returns the id.
async fn leave(host: &TestHost) -> String {
    let table = json!({ "name": "notes", "columns": [column("n", "integer"), column("a", "text")] });
    let steps = json!([
        define(table),
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "kept" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$3.ok.id" },
        execute("insert into notes (n, a) values (1, 'one')", json!([])),
        { "op": "session.set", "key": "k", "value": "kept" },
    ]);
    let results = host.probe(steps).await;
    all_ok(&results);
    let id = ok(&results[3])["id"].as_str().unwrap().to_owned();
    all_ok(&host.probe(json!([execute("insert into notes (n, a) values (2, $1)", json!([id]))])).await);
    id
}

async fn an_app_in_a_database_of_its_own_moves_there_and_back(engine: Engine) {
    let own = TestDatabase::fresh(engine).await;
    let url = own.url();
    let var = [("LEDGER_URL", url.as_str())];
    let host = TestHost::of(other(engine), "probe", "probe").await;
    let left = leave(&host).await;
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    // Another host, whose app of that name lives elsewhere and has nothing yet.
    let database = TestDatabase::fresh(other(engine)).await;
    support::host::deploy(&database, "probe", "probe", &[]).await.succeeded();
    with_variables(&database, &["apps", "set", "probe", "--database-var", "LEDGER_URL"], &var).await.succeeded();
    let file = carried.path();
    let import = ["import", file.to_str().unwrap()];
    with_variables(&database, &import, &var).await.succeeded();
    assert_eq!(own.app_value("probe", "select a from notes where n = 2").await, left);
    let sweep = ["blobs", "sweep", "--app", "probe", "--json"];
    let swept = with_variables(&database, &sweep, &var).await.succeeded().json();
    assert_eq!(swept["unreferenced"], json!([]), "{swept}");
    let again = Carried::new();
    let (path, more) = (again.path(), ["--app", "probe"]);
    with_variables(&database, &[&["export", path.to_str().unwrap()], &more[..]].concat(), &var).await.succeeded();
    let back = TestDatabase::fresh(engine).await;
    again.import(&back, &[]).await.succeeded();
    assert_eq!(back.app_value("probe", "select a from notes where n = 2").await, left);
    let refused = with_variables(&database, &import, &var).await.failed();
    assert!(refused.stderr.contains("tables: 1, files: 1, sessions: 1"), "{refused}");
}

async fn an_app_goes_through_a_pipe(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    leave(&host).await;
    let to = TestDatabase::fresh(other(engine)).await;
    let mut export =
        command::innkeeper(&[&["export", "-", "--app", "probe"][..], &host.database().arguments()].concat());
    let mut export =
        export.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let pipe: std::process::Stdio = export.stdout.take().unwrap().try_into().unwrap();
    let mut import = command::innkeeper(&[&["import", "-"][..], &to.arguments()].concat());
    import.stdin(pipe);
    let said = command::finish(import, support::DEADLINE).await.succeeded();
    assert!(said.stdout.contains("probe: version 1 is active") && said.stdout.contains("verified"), "{said}");
    assert!(export.wait().await.unwrap().success());
    assert_eq!(to.app_value("probe", "select count(*) from notes").await, "2");
}

async fn files_that_take_up_more_than_they_may_are_told_of(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    leave(&host).await;
    let carried = Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    let path = carried.path();
    // A file of four bytes, and its row.
    for (most, over) in [("1027", true), ("1028", false)] {
        let database = TestDatabase::fresh(engine).await;
        let import = ["import", path.to_str().unwrap(), "--json"];
        let said = with_variables(&database, &import, &[("INNKEEPER_APP_BYTES", most)]).await.succeeded().json();
        assert_eq!(said["over-quota"], over, "{most}: {said}");
    }
}

async fn migrations_and_imports_are_not_repeated(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let migration = json!({ "name": "first", "statements": ["delete from notes where n = 1"], "sqlite-statements": ["delete from notes where n = 2"] });
    let migrate = json!([{ "op": "db.migrate", "migrations": [migration] }]);
    let table = json!({ "name": "notes", "columns": [column("n", "integer")] });
    all_ok(&host.probe(json!([define(table)])).await);
    assert_eq!(ok(&host.probe(migrate.clone()).await[0]), &json!(["first"]));
    let files = folder(&[("a/b.txt", b"words")]);
    blobs(host.database(), "import", files.path(), &[]).await.succeeded();
    let there = moved(&host, "probe", other(engine)).await;
    // The text for the other engine is another one, and is known to be the same step.
    assert_eq!(ok(&there.probe(migrate).await[0]), &json!([]));
    let said = blobs(there.database(), "import", files.path(), &[]).await.succeeded().json();
    assert_eq!(said["already-there"], 1, "{said}");
    let list = listed(&mut there.visitor()).await;
    assert_eq!((list.len(), &list[0]["sha256"]), (1, &json!(sha256(b"words"))));
    assert_eq!(
        sweep(there.database(), &["--dry-run"]).await["usage"],
        json!({ "noted": 5 + ROW_BYTES, "counted": 5 + ROW_BYTES, "mended": false })
    );
}

async fn a_move_sees_one_moment_while_guests_go_on(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let table = |name: &str| json!({ "name": name, "columns": [column("n", "integer")] });
    all_ok(&host.probe(json!([define(table("a_first")), define(table("z_last"))])).await);
    let write = |host: &TestHost| {
        let mut visitor = host.visitor();
        tokio::spawn(async move {
            let both = json!([
                execute("insert into a_first (n) values (1)", json!([])),
                execute("insert into z_last (n) values (1)", json!([])),
            ]);
            loop {
                all_ok(&visitor.probe(both.clone()).await);
            }
        })
    };
    let writing = write(&host);
    let carried = Carried::new();
    for _ in 0..3 {
        let said = carried.export(host.database(), "probe", &[]).await.succeeded().json();
        let rows = |table: &str| said["totals"]["tables"][table]["rows"].clone();
        assert_eq!(rows("a_first"), rows("z_last"), "{said}");
    }
    writing.abort();
    let result = host.visitor().probe_one(query("select count(*) > 0 from z_last", json!([]))).await;
    assert!(rows(&result)[0][0] == json!(true) || rows(&result)[0][0] == json!({ "integer": "1" }), "{result}");
}
