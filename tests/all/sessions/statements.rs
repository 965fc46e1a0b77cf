//! Where an app keeps every statement by itself, the cookie is part of what is kept: whatever
//! becomes of the request.

use serde_json::{Value, json};
use support::probe::{all_ok, ok, op, respond};
use support::{Answer, Engine, TestHost, Visitor};

use super::{get, renew, set, with_settings};

on_both_databases! {
    what_a_request_has_kept_stays_when_it_fails,
    a_transaction_that_was_kept_keeps_the_id_that_it_gave,
    a_transaction_that_was_undone_leaves_the_id,
    a_transaction_that_cannot_be_kept_leaves_no_session,
}

async fn host(engine: Engine) -> (TestHost, Visitor) {
    let (host, _) = with_settings(engine, r#"transactions = "statement""#).await;
    let visitor = host.visitor();
    (host, visitor)
}

fn step(name: &str) -> Value {
    json!({ "op": name, "tx": 0 })
}

/// The ways in which a request fails.
fn failures() -> [Value; 2] {
    [respond(500), op("trap")]
}

/// Runs steps in a transaction of the guest that is kept, then fails.
async fn keep_and_fail(visitor: &mut Visitor, steps: &[Value], failure: &Value) -> Answer {
    let steps = [&[op("db.begin")], steps, &[step("tx.commit"), failure.clone()]].concat();
    visitor.probe_answer(Value::from(steps)).await.expect(500)
}

async fn what_a_request_has_kept_stays_when_it_fails(engine: Engine) {
    let (host, _) = host(engine).await;
    let increment = json!({ "op": "session.increment", "key": "a", "by": 1 });
    let swap = json!({ "op": "session.compare-and-set", "key": "a", "expected": null, "value": "1" });
    for failure in failures() {
        for first in [set("a", "1"), increment.clone(), swap.clone()] {
            let mut visitor = host.visitor();
            visitor.probe_answer(json!([first, failure])).await.expect(500);
            assert_eq!(ok(&visitor.probe_one(get("a")).await), "1", "{first} {failure}");
        }
        let mut visitor = host.visitor();
        visitor.probe_answer(json!([{ "op": "session.csrf-token", "form": "f" }, failure])).await.expect(500);
        assert!(visitor.jar.header().is_some(), "{failure}");
    }
}

async fn a_transaction_that_was_kept_keeps_the_id_that_it_gave(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    for failure in failures() {
        let mut newcomer = visitor.clone();
        keep_and_fail(&mut newcomer, &[set("a", "1")], &failure).await;
        assert_eq!(ok(&newcomer.probe_one(get("a")).await), "1", "{failure}");
        let inner = [op("db.begin"), renew(Some("Ada")), json!({ "op": "tx.commit", "tx": 1 })];
        keep_and_fail(&mut newcomer, &inner, &failure).await;
        assert_eq!(ok(&newcomer.probe_one(op("session.get-user")).await), "Ada", "{failure}");
        keep_and_fail(&mut newcomer, &[op("session.destroy")], &failure).await;
        assert_eq!(newcomer.jar.header(), None, "{failure}");
    }
    all_ok(&visitor.probe(json!([op("db.begin"), set("a", "1"), step("tx.commit"), renew(Some("Ada"))])).await);
    let found = visitor.probe(json!([get("a"), op("session.get-user")])).await;
    assert_eq!((ok(&found[0]), ok(&found[1])), (&json!("1"), &json!("Ada")));
}

async fn a_transaction_that_was_undone_leaves_the_id(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    all_ok(&visitor.probe(json!([renew(Some("Ada"))])).await);
    let cookie = visitor.jar.header();
    for failure in failures() {
        for end in [&[step("tx.rollback")][..], &[step("tx.drop")], &[]] {
            let steps = [&[op("db.begin"), renew(Some("Eve"))], end, std::slice::from_ref(&failure)].concat();
            visitor.probe_answer(Value::from(steps)).await.expect(500);
            assert_eq!(visitor.jar.header(), cookie, "{failure}");
            assert_eq!(ok(&visitor.probe_one(op("session.get-user")).await), "Ada", "{failure}");
        }
    }
}

async fn a_transaction_that_cannot_be_kept_leaves_no_session(engine: Engine) {
    let (host, mut visitor) = host(engine).await;
    let create = "create table notes (name text primary key, \
                  parent text references notes (name) deferrable initially deferred)";
    let migration = json!({ "name": "1", "statements": [create] });
    all_ok(&visitor.probe(json!([{ "op": "db.migrate", "migrations": [migration] }])).await);
    let orphan = "insert into notes (name, parent) values ('a', 'nobody')";
    let before = host.database().count("probe", "sessions").await;
    let steps = json!([
        op("db.begin"),
        set("c", "1"),
        { "op": "tx.execute", "tx": 0, "sql": orphan, "params": [] },
        step("tx.commit"),
        set("d", "1"),
    ]);
    let results = visitor.probe(steps).await;
    assert!(results[3].get("error").is_some(), "{results:?}");
    assert_eq!(ok(&results[4]), &Value::Null);
    assert_eq!(ok(&visitor.probe_one(op("session.get-keys")).await), &json!(["d"]));
    assert_eq!(host.database().count("probe", "sessions").await, before + 1);
}
