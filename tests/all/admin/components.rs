//! How components are stored when they are deployed.

use super::{ROOT, ROOT_VARIABLE, component};
use std::time::{Duration, Instant};
use support::database::Direct;
use support::{Engine, TestHost, command, paths};

on_both_databases! {
    a_component_that_is_damaged_is_replaced_when_it_is_deployed_again,
    a_component_that_was_not_deployed_is_swept,
}

async fn a_component_that_is_damaged_is_replaced_when_it_is_deployed_again(engine: Engine) {
    let host = super::host(engine).await;
    let database = host.database();
    let parts = database.host_table("component_parts");
    let broken = if engine == Engine::Postgres { r"'\x00'" } else { "x'00'" };
    database.host_rows(&format!("update {parts} set data = {broken}")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("again.wasm");
    let get = ["versions", "get", "probe", "-o", file.to_str().expect("UTF-8")];
    let failed = command::on(database, &get).await.failed();
    assert!(failed.stderr.contains("does not have its hash: deploy it again"), "{failed}");
    let guest = paths::guest("probe");
    let deploy = ["deploy", guest.to_str().expect("UTF-8"), "--app", "probe"];
    let deployed = command::on(database, &deploy).await.succeeded();
    assert!(deployed.stdout.contains("probe: version 1 is active"), "{deployed}");
    command::on(database, &get).await.succeeded();
    assert_eq!(std::fs::read(&file).expect("a file"), component("probe"));
}

async fn a_component_that_was_not_deployed_is_swept(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env(ROOT_VARIABLE, ROOT);
    let host = host.env("INNKEEPER_STAGED_BLOB_LIFETIME", "1s").start().await;
    let database = host.database();
    let [components, parts] = ["components", "component_parts"].map(|table| database.host_table(table));
    let hash = |digit: &str| match engine {
        Engine::Postgres => format!(r"'\x{}'", digit.repeat(64)),
        Engine::Sqlite => format!("x'{}'", digit.repeat(64)),
    };
    let now = "86400000000000000";
    for (digit, staged) in [("1", "1"), ("2", now), ("3", "null")] {
        let hash = hash(digit);
        for sql in [
            format!(
                "insert into {components} (sha256, size, stored_size, staged_at) values ({hash}, 1, 1, {staged})"
            ),
            format!("insert into {parts} (sha256, seq, data) values ({hash}, 0, {hash})"),
        ] {
            database.host_rows(&sql).await;
        }
    }
    // One that a version has stays, whatever is said of it.
    database
        .host_rows(&format!("update {components} set staged_at = 1 where staged_at is null and size > 1"))
        .await;
    let left = async || {
        let rows = database.host_rows(&format!("select count(*) from {parts}")).await;
        let staged = format!("select count(*) from {components} where staged_at = 1");
        (rows == [["3"]] && database.host_rows(&staged).await == [["0"]]).then_some(())
    };
    support::until("what nobody has deployed is swept", left).await;
    let found =
        database.host_rows(&format!("select count(*) from {components} where sha256 = {}", hash("1"))).await;
    assert_eq!(found, [["0"]]);
}

/// A slow way to the database keeps no other change waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_on_its_way_keeps_no_other_change_waiting() {
    let host = super::host(Engine::Postgres).await;
    let database = host.database();
    let mut holder = Direct::to(database).await;
    for sql in ["begin", "lock table innkeeper.component_parts in exclusive mode"] {
        holder.rows(sql).await.expect("it is free");
    }
    let guest = paths::guest("hello");
    let deploy = ["deploy", guest.to_str().expect("UTF-8"), "--app", "hello", "--no-smoke"];
    let deploying = command::on(database, &deploy);
    tokio::pin!(deploying);
    let set = ["apps", "set", "probe", "--keep-versions", "5"];
    let changes = async {
        for _ in 0..10 {
            let began = Instant::now();
            command::on(database, &set).await.succeeded();
            assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        }
    };
    tokio::select! {
        ended = &mut deploying => {
            // The lock has a time; the other changes were not its victims.
            assert!(ended.stderr.contains("lock timeout") || ended.stderr.contains("busy"), "{ended}");
        }
        () = changes => {}
    }
    holder.rows("rollback").await.expect("it ends");
}
