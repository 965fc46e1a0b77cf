//! Folders where a component is expected.

use std::path::Path;

use support::command::{self, Finished};
use support::{COMPILE_DEADLINE, Engine, TestDatabase, paths};

on_both_databases! { a_project_is_deployed_from_its_folder }

/// A project whose build copies a guest to where `innkeeper.toml` says.
fn project(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let build = format!("mkdir -p out && cp {} out/shop.wasm", paths::guest("hello").display());
    let text = format!("name = \"shop\"\nbuild = \"{build}\"\ncomponent = \"out/shop.wasm\"\n");
    std::fs::write(folder.join("innkeeper.toml"), text).unwrap();
}

async fn inside(folder: &Path, arguments: &[&str]) -> Finished {
    let mut command = command::innkeeper(arguments);
    command.current_dir(folder);
    command::finish(command, COMPILE_DEADLINE).await
}

async fn a_project_is_deployed_from_its_folder(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let place = database.arguments();
    for path in [None, Some("."), Some("innkeeper.toml"), folder.path().to_str()] {
        let arguments = [&["deploy"][..], path.as_slice(), &place].concat();
        inside(folder.path(), &arguments).await.succeeded();
    }
    let apps = command::on(&database, &["apps", "--json"]).await.succeeded().json();
    assert_eq!((&apps[0]["name"], &apps[0]["active"]), (&"shop".into(), &1.into()), "{apps}");
}

#[tokio::test]
async fn a_project_is_inspected_from_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let early = inside(folder.path(), &["inspect", "."]).await.failed();
    assert!(
        early.stderr.contains("out/shop.wasm is not there") && early.stderr.contains("`mkdir -p out"),
        "{early}"
    );
    let built = inside(folder.path(), &["inspect", ".", "--build"]).await.succeeded();
    assert!(built.stdout.contains("wasi:http/incoming-handler"), "{built}");
    for path in [None, Some("."), Some("innkeeper.toml"), folder.path().to_str(), Some("out/shop.wasm")] {
        let arguments = [&["inspect"][..], path.as_slice()].concat();
        assert_eq!(inside(folder.path(), &arguments).await.succeeded().stdout, built.stdout, "{path:?}");
    }
}

#[tokio::test]
async fn a_folder_that_is_no_project_is_told_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    for verb in ["inspect", "deploy", "dev"] {
        let empty = inside(folder.path(), &[verb]).await.failed();
        assert!(empty.stderr.contains(". has no innkeeper.toml"), "{verb}: {empty}");
        assert!(!empty.stderr.contains("did you mean"), "{verb}: {empty}");
    }
    project(&folder.path().join("shop"));
    for verb in ["inspect", "deploy", "dev"] {
        let above = inside(folder.path(), &[verb, "."]).await.failed();
        assert!(above.stderr.contains("did you mean ./shop?"), "{verb}: {above}");
    }
    std::fs::write(folder.path().join("innkeeper.toml"), "component = \"none.wasm\"").unwrap();
    let unbuilt = inside(folder.path(), &["inspect"]).await.failed();
    assert!(
        unbuilt.stderr.contains("none.wasm is not there") && unbuilt.stderr.contains("no `build`"),
        "{unbuilt}"
    );
    assert!(!folder.path().join("innkeeper-data").exists(), "a folder of data was made");
}
