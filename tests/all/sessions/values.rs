//! Values, counters and messages: seen at once, kept with the request.

use serde_json::{Value, json};
use support::probe::{all_ok, code, ok, op, respond};
use support::{Engine, Visitor};

use super::{get, probe, renew, set};

on_both_databases! {
    values_stay_from_request_to_request,
    a_visitor_who_only_reads_gets_no_session,
    a_failed_request_leaves_no_session,
    parallel_increments_are_all_counted,
    parallel_requests_set_different_keys,
    compare_and_set_replaces_only_what_was_expected,
    a_message_is_taken_once_and_in_order,
    a_session_has_a_size,
    keys_and_values_are_checked,
    a_new_session_after_the_head_is_too_late,
}

async fn values_stay_from_request_to_request(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("b", "Grüße 🦀 \"'\\"), set("a", ""), set("c", "old")])).await);
    all_ok(&visitor.probe(json!([set("c", "new"), { "op": "session.remove", "key": "a" }])).await);
    let results = visitor.probe(json!([get("a"), get("b"), get("c"), op("session.get-keys")])).await;
    let values: Vec<&Value> = results.iter().map(ok).collect();
    assert_eq!(values, [&Value::Null, &json!("Grüße 🦀 \"'\\"), &json!("new"), &json!(["b", "c"])]);
}

async fn a_visitor_who_only_reads_gets_no_session(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let steps = json!([
        get("a"),
        op("session.get-keys"),
        op("session.take-flash"),
        op("session.get-user"),
        op("session.destroy")
    ]);
    let answer = visitor.probe_answer(steps).await.expect(200);
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(host.database().count("probe", "sessions").await, 0);
}

async fn a_failed_request_leaves_no_session(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    for end in [op("trap"), respond(500), op("db.rollback")] {
        let answer = visitor.probe_answer(json!([set("a", "1"), end])).await;
        assert_eq!(answer.header("set-cookie"), None, "{end}");
    }
    assert_eq!(host.database().count("probe", "sessions").await, 0);
}

async fn parallel_increments_are_all_counted(engine: Engine) {
    let (_host, mut visitor) = super::parallel::host(engine).await;
    all_ok(&visitor.probe(json!([set("n", "10")])).await);
    let add = |by: i64| in_parallel(&visitor, json!([{ "op": "session.increment", "key": "n", "by": by }]));
    let adding: Vec<_> = (0..20).map(|n| add(if n % 2 == 0 { 3 } else { -1 })).collect();
    for added in adding {
        all_ok(&added.await.expect("an answer"));
    }
    assert_eq!(ok(&visitor.probe_one(get("n")).await), "30");
}

async fn parallel_requests_set_different_keys(engine: Engine) {
    let (_host, mut visitor) = super::parallel::host(engine).await;
    all_ok(&visitor.probe(json!([set("first", "1")])).await);
    let setting: Vec<_> = (0..10).map(|n| in_parallel(&visitor, json!([set(&format!("k{n}"), "1")]))).collect();
    for set in setting {
        all_ok(&set.await.expect("an answer"));
    }
    assert_eq!(ok(&visitor.probe_one(op("session.get-keys")).await).as_array().map(Vec::len), Some(11));
}

fn in_parallel(visitor: &Visitor, steps: Value) -> tokio::task::JoinHandle<Vec<Value>> {
    let mut visitor = visitor.clone();
    tokio::spawn(async move { visitor.probe(steps).await })
}

async fn compare_and_set_replaces_only_what_was_expected(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let replace = |expected: Option<&str>, value: &str| json!({ "op": "session.compare-and-set", "key": "k", "expected": expected, "value": value });
    let steps = json!([
        replace(Some("x"), "no"),
        replace(None, "one"),
        replace(None, "no"),
        replace(Some("one"), "two"),
        replace(Some("one"), "no"),
        get("k"),
    ]);
    let results: Vec<Value> = visitor.probe(steps).await.iter().map(|result| ok(result).clone()).collect();
    assert_eq!(Value::from(results), json!([false, true, false, true, false, "two"]));
}

async fn a_message_is_taken_once_and_in_order(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let flash = |text: &str| json!({ "op": "session.flash", "message": text });
    let take = || op("session.take-flash");
    all_ok(&visitor.probe(json!([flash("one"), flash("two")])).await);
    visitor.probe_answer(json!([take(), respond(500)])).await.expect(500);
    let results = visitor.probe(json!([flash("three"), take(), take()])).await;
    assert_eq!((ok(&results[1]), ok(&results[2])), (&json!(["one", "two", "three"]), &json!([])));
    assert_eq!(ok(&visitor.probe_one(take()).await), &json!([]));
}

async fn a_session_has_a_size(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let results =
        visitor.probe(json!([set("a", &"x".repeat(60_000)), set("b", &"x".repeat(10_000)), set("c", "1")])).await;
    assert_eq!((ok(&results[0]), code(&results[1]), ok(&results[2])), (&Value::Null, "too-large", &Value::Null));
    assert_eq!(ok(&visitor.probe_one(op("session.get-keys")).await), &json!(["a", "c"]));
    all_ok(&visitor.probe(json!([set("a", ""), set("b", &"x".repeat(10_000))])).await);
}

async fn keys_and_values_are_checked(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let increment = |key: &str, by: i64| json!({ "op": "session.increment", "key": key, "by": by });
    for step in [set("", "1"), set(&"k".repeat(201), "1"), renew(Some("")), renew(Some(&"u".repeat(201)))] {
        assert_eq!(code(&visitor.probe_one(step.clone()).await), "bad-parameter", "{step}");
    }
    all_ok(
        &visitor
            .probe(json!([set(&"k".repeat(200), "1"), set("word", "seven"), increment("new", i64::MAX)]))
            .await,
    );
    for step in [increment("word", 1), increment("new", 1)] {
        assert_eq!(code(&visitor.probe_one(step.clone()).await), "bad-parameter", "{step}");
    }
}

async fn a_new_session_after_the_head_is_too_late(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let answer = visitor.probe_answer(json!([respond(200), set("a", "1")])).await.expect(200);
    assert_eq!(code(&answer.json()[1]), "closed");
    assert_eq!(host.database().count("probe", "sessions").await, 0);
}
