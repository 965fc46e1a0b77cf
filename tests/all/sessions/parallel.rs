//! Several requests of one visitor at once: nothing is lost, and nothing comes back.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::probe::{all_ok, ok, op};
use support::{Answer, Engine, TestHost, Visitor};

use super::{get, orphans, renew, set};

on_both_databases! {
    fifty_increments_make_fifty,
    requests_that_change_different_keys_lose_nothing,
    counters_in_any_order_wait_for_each_other,
    whoever_counts_first_may_sign_in_or_out_then,
    one_of_twenty_contenders_wins_each_round,
    who_loses_sees_what_the_winner_has_put,
    a_message_is_never_taken_twice,
    a_logout_is_not_undone_by_late_writes,
    a_renewed_id_is_dead_for_everybody,
    ending_all_sessions_of_a_user_ends_those_in_use,
}

/// A host whose connections are waited for: the tests are about what comes of parallel requests,
/// not about when.
pub(super) async fn host(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_POOL_WAIT", "30s");
    let host = host.env("INNKEEPER_STATEMENT_TIME", "60s").env("INNKEEPER_WALL_PER_REQUEST", "120s").start().await;
    let visitor = host.visitor();
    (host, visitor)
}

/// Sends each list of steps as a request of this visitor, all at once.
async fn at_once(visitor: &Visitor, requests: impl IntoIterator<Item = Value>) -> Vec<Answer> {
    join(requests.into_iter().map(|steps| (visitor.clone(), steps))).await
}

async fn join(requests: impl Iterator<Item = (Visitor, Value)>) -> Vec<Answer> {
    let send =
        |(mut visitor, steps): (Visitor, Value)| tokio::spawn(async move { visitor.probe_answer(steps).await });
    let mut answers = Vec::new();
    for sent in requests.map(send).collect::<Vec<_>>() {
        answers.push(sent.await.expect("an answer"));
    }
    answers
}

fn results(answer: &Answer) -> Vec<Value> {
    answer.clone().expect(200).json().as_array().expect("a list").clone()
}

fn increment(key: &str) -> Value {
    json!({ "op": "session.increment", "key": key, "by": 1 })
}

fn flash(message: &str) -> Value {
    json!({ "op": "session.flash", "message": message })
}

async fn fifty_increments_make_fifty(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    all_ok(&visitor.probe(json!([set("other", "1")])).await);
    let answers = at_once(&visitor, (0..50).map(|_| json!([increment("n")]))).await;
    let sums: BTreeSet<i64> = answers.iter().filter_map(|answer| ok(&results(answer)[0]).as_i64()).collect();
    assert_eq!(sums, (1..=50).collect(), "each saw a number of its own");
    assert_eq!(ok(&visitor.probe_one(get("n")).await), "50");
}

async fn counters_in_any_order_wait_for_each_other(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    all_ok(&visitor.probe(json!([set("other", "1")])).await);
    let pause = || json!({ "op": "sleep", "ms": 10 });
    let orders =
        [json!([increment("a"), pause(), increment("b")]), json!([increment("b"), pause(), increment("a")])];
    let answers = at_once(&visitor, orders.iter().cycle().take(24).cloned()).await;
    answers.iter().for_each(|answer| all_ok(&results(answer)));
    let sums = visitor.probe(json!([get("a"), get("b")])).await;
    assert_eq!((ok(&sums[0]), ok(&sums[1])), (&json!("24"), &json!("24")));
}

async fn whoever_counts_first_may_sign_in_or_out_then(engine: Engine) {
    let (host, visitor) = host(engine).await;
    let pause = || json!({ "op": "sleep", "ms": 10 });
    let swap = json!({ "op": "session.compare-and-set", "key": "held", "expected": null, "value": "1" });
    for then in
        [renew(Some("Ada")), op("session.destroy"), json!({ "op": "session.set-expiry", "idle-seconds": 60 })]
    {
        let mut visitor = visitor.clone();
        all_ok(&visitor.probe(json!([set("n", "0"), flash("hello")])).await);
        let some = [
            json!([increment("n"), pause(), then]),
            json!([swap, pause(), then]),
            json!([op("session.take-flash"), pause(), increment("n"), then]),
            json!([set("n", "7"), increment("m"), pause(), then]),
            json!([increment("m"), set("n", "7")]),
            json!([{ "op": "session.remove", "key": "n" }, increment("m"), then]),
        ];
        for answer in at_once(&visitor, some.iter().cycle().take(24).cloned()).await {
            told(&answer);
        }
        assert_eq!(orphans(&host).await, "0");
        super::forget_all(&host).await;
    }
}

/// Panics at an answer that is none of the app, and at an error that is none of a session that has
/// ended.
fn told(answer: &Answer) {
    let told = |result: &Value| {
        result.get("ok").is_some() || result.pointer("/error/code").is_some_and(|code| code == "closed")
    };
    assert!(results(answer).iter().all(told), "{}", answer.text());
}

async fn requests_that_change_different_keys_lose_nothing(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    let begin: Vec<Value> = (0..8).map(|n| set(&format!("gone{n}"), "1")).collect();
    all_ok(&visitor.probe(json!(begin)).await);
    let requests = (0..8).flat_map(|n| {
        [
            json!([set(&format!("set{n}"), "1")]),
            json!([{ "op": "session.remove", "key": format!("gone{n}") }]),
            json!([increment(&format!("sum{n}"))]),
        ]
    });
    for answer in at_once(&visitor, requests).await {
        all_ok(&results(&answer));
    }
    let keys: Vec<String> = ["set", "sum"].iter().flat_map(|k| (0..8).map(move |n| format!("{k}{n}"))).collect();
    assert_eq!(ok(&visitor.probe_one(op("session.get-keys")).await), &json!(keys));
}

async fn one_of_twenty_contenders_wins_each_round(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    all_ok(&visitor.probe(json!([set("other", "1")])).await);
    let mut holder: Option<String> = None;
    for round in 0..4 {
        let contend = |n: usize| json!([{ "op": "session.compare-and-set", "key": "holder", "expected": holder, "value": format!("{round}-{n}") }]);
        let answers = at_once(&visitor, (0..20).map(contend)).await;
        let won: Vec<usize> = (0..20).filter(|n| ok(&results(&answers[*n])[0]) == true).collect();
        assert_eq!(won.len(), 1, "round {round}: {won:?}");
        let winner = format!("{round}-{}", won[0]);
        assert_eq!(ok(&visitor.probe_one(get("holder")).await), &json!(winner));
        holder = Some(winner);
    }
}

async fn who_loses_sees_what_the_winner_has_put(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    all_ok(&visitor.probe(json!([set("k", "1")])).await);
    let swap = |from: &str, to: &str| json!({ "op": "session.compare-and-set", "key": "k", "expected": from, "value": to });
    let wait = json!({ "op": "sleep", "ms": 300 });
    let slow = json!([get("k"), wait, swap("1", "3"), get("k"), swap("2", "3")]);
    let fast = json!([get("k"), swap("1", "2")]);
    let answers = at_once(&visitor, [slow, fast]).await;
    let [slow, fast] = [results(&answers[0]), results(&answers[1])];
    let won = |result: &Value| ok(result) == &json!(true);
    // Which comes first is not certain, what the loser sees is.
    match won(&fast[1]) {
        true => assert_eq!((ok(&slow[2]), ok(&slow[3]), won(&slow[4])), (&json!(false), &json!("2"), true)),
        false => assert!(won(&slow[2])),
    }
}

async fn a_message_is_never_taken_twice(engine: Engine) {
    let (_host, mut visitor) = host(engine).await;
    for round in 0..4 {
        let left: Vec<String> = (0..12).map(|n| format!("{round}-{n:02}")).collect();
        // By several requests, and several in a request.
        for some in left.chunks(4) {
            all_ok(&visitor.probe(some.iter().map(|text| flash(text)).collect()).await);
        }
        let answers = at_once(&visitor, (0..6).map(|_| json!([op("session.take-flash")]))).await;
        let taken: Vec<Value> = answers.iter().map(|answer| ok(&results(answer)[0]).clone()).collect();
        let mut all: Vec<&str> =
            taken.iter().flat_map(|list| list.as_array().expect("a list")).filter_map(Value::as_str).collect();
        for list in &taken {
            let list = list.as_array().expect("a list");
            assert!(list.iter().is_sorted_by_key(|text| text.as_str()), "{list:?}");
        }
        all.sort_unstable();
        assert_eq!(all, left, "{taken:?}");
    }
}

/// Requests of all kinds that write to a session.
fn writers() -> Vec<Value> {
    let pause = json!({ "op": "sleep", "ms": 20 });
    let swap = |expected: Option<&str>| json!({ "op": "session.compare-and-set", "key": "held", "expected": expected, "value": "1" });
    let writers = json!([
        [set("k", "late")],
        [get("k"), pause, set("k", "late"), set("l", "late")],
        [increment("n")],
        [increment("n"), pause, set("a", "late"), flash("late")],
        [flash("late"), pause, flash("later")],
        [op("session.take-flash"), pause, set("z", "late")],
        [{ "op": "session.remove", "key": "k" }, pause],
        [swap(None), pause, increment("n")],
        [get("k"), pause, swap(Some("1"))],
        [{ "op": "session.set-expiry", "idle-seconds": 3600 }],
    ]);
    writers.as_array().expect("a list").clone()
}

async fn a_logout_is_not_undone_by_late_writes(engine: Engine) {
    let (host, visitor) = host(engine).await;
    for round in 0..6 {
        let mut visitor = visitor.clone();
        all_ok(&visitor.probe(json!([set("k", "1"), renew(Some("Ada")), flash("hello")])).await);
        let cookie = visitor.jar.header().expect("a session");
        let mut requests = writers();
        requests.insert(round % requests.len(), json!([op("session.destroy")]));
        requests.extend(writers());
        let during = at_once(&visitor, requests).await;
        let after = at_once(&visitor, writers()).await;
        assert_eq!(
            begun(&during, &after, &cookie),
            host.database().count("probe", "sessions").await,
            "round {round}"
        );
        for answer in &after {
            assert!(!gives(answer, &cookie), "the session was ended before: {answer:?}");
        }
        let mut before = visitor.clone();
        let found =
            before.probe(json!([op("session.get-user"), op("session.get-keys"), op("session.take-flash")])).await;
        assert_eq!(found.iter().map(ok).collect::<Vec<_>>(), [&Value::Null, &json!([]), &json!([])]);
        assert_eq!(orphans(&host).await, "0");
        all_ok(&before.probe(json!([{ "op": "session.destroy-all", "user": "Ada" }])).await);
        super::forget_all(&host).await;
    }
}

/// Sessions that were begun by a visitor whose own had ended.
fn begun(during: &[Answer], after: &[Answer], cookie: &str) -> u32 {
    let answers = || during.iter().chain(after);
    answers().for_each(told);
    let new =
        answers().filter(|answer| sets(answer).is_some_and(|value| !value.is_empty()) && !gives(answer, cookie));
    u32::try_from(new.count()).expect("a few")
}

/// The value that an answer gives the session's cookie.
fn sets(answer: &Answer) -> Option<&str> {
    let (_, value) = answer.header("set-cookie")?.split(';').next()?.split_once('=')?;
    Some(value)
}

fn gives(answer: &Answer, cookie: &str) -> bool {
    sets(answer).is_some_and(|value| !value.is_empty() && cookie.ends_with(value))
}

async fn a_renewed_id_is_dead_for_everybody(engine: Engine) {
    let (host, mut visitor) = host(engine).await;
    all_ok(&visitor.probe(json!([set("cart", "3 apples")])).await);
    let cookie = visitor.jar.header().expect("a session");
    let renewing = (0..6).map(|_| json!([renew(Some("Ada"))]));
    let answers = at_once(&visitor, renewing.chain((0..6).map(|_| json!([set("late", "1")])))).await;
    let ids: BTreeSet<&str> = answers[..6].iter().map(|answer| sets(answer).expect("a new id")).collect();
    assert_eq!(ids.len(), 6);
    assert!(answers.iter().all(|answer| answer.status == 200 && !gives(answer, &cookie)), "{answers:?}");
    assert_eq!(ok(&visitor.probe_one(get("cart")).await), &Value::Null, "the old id");
    let mut carts = 0;
    let name = cookie.split('=').next().expect("a name").to_owned();
    for id in ids {
        let mut renewed = host.visitor();
        renewed.jar.put(&name, id);
        let found = renewed.probe(json!([op("session.get-user"), get("cart")])).await;
        assert_eq!(ok(&found[0]), "Ada");
        carts += u32::from(ok(&found[1]) == "3 apples");
    }
    assert_eq!((carts, orphans(&host).await.as_str()), (1, "0"), "the values went with the first");
}

async fn ending_all_sessions_of_a_user_ends_those_in_use(engine: Engine) {
    let (host, visitor) = host(engine).await;
    let mut visitors = vec![visitor; 5];
    for visitor in &mut visitors {
        all_ok(&visitor.probe(json!([set("n", "0"), renew(Some("Ada"))])).await);
    }
    let mut admin = host.visitor();
    let end = json!([{ "op": "session.destroy-all", "user": "Ada" }]);
    let using = visitors.iter().flat_map(|visitor| writers().into_iter().map(|steps| (visitor.clone(), steps)));
    let (used, ended) = tokio::join!(join(using), admin.probe_answer(end));
    assert_eq!(ok(&results(&ended)[0]), 5);
    assert!(used.iter().all(|answer| answer.status == 200));
    for visitor in &mut visitors {
        assert_eq!(ok(&visitor.probe_one(op("session.get-user")).await), &Value::Null);
    }
    assert_eq!(orphans(&host).await, "0");
}
