//! The interface `session`: what belongs to one visitor.

use serde_json::{Value, json};
use support::probe::{all_ok, code, ok, op, respond};
use support::{Engine, TestHost, Visitor};

on_both_databases! {
    values_stay_from_request_to_request,
    a_visitor_who_only_reads_gets_no_session,
    a_failed_request_leaves_no_session,
    parallel_increments_are_all_counted,
    parallel_requests_set_different_keys,
    compare_and_set_replaces_only_what_was_expected,
    a_message_is_taken_once_and_in_order,
    renewing_gives_a_new_id_and_keeps_the_values,
    a_destroyed_session_is_gone,
    every_session_of_a_user_can_be_ended,
    a_token_is_good_for_its_form_and_its_visitor,
    a_session_ends_when_its_time_is_over,
    a_session_has_a_size,
    keys_and_values_are_checked,
    a_cookie_that_the_host_did_not_give_opens_nothing,
    an_app_never_sees_the_cookie,
    a_new_session_after_the_head_is_too_late,
}

async fn probe(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let visitor = host.visitor();
    (host, visitor)
}

fn get(key: &str) -> Value {
    json!({ "op": "session.get", "key": key })
}

fn set(key: &str, value: &str) -> Value {
    json!({ "op": "session.set", "key": key, "value": value })
}

fn renew(user: Option<&str>) -> Value {
    json!({ "op": "session.renew", "user": user })
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
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("n", "10")])).await);
    let add = |by: i64| in_parallel(&visitor, json!([{ "op": "session.increment", "key": "n", "by": by }]));
    let adding: Vec<_> = (0..20).map(|n| add(if n % 2 == 0 { 3 } else { -1 })).collect();
    for added in adding {
        all_ok(&added.await.expect("an answer"));
    }
    assert_eq!(ok(&visitor.probe_one(get("n")).await), "30");
}

async fn parallel_requests_set_different_keys(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
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

async fn renewing_gives_a_new_id_and_keeps_the_values(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("cart", "3 apples")])).await);
    let mut before = visitor.clone();
    all_ok(&visitor.probe(json!([renew(Some("Ada"))])).await);
    assert_ne!(visitor.jar.header(), before.jar.header());
    let results = visitor.probe(json!([op("session.get-user"), get("cart")])).await;
    assert_eq!((ok(&results[0]), ok(&results[1])), (&json!("Ada"), &json!("3 apples")));
    let dead = before.probe(json!([op("session.get-user"), get("cart")])).await;
    assert_eq!((ok(&dead[0]), ok(&dead[1])), (&Value::Null, &Value::Null));
}

async fn a_destroyed_session_is_gone(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1"), renew(Some("Ada"))])).await);
    let mut before = visitor.clone();
    all_ok(&visitor.probe(json!([op("session.destroy")])).await);
    assert_eq!(host.database().count("probe", "sessions").await, 0);
    assert_eq!(ok(&before.probe_one(get("a")).await), &Value::Null);
    all_ok(&before.probe(json!([set("b", "1"), op("session.destroy"), set("c", "1")])).await);
    assert_eq!(ok(&before.probe_one(op("session.get-keys")).await), &json!(["c"]));
}

async fn every_session_of_a_user_can_be_ended(engine: Engine) {
    let (host, mut laptop) = probe(engine).await;
    let (mut phone, mut other) = (host.visitor(), host.visitor());
    for (visitor, user) in [(&mut laptop, "Ada"), (&mut phone, "Ada"), (&mut other, "Grace")] {
        all_ok(&visitor.probe(json!([renew(Some(user))])).await);
    }
    let ended = laptop.probe_one(json!({ "op": "session.destroy-all", "user": "Ada" })).await;
    assert_eq!(ok(&ended), 2);
    for (visitor, user) in [(&mut laptop, Value::Null), (&mut phone, Value::Null), (&mut other, json!("Grace"))] {
        assert_eq!(ok(&visitor.probe_one(op("session.get-user")).await), &user);
    }
}

async fn a_token_is_good_for_its_form_and_its_visitor(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let token = |form: &str| json!({ "op": "session.csrf-token", "form": form });
    let results = visitor.probe(json!([token("buy"), token("buy"), token("sell")])).await;
    let [buy, again, sell] = [&results[0], &results[1], &results[2]].map(ok);
    assert!(buy.as_str().is_some_and(|token| token.len() >= 20) && buy == again && buy != sell, "{results:?}");
    let check = |form: &str, token: &Value| json!({ "op": "session.csrf-check", "form": form, "token": token });
    let checks =
        json!([check("buy", buy), check("sell", buy), check("buy", &json!("")), check("buy", &json!("x"))]);
    let said: Vec<Value> = visitor.probe(checks).await.iter().map(|result| ok(result).clone()).collect();
    assert_eq!(said, [true, false, false, false]);
    assert_eq!(ok(&host.visitor().probe_one(check("buy", buy)).await), false);
    all_ok(&visitor.probe(json!([renew(None)])).await);
    assert_eq!(ok(&visitor.probe_one(check("buy", buy)).await), false, "renewed");
}

async fn a_session_ends_when_its_time_is_over(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let expiry = json!({ "op": "session.set-expiry", "absolute-seconds": 1 });
    all_ok(&visitor.probe(json!([set("a", "1"), expiry])).await);
    let ended = async || ok(&visitor.probe_one(get("a")).await).is_null().then_some(());
    support::until("the session ends", ended).await;
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

async fn a_cookie_that_the_host_did_not_give_opens_nothing(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let (name, value) =
        visitor.jar.all().next().map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a cookie");
    let shorter = value[..value.len() - 1].to_owned();
    let swapped: String = value.chars().rev().collect();
    for forged in
        [shorter, format!("{value}x"), swapped, String::new(), "' or 1=1 --".to_owned(), "%00".to_owned()]
    {
        let mut forger = host.visitor();
        forger.jar.put(&name, &forged);
        assert_eq!(ok(&forger.probe_one(get("a")).await), &Value::Null, "{forged}");
        all_ok(&forger.probe(json!([set("b", "1")])).await);
        let given = forger.jar.all().find(|(other, _)| *other == name).map(|(_, value)| value.to_owned());
        assert_ne!(given.as_deref(), Some(&*forged), "an id that the visitor chose is never taken on");
    }
    assert_eq!(host.database().count("probe", "sessions").await, 7);
}

async fn an_app_never_sees_the_cookie(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let session: Vec<String> = visitor.jar.all().map(|(_, value)| value.to_owned()).collect();
    visitor.jar.put("own", "of the app");
    let headers = visitor.probe_one(op("echo-headers")).await.to_string();
    assert!(headers.contains("own=of the app"), "{headers}");
    assert!(session.iter().all(|value| !headers.contains(value)), "{headers}");
}

async fn a_new_session_after_the_head_is_too_late(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let answer = visitor.probe_answer(json!([respond(200), set("a", "1")])).await.expect(200);
    assert_eq!(code(&answer.json()[1]), "closed");
    assert_eq!(host.database().count("probe", "sessions").await, 0);
}
