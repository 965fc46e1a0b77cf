//! A canary has one end, whoever is faster, and each end is written down.

use serde_json::{Value, json};
use support::{Engine, TestDatabase, command, host, paths};

use super::with_shop;

on_both_databases! {
    promoting_and_aborting_at_once_is_one_of_them,
    whatever_ends_a_canary_is_written_down,
    the_way_back_is_never_removed,
}

/// Each pair of commands meets at another moment.
const ROUNDS: u8 = 4;

async fn show(database: &TestDatabase) -> Value {
    command::on(database, &["apps", "show", "shop", "--json"]).await.succeeded().json()
}

/// The guest `hello` as nobody has deployed it yet: a custom section more makes another component
/// of it.
async fn deploy_canary(database: &TestDatabase, number: u8) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hello.wasm");
    let mut component = std::fs::read(paths::guest("hello")).unwrap();
    component.extend([0, 3, 1, b'n', number]);
    std::fs::write(&file, component).unwrap();
    let deploy = ["deploy", file.to_str().unwrap(), "--app", "shop", "--canary", "10%"];
    command::on(database, &deploy).await.succeeded();
}

async fn promoting_and_aborting_at_once_is_one_of_them(engine: Engine) {
    let database = with_shop(engine).await;
    for round in 0..ROUNDS {
        deploy_canary(&database, round).await;
        let canary = show(&database).await["app"]["canary"]["version"].clone();
        let (promoted, aborted) =
            tokio::join!(command::on(&database, &["promote", "shop"]), command::on(&database, &["abort", "shop"]));
        let app = show(&database).await["app"].clone();
        assert!(app["canary"].is_null(), "{app}");
        assert_ne!(promoted.status.success(), aborted.status.success(), "round {round}: {promoted}{aborted}");
        assert_eq!(promoted.status.success(), app["active"] == canary, "{promoted}{aborted}{app}");
        let refused = if promoted.status.success() { aborted } else { promoted };
        let says = ["was ended meanwhile", "has no canary"].iter().any(|text| refused.stderr.contains(text));
        assert!(says, "{refused}");
    }
}

async fn whatever_ends_a_canary_is_written_down(engine: Engine) {
    let database = with_shop(engine).await;
    deploy_canary(&database, 3).await;
    deploy_canary(&database, 4).await;
    host::deploy(&database, "shop", "hello", &[]).await.succeeded();
    deploy_canary(&database, 6).await;
    command::on(&database, &["rollback", "shop"]).await.succeeded();
    let audit = command::on(&database, &["audit", "shop", "--json"]).await.succeeded().json();
    let ends = audit.as_array().unwrap().iter().filter(|entry| entry["action"] == "canary abort");
    let details: Vec<_> = ends.map(|entry| entry["detail"].as_str().unwrap()).collect();
    assert_eq!(details.len(), 3, "{audit}");
    let begins = ["version 6", "version 4", "version 3: version 4 took its place"];
    assert!(details.iter().zip(begins).all(|(detail, begins)| detail.starts_with(begins)), "{details:?}");
}

/// However few are to be kept: the host goes back by itself, too.
async fn the_way_back_is_never_removed(engine: Engine) {
    let database = with_shop(engine).await;
    command::on(&database, &["apps", "set", "shop", "--keep-versions", "1"]).await.succeeded();
    host::deploy(&database, "shop", "hello", &[]).await.succeeded();
    deploy_canary(&database, 4).await;
    command::on(&database, &["versions", "prune", "shop", "--keep", "1", "--yes"]).await.succeeded();
    let versions = command::on(&database, &["versions", "shop", "--json"]).await.succeeded().json();
    let numbers: Vec<_> = versions.as_array().unwrap().iter().map(|version| &version["number"]).collect();
    assert_eq!(numbers, [&json!(4), &json!(3), &json!(2)], "the canary, the active one, the one before");
    let back = command::on(&database, &["rollback", "shop"]).await.succeeded();
    assert!(back.stdout.contains("version 2 is active"), "{back}");
}
