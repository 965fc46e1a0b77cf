//! Versions of an app: what is said of them, fetching one, removing old ones.

use serde_json::{Value, json};
use support::{Engine, TestDatabase, command, host, paths};

use super::at_terminal::Person;
use super::with_shop;

on_both_databases! {
    versions_say_what_became_of_each,
    a_version_is_written_out_again,
    old_versions_go_where_that_is_said,
    a_canary_is_promoted_or_aborted,
    going_back_is_planned_before_it_is_done,
}

async fn versions(database: &TestDatabase) -> Value {
    command::on(database, &["versions", "shop", "--json"]).await.succeeded().json()
}

fn numbers(versions: &Value) -> Vec<i64> {
    versions.as_array().unwrap().iter().map(|version| version["number"].as_i64().unwrap()).collect()
}

async fn versions_say_what_became_of_each(engine: Engine) {
    let database = with_shop(engine).await;
    host::deploy(&database, "shop", "hello", &["--canary", "10%", "--note", "a new cart"]).await.succeeded();
    let versions = versions(&database).await;
    assert_eq!(numbers(&versions), [3, 2, 1]);
    let states: Vec<_> =
        versions.as_array().unwrap().iter().map(|of| [&of["active"], &of["canary"], &of["failed"]]).collect();
    let [yes, no] = [json!(true), json!(false)];
    assert_eq!(states, [[&no, &yes, &no], [&yes, &no, &no], [&no, &no, &no]], "{versions}");
    let component = std::fs::read(paths::guest("hello")).unwrap();
    assert_eq!((&versions[0]["size"], &versions[0]["note"]), (&json!(component.len()), &json!("a new cart")));
    assert!(versions[0]["stored_size"].as_i64().unwrap() < i64::try_from(component.len()).unwrap(), "{versions}");
    assert!(!versions[0]["deployed_by"].as_str().unwrap().is_empty(), "{versions}");
    let table = command::on(&database, &["versions", "shop"]).await.succeeded().stdout;
    let line = |begins: &str| table.lines().find(|line| line.trim_start().starts_with(begins)).unwrap().to_owned();
    assert!(line("3").contains("canary") && line("3").ends_with("a new cart"), "{table}");
    assert!(line("2").contains("active") && !line("1").contains("active"), "{table}");
    let show = command::on(&database, &["apps", "show", "shop"]).await.succeeded().stdout;
    assert!(show.contains("3 for 10 % of the visitors"), "{show}");
    let apps = command::on(&database, &["apps"]).await.succeeded().stdout;
    assert!(apps.contains("2, 3 for 10 %"), "{apps}");
}

async fn a_version_is_written_out_again(engine: Engine) {
    let database = with_shop(engine).await;
    let folder = tempfile::tempdir().unwrap();
    let original = std::fs::read(paths::guest("hello")).unwrap();
    let file = folder.path().join("one.wasm");
    let get = ["versions", "get", "shop", "--version", "1", "--output", file.to_str().unwrap()];
    let said = command::on(&database, &[&get[..], &["--json"]].concat()).await.succeeded().json();
    assert_eq!((&said["version"], &said["size"]), (&json!(1), &json!(original.len())), "{said}");
    assert!(std::fs::read(&file).unwrap() == original);
    std::fs::write(&file, "mine").unwrap();
    let refused = command::on(&database, &get).await.failed();
    assert!(refused.stderr.contains("one.wasm") && refused.stderr.contains("File exists"), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let mut piped = command::innkeeper(
        &[&["versions", "get", "shop", "--version", "1", "-o", "-"][..], &database.arguments()].concat(),
    );
    let piped = piped.output().await.unwrap();
    assert!(piped.status.success() && piped.stdout == original, "{}", String::from_utf8_lossy(&piped.stderr));
    let mut by_default = command::innkeeper(&[&["versions", "get", "shop"][..], &database.arguments()].concat());
    by_default.current_dir(folder.path());
    if engine == Engine::Postgres {
        command::finish(by_default, support::DEADLINE).await.succeeded();
        assert!(
            std::fs::read(folder.path().join("shop-2.wasm")).unwrap()
                == std::fs::read(paths::guest("page")).unwrap()
        );
    }
    let unknown = command::on(&database, &["versions", "get", "shop", "--version", "9"]).await.failed();
    assert!(unknown.stderr.contains("no version 9"), "{unknown}");
    let both = command::on(&database, &["versions", "get", "shop", "-o", "-", "--json"]).await.failed();
    assert_eq!(both.status.code(), Some(2), "{both}");
}

async fn old_versions_go_where_that_is_said(engine: Engine) {
    let database = with_shop(engine).await;
    for guest in ["hello", "page"] {
        host::deploy(&database, "shop", guest, &[]).await.succeeded();
    }
    let prune = ["versions", "prune", "shop", "--keep", "2"];
    let planned =
        command::on(&database, &[&prune[..], &["--dry-run", "--json"]].concat()).await.succeeded().json();
    assert_eq!(planned["versions"], json!([2, 1]), "{planned}");
    let unasked = command::on(&database, &prune).await.failed();
    assert!(unasked.stderr.contains("versions 2, 1 go for good") && unasked.stderr.contains("--yes"), "{unasked}");
    let refused = Person { types: "no", ..Person::default() }.runs(&database, &prune).await.failed();
    assert!(refused.stdout.contains("nothing was done"), "{refused}");
    assert_eq!(numbers(&versions(&database).await), [4, 3, 2, 1]);
    let done = Person { types: "yes", ..Person::default() }.runs(&database, &prune).await.succeeded();
    assert!(done.stdout.contains("removed versions 2, 1"), "{done}");
    assert_eq!(numbers(&versions(&database).await), [4, 3]);
    let again = command::on(&database, &prune).await.succeeded();
    assert!(again.stdout.contains("no version is old enough"), "{again}");
    command::on(&database, &["rollback", "shop"]).await.succeeded();
}

async fn a_canary_is_promoted_or_aborted(engine: Engine) {
    let database = with_shop(engine).await;
    for verb in ["promote", "abort"] {
        let none = command::on(&database, &[verb, "shop"]).await.failed();
        assert!(none.stderr.contains("has no canary"), "{none}");
    }
    host::deploy(&database, "shop", "hello", &["--canary", "10"]).await.succeeded();
    let aborted = command::on(&database, &["abort", "shop", "--json"]).await.succeeded().json();
    assert_eq!(aborted, json!({ "app": "shop", "version": 3 }));
    let states = versions(&database).await;
    assert_eq!((&states[0]["canary"], &states[1]["active"]), (&json!(false), &json!(true)), "{states}");
    host::deploy(&database, "shop", "hello", &["--canary", "10%"]).await.succeeded();
    let promoted =
        command::on(&database, &["promote", "--app", "shop", "--note", "fine", "--wait"]).await.succeeded();
    assert!(promoted.stdout.contains("is active, instead of 2"), "{promoted}");
    let shown = command::on(&database, &["apps", "show", "shop", "--json"]).await.succeeded().json();
    let last = &shown["activations"][0];
    assert_eq!((&last["kind"], &last["note"]), (&json!("promote"), &json!("fine")), "{shown}");
}

async fn going_back_is_planned_before_it_is_done(engine: Engine) {
    let database = with_shop(engine).await;
    let planned = command::on(&database, &["rollback", "shop", "--dry-run", "--json"]).await.succeeded().json();
    let expected = json!({ "app": "shop", "from": 2, "to": 1, "unknown_migrations": [], "not_known": null, "needs_force": false });
    assert_eq!(planned, expected);
    let said = command::on(&database, &["rollback", "shop", "--dry-run"]).await.succeeded();
    assert!(said.stdout.contains("shop: from version 2 to version 1"), "{said}");
    assert_eq!(versions(&database).await[0]["active"], json!(true), "nothing was done");
    let done = command::on(&database, &["rollback", "-a", "shop"]).await.succeeded();
    assert_eq!(done.stdout.trim(), "shop: version 1 is active, instead of 2", "{done}");
    assert!(done.stderr.contains("from version 2 to version 1"), "{done}");
}
