//! What a host cannot serve as the registry says: it is said, and it ends when it is over.

use super::{config, deploy_number, serves};
use serde_json::json;
use support::probe::ok;
use support::{Engine, TestDatabase, TestHost, command, host, until};

on_both_databases! {
    a_problem_ends_when_the_app_goes_back_or_is_repaired,
    a_problem_of_a_canary_ends_with_it,
    an_app_whose_row_cannot_be_read_goes_on_and_stops_no_other,
    a_setting_that_the_host_lacks_is_a_problem,
}

async fn started(engine: Engine) -> TestHost {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    TestHost::with(engine).database(database).start().await
}

/// What the host says of an app.
async fn problem(host: &TestHost, app: &str) -> Option<String> {
    let hosts = command::on(host.database(), &["hosts", "--json"]).await.succeeded().json();
    let problems = hosts[0]["problems"].as_array().expect("a list").clone();
    let found = problems.iter().find(|problem| problem["app"] == app);
    found.map(|problem| problem["reason"].as_str().expect("a reason").to_owned())
}

async fn is_said(host: &TestHost, text: &str) {
    until("the problem is said", async || problem(host, "app").await.filter(|said| said.contains(text))).await;
    let ready = host.visitor().get("/_innkeeper/ready").await.expect(200);
    assert!(ready.text().contains("app app"), "{}", ready.text());
}

async fn is_over(host: &TestHost) {
    until("the problem is over", async || problem(host, "app").await.is_none().then_some(())).await;
    let ready = host.visitor().get("/_innkeeper/ready").await.expect(200);
    assert!(!ready.text().contains("app app"), "{}", ready.text());
}

/// Changes rows as nobody should, and lets hosts read them.
async fn change(host: &TestHost, table: &str, what: &str) {
    let (table, generation) = (host.database().host_table(table), host.database().host_table("generation"));
    host.database().host_rows(&format!("update {table} set {what}")).await;
    host.database().host_rows(&format!("update {generation} set number = number + 1")).await;
}

async fn a_problem_ends_when_the_app_goes_back_or_is_repaired(engine: Engine) {
    let host = started(engine).await;
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    let rollback = async |version: &str| {
        command::on(host.database(), &["rollback", "--app", "app", "--version", version, "--wait"]).await
    };
    rollback("1").await.succeeded();
    change(&host, "versions", "settings = '{bad' where number = 2").await;
    let refused = rollback("2").await.failed();
    assert!(refused.stderr.contains("settings cannot be read"), "{refused}");
    is_said(&host, "settings cannot be read").await;
    // It is served all the while.
    rollback("1").await.succeeded();
    is_over(&host).await;
    rollback("2").await.failed();
    deploy_number(host.database(), 3, &["--wait"]).await.succeeded();
    is_over(&host).await;
}

async fn a_problem_of_a_canary_ends_with_it(engine: Engine) {
    let host = started(engine).await;
    deploy_number(host.database(), 2, &["--wait"]).await.succeeded();
    command::on(host.database(), &["rollback", "--app", "app", "--wait"]).await.succeeded();
    change(&host, "versions", "settings = '{bad' where number = 2").await;
    change(&host, "apps", "canary = 2, canary_percent = 50, canary_since = 1").await;
    is_said(&host, "the canary, version 2").await;
    command::on(host.database(), &["abort", "--app", "app"]).await.succeeded();
    is_over(&host).await;
    change(&host, "apps", "canary = 2, canary_percent = 50, canary_since = 1").await;
    is_said(&host, "the canary, version 2").await;
    deploy_number(host.database(), 3, &["--canary", "50%", "--wait"]).await.succeeded();
    is_over(&host).await;
}

async fn an_app_whose_row_cannot_be_read_goes_on_and_stops_no_other(engine: Engine) {
    let host = started(engine).await;
    change(&host, "apps", "canary = 1, canary_percent = 300, canary_since = 1 where name = 'app'").await;
    is_said(&host, "canary_percent").await;
    ok(&host.visitor().probe(json!([config("number")])).await[0]);
    let said = host::deploy(host.database(), "other", "hello", &["--wait"]).await.succeeded();
    assert!(said.stderr.contains("served by every host"), "{said}");
    assert_eq!(host.visitor().get("/other").await.expect(200).text(), "Hello, world!");
    change(&host, "apps", "canary = null, canary_percent = null where name = 'app'").await;
    is_over(&host).await;
}

async fn a_setting_that_the_host_lacks_is_a_problem(engine: Engine) {
    let host = started(engine).await;
    let set = ["config", "set", "--app", "app", "stripe", "--from-env", "STRIPE_KEY"];
    command::on(host.database(), &set).await.succeeded();
    is_said(&host, "STRIPE_KEY").await;
    command::on(host.database(), &["config", "unset", "--app", "app", "stripe"]).await.succeeded();
    is_over(&host).await;
}
