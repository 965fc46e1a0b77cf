//! Guests and visitors who want more of a session than there is, or another one.

use serde_json::{Value, json};
use support::probe::{all_ok, code, ok, op};
use support::{Engine, TestHost, Visitor};

use super::{get, probe, renew, set};

on_both_databases! {
    ten_thousand_keys_are_too_many,
    empty_messages_are_not_free,
    counters_take_up_room_too,
    a_megabyte_and_a_nul_are_refused,
    a_session_is_nothing_to_another_app,
}

/// Time is not the matter here, and so many steps take the probe long on a loaded machine.
async fn patient(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_CPU_PER_REQUEST", "60s");
    let host = host.env("INNKEEPER_WALL_PER_REQUEST", "120s").start().await;
    let visitor = host.visitor();
    (host, visitor)
}

async fn ten_thousand_keys_are_too_many(engine: Engine) {
    let (host, mut visitor) = patient(engine).await;
    let keys: Vec<Value> = (0..10_000).map(|n| set(&format!("k{n}"), "")).collect();
    let fitted = fitted(&visitor.probe(json!(keys)).await);
    assert!((1_000..2_000).contains(&fitted), "{fitted}");
    assert_eq!(host.database().count("probe", "session_values").await, fitted);
    let results = visitor.probe(json!([set("k0", &"x".repeat(40)), get("k1"), set("one more", "")])).await;
    assert_eq!((code(&results[0]), ok(&results[1]), code(&results[2])), ("too-large", &json!(""), "too-large"));
    all_ok(&visitor.probe(json!([{ "op": "session.remove", "key": "k0" }, set("one more", "")])).await);
}

async fn empty_messages_are_not_free(engine: Engine) {
    let (host, mut visitor) = patient(engine).await;
    let messages: Vec<Value> = (0..3_000).map(|_| json!({ "op": "session.flash", "message": "" })).collect();
    let fitted = fitted(&visitor.probe(json!(messages)).await);
    assert_eq!(fitted, 2_048);
    assert_eq!(host.database().count("probe", "session_values").await, fitted);
    assert_eq!(code(&visitor.probe_one(set("a", "1")).await), "too-large");
    let taken = visitor.probe(json!([op("session.take-flash"), set("a", "1")])).await;
    assert_eq!((ok(&taken[0]).as_array().map(Vec::len), ok(&taken[1])), (Some(2_048), &Value::Null));
}

async fn counters_take_up_room_too(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("big", &"x".repeat(65_430))])).await);
    let add = |key: &str| json!({ "op": "session.increment", "key": key, "by": 1 });
    let swap = json!({ "op": "session.compare-and-set", "key": "swap", "expected": null, "value": "0123456789" });
    let results = visitor.probe(json!([add("one"), add("two"), swap, add("one")])).await;
    assert_eq!((ok(&results[0]), ok(&results[3])), (&json!(1), &json!(2)));
    assert_eq!((code(&results[1]), code(&results[2])), ("too-large", "too-large"));
}

async fn a_megabyte_and_a_nul_are_refused(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let megabyte = "x".repeat(1 << 20);
    let flash = |message: &str| json!({ "op": "session.flash", "message": message });
    for step in [set("a", &megabyte), flash(&megabyte)] {
        assert_eq!(code(&visitor.probe_one(step).await), "too-large");
    }
    let nul = "a\0b";
    let swap = json!({ "op": "session.compare-and-set", "key": "a", "expected": null, "value": nul });
    let from = json!({ "op": "session.compare-and-set", "key": "a", "expected": nul, "value": "1" });
    for step in [set(nul, ""), set("a", nul), flash(nul), renew(Some(nul)), get(nul), swap, from] {
        assert_eq!(code(&visitor.probe_one(step.clone()).await), "bad-parameter", "{step}");
    }
    assert_eq!(host.database().count("probe", "session_values").await, 0);
}

async fn a_session_is_nothing_to_another_app(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("other", "probe").start().await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([set("a", "1"), renew(Some("Ada"))])).await);
    let (name, id) =
        visitor.jar.all().map(|(name, value)| (name.to_owned(), value.to_owned())).next().expect("a cookie");
    assert_eq!(name, "innkeeper-probe");
    visitor.jar.put("innkeeper-other", &id);
    let steps = json!([get("a"), op("session.get-user"), op("echo-headers"), { "op": "session.destroy-all", "user": "Ada" }]);
    let answer =
        visitor.send(Visitor::with_steps("/other/steps", &steps), super::empty()).await.expect(200).json();
    assert_eq!((ok(&answer[0]), ok(&answer[1]), ok(&answer[3])), (&Value::Null, &Value::Null, &json!(0)));
    assert!(!answer.to_string().contains(&id), "another app's cookie is not shown");
    assert_eq!(ok(&visitor.probe_one(get("a")).await), "1");
}

fn fitted(results: &[Value]) -> u32 {
    let fitted = results.iter().take_while(|result| result.get("ok").is_some()).count();
    let rest = results.iter().skip(fitted);
    assert!(rest.clone().count() > 0 && rest.clone().all(|result| code(result) == "too-large"), "{fitted} fitted");
    u32::try_from(fitted).expect("not so many")
}
