//! A disk that is full or read-only: reads, deletes and sessions go on, a start on it serves what
//! is there, and it heals by itself.

mod full;
mod postgres;
mod read_only;

use serde_json::{Value, json};
use support::probe::{execute, integer, query};
use support::small_disk::SmallDisk;
use support::{Engine, TestDatabase, TestHost, until};

/// MiB of the disks.
const SIZE: u32 = 32;
/// Bytes of a row's text.
const TEXT: usize = 64 << 10;

fn table() -> Value {
    let statement = "create table kept (id integer primary key, data text)";
    json!({ "op": "db.migrate", "migrations": [{ "name": "0001", "statements": [statement] }] })
}

fn insert() -> Value {
    execute("insert into kept (data) values ($1)", json!(["x".repeat(TEXT)]))
}

async fn probe_on(disk: &SmallDisk) -> TestHost {
    TestHost::with(Engine::Sqlite)
        .database(TestDatabase::in_folder(disk.folder()))
        .app("probe", "probe")
        .start()
        .await
}

async fn count(host: &TestHost) -> i64 {
    integer(&host.probe(json!([query("select count(*) from kept", json!([]))])).await[0])
}

/// Inserts, one request after the other, until an insert is refused. Returns how many were kept,
/// and the code of the refusal.
async fn insert_until_refused(host: &TestHost) -> (i64, String) {
    let mut kept = 0;
    loop {
        assert!(kept < 100_000, "the app is never refused");
        let answer = host.visitor().probe_answer(json!([insert()])).await;
        if answer.status != 200 {
            // The disk ran full between two looks at it, and the host could not keep what the guest
            // had written.
            assert_eq!(answer.status, 507, "{answer:?}");
            continue;
        }
        match answer.json()[0].pointer("/error/code") {
            None => kept += 1,
            Some(code) => return (kept, code.as_str().expect("a code").to_owned()),
        }
    }
}

async fn inserts_again(host: &TestHost) {
    let works = async || {
        let answer = host.visitor().probe_answer(json!([insert()])).await;
        (answer.status == 200 && answer.json()[0].get("ok").is_some()).then_some(())
    };
    until("a row can be inserted again", works).await;
}

async fn ready(host: &TestHost) -> String {
    host.visitor().get("/_innkeeper/ready").await.expect(200).text().to_owned()
}
