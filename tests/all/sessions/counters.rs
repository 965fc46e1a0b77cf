//! Numbers in a session that another request changes meanwhile: counted right or refused, and never
//! lost or overwritten.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, ok, op, query, rows};
use support::{Engine, TestDatabase, TestHost, Visitor};

use super::{deploy, get, set};
use crate::units::{Standing, log};

on_both_databases! {
    a_number_that_has_become_something_else_is_refused_and_nothing_is_lost,
    a_number_that_has_changed_meanwhile_is_counted_on,
    a_text_that_has_become_a_number_is_counted_on,
    a_number_of_a_session_that_has_ended_is_closed,
    what_is_set_or_removed_while_another_counts_is_not_lost,
    numbers_are_read_the_same_way_everywhere,
}

fn increment(key: &str, by: i64) -> Value {
    json!({ "op": "session.increment", "key": key, "by": by })
}

fn remove(key: &str) -> Value {
    json!({ "op": "session.remove", "key": key })
}

/// What an app keeps together, by its setting.
const MODES: [&str; 2] = ["request", "statement"];

async fn probe(engine: Engine, mode: &str) -> (TestHost, Visitor) {
    let database = TestDatabase::fresh(engine).await;
    deploy(&database, &format!("transactions = \"{mode}\"")).await.succeeded();
    let host = TestHost::with(engine).database(database).start().await;
    let table = execute("create table notes (name text)", json!([]));
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([table, set("n", "5")])).await);
    (host, visitor)
}

/// Lets another request of the visitor do something after this one has seen the session, then goes
/// on with `then`. Returns the results of `then`.
async fn meanwhile(host: &TestHost, visitor: &Visitor, other: Value, then: &[Value]) -> Vec<Value> {
    let text = format!("it has seen {}", host.logs().matches("it has seen").count());
    let steps = [&[get("n"), log(&text), op("echo-body")], then].concat();
    let stands = Standing::begin(host, visitor, &json!(steps), &text).await;
    all_ok(&visitor.clone().probe(other).await);
    let answer = stands.end().await.expect(200).json();
    answer.as_array().expect("results")[3..].to_vec()
}

async fn a_number_that_has_become_something_else_is_refused_and_nothing_is_lost(engine: Engine) {
    for mode in MODES {
        let (host, mut visitor) = probe(engine, mode).await;
        let note = execute("insert into notes (name) values ('kept')", json!([]));
        let texts =
            ["many", "12 apples", "", "1e3", "0x10", " 7", "9223372036854775807", "99999999999999999999", "é"];
        for text in texts {
            all_ok(&visitor.probe(json!([set("n", "5"), remove("other")])).await);
            let then = [note.clone(), set("other", "set before"), increment("n", 1), get("n"), increment("m", 2)];
            let results = meanwhile(&host, &visitor, json!([set("n", text)]), &then).await;
            assert_eq!(code(&results[2]), "bad-parameter", "{mode}, {text}: {results:?}");
            assert_eq!(ok(&results[3]), text, "{mode}: it sees what is there: {results:?}");
            all_ok(&[results[0].clone(), results[1].clone(), results[4].clone()]);
            let found = visitor.probe(json!([get("n"), get("other")])).await;
            assert_eq!((ok(&found[0]), ok(&found[1])), (&json!(text), &json!("set before")), "{mode}, {text}");
        }
        let sums = visitor.probe(json!([get("m"), query("select name from notes", json!([]))])).await;
        assert_eq!(ok(&sums[0]), &json!((2 * texts.len()).to_string()), "{mode}");
        assert_eq!(rows(&sums[1]).as_array().map(Vec::len), Some(texts.len()), "{mode}");
    }
}

async fn a_number_that_has_changed_meanwhile_is_counted_on(engine: Engine) {
    for mode in MODES {
        let (host, mut visitor) = probe(engine, mode).await;
        let cases = [
            (json!([set("n", "41")]), "42"),
            (json!([remove("n")]), "1"),
            (json!([increment("n", 10)]), "16"),
            (json!([set("n", "-1")]), "0"),
            (json!([set("n", "9223372036854775806")]), "9223372036854775807"),
            (json!([set("n", "5")]), "6"),
            (json!([remove("n"), set("n", "007")]), "8"),
        ];
        for (other, sum) in cases {
            all_ok(&visitor.probe(json!([set("n", "5")])).await);
            let then = [increment("n", 1), get("n")];
            let results = meanwhile(&host, &visitor, other.clone(), &then).await;
            assert_eq!(ok(&results[0]).to_string(), sum, "{mode}, {other}");
            assert_eq!(ok(&results[1]), sum, "{mode}, {other}");
            assert_eq!(ok(&visitor.probe_one(get("n")).await), sum, "{mode}, {other}");
        }
    }
}

async fn a_text_that_has_become_a_number_is_counted_on(engine: Engine) {
    for mode in MODES {
        let (host, mut visitor) = probe(engine, mode).await;
        all_ok(&visitor.probe(json!([set("n", "many")])).await);
        let results = meanwhile(&host, &visitor, json!([set("n", "2")]), &[increment("n", 1)]).await;
        assert_eq!(ok(&results[0]), 3, "{mode}");
        assert_eq!(ok(&visitor.probe_one(get("n")).await), "3", "{mode}");
        // What this request itself has set is known without asking.
        let own =
            visitor.probe(json!([set("n", "many"), increment("n", 1), set("n", "1"), increment("n", 1)])).await;
        assert_eq!((code(&own[1]), ok(&own[3])), ("bad-parameter", &json!(2)), "{mode}");
    }
}

async fn a_number_of_a_session_that_has_ended_is_closed(engine: Engine) {
    for mode in MODES {
        for end in [op("session.destroy"), json!({ "op": "session.renew", "user": "Ada" })] {
            let (host, visitor) = probe(engine, mode).await;
            let note = execute("insert into notes (name) values ('kept')", json!([]));
            let results =
                meanwhile(&host, &visitor, json!([end]), &[note, increment("n", 1), increment("m", 1)]).await;
            ok(&results[0]);
            assert_eq!((code(&results[1]), code(&results[2])), ("closed", "closed"), "{mode}, {end}: {results:?}");
            let kept = host.database().app_value("probe", "select count(*) from notes").await;
            assert_eq!((kept.as_str(), super::orphans(&host).await.as_str()), ("1", "0"), "{mode}, {end}");
        }
    }
}

async fn what_is_set_or_removed_while_another_counts_is_not_lost(engine: Engine) {
    for mode in MODES {
        let (host, mut visitor) = probe(engine, mode).await;
        // The last one to be kept wins.
        let then = [set("n", "set"), set("m", "set")];
        all_ok(&meanwhile(&host, &visitor, json!([increment("n", 1), increment("m", 1)]), &then).await);
        let found = visitor.probe(json!([get("n"), get("m")])).await;
        assert_eq!((ok(&found[0]), ok(&found[1])), (&json!("set"), &json!("set")), "{mode}");
        all_ok(&visitor.probe(json!([set("n", "5"), remove("m")])).await);
        all_ok(&meanwhile(&host, &visitor, json!([increment("n", 1), increment("m", 1)]), &[remove("n")]).await);
        let found = visitor.probe(json!([get("n"), get("m")])).await;
        assert_eq!((ok(&found[0]), ok(&found[1])), (&Value::Null, &json!("1")), "{mode}");
    }
}

async fn numbers_are_read_the_same_way_everywhere(engine: Engine) {
    let (_host, mut visitor) = probe(engine, "request").await;
    let numbers = [("0", Some(1)), ("-1", Some(0)), ("+4", Some(5)), ("-9223372036854775808", Some(i64::MIN + 1))];
    let others = [("", None), (" 1", None), ("1 ", None), ("1.0", None), ("one", None), ("٣", None)];
    for (text, sum) in numbers.into_iter().chain(others) {
        all_ok(&visitor.probe(json!([set("n", text)])).await);
        let result = visitor.probe_one(increment("n", 1)).await;
        match sum {
            Some(sum) => assert_eq!(ok(&result), sum, "{text}"),
            None => assert_eq!(code(&result), "bad-parameter", "{text}"),
        }
    }
}
