//! `hosts`, `audit` and `logs`.

use serde_json::json;
use support::{Engine, TestDatabase, TestHost, command, host, until};

use super::with_shop;

on_both_databases! {
    a_host_that_serves_is_listed,
    what_was_done_is_listed,
    logs_say_where_they_are,
}

async fn a_host_that_serves_is_listed(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let nobody = command::on(&database, &["hosts"]).await.succeeded();
    assert!(nobody.stdout.contains("no host has served"), "{nobody}");
    assert_eq!(command::on(&database, &["hosts", "--json"]).await.succeeded().json(), json!([]));
    host::deploy(&database, "shop", "hello", &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let line = until("the host is listed", async || {
        let table = command::on(host.database(), &["hosts"]).await.succeeded().stdout;
        table.lines().find(|line| line.contains("  live  ")).map(str::to_owned)
    });
    assert!(line.await.contains(env!("CARGO_PKG_VERSION")));
}

async fn what_was_done_is_listed(engine: Engine) {
    let database = with_shop(engine).await;
    host::deploy(&database, "blog", "hello", &["--route", "/blog", "--note", "first"]).await.succeeded();
    command::on(&database, &["rollback", "shop"]).await.succeeded();
    let all = command::on(&database, &["audit", "--json"]).await.succeeded().json();
    let acts: Vec<_> =
        all.as_array().unwrap().iter().map(|act| (act["app"].clone(), act["action"].clone())).collect();
    let expected = [("shop", "rollback"), ("blog", "deploy"), ("shop", "deploy"), ("shop", "deploy")];
    assert_eq!(acts, expected.map(|(app, action)| (json!(app), json!(action))), "{all}");
    let one = command::on(&database, &["audit", "blog", "--json"]).await.succeeded().json();
    assert!(
        one.as_array().map(Vec::len) == Some(1) && one[0]["detail"].as_str().unwrap().contains("first"),
        "{one}"
    );
    let before = all[1]["id"].to_string();
    let rest =
        command::on(&database, &["audit", "--before", &before, "--limit", "1", "--json"]).await.succeeded().json();
    assert_eq!((rest.as_array().map(Vec::len), &rest[0]["id"]), (Some(1), &all[2]["id"]), "{rest}");
    let table = command::on(&database, &["audit"]).await.succeeded().stdout;
    assert!(
        table.lines().count() == 5 && table.contains("rollback") && table.contains("command line on"),
        "{table}"
    );
}

async fn logs_say_where_they_are(engine: Engine) {
    let database = with_shop(engine).await;
    for arguments in [&["logs", "shop"][..], &["logs", "--app", "shop", "--follow"]] {
        let refused = command::on(&database, arguments).await.failed();
        assert!(refused.stderr.contains("--to URL") && refused.stderr.contains("INNKEEPER_TOKEN"), "{refused}");
    }
}
