//! Crashes under load: what a visitor was told is kept is there, and nothing is there in halves.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::postgres::{Server, Stop};
use support::probe::{all_ok, execute, ok, query};
use support::{Engine, TestDatabase, TestHost, Visitor, until};

on_both_databases! {
    a_killed_host_has_kept_what_it_told,
}

const WRITERS: usize = 4;
const ENOUGH: usize = 40;

async fn a_killed_host_has_kept_what_it_told(engine: Engine) {
    let mut host = writing(TestHost::with(engine).app("probe", "probe").start().await).await;
    let load = Load::begin(&host);
    load.wait_until_told(ENOUGH).await;
    host.kill9().await;
    let told = load.end().await;
    host.restart().await;
    check(&host, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_postgres_has_kept_what_was_told() {
    let server = Server::start();
    let database = TestDatabase::at(&server.fresh_database().await);
    let host = TestHost::with(Engine::Postgres).database(database).app("probe", "probe").start().await;
    let host = writing(host).await;
    let load = Load::begin(&host);
    load.wait_until_told(ENOUGH).await;
    server.stop(Stop::Immediate);
    let told = load.end().await;
    server.start_again();
    host.wait_until_ready().await;
    check(&host, &told).await;
}

async fn writing(host: TestHost) -> TestHost {
    let migration =
        json!({ "name": "1", "statements": ["create table kept (id text primary key, photo text not null)"] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [migration] }])).await);
    host
}

/// Every row that was told is there, with its photo; what is there beyond that was under way; every
/// photo has its row.
async fn check(host: &TestHost, told: &BTreeSet<String>) {
    let steps = json!([query("select id, photo from kept", json!([])), { "op": "blob.list", "limit": 1000 }]);
    let results = host.probe(steps).await;
    let rows = ok(&results[0])["rows"].as_array().expect("rows").clone();
    let ids: BTreeSet<String> = rows.iter().map(|row| text(&row[0])).collect();
    assert!(ids.is_superset(told), "told and lost: {:?}", told.difference(&ids));
    assert!(ids.len() <= told.len() + WRITERS, "{} rows for {} told", ids.len(), told.len());
    let named: BTreeSet<String> = rows.iter().map(|row| text(&row[1])).collect();
    let there: BTreeSet<String> =
        ok(&results[1]).as_array().expect("blobs").iter().map(|blob| text(&blob["id"])).collect();
    assert_eq!(named, there, "rows and photos belong together");
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Visitors who write one row with one photo after the other, and note what they were told is kept.
struct Load {
    told: tokio::sync::watch::Receiver<BTreeSet<String>>,
    writers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn begin(host: &TestHost) -> Self {
        let (note, told) = tokio::sync::watch::channel(BTreeSet::new());
        let writer = |number| tokio::spawn(write_until_it_fails(number, host.visitor(), note.clone()));
        Self { told, writers: (0..WRITERS).map(writer).collect() }
    }

    async fn wait_until_told(&self, enough: usize) {
        let many = async || (self.told.borrow().len() >= enough).then_some(());
        until("enough has been written", many).await;
    }

    /// Waits until every writer has met the crash; returns what they were told.
    async fn end(self) -> BTreeSet<String> {
        for writer in self.writers {
            writer.await.expect("a writer ends by itself");
        }
        self.told.borrow().clone()
    }
}

async fn write_until_it_fails(
    number: usize,
    mut visitor: Visitor,
    note: tokio::sync::watch::Sender<BTreeSet<String>>,
) {
    for count in 0.. {
        let id = format!("{number}-{count}");
        let steps = json!([
            { "op": "blob.create", "content-type": "text/plain" },
            { "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": 1000, "calls": 10 } },
            { "op": "writer.finish", "writer": 0 },
            { "op": "blob.keep", "id": "$2.ok.id" },
            execute("insert into kept (id, photo) values ($1, $2)", json!([id, "$2.ok.id"])),
        ]);
        let Some(answer) = visitor.try_probe(steps).await.filter(|answer| answer.status == 200) else { return };
        if answer.text().contains("error") {
            return;
        }
        note.send_modify(|told| {
            told.insert(id);
        });
    }
}
