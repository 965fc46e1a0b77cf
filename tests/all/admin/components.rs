//! How components are stored when they are deployed.

use super::{ROOT, ROOT_VARIABLE, component};
use support::database::Direct;
use support::{COMPILE_DEADLINE, Engine, TestHost, command, paths, until};

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
    for (digit, staged) in [("1", "null"), ("2", now), ("3", "null")] {
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
    // Due only now that it is whole. One that a version has stays, whatever is said of it.
    let is_due = format!("sha256 = {} or staged_at is null and size > 1", hash("1"));
    database.host_rows(&format!("update {components} set staged_at = 1 where {is_due}")).await;
    let left = async || {
        let rows = database.host_rows(&format!("select count(*) from {parts}")).await;
        let staged = format!("select count(*) from {components} where staged_at = 1");
        (rows == [["3"]] && database.host_rows(&staged).await == [["0"]]).then_some(())
    };
    until("what nobody has deployed is swept", left).await;
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
    let mut command = command::innkeeper(&[&deploy[..], &database.arguments()].concat());
    // It waits for longer than the other change would.
    command.env("INNKEEPER_STATEMENT_TIME", "60s");
    let deploying = command::finish(command, COMPILE_DEADLINE);
    tokio::pin!(deploying);
    let change = async {
        let waiting =
            "select 1 from pg_locks where not granted and relation = 'innkeeper.component_parts'::regclass";
        let waits = async || (!database.host_rows(waiting).await.is_empty()).then_some(());
        until("the deployment waits for the table", waits).await;
        command::on(database, &["apps", "set", "probe", "--keep-versions", "5"]).await.succeeded();
    };
    tokio::select! {
        ended = &mut deploying => panic!("it does not wait: {ended}"),
        () = change => {}
    }
    holder.rows("rollback").await.expect("it ends");
    deploying.await.succeeded();
}
