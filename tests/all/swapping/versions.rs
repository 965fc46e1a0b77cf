//! What is kept of versions.

use super::{active, deploy_number};
use serde_json::json;
use support::{Engine, TestDatabase, command};

on_both_databases! {
    old_versions_go_and_no_number_is_used_twice,
    components_are_stored_compressed_and_once,
    what_an_earlier_release_has_stored_is_served,
}

async fn numbers(database: &TestDatabase) -> Vec<i64> {
    let versions = command::on(database, &["versions", "--app", "app", "--json"]).await.succeeded().json();
    versions.as_array().unwrap().iter().map(|version| version["number"].as_i64().unwrap()).collect()
}

async fn old_versions_go_and_no_number_is_used_twice(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    command_set_keep(&database).await;
    for number in 2..=6 {
        deploy_number(&database, number, &["--no-smoke"]).await.succeeded();
    }
    assert_eq!(numbers(&database).await, [6, 5, 4], "three activations back");
    let said = command::on(&database, &["rollback", "--app", "app", "--version", "4"]).await.succeeded();
    assert!(said.stdout.contains('4'), "{said}");
    deploy_number(&database, 7, &["--no-smoke"]).await.succeeded();
    assert_eq!(active(&database).await, Some(7));
    assert_eq!(numbers(&database).await, [7, 6, 4]);
}

async fn command_set_keep(database: &TestDatabase) {
    deploy_number(database, 1, &["--no-smoke"]).await.succeeded();
    command::on(database, &["apps", "set", "app", "--keep-versions", "3"]).await.succeeded();
}

async fn components_are_stored_compressed_and_once(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    for number in 1..=3 {
        deploy_number(&database, number, &["--no-smoke"]).await.succeeded();
    }
    let table = database.host_table("components");
    let rows = database.host_rows(&format!("select size, stored_size from {table}")).await;
    assert_eq!(rows.len(), 1, "three versions of one component: {rows:?}");
    let [size, stored]: [u64; 2] = [rows[0][0].parse().unwrap(), rows[0][1].parse().unwrap()];
    assert!(stored < size / 2, "{stored} of {size}");
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("again.wasm");
    let get = ["versions", "get", "app", "--version", "2", "-o", file.to_str().unwrap()];
    command::on(&database, &get).await.succeeded();
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(support::paths::guest("probe")).unwrap());
}

async fn what_an_earlier_release_has_stored_is_served(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &["--no-smoke"]).await.succeeded();
    let component = std::fs::read(support::paths::guest("probe")).unwrap();
    let hex: String = component.iter().map(|byte| format!("{byte:02x}")).collect();
    let [chunks, components, versions, apps] =
        ["component_chunks", "components", "versions", "apps"].map(|table| database.host_table(table));
    let bytes = |hex: &str| match engine {
        Engine::Postgres => format!("'\\x{hex}'"),
        Engine::Sqlite => format!("x'{hex}'"),
    };
    for sql in [
        format!("insert into {chunks} (sha256, seq, data) select sha256, 0, {} from {components}", bytes(&hex)),
        format!("delete from {components}"),
        format!("update {versions} set settings = null, actor = null"),
        format!("update {apps} set activated_at = null, last_version = 0"),
    ] {
        database.host_rows(&sql).await;
    }
    let host = support::TestHost::with(engine).database(database).start().await;
    let result = host.visitor().probe(json!([super::config("number")])).await;
    assert_eq!(support::probe::ok(&result[0]), "1", "settings are those of the app");
    deploy_number(host.database(), 2, &["--wait"]).await.succeeded();
    command::on(host.database(), &["rollback", "--app", "app"]).await.succeeded();
    assert_eq!(active(host.database()).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_components_fills_a_registry_in_which_nothing_ever_was() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(support::paths::guest("hello"), folder.path().join("greeter.wasm")).unwrap();
    std::fs::create_dir(folder.path().join("app")).unwrap();
    super::project(&folder.path().join("app"), "probe", 7);
    std::fs::write(folder.path().join("broken.wasm"), "no component").unwrap();
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let components = folder.path().to_str().unwrap();
        let host = support::TestHost::with(engine).argument("--components").argument(components);
        let mut host = host.start_unready().await;
        // The first by its name gets the root.
        support::until("the folder is deployed", async || {
            let (root, answer) = (host.visitor().try_get("/").await?, host.visitor().try_get("/greeter").await?);
            let is_greeter = answer.status == 200 && answer.text() == "Hello, world!";
            (root.status != 503 && is_greeter).then_some(())
        })
        .await;
        let number = host.visitor().probe(json!([super::config("number")])).await;
        assert_eq!(support::probe::ok(&number[0]), "7");
        host.wait_for_log("broken.wasm was not deployed").await;
        command::on(host.database(), &["apps", "delete", "greeter", "--yes"]).await.succeeded();
        host.restart().await;
        let apps = command::on(host.database(), &["apps", "--json"]).await.succeeded().json();
        assert_eq!(apps.as_array().map(Vec::len), Some(1), "what was deleted does not come back: {apps}");
    }
}
