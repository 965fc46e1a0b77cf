//! Sessions that have ended are cleared away, by one process at a time.

use support::database::Direct;
use support::{Engine, TestDatabase, TestHost, host, until};

use super::command::sessions;

on_both_databases! {
    thirty_thousand_ended_sessions_are_swept,
}

/// Sessions of an app, each with two values, that have ended or have an hour to live.
pub(super) async fn seed(database: &TestDatabase, app: &str, number: u32, ended: bool) {
    let (hash, prefix, now) = match database.directory() {
        Some(_) => ("randomblob(32)", "innkeeper_", "cast(unixepoch('subsec') * 1000000 as integer)"),
        None => (
            "decode(md5(random()::text) || md5(random()::text), 'hex')",
            "innkeeper.",
            "(extract(epoch from now()) * 1000000)::bigint",
        ),
    };
    let end = format!("{now} {} 3600000000", if ended { "-" } else { "+" });
    let numbers =
        format!("with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {number})");
    let insert = format!(
        "insert into {prefix}sessions (app, id_hash, created_at, used_at, idle_seconds, idle_expires_at, expires_at) \
         {numbers} select '{app}', {hash}, 0, 0, 1800, {end}, {now} + 7200000000 from numbers"
    );
    database.app_rows(app, &insert).await;
    for key in ["a", "b"] {
        let insert = format!(
            "insert into {prefix}session_values (app, id_hash, kind, name, value) \
             select app, id_hash, 0, '{key}', 'some value of a visitor' from {prefix}sessions where app = '{app}' \
             on conflict do nothing"
        );
        database.app_rows(app, &insert).await;
    }
}

#[expect(clippy::print_stdout, reason = "the time is wanted, and no test")]
async fn thirty_thousand_ended_sessions_are_swept(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    host::deploy(&database, "probe", "probe", &[]).await.succeeded();
    seed(&database, "probe", 30_000, true).await;
    seed(&database, "probe", 300, false).await;
    let token = "a-token-of-the-operator-0123456789";
    let host = TestHost::with(engine).database(database).env("INNKEEPER_ADMIN_TOKEN", token).start().await;
    let line = host.wait_for_log("swept sessions that have ended").await;
    println!("{engine:?}: {line}");
    assert!(line.contains("sessions=30000"), "{line}");
    assert_eq!(host.database().count("probe", "sessions").await, 300, "those that have not ended stay");
    assert_eq!(host.database().count("probe", "session_values").await, 600);
    let bearer = format!("Bearer {token}");
    // An app whose counting takes longer than a second is left out for some seconds.
    let wanted = [r#"sessions_swept_total{app="probe"} 30000"#, r#"sessions{app="probe"} 300"#];
    let told = async || {
        let figures = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
        wanted.iter().all(|figure| figures.text().contains(figure)).then_some(())
    };
    until("the figures say so", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_swept_while_another_process_is_at_it() {
    let database = TestDatabase::fresh(Engine::Postgres).await;
    for (app, route) in [("probe", "/"), ("other", "/other")] {
        host::deploy(&database, app, "probe", &["--route", route]).await.succeeded();
        seed(&database, app, 10, true).await;
    }
    let mut process = Direct::to(&database).await;
    process.rows("select pg_advisory_lock(hashtextextended('sweep probe', 7211))").await.expect("the lock");
    let host = TestHost::with(Engine::Postgres).database(database).env("INNKEEPER_STAGED_BLOB_LIFETIME", "1s");
    let host = host.start().await;
    let left = async |app: &str| {
        let sql = format!("select count(*) from innkeeper.sessions where app = '{app}'");
        host.database().app_value(app, &sql).await
    };
    // A round over all apps lies between the ends of two others.
    for _ in 0..2 {
        until("the other app is swept", async || (left("other").await == "0").then_some(())).await;
        seed(host.database(), "other", 10, true).await;
    }
    let swept = sessions(host.database(), &["sweep", "--app", "probe"]).await.succeeded();
    assert_eq!((swept.stdout.trim(), left("probe").await.as_str()), ("probe: ended sessions swept: 0", "10"));
    drop(process);
    until("its turn comes", async || (left("probe").await == "0").then_some(())).await;
}
