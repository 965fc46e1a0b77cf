//! A version that answers a part of the visitors.

use super::{active, audited, config, deploy_number};
use serde_json::json;
use support::probe::ok;
use support::{Engine, TestDatabase, TestHost, Visitor, command, until};

on_both_databases! {
    a_canary_answers_its_part_and_visitors_keep_their_version,
    a_canary_is_promoted_or_aborted,
    a_canary_that_traps_ends_by_itself,
    a_canary_needs_a_version_beside_it,
}

async fn with_canary(engine: Engine, percent: &str) -> TestHost {
    let database = TestDatabase::fresh(engine).await;
    deploy_number(&database, 1, &[]).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let said = deploy_number(host.database(), 2, &["--canary", percent]).await.succeeded();
    assert!(said.stdout.contains("version 2 answers") && said.stdout.contains("version 1 the others"), "{said}");
    host.wait_for_log("canary").await;
    host
}

async fn number(visitor: &mut Visitor) -> String {
    ok(&visitor.probe(json!([config("number")])).await[0]).as_str().unwrap().to_owned()
}

async fn number_with(visitor: &mut Visitor, header: &str) -> String {
    let path = Visitor::path_with_steps("/", &json!([config("number")]));
    let answer = visitor.get_with(&path, "innkeeper-canary", header).await.expect(200);
    answer.json()[0]["ok"].as_str().unwrap().to_owned()
}

async fn a_canary_answers_its_part_and_visitors_keep_their_version(engine: Engine) {
    let host = with_canary(engine, "50%").await;
    assert_eq!(active(host.database()).await, Some(1));
    let mut seen = Vec::new();
    for _ in 0..60 {
        let mut visitor = host.visitor();
        let first = number(&mut visitor).await;
        for _ in 0..3 {
            assert_eq!(number(&mut visitor).await, first, "a visitor goes back and forth");
        }
        seen.push(first);
    }
    let got = seen.iter().filter(|number| *number == "2").count();
    // With a share of a half this goes wrong once in a hundred million times.
    assert!((8..=52).contains(&got), "{got} of 60 got the canary");
    assert_eq!(number_with(&mut host.visitor(), "always").await, "2");
    assert_eq!(number_with(&mut host.visitor(), "never").await, "1");
    let seen = host.visitor().probe(json!([{ "op": "headers" }])).await;
    assert!(!seen[0].to_string().contains("innkeeper-canary"), "{seen:?}");
}

async fn a_canary_is_promoted_or_aborted(engine: Engine) {
    let host = with_canary(engine, "1").await;
    command::on(host.database(), &["promote", "--app", "app"]).await.succeeded();
    let promoted = async || (number(&mut host.visitor()).await == "2").then_some(());
    until("everybody gets the promoted version", promoted).await;
    deploy_number(host.database(), 3, &["--canary", "99%"]).await.succeeded();
    let there = async || (number_with(&mut host.visitor(), "always").await == "3").then_some(());
    until("the next canary answers", there).await;
    command::on(host.database(), &["abort", "--app", "app"]).await.succeeded();
    let gone = async || (number_with(&mut host.visitor(), "always").await == "2").then_some(());
    until("the canary is gone", gone).await;
    command::on(host.database(), &["abort", "--app", "app"]).await.failed();
    let done: Vec<String> = audited(host.database()).await.into_iter().map(|[action, ..]| action).collect();
    assert_eq!(done, ["canary abort", "canary", "promote", "canary", "deploy"]);
}

async fn a_canary_that_traps_ends_by_itself(engine: Engine) {
    let host = with_canary(engine, "10%").await;
    let path = Visitor::path_with_steps("/", &json!([{ "op": "trap" }]));
    for _ in 0..5 {
        host.visitor().get_with(&path, "innkeeper-canary", "always").await.expect(500);
    }
    let gone = async || (number_with(&mut host.visitor(), "always").await == "1").then_some(());
    until("the canary is gone", gone).await;
    assert_eq!(active(host.database()).await, Some(1));
    let audited = audited(host.database()).await;
    assert_eq!((audited[0][0].as_str(), audited[0][2].as_str()), ("canary abort", "innkeeper"));
    host.wait_for_log("the canary was ended by itself").await;
}

async fn a_canary_needs_a_version_beside_it(engine: Engine) {
    let database = TestDatabase::fresh(engine).await;
    let refused = deploy_number(&database, 1, &["--canary", "10%"]).await.failed();
    assert!(refused.stderr.contains("without --canary") || refused.stderr.contains("no app"), "{refused}");
    for wrong in ["0", "100%", "-1", "ten"] {
        let flag = format!("--canary={wrong}");
        let refused = deploy_number(&database, 1, &[&flag]).await.failed();
        assert!(refused.stderr.contains("not a share from 1% to 99%"), "{refused}");
    }
}
