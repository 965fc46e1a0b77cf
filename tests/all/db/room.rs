//! The room of an app's rows: above it an app reads and deletes, and nobody else is concerned.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::png;
use support::command;
use support::probe::{all_ok, code, execute, integer, query};
use support::random::Random;
use support::{Answer, DEADLINE, Engine, LOOK_AGAIN, TestDatabase, TestHost, Visitor, until};

on_both_databases! {
    an_app_above_its_quota_reads_and_deletes_only,
    one_statement_exceeds_the_quota_by_little,
    an_app_with_a_database_of_its_own_has_a_quota_too,
    an_import_above_the_quota_is_told,
}

const QUOTA: i64 = 4 << 20;
/// So many times its quota an app may have: where measuring it was held up once, the next time
/// comes late.
const MOST: i64 = 40;
/// Bytes of a row's text.
const TEXT: i64 = 64 << 10;
const VARIABLE: &str = "INNKEEPER_APP_ROW_BYTES";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Text that no database makes smaller.
fn text() -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bytes = Random::new(7).bytes(usize::try_from(TEXT).unwrap());
    bytes.iter().map(|byte| char::from(letters[usize::from(byte & 63)])).collect()
}

fn table() -> Value {
    let statement = "create table kept (id bigint, data text)";
    json!({ "op": "db.migrate", "migrations": [{ "name": "0001", "statements": [statement] }] })
}

fn insert(id: i64) -> Value {
    execute("insert into kept (id, data) values ($1, $2)", json!([id, text()]))
}

fn count() -> Value {
    query("select count(*) from kept", json!([]))
}

async fn two_apps(engine: Engine) -> TestHost {
    let host = TestHost::with(engine).app("probe", "probe").app("other", "probe");
    let host = host.env(VARIABLE, &QUOTA.to_string()).env("INNKEEPER_ADMIN_TOKEN", TOKEN).start().await;
    all_ok(&host.probe(json!([table()])).await);
    host
}

async fn in_other(host: &TestHost, steps: Value) -> Answer {
    host.visitor().send(Visitor::with_steps("/other/steps", &steps), Full::<Bytes>::default()).await.expect(200)
}

/// Inserts a row after the other until one is refused. Returns how many were kept.
async fn insert_until_refused(host: &TestHost) -> i64 {
    for kept in 0..10_000 {
        let result = &host.probe(json!([insert(kept)])).await[0];
        if result.get("ok").is_none() {
            assert_eq!(code(result), "too-large", "{result}");
            return kept;
        }
    }
    panic!("the app is never refused");
}

/// On Postgres that takes a vacuum, which the host does every 30 seconds at most, and which does
/// not take what another look at the table still needs.
async fn inserts_again(host: &TestHost) {
    let deadline = tokio::time::Instant::now() + 3 * DEADLINE;
    while host.probe(json!([insert(-1)])).await[0].get("ok").is_none() {
        assert!(tokio::time::Instant::now() < deadline, "no row can be inserted again");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn an_app_above_its_quota_reads_and_deletes_only(engine: Engine) {
    let host = two_apps(engine).await;
    let kept = insert_until_refused(&host).await;
    assert!(kept * TEXT > QUOTA / 2, "only {kept} rows");
    assert!(kept * TEXT < QUOTA * MOST, "as many as {kept} rows");
    for sql in [
        "insert into kept (id, data) select id, data from kept",
        "update kept set data = data || 'x'",
        "create table copy as select * from kept",
        "create index by_id on kept (id)",
        "alter table kept add column more text default 'more'",
        "with grown as (select 1 as id) insert into kept (id) select id from grown",
    ] {
        assert_eq!(code(&host.probe(json!([execute(sql, json!([]))])).await[0]), "too-large", "{sql}");
    }
    let mut visitor = host.visitor();
    let results = visitor
        .probe(json!([
            count(),
            execute("create table empty (id bigint)", json!([])),
            execute("drop table empty", json!([])),
            { "op": "session.set", "key": "k", "value": "kept" },
        ]))
        .await;
    all_ok(&results);
    assert_eq!(integer(&results[0]), kept);
    let steps = json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }]);
    let upload = Visitor::with_steps("/upload", &steps).header("content-type", "image/png");
    let answer = visitor.send(upload, Full::new(Bytes::from(png(700_000, 1)))).await.expect(200).json();
    all_ok(answer.as_array().expect("results"));
    let answer =
        in_other(&host, json!([table(), execute("insert into kept (id) values (1)", json!([])), count()]))
            .await
            .json();
    all_ok(answer.as_array().expect("results"));
    let shown = async || {
        let header = format!("Bearer {TOKEN}");
        let figures = host.visitor().get_with("/_innkeeper/metrics", "authorization", &header).await;
        let said = figures.expect(200).text().to_owned();
        (said.contains(r#"innkeeper_rows_full{app="probe"} 1"#)
            && said.contains(r#"innkeeper_row_bytes{app="other"}"#))
        .then_some(())
    };
    until("the figures show it", shown).await;
    // Every second one, so that no file becomes smaller by itself.
    all_ok(&host.probe(json!([execute("delete from kept where id % 2 = 0", json!([]))])).await);
    inserts_again(&host).await;
    host.wait_for_log("its rows have room again").await;
    let said = host.logs();
    for text in ["its rows take up all their space", "its rows have room again"] {
        assert_eq!(said.lines().filter(|line| line.contains(text)).count(), 1, "{text}: {said}");
    }
    let again = insert_until_refused(&host).await;
    assert!(again * TEXT < QUOTA * MOST, "as many as {again} rows");
    assert!(kept.min(again) * TEXT < QUOTA * 6, "late each time: {kept} and {again} rows");
}

/// What copies rows can add any amount. On SQLite the engine stops it; on Postgres it has the time
/// of a statement.
async fn one_statement_exceeds_the_quota_by_little(engine: Engine) {
    let host = two_apps(engine).await;
    all_ok(&host.probe(json!([insert(1)])).await);
    let double = execute("insert into kept (id, data) select id, data from kept", json!([]));
    // At once, so that nothing is measured in between.
    let answer = host.visitor().probe_answer(json!(vec![double.clone(); 9])).await;
    if engine == Engine::Sqlite {
        // The guest has not looked at what it was told, and answered as if all had gone well.
        assert_eq!(answer.status, 507, "{answer:?}");
        assert_eq!(integer(&host.probe(json!([count()])).await[0]), 1);
        let pages = host.database().app_value("probe", "pragma page_count").await;
        let bytes = pages.parse::<i64>().unwrap() * 4096;
        assert!(bytes < QUOTA * 2, "{bytes} bytes");
    }
    let refused = async || {
        let result = host.probe(json!([double])).await.remove(0);
        (result.pointer("/error/code")? == "too-large").then_some(())
    };
    until("the app is refused", refused).await;
    all_ok(&host.probe(json!([execute("delete from kept", json!([]))])).await);
    inserts_again(&host).await;
}

async fn an_app_with_a_database_of_its_own_has_a_quota_too(engine: Engine) {
    let (database, own) = (TestDatabase::fresh(Engine::Sqlite).await, TestDatabase::fresh(engine).await);
    support::host::deploy(&database, "probe", "probe", &[]).await.succeeded();
    let arguments = ["apps", "set", "probe", "--database-var", "LEDGER_URL"];
    let mut set = command::innkeeper(&[&arguments[..], &database.arguments()].concat());
    set.env("LEDGER_URL", own.url());
    command::finish(set, DEADLINE).await.succeeded();
    let host = TestHost::with(engine).database(database).env("LEDGER_URL", &own.url());
    let host = host.env(VARIABLE, &QUOTA.to_string()).start().await;
    all_ok(&host.probe(json!([table()])).await);
    assert!(insert_until_refused(&host).await * TEXT < QUOTA * MOST);
    all_ok(&host.probe(json!([execute("delete from kept", json!([]))])).await);
    inserts_again(&host).await;
    assert_eq!(own.app_value("probe", "select count(*) from kept").await, "1");
}

async fn an_import_above_the_quota_is_told(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("probe.tar");
    let file = file.to_str().unwrap();
    let database = {
        let host = TestHost::of(engine, "probe", "probe").await;
        let column = |name: &str, kind: &str| json!({ "name": name, "column-type": kind });
        let columns = [column("id", "integer"), column("data", "text")];
        let table = json!({ "name": "kept", "columns": columns, "primary-key": ["id"] });
        all_ok(&host.probe(json!([{ "op": "db.define-table", "table": table }])).await);
        for id in 0..40 {
            all_ok(&host.probe(json!([insert(id)])).await);
        }
        command::on(host.database(), &["export", "--app", "probe", file]).await.succeeded();
        TestDatabase::fresh(engine).await
    };
    let mut import = command::innkeeper(&[&["import", file][..], &database.arguments()].concat());
    import.env(VARIABLE, "1MiB");
    let said = command::finish(import, DEADLINE).await.succeeded();
    assert!(said.stdout.contains("more than 1048576 (INNKEEPER_APP_ROW_BYTES)"), "{said}");
}
