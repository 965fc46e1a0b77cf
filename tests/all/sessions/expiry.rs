//! How long a session lives, with a clock that is turned by moving the times in its row.

use serde_json::{Value, json};
use support::probe::{all_ok, code, ok, op, respond};
use support::{Answer, Engine, TestHost};

use super::{column, get, move_back, probe, renew, set};
use crate::units::{Standing, log};

on_both_databases! {
    a_session_that_nobody_used_ends,
    a_session_that_is_used_ends_at_last,
    a_use_is_noted_once_a_minute,
    a_use_puts_the_end_off_but_not_beyond_the_last,
    a_cookie_outlives_the_browser_where_the_session_is_to,
    a_new_end_after_the_head_is_too_late,
    a_page_that_only_reads_waits_for_no_other_request,
    a_use_is_noted_beside_whatever_becomes_of_the_request,
}

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

fn expiry(idle: Option<u32>, absolute: Option<u32>) -> Value {
    json!({ "op": "session.set-expiry", "idle-seconds": idle, "absolute-seconds": absolute })
}

fn times() -> [&'static str; 3] {
    ["used_at", "idle_expires_at", "expires_at"]
}

async fn a_session_that_nobody_used_ends(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    move_back(&host, &["used_at", "idle_expires_at"], 29 * MINUTE).await;
    assert_eq!(ok(&visitor.clone().probe_one(get("a")).await), "1", "after 29 minutes");
    move_back(&host, &["used_at", "idle_expires_at"], 31 * MINUTE).await;
    assert_eq!(ok(&visitor.probe_one(get("a")).await), &Value::Null, "after 31 minutes more");
}

async fn a_session_that_is_used_ends_at_last(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    move_back(&host, &["expires_at"], 12 * HOUR - MINUTE).await;
    assert_eq!(ok(&visitor.probe_one(get("a")).await), "1", "a minute before");
    move_back(&host, &["expires_at"], MINUTE).await;
    assert_eq!(ok(&visitor.probe_one(get("a")).await), &Value::Null);
}

async fn a_use_is_noted_once_a_minute(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let first = column(&host, "used_at").await;
    for _ in 0..30 {
        all_ok(&visitor.probe(json!([get("a")])).await);
    }
    assert_eq!(column(&host, "used_at").await, first, "nothing was written");
    move_back(&host, &times(), 2 * MINUTE).await;
    all_ok(&visitor.probe(json!([get("a")])).await);
    let second = column(&host, "used_at").await;
    assert!(second > first, "{second}");
    all_ok(&visitor.probe(json!([get("a")])).await);
    assert_eq!(column(&host, "used_at").await, second);
}

async fn a_use_puts_the_end_off_but_not_beyond_the_last(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    move_back(&host, &times(), 10 * MINUTE).await;
    all_ok(&visitor.probe(json!([get("a")])).await);
    let rest = column(&host, "idle_expires_at").await - column(&host, "used_at").await;
    assert_eq!(rest, 30 * MINUTE);
    all_ok(&visitor.probe(json!([expiry(None, Some(600))])).await);
    move_back(&host, &times(), 2 * MINUTE).await;
    all_ok(&visitor.probe(json!([get("a")])).await);
    assert_eq!(column(&host, "idle_expires_at").await, column(&host, "expires_at").await);
}

async fn a_cookie_outlives_the_browser_where_the_session_is_to(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let week = 7 * 24 * 3600;
    let begun = visitor.probe_answer(json!([set("a", "1")])).await.expect(200);
    assert_eq!(max_age(&begun), None, "as long as the browser is open");
    let stays = visitor.probe_answer(json!([expiry(Some(week), Some(2 * week))])).await.expect(200);
    let seconds = max_age(&stays).expect("an age");
    assert!((2 * week - 60..=2 * week).contains(&seconds), "{seconds}");
    let renewed = visitor.probe_answer(json!([renew(Some("Ada"))])).await.expect(200);
    assert!(max_age(&renewed).is_some_and(|seconds| seconds > week), "{:?}", renewed.headers);
    let read = visitor.probe_answer(json!([get("a")])).await.expect(200);
    assert_eq!((ok(&read.json()[0]), read.header("set-cookie")), (&json!("1"), None));
    let back = visitor.probe_answer(json!([expiry(Some(60), None)])).await.expect(200);
    assert!(back.header("set-cookie").is_some() && max_age(&back).is_none(), "{:?}", back.headers);
    let at_once = visitor.probe_answer(json!([
        json!({ "op": "session.destroy" }),
        renew(Some("Ada")),
        expiry(Some(week), None)
    ]));
    let seconds = max_age(&at_once.await.expect(200)).expect("an age");
    assert!((11 * 3600..=12 * 3600).contains(&seconds), "to the end that every session has: {seconds}");
}

async fn a_new_end_after_the_head_is_too_late(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let answer = visitor.probe_answer(json!([respond(200), expiry(Some(60), None)])).await.expect(200);
    assert_eq!(code(&answer.json()[1]), "closed");
}

async fn a_page_that_only_reads_waits_for_no_other_request(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_POOL_WAIT", "300ms").start().await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    // Another request of the visitor is about to write to the session, which is locked as long as
    // that takes.
    move_back(&host, &times(), 2 * MINUTE).await;
    let increment = json!({ "op": "session.increment", "key": "n", "by": 1 });
    let writes = json!([increment, log("it has counted"), op("echo-body")]);
    let writes = Standing::begin(&host, &visitor, &writes, "it has counted").await;
    let answer = visitor.probe_answer(json!([get("a")])).await.expect(200);
    assert_eq!(ok(&answer.json()[0]), "1");
    writes.end().await.expect(200);
    assert_eq!(ok(&visitor.probe_one(get("n")).await), "1");
}

async fn a_use_is_noted_beside_whatever_becomes_of_the_request(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([set("a", "1")])).await);
    let inside = json!({ "op": "session.set", "key": "b", "value": "1" });
    for page in [
        json!([set("a", "2")]),
        json!([get("a"), op("db.begin"), inside, { "op": "tx.rollback", "tx": 0 }]),
        json!([get("a"), op("db.commit"), get("a")]),
        json!([get("a"), op("db.rollback"), get("a")]),
        json!([respond(200), set("c", "1")]),
    ] {
        move_back(&host, &times(), 2 * MINUTE).await;
        let before = column(&host, "used_at").await;
        all_ok(visitor.probe_answer(page.clone()).await.expect(200).json().as_array().expect("results"));
        assert!(column(&host, "used_at").await > before, "{page}");
    }
}

fn max_age(answer: &Answer) -> Option<u32> {
    let attributes = answer.header("set-cookie")?.split("; ");
    attributes.filter_map(|attribute| attribute.strip_prefix("Max-Age=")).next()?.parse().ok()
}
