//! Another version of an app: put in, judged, gone back from, tried on a part of the visitors.

mod back;
mod canaries;
mod first_request;
mod following;
mod judging;
mod load;
mod problems;
mod seeding;
mod settings;
mod trials;
mod undone;
mod versions;

use serde_json::Value;
use std::path::Path;
use support::command::{self, Finished};
use support::{Engine, TestDatabase, TestHost, paths, until};

/// A project whose versions differ in a setting that the guest reads: `folder` holds it.
fn project(folder: &Path, guest: &str, number: u32) {
    let component = paths::guest(guest);
    let text = format!(
        "name = \"app\"\ncomponent = \"{}\"\n[config]\nnumber = \"{number}\"\nshared = \"of version {number}\"\n",
        component.display()
    );
    std::fs::write(folder.join("innkeeper.toml"), text).unwrap();
}

/// Deploys the version with this number of a probe.
async fn deploy_number(database: &TestDatabase, number: u32, more: &[&str]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path(), "probe", number);
    command::on(database, &[&["deploy", folder.path().to_str().unwrap()], more].concat()).await
}

/// Waits until the host serves a version of the app.
async fn serves(host: &TestHost, number: i64) {
    let text = format!("version={number} ");
    let served =
        async || host.logs().lines().any(|line| line.contains("serving") && line.contains(&text)).then_some(());
    until("the version is served", served).await;
}

/// A host that serves the second version of an app since a moment ago, so that it is on trial.
async fn on_second_version(engine: Engine) -> TestHost {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    deploy_number(host.database(), 2, &[]).await.succeeded();
    serves(&host, 2).await;
    host
}

/// The active version, as `apps` says.
async fn active(database: &TestDatabase) -> Option<i64> {
    let apps = command::on(database, &["apps", "--json"]).await.succeeded().json();
    apps.as_array().unwrap().iter().find(|app| app["name"] == "app").and_then(|app| app["active"].as_i64())
}

/// Waits until this version is active.
async fn becomes_active(database: &TestDatabase, number: i64) {
    until("the version becomes active", async || (active(database).await == Some(number)).then_some(())).await;
}

/// What was done, the newest first: action, detail and who.
async fn audited(database: &TestDatabase) -> Vec<[String; 3]> {
    let sql = format!("select action, detail, actor from {} order by id desc", database.host_table("audit"));
    let rows = database.host_rows(&sql).await;
    rows.into_iter().map(|row| row.try_into().unwrap()).collect()
}

fn config(name: &str) -> Value {
    serde_json::json!({ "op": "config", "key": name })
}
