//! Transactions inside the unit of work: savepoints over rows, files and session.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, op, query, respond};
use support::{Engine, TestHost, Visitor};

on_both_databases! {
    a_committed_part_is_kept_with_the_rest,
    a_part_rolled_back_takes_its_session_and_files_along,
    a_part_left_open_or_dropped_is_rolled_back,
    ending_a_part_ends_those_inside_it,
    an_ended_part_is_closed,
    a_part_is_not_kept_when_the_request_fails,
    a_read_only_part_refuses_writes,
    a_part_that_takes_too_long_is_rolled_back,
    isolation_is_chosen_before_the_first_write_only,
    committing_the_unit_ends_its_parts,
}

async fn a_committed_part_is_kept_with_the_rest(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    all_ok(&visitor.probe(json!([insert(1), begin(), in_tx(0, 2), end(0, "commit"), insert(3)])).await);
    assert_eq!(numbers(&mut visitor).await, [1, 2, 3]);
}

async fn a_part_rolled_back_takes_its_session_and_files_along(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    let steps = json!([
        insert(1),
        set("before"),
        begin(),
        in_tx(0, 2),
        set("inside"),
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "text": "inside" },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$7.ok.id" },
        end(0, "rollback"),
        set("after"),
    ]);
    all_ok(&visitor.probe(steps).await);
    let left = visitor.probe(json!([op("session.get-keys"), { "op": "blob.list", "limit": 10 }])).await;
    assert_eq!((ok(&left[0]), ok(&left[1])), (&json!(["after", "before"]), &json!([])));
    assert_eq!(numbers(&mut visitor).await, [1]);
}

async fn a_part_left_open_or_dropped_is_rolled_back(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    all_ok(&visitor.probe(json!([insert(1), begin(), in_tx(0, 2), end(0, "drop"), insert(3)])).await);
    all_ok(&visitor.probe(json!([insert(4), begin(), in_tx(0, 5)])).await);
    assert_eq!(numbers(&mut visitor).await, [1, 3, 4]);
}

async fn ending_a_part_ends_those_inside_it(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    let steps = json!([begin(), in_tx(0, 1), begin(), in_tx(1, 2), end(0, "rollback"), in_tx(1, 3), insert(4)]);
    let results = visitor.probe(steps).await;
    assert_eq!(code(&results[5]), "closed");
    assert_eq!(numbers(&mut visitor).await, [4]);
    let steps = json!([begin(), begin(), in_tx(1, 5), end(1, "rollback"), in_tx(0, 6), end(0, "commit")]);
    all_ok(&visitor.probe(steps).await);
    assert_eq!(numbers(&mut visitor).await, [4, 6]);
}

async fn an_ended_part_is_closed(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    for way in ["commit", "rollback"] {
        let results =
            visitor.probe(json!([begin(), end(0, way), in_tx(0, 1), end(0, "commit"), end(0, "rollback")])).await;
        assert_eq!([code(&results[2]), code(&results[3]), code(&results[4])], ["closed"; 3], "{way}");
    }
    assert!(numbers(&mut visitor).await.is_empty());
}

async fn a_part_is_not_kept_when_the_request_fails(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    visitor.probe_answer(json!([begin(), in_tx(0, 1), end(0, "commit"), respond(503)])).await.expect(503);
    visitor.probe_answer(json!([begin(), in_tx(0, 1), end(0, "commit"), op("trap")])).await.expect(500);
    assert!(numbers(&mut visitor).await.is_empty());
}

async fn a_read_only_part_refuses_writes(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    let begin = json!({ "op": "db.begin", "options": { "read-only": true } });
    let read = json!({ "op": "tx.query", "tx": 0, "sql": "select count(*) from numbers" });
    let results = visitor.probe(json!([begin, read, in_tx(0, 1), end(0, "commit"), insert(2)])).await;
    assert_eq!(code(&results[2]), "read-only");
    assert_eq!((integer(&results[1]), ok(&results[4])), (0, &json!(1)));
    assert_eq!(numbers(&mut visitor).await, [2]);
}

async fn a_part_that_takes_too_long_is_rolled_back(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    let begin = json!({ "op": "db.begin", "options": { "timeout-ms": 100 } });
    let steps = json!([begin, in_tx(0, 1), { "op": "sleep", "ms": 300 }, in_tx(0, 2), end(0, "commit")]);
    let results = visitor.probe(steps).await;
    assert_eq!(code(&results[3]), "timeout");
    assert_eq!(code(&results[4]), "closed");
    assert!(numbers(&mut visitor).await.is_empty());
    let begin = json!({ "op": "db.begin", "options": { "timeout-ms": 100 } });
    let steps = json!([begin, in_tx(0, 1), { "op": "sleep", "ms": 300 }, end(0, "commit")]);
    assert_eq!(code(&visitor.probe(steps).await[3]), "timeout", "a commit can be too late too");
    assert!(numbers(&mut visitor).await.is_empty());
    let begin = json!({ "op": "db.begin", "options": { "timeout-ms": 100 } });
    let steps = json!([begin, in_tx(0, 1), { "op": "sleep", "ms": 300 }, insert(2), insert(3)]);
    assert_eq!(code(&visitor.probe(steps).await[3]), "timeout", "so can what goes around the handle");
    assert_eq!(numbers(&mut visitor).await, [3]);
}

async fn isolation_is_chosen_before_the_first_write_only(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    for isolation in ["read-committed", "repeatable-read", "serializable"] {
        let begin = json!({ "op": "db.begin", "options": { "isolation": isolation } });
        all_ok(&visitor.probe(json!([begin, in_tx(0, 1), end(0, "commit")])).await);
        let late = visitor.probe(json!([insert(2), begin])).await;
        assert_eq!(code(&late[1]), "conflict", "{isolation}");
    }
}

async fn committing_the_unit_ends_its_parts(engine: Engine) {
    let (_host, mut visitor) = counted(engine).await;
    for way in ["db.commit", "db.rollback"] {
        let results = visitor.probe(json!([begin(), in_tx(0, 1), op(way), in_tx(0, 2)])).await;
        ok(&results[2]);
        assert_eq!(code(&results[3]), "closed", "{way}");
    }
}

/// A visitor of a probe with an empty table of numbers.
async fn counted(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let migration = json!({ "name": "1", "statements": ["create table numbers (n bigint)"] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [migration] }])).await);
    let visitor = host.visitor();
    (host, visitor)
}

async fn numbers(visitor: &mut Visitor) -> Vec<i64> {
    let result = visitor.probe_one(query("select n from numbers order by n", json!([]))).await;
    let rows = ok(&result)["rows"].as_array().expect("rows").clone();
    rows.iter().map(|row| row[0]["integer"].as_str().expect("an integer").parse().expect("a number")).collect()
}

fn insert(number: i64) -> Value {
    execute("insert into numbers (n) values ($1)", json!([number]))
}

fn begin() -> Value {
    op("db.begin")
}

fn in_tx(tx: u32, number: i64) -> Value {
    json!({ "op": "tx.execute", "tx": tx, "sql": "insert into numbers (n) values ($1)", "params": [number] })
}

fn end(tx: u32, way: &str) -> Value {
    json!({ "op": format!("tx.{way}"), "tx": tx })
}

fn set(key: &str) -> Value {
    json!({ "op": "session.set", "key": key, "value": "set" })
}
