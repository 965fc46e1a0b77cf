//! What is refused before anything is done, and what is told of it: contradictions, folders that
//! cannot be read, and what is wrong with a deployment before it is built.

use std::path::Path;

use support::command::{self, Finished};
use support::{COMPILE_DEADLINE, DEADLINE, Engine, TestDatabase, paths};

use super::with_shop;

on_both_databases! {
    what_is_wrong_with_a_deployment_is_said_before_it_is_built,
    an_odd_share_of_visitors_is_none,
    a_canary_that_ends_by_the_way_is_told,
    a_build_may_print_and_json_is_json,
}

/// A project whose build leaves a trace, and prints.
fn project(folder: &Path) {
    let guest = paths::guest("hello");
    let build = format!("echo building; touch built; cp {} app.wasm", guest.display());
    let text = format!("name = \"shop\"\nbuild = \"{build}\"\ncomponent = \"app.wasm\"\n");
    std::fs::write(folder.join("innkeeper.toml"), text).unwrap();
}

async fn what_is_wrong_with_a_deployment_is_said_before_it_is_built(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let path = folder.path().to_str().unwrap();
    let long = "n".repeat(1001);
    let wrong: [(&[&str], &str); 4] = [
        (&["--note", &long], "note: more than 1000 characters"),
        (&["--route", "no route"], "no route"),
        (&["--smoke", "nopath"], "not a path such as /healthz"),
        (&["--app", "Shop"], "app name \"Shop\""),
    ];
    for (more, said) in wrong {
        let refused = command::on(&database, &[&["deploy", path], more].concat()).await.failed();
        assert!(refused.stderr.contains(said) && !refused.stderr.contains("app.wasm"), "{more:?}: {refused}");
        assert!(!folder.path().join("built").exists(), "{more:?}: {refused}");
    }
    // Where the component is what is wrong, it is named.
    std::fs::write(folder.path().join("module.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let module = folder.path().join("module.wasm");
    let refused = command::on(&database, &["deploy", module.to_str().unwrap(), "--app", "shop"]).await.failed();
    assert!(refused.stderr.contains("module.wasm: ") && refused.stderr.contains("core module"), "{refused}");
    std::fs::write(&module, b"").unwrap();
    let refused = command::on(&database, &["deploy", module.to_str().unwrap(), "--app", "shop"]).await.failed();
    assert!(refused.stderr.contains("module.wasm is empty"), "{refused}");
    // And where it is not, it is not.
    let guest = paths::guest("hello");
    let canary = ["deploy", guest.to_str().unwrap(), "--app", "new", "--canary", "10%"];
    let refused = command::on(&database, &canary).await.failed();
    assert!(!refused.stderr.contains("hello.wasm"), "{refused}");
}

async fn an_odd_share_of_visitors_is_none(engine: Engine) {
    let database = with_shop(engine).await;
    let guest = paths::guest("queries");
    let guest = guest.to_str().unwrap();
    for share in ["5%%", "+5", "50 %", " 5", "%", "0", "100%", "-5", "5.0"] {
        let flag = format!("--canary={share}");
        let refused = command::on(&database, &["deploy", guest, "--app", "shop", &flag]).await.failed();
        assert_eq!(refused.status.code(), Some(2), "{share}: {refused}");
    }
    command::on(&database, &["deploy", guest, "--app", "shop", "--canary", "5"]).await.succeeded();
}

async fn a_canary_that_ends_by_the_way_is_told(engine: Engine) {
    let database = with_shop(engine).await;
    let guest = |name: &str| paths::guest(name).to_str().unwrap().to_owned();
    let deploy = async |name: &str, more: &[&str]| {
        command::on(&database, &[&["deploy", &guest(name), "--app", "shop"], more].concat()).await.succeeded()
    };
    let ended = |number: u32| format!("the canary, version {number} for 5 % of the visitors, has ended");
    let first = deploy("queries", &["--canary", "5%"]).await;
    assert!(!first.stderr.contains("has ended"), "{first}");
    let second = deploy("probe", &["--canary", "5%"]).await;
    assert!(second.stderr.contains(&ended(3)), "{second}");
    let plan = command::on(&database, &["rollback", "shop", "--dry-run"]).await.succeeded();
    assert!(plan.stdout.contains("the canary, version 4 for 5 % of the visitors, ends"), "{plan}");
    let back = command::on(&database, &["rollback", "shop"]).await.succeeded();
    assert!(back.stderr.contains(&ended(4)), "{back}");
    deploy("queries", &["--canary", "5%"]).await;
    let promoted = command::on(&database, &["promote", "shop"]).await.succeeded();
    assert!(!promoted.stderr.contains("has ended"), "{promoted}");
}

async fn a_build_may_print_and_json_is_json(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let path = folder.path().to_str().unwrap();
    let deployed = command::on(&database, &["deploy", path, "--json"]).await.succeeded();
    assert_eq!(deployed.json()["version"], 1, "{deployed}");
    assert!(deployed.stderr.contains("building"), "{deployed}");
}

/// Databases that are named twice, and settings that are to be two things.
#[tokio::test]
async fn contradictions_are_refused() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    let place = database.arguments();
    let on = async |arguments: &[&str]| command::run(arguments).await.failed();
    let lines: [&[&str]; 9] = [
        &["apps", "--database-url", "sqlite:d2", "--data", "d1"],
        &["apps", "--database-url", "sqlite:d2", "--database-var", "X"],
        &["apps", "--database-var", "X", "--data", "d1"],
        &["apps", "set", "shop", "--route", "/", "--database-url", "sqlite:d2", "--data", "d1"],
        &["dev", "--database-url", "sqlite:d2", "--data", "d1"],
        &["apps", "set", "shop", "--limit", "cpu-per-request=1s", "--limit", "cpu_per_request=2s"],
        &["apps", "set", "shop", "--limit", "cpu-per-request=1s", "--no-limit", "cpu-per-request"],
        &["apps", "set", "shop", "--transactions", "statement", "--reset", "transactions"],
        &["apps", "set", "shop", "--trusted-origin", "https://a.example", "--reset", "trusted-origins"],
    ];
    for line in lines {
        let refused = on(line).await;
        assert_eq!(refused.status.code(), Some(2), "{line:?}: {refused}");
    }
    super::host::deploy(&database, "shop", "hello", &[]).await.succeeded();
    let refused = on(&[&["apps", "set", "shop", "--no-limit", "nope"][..], &place].concat()).await;
    assert!(refused.stderr.contains("limit nope: no limit of an app"), "{refused}");
}

/// What cannot be read is not nothing.
#[tokio::test]
async fn a_folder_that_cannot_be_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("file"), "no folder").unwrap();
    std::fs::create_dir_all(path("odd/innkeeper.sqlite")).unwrap();
    for place in ["file", "odd"] {
        for command in [&["apps"][..], &["doctor"], &["keys"], &["versions", "shop"]] {
            let refused = command::run(&[command, &["--data", &path(place)]].concat()).await.failed();
            let named = refused.stderr.contains(&path(place)) && refused.stderr.contains("--data names a folder");
            assert!(named && refused.status.code() == Some(1), "{place} {command:?}: {refused}");
        }
    }
    std::fs::create_dir_all(path("noise")).unwrap();
    std::fs::write(path("noise/innkeeper.sqlite"), "noise".repeat(4_000)).unwrap();
    let refused = command::run(&["doctor", "--data", &path("noise")]).await.failed();
    assert!(refused.stderr.contains("cannot be read") && !refused.stderr.contains("migrate"), "{refused}");
}

/// A command whose standard error is full does its work and ends as it would.
#[tokio::test]
async fn nobody_has_to_read_what_is_said_beside_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    for (arguments, status) in [(&["apps", "--data", &data][..], 0), (&["no-such-verb"], 2)] {
        let mut command = command::innkeeper(arguments);
        command.stderr(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let status_is = tokio::time::timeout(DEADLINE, command.status()).await.unwrap().unwrap();
        assert_eq!(status_is.code(), Some(status), "{arguments:?}");
    }
}

async fn serve(folder: &str, database: &TestDatabase) -> Finished {
    let serve = ["serve", "--listen", "127.0.0.1:0", "--components", folder];
    command::finish(command::innkeeper(&[&serve[..], &database.arguments()].concat()), COMPILE_DEADLINE).await
}

#[tokio::test]
async fn a_folder_of_components_that_is_not_there_fails_the_start() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [folder.path().join("missing"), file] {
        let refused = serve(path.to_str().unwrap(), &database).await.failed();
        assert_eq!(refused.status.code(), Some(1), "{refused}");
        assert!(refused.stderr.contains("--components: cannot read the folder"), "{refused}");
    }
}
