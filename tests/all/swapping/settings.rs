//! What holds for all versions of an app, and what a version brings along.

use super::{config, deploy_number, serves};
use serde_json::{Value, json};
use support::postgres::{Server, USER};
use support::probe::ok;
use support::{Engine, TestDatabase, TestHost, command, host, until};

on_both_databases! {
    a_component_alone_leaves_all_settings_as_they_are,
    what_is_set_holds_for_all_versions,
    an_app_answers_at_all_of_its_routes,
}

async fn read(host: &TestHost, name: &str) -> Value {
    let result = host.visitor().probe(json!([config(name)])).await;
    ok(&result[0]).clone()
}

async fn a_component_alone_leaves_all_settings_as_they_are(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    // Another component, so another version.
    host::deploy(&database, "app", "hello", &[]).await.succeeded();
    host::deploy(&database, "app", "probe", &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    assert_eq!(read(&host, "number").await, "1");
}

async fn what_is_set_holds_for_all_versions(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).env("STRIPE_KEY", "sk-7").start().await;
    let set = ["config", "set", "--app", "app", "shared=set", "extra=a=b"];
    command::on(host.database(), &set).await.succeeded();
    let secret = ["config", "set", "--app", "app", "stripe", "--from-env", "STRIPE_KEY"];
    command::on(host.database(), &secret).await.succeeded();
    let followed = async || (read(&host, "stripe").await == "sk-7").then_some(());
    until("the settings are followed without a deployment", followed).await;
    assert_eq!((read(&host, "shared").await, read(&host, "extra").await), (json!("set"), json!("a=b")));
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    assert_eq!((read(&host, "shared").await, read(&host, "number").await), (json!("set"), json!("2")));
    let listed = command::on(host.database(), &["config", "list", "--app", "app"]).await.succeeded();
    assert!(listed.stdout.contains("STRIPE_KEY") && !listed.stdout.contains("sk-7"), "{listed}");
    assert!(!listed.stdout.contains("a=b"), "values are not shown: {listed}");
    command::on(host.database(), &["config", "unset", "--app", "app", "shared"]).await.succeeded();
    let back = async || (read(&host, "shared").await == "of version 2").then_some(());
    until("what the version brought along shows again", back).await;
    for refused in ["DATABASE_URL", "INNKEEPER_ADMIN_TOKEN", "PGPASSWORD"] {
        let set = ["config", "set", "--app", "app", "stolen", "--from-env", refused];
        let said = command::on(host.database(), &set).await.failed();
        assert!(said.stderr.contains("no app may read it"), "{said}");
    }
    let stored =
        host.database().host_rows(&format!("select overrides from {}", host.database().host_table("apps"))).await;
    assert!(!stored[0][0].contains("sk-7"), "{stored:?}");
}

async fn an_app_answers_at_all_of_its_routes(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let routes = ["--route", "/a", "--route", "/b", "--route", "shop.example"];
    deploy_number(&database, 1, &routes).await.succeeded();
    host::deploy(&database, "other", "hello", &["--route", "/"]).await.succeeded();
    let refused = host::deploy(&database, "third", "hello", &["--route", "/b"]).await.failed();
    assert!(refused.stderr.contains("route /b belongs to app app"), "{refused}");
    let host = TestHost::with(engine).database(database).start().await;
    let hello = |text: &str| text == "Hello, world!";
    for (path, name, is_other) in [
        ("/a", "x.example", false),
        ("/b/c", "x.example", false),
        ("/c", "x.example", true),
        ("/c", "shop.example", false),
    ] {
        let answer = host.visitor().get_with(path, "host", name).await;
        assert_eq!(hello(answer.text()), is_other, "{name}{path}: {}", answer.text());
    }
    command::on(host.database(), &["apps", "set", "app", "--route", "/d"]).await.succeeded();
    let moved = async || {
        let (old, new) = (host.visitor().get("/a").await, host.visitor().get("/d").await);
        (hello(old.text()) && !hello(new.text())).then_some(())
    };
    until("the routes are followed", moved).await;
}

/// In Czech `ch` stands behind `h`: whoever searches a list of the database by bytes misses it.
#[tokio::test(flavor = "multi_thread")]
async fn further_routes_are_served_whatever_the_collation_of_the_database() {
    let server = Server::start();
    let create = format!(
        "create database czech owner {USER} template template0 encoding 'UTF8' \
         locale_provider icu icu_locale 'cs-CZ'"
    );
    server.administer(&create).await;
    let database = TestDatabase::at(&server.url("czech"));
    let names = ["blog", "chat", "clock", "dog", "hotel"];
    for name in names {
        let host_name = format!("{name}.example.org");
        let routes = ["--route", &format!("/{name}"), "--route", &host_name];
        host::deploy(&database, name, "hello", &routes).await.succeeded();
    }
    let host = TestHost::with(Engine::Postgres).database(database).start().await;
    for name in names {
        let answer = host.visitor().get_with("/", "host", &format!("{name}.example.org")).await;
        assert_eq!((answer.status, answer.text()), (200, "Hello, world!"), "{name}");
    }
}
