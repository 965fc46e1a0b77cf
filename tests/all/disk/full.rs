//! A disk that is full.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::png;
use support::probe::{all_ok, code, execute, integer, ok, query};
use support::small_disk::SmallDisk;
use support::{TestHost, Visitor, command, host, until};

use super::{SIZE, count, insert, insert_until_refused, inserts_again, probe_on, ready, table};

/// Fills the disk through the app, then to its last byte from outside. Returns a file that can go.
async fn full(disk: &SmallDisk) -> (TestHost, std::path::PathBuf) {
    let ballast = disk.folder().join("ballast");
    std::fs::write(&ballast, vec![b'x'; 8 << 20]).unwrap();
    let host = probe_on(disk).await;
    all_ok(&host.probe(json!([table()])).await);
    let (kept, code) = insert_until_refused(&host).await;
    assert!(kept > 50, "{kept} rows");
    assert_eq!(code, "read-only");
    disk.fill("filler");
    (host, ballast)
}

/// Runs steps that delete. What was written before must have gone into the file first, and until
/// then there is no room.
async fn deletes(visitor: &mut Visitor, steps: Value) {
    let deleted = async || {
        let answer = visitor.probe_answer(steps.clone()).await;
        if answer.status == 507 {
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            return None;
        }
        all_ok(answer.expect(200).json().as_array().expect("results"));
        Some(())
    };
    until("there is room to delete", deleted).await;
}

async fn is_served(host: &TestHost) {
    let rows = count(host).await;
    assert!(rows > 50, "{rows} rows");
    let look = query("select data from kept where id = $1", json!([1]));
    let data = host.probe(json!([look])).await;
    assert_eq!(ok(&data[0]).pointer("/rows/0/0").and_then(Value::as_str).map(str::len), Some(super::TEXT));
    assert_eq!(code(&host.probe(json!([insert()])).await[0]), "read-only");
    assert_eq!(host.visitor().get("/_innkeeper/live").await.status, 200);
    let said = ready(host).await;
    assert!(said.contains("full"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_read_and_deleted_from_and_heals_by_itself() {
    let name = "disk::full::a_full_disk_is_read_and_deleted_from_and_heals_by_itself";
    let Some(disk) = SmallDisk::mount(SIZE, name) else { return };
    let (host, ballast) = full(&disk).await;
    is_served(&host).await;
    let mut visitor = host.visitor();
    for number in 1..=20 {
        // In portions, each of them kept with the session's value.
        let delete = execute("delete from kept where id = $1", json!([number]));
        let set = json!({ "op": "session.set", "key": "number", "value": number.to_string() });
        deletes(&mut visitor, json!([delete, set])).await;
    }
    let get = json!({ "op": "session.get", "key": "number" });
    assert_eq!(ok(&visitor.probe_one(get).await), "20");
    for sql in ["delete from kept where id % 2 = 0", "delete from kept"] {
        deletes(&mut visitor, json!([execute(sql, json!([]))])).await;
    }
    assert_eq!(count(&host).await, 0);
    // What the app has deleted it can use again, although the disk is as full as before.
    let (kept, code) = insert_until_refused(&host).await;
    assert!(kept > 20, "{kept} rows");
    assert_eq!(code, "read-only");
    std::fs::remove_file(ballast).unwrap();
    inserts_again(&host).await;
    let (more, _) = insert_until_refused(&host).await;
    assert!(more > 5, "{more} rows");
    assert_eq!(count(&host).await, kept + more + 1);
    let said = host.logs();
    assert!(said.contains("the disk is full") && said.contains("takes writes again"), "{said}");
    assert!(said.lines().filter(|line| line.contains("the disk is full")).count() <= 3, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_serves_what_is_there() {
    let name = "disk::full::a_start_on_a_full_disk_serves_what_is_there";
    let Some(disk) = SmallDisk::mount(SIZE, name) else { return };
    let (mut host, ballast) = full(&disk).await;
    host.kill9().await;
    host.restart().await;
    is_served(&host).await;
    host.restart().await;
    is_served(&host).await;
    // Another process has eaten what the host gave up, and the host ended in good order.
    host.terminate().await;
    disk.fill("more");
    host.restart().await;
    is_served(&host).await;
    let doctor = command::on(host.database(), &["doctor", "--json"]).await.succeeded().json();
    assert_eq!(doctor["disk"]["takes_writes"], false);
    std::fs::remove_file(ballast).unwrap();
    inserts_again(&host).await;
    let doctor = command::on(host.database(), &["doctor", "--json"]).await.succeeded().json();
    assert_eq!(doctor["disk"]["takes_writes"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_half_deployed_and_nothing_half_uploaded() {
    let name = "disk::full::on_a_full_disk_nothing_is_half_deployed_and_nothing_half_uploaded";
    let Some(disk) = SmallDisk::mount(SIZE, name) else { return };
    let (host, _ballast) = full(&disk).await;
    let said = host::deploy(host.database(), "other", "guestbook-rust", &[]).await.failed();
    assert!(said.stderr.contains("disk of the database is full"), "{said}");
    let apps = command::on(host.database(), &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps.as_array().map(Vec::len), Some(1), "{apps}");
    let steps = json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }]);
    let request = Visitor::with_steps("/upload", &steps).header("content-type", "image/png");
    let answer = host.visitor().send(request, Full::new(Bytes::from(png(700_000, 1)))).await.expect(200);
    assert_eq!(code(&answer.json()[0]), "quota-exceeded");
    let mut visitor = host.visitor();
    let ticket = visitor.probe_one(json!({ "op": "blob.sign-upload", "limits": null, "seconds": 600 })).await;
    let path = ok(&ticket)["path"].as_str().expect("a path").to_owned();
    let begin = Request::post(&path).header("tus-resumable", "1.0.0").header("upload-length", "700000");
    let answer = visitor.send(begin, Full::<Bytes>::default()).await.expect(507);
    assert!(answer.header("retry-after").is_some() && answer.text().contains("disk"), "{answer:?}");
    for table in ["blobs", "chunks"] {
        assert_eq!(host.database().count("probe", table).await, 0, "{table}");
    }
    is_served(&host).await;
}

/// One transaction that the disk has no room for: nothing of it is kept, and nothing else is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_fills_the_disk_is_undone_as_a_whole() {
    let name = "disk::full::a_transaction_that_fills_the_disk_is_undone_as_a_whole";
    let Some(disk) = SmallDisk::mount(SIZE, name) else { return };
    let host = probe_on(&disk).await;
    all_ok(&host.probe(json!([table(), insert(), insert(), insert(), insert()])).await);
    let double = execute("insert into kept (data) select data from kept", json!([]));
    let steps: Vec<Value> = (0..12).map(|_| double.clone()).collect();
    let answer = host.visitor().probe_answer(Value::Array(steps)).await;
    assert_eq!(answer.status, 507, "{answer:?}");
    assert_eq!(count(&host).await, 4);
    deletes(&mut host.visitor(), json!([execute("delete from kept where id = 1", json!([]))])).await;
    inserts_again(&host).await;
    assert_eq!(count(&host).await, 4);
    assert_eq!(
        integer(&host.probe(json!([query("select count(*) from kept where id = 2", json!([]))])).await[0]),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_nothing() {
    use support::process::Serving;
    let database = support::TestDatabase::fresh(support::Engine::Sqlite).await;
    host::deploy(&database, "hello", "hello", &[]).await.succeeded();
    let free = support::port::free_address();
    let script = format!(r#"exec "$0" serve --listen {free} "$@" >/dev/full 2>/dev/full"#);
    let mut serving = tokio::process::Command::new("sh");
    let [flag, place] = database.arguments();
    serving.args(["-c", &script]).arg(support::paths::binary()).args([flag, place]).kill_on_drop(true);
    let serving = Serving::start(serving);
    let mut visitor = Visitor::of(std::sync::Arc::new(std::sync::Mutex::new(free)));
    let answers = async || visitor.try_get("/").await.filter(|answer| answer.status == 200).map(drop);
    until("the host serves", answers).await;
    for _ in 0..6000 {
        visitor.get("/").await.expect(200);
    }
    serving.signal("TERM");
    assert!(serving.ended().await.success());
}
