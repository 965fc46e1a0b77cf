//! An app's own database that is away: the app is closed, the others are not, and it opens again by
//! itself.

use std::time::Duration;

use serde_json::json;
use support::postgres::{Server, Stop};
use support::probe::op;
use support::{Engine, TestDatabase, TestHost, Visitor, command, host, until, usually};

use super::{NAMED, VAR, found, in_other, leave_something, set, two_apps};

on_both_databases! {
    an_unset_variable_closes_its_app_alone,
}

/// 503 with advice, soon, while the other app answers.
async fn is_closed_alone(host: &TestHost) {
    let took = usually(async || {
        let answer = host.visitor().get("/").await.expect(503);
        assert!(answer.header("retry-after").is_some() && !answer.text().contains(VAR), "{answer:?}");
    });
    let took = took.await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    in_other(&mut host.visitor(), &json!([{ "op": "session.set", "key": "k", "value": "v" }])).await.expect(200);
    assert_eq!(host.visitor().get("/_innkeeper/ready").await.status, 200);
}

async fn an_unset_variable_closes_its_app_alone(engine: Engine) {
    let own = TestDatabase::fresh(Engine::Sqlite).await;
    let database = two_apps(engine).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    is_closed_alone(&host).await;
    host.wait_for_log(&format!("{VAR} was asked for and is not set")).await;
    // Other apps are swapped as ever, and `migrate` does its work.
    host.swap("other", "hello").await;
    let migrated = command::on(host.database(), &["migrate"]).await.succeeded();
    assert!(migrated.stdout.contains(VAR), "{migrated}");
    let closings = |log: &str| log.lines().filter(|line| line.contains("closed, its database")).count();
    assert_eq!(closings(&host.logs()), 1, "once, not at every look:\n{}", host.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_at_the_start_is_found_when_it_comes() {
    let server = Server::start();
    let own = TestDatabase::at(&server.fresh_database().await);
    let database = two_apps(Engine::Sqlite).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    deploy_a_broken_one(&database).await;
    server.stop(Stop::Fast);
    let code = tempfile::tempdir().unwrap();
    let host = TestHost::with(Engine::Sqlite).database(database).env(VAR, &own.url());
    let host = host.env("INNKEEPER_CODE_CACHE", code.path().to_str().unwrap()).start().await;
    is_closed_alone(&host).await;
    host.wait_for_log(&format!("{VAR}: cannot reach the database")).await;
    server.start_again();
    opens_again(&mut host.visitor()).await;
    let attempts = host.logs().matches("cannot load the active version").count();
    assert_eq!(attempts, 1, "only what is closed is tried again:\n{}", host.logs());
    leave_something(&mut host.visitor()).await;
    // One that goes away while it is served concerns its app alone too, and a swap does not wait
    // for it.
    server.stop(Stop::Immediate);
    let failed = host.visitor().probe_answer(json!([{ "op": "session.set", "key": "k", "value": "v" }])).await;
    assert_eq!(failed.expect(503).header("retry-after"), Some("2"));
    host.swap("other", "hello").await;
    host.swap("probe", "hello").await;
    host.swap("probe", "probe").await;
    server.start_again();
    opens_again(&mut host.visitor()).await;
    assert_eq!(found(&own, "probe").await[..2], [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_no_place_for_an_app() {
    let server = Server::start();
    let follower = server.follower();
    let database = two_apps(Engine::Sqlite).await;
    let refused = set(&database, &NAMED, &follower.url("postgres")).await.failed();
    assert!(refused.stderr.contains(VAR) && refused.stderr.contains("follower"), "{refused}");
    // It was the primary when the app moved there.
    let own = TestDatabase::fresh(Engine::Sqlite).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    let host = TestHost::with(Engine::Sqlite).database(database).env(VAR, &follower.url("postgres")).start().await;
    is_closed_alone(&host).await;
    assert!(host.wait_for_log("closed, its database").await.contains("follower"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_delays_nobody() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let database = two_apps(Engine::Sqlite).await;
    let own = TestDatabase::fresh(Engine::Sqlite).await;
    set(&database, &NAMED, &own.url()).await.succeeded();
    let url = format!("postgres://user:hidden@127.0.0.1:{port}/x");
    let host = TestHost::with(Engine::Sqlite).database(database).env(VAR, &url).start().await;
    for _ in 0..3 {
        is_closed_alone(&host).await;
        host.swap("other", "hello").await;
        host.swap("other", "probe").await;
    }
    let log = host.logs();
    assert!(log.contains("did not answer in time") && !log.contains("hidden"), "{log}");
}

/// An app whose component cannot be loaded.
async fn deploy_a_broken_one(database: &TestDatabase) {
    host::deploy(database, "broken", "page", &["--route", "/broken"]).await.succeeded();
    let registry = database.directory().expect("SQLite").join("innkeeper.sqlite");
    let sql = "update innkeeper_component_parts set data = x'00' \
               where sha256 = (select sha256 from innkeeper_versions where app = 'broken')";
    rusqlite::Connection::open(registry).unwrap().execute(sql, []).unwrap();
    crate::native::rows::forget_all(database).await;
}

async fn opens_again(visitor: &mut Visitor) {
    let answers = async || {
        let answer = visitor.probe_answer(json!([op("session.get-keys")])).await;
        (answer.status == 200).then_some(())
    };
    until("the app answers again", answers).await;
}
