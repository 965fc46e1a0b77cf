//! How hosts follow the registry, and what they say of it.

use super::{becomes_active, config, deploy_number};
use serde_json::json;
use support::postgres::Server;
use support::probe::ok;
use support::{Engine, TestDatabase, TestHost, Visitor, command, until};

on_both_databases! {
    a_deployment_waits_for_every_host,
    a_host_that_cannot_serve_a_version_is_named,
    a_host_that_ends_is_not_waited_for,
    a_host_that_falls_silent_is_named,
}

async fn host_with_version(engine: Engine) -> TestHost {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    TestHost::with(engine).database(database).start().await
}

async fn number(visitor: &mut Visitor) -> String {
    ok(&visitor.probe(json!([config("number")])).await[0]).as_str().unwrap().to_owned()
}

async fn a_deployment_waits_for_every_host(engine: Engine) {
    let host = host_with_version(engine).await;
    let said = deploy_number(host.database(), 2, &["--wait"]).await.succeeded();
    assert!(said.stderr.contains("served by every host (1)"), "{said}");
    assert_eq!(number(&mut host.visitor()).await, "2", "it is there when the command ends");
}

async fn a_host_that_cannot_serve_a_version_is_named(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    super::command::on(&database, &["deploy", support::paths::guest("hello").to_str().unwrap(), "--app", "app"])
        .await
        .succeeded();
    // What is larger than its limit this host cannot load.
    let size = std::fs::metadata(support::paths::guest("hello")).unwrap().len() + 1;
    let host = TestHost::with(engine)
        .database(database)
        .env("INNKEEPER_COMPONENT_BYTES", &size.to_string())
        .start()
        .await;
    let said = deploy_number(host.database(), 2, &["--wait"]).await.failed();
    assert!(
        said.stderr.contains("not served by every host") && said.stderr.contains("INNKEEPER_COMPONENT_BYTES"),
        "{said}"
    );
    assert_eq!(host.visitor().get("/").await.expect(200).text(), "Hello, world!", "it serves what it has");
    let sql = format!("select state from {}", host.database().host_table("hosts"));
    let states = host.database().host_rows(&sql).await;
    assert!(states[0][0].contains("INNKEEPER_COMPONENT_BYTES"), "{states:?}");
}

async fn a_host_that_ends_is_not_waited_for(engine: Engine) {
    let mut host = host_with_version(engine).await;
    host.terminate().await;
    let said = deploy_number(host.database(), 2, &["--wait"]).await.succeeded();
    assert!(said.stderr.contains("no host serves this database now"), "{said}");
}

/// Whoever is frozen may answer visitors with the version before once it goes on.
async fn a_host_that_falls_silent_is_named(engine: Engine) {
    let host = host_with_version(engine).await;
    host.freeze().await;
    let said = deploy_number(host.database(), 2, &["--wait"]).await;
    host.serving().signal("CONT");
    let said = said.failed();
    assert!(said.stderr.contains("not served by every host") && said.stderr.contains("fell silent"), "{said}");
}

const LISTENERS: &str = "query ilike 'listen innkeeper_registry%'";

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_followed_whatever_becomes_of_the_hints() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let database = TestDatabase::at(&url);
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(database).start().await;
    until("the host listens", async || (server.backends(LISTENERS).await == 1).then_some(())).await;
    server
        .administer("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen innkeeper%'")
        .await;
    deploy_number(host.database(), 2, &["--wait"]).await.succeeded();
    assert_eq!(number(&mut host.visitor()).await, "2");
    // A hint by somebody else changes nothing, and many of them stop nothing.
    let flood = "select pg_notify('innkeeper_registry', n::text) from generate_series(1, 20000) n";
    server.administer_in(&url, flood).await;
    assert_eq!(number(&mut host.visitor()).await, "2");
    until("the host listens again", async || (server.backends(LISTENERS).await == 1).then_some(())).await;
    deploy_number(host.database(), 3, &["--wait"]).await.succeeded();
    assert_eq!(number(&mut host.visitor()).await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_may_not_listen_follows_all_the_same() {
    let server = Server::start();
    let database = TestDatabase::at(&server.fresh_database().await);
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(database).env("INNKEEPER_LISTEN", "0").start().await;
    deploy_number(host.database(), 2, &["--wait"]).await.succeeded();
    assert_eq!(number(&mut host.visitor()).await, "2");
    assert_eq!(server.backends(LISTENERS).await, 0);
    becomes_active(host.database(), 2).await;
    drop(command::on(host.database(), &["apps"]).await.succeeded());
}
