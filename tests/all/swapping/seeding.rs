//! `serve --components`: what counts as a registry that was used, and which files count.

use support::{Engine, TestDatabase, TestHost, command, paths, until};

on_both_databases! { a_registry_with_tokens_alone_is_filled_once }

async fn a_registry_with_tokens_alone_is_filled_once(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let hello = paths::guest("hello");
    for name in ["Greeter.WASM", ".hidden.wasm", "._greeter.wasm"] {
        std::fs::copy(&hello, path(name)).unwrap();
    }
    // The same app once more.
    std::fs::create_dir(path("project")).unwrap();
    let text = format!("name = \"greeter\"\ncomponent = \"{}\"\n", paths::guest("page").display());
    std::fs::write(path("project/innkeeper.toml"), text).unwrap();
    let database = TestDatabase::fresh(engine).await;
    command::on(&database, &["token", "create", "--name", "ci", "--scope", "admin"]).await.succeeded();
    command::on(&database, &["keys", "rotate"]).await.succeeded();
    let host = TestHost::with(engine).database(database);
    let host = host.argument("--components").argument(folder.path().to_str().unwrap());
    let mut host = host.start_unready().await;
    until("the folder is deployed", async || {
        let answer = host.visitor().try_get("/").await?;
        (answer.status == 200 && answer.text() == "Hello, world!").then_some(())
    })
    .await;
    let line = host.wait_for_log("was not deployed").await;
    assert!(
        line.contains("project") && line.contains("the app greeter") && line.contains("Greeter.WASM"),
        "{line}"
    );
    let apps = command::on(host.database(), &["apps", "--json"]).await.succeeded().json();
    assert_eq!(apps.as_array().map(Vec::len), Some(1), "{apps}");
    assert_eq!((&apps[0]["name"], &apps[0]["active"]), (&"greeter".into(), &1.into()), "{apps}");
    host.restart().await;
    host.wait_for_log("are left alone: apps have been deployed here before").await;
}
