//! The keys that sign are there when they are needed: after trouble, and for all who come at once.

use serde_json::json;
use support::{Engine, TestDatabase, TestHost, Visitor, until};

use super::{begin, ticket};

on_both_databases! {
    keys_that_could_not_be_read_are_read_as_soon_as_they_can_be,
    all_who_come_by_a_new_key_are_let_in,
}

async fn keys_that_could_not_be_read_are_read_as_soon_as_they_can_be(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    support::host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
    rename(&database, "keys", "gone_keys").await;
    let host = TestHost::with(engine).database(database).start().await;
    let mut visitor = host.visitor();
    let sign = json!({ "op": "blob.sign-upload", "limits": {}, "seconds": 600 });
    assert!(visitor.probe_one(sign.clone()).await.get("error").is_some());
    rename(host.database(), "gone_keys", "keys").await;
    let signs = async || visitor.probe_one(sign.clone()).await.get("ok").is_some().then_some(());
    until("the host signs", signs).await;
    let told = host.logs().lines().filter(|line| line.contains("the keys that sign URLs cannot be read")).count();
    assert_eq!(told, 1, "{}", host.logs());
}

async fn rename(database: &TestDatabase, from: &str, to: &str) {
    let (from, to) = (database.host_table(from), database.host_table(to));
    let to = to.rsplit('.').next().expect("a name");
    database.host_rows(&format!("alter table {from} rename to {to}")).await;
}

async fn all_who_come_by_a_new_key_are_let_in(engine: Engine) {
    // On a slow disk the others take their time.
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_POOL_WAIT", "30s").start().await;
    let keys = host.database().host_table("keys");
    // As another host adds one: nobody is told.
    let add = format!(
        "insert into {keys} (id, secret, created_at) select 'abcdef01', secret, created_at + 1 from {keys}"
    );
    host.database().host_rows(&add).await;
    let (_other, mut elsewhere) = host.twin().await;
    let mut beginning = Vec::new();
    for _ in 0..20 {
        let (_, path) = ticket(&mut elsewhere, json!({})).await;
        assert!(path.contains("&key=abcdef01&"), "{path}");
        beginning.push((host.visitor(), path));
    }
    let begin = |(mut visitor, path): (Visitor, String)| {
        tokio::spawn(async move { begin(&mut visitor, &path, 10).await.status })
    };
    for one in beginning.into_iter().map(begin).collect::<Vec<_>>() {
        assert_eq!(one.await.expect("an answer"), 201);
    }
}
