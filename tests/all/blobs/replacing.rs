//! The room of an app's files inside one request: what it has deleted is free for what it receives
//! then.

use serde_json::{Value, json};
use support::bytes::png;
use support::probe::{all_ok, code, execute, ok, op, respond};
use support::{Engine, TestHost, Visitor, until};

use super::quota::{ROW, exact, small};
use super::{kept, send_body};

on_both_databases! {
    a_file_is_replaced_by_one_of_the_same_size_at_the_edge,
    a_file_that_was_received_before_takes_the_place_of_another,
    room_that_is_undone_was_never_free,
    writers_that_do_not_fit_together_are_refused_before_the_commit,
    room_is_exact_after_any_mixture,
}

/// Of a file that fits into the quota of 8 MiB once, and not twice.
const LARGE: usize = 5 << 20;

fn delete(id: &Value) -> Value {
    json!({ "op": "blob.delete", "id": id })
}

fn insert() -> Value {
    execute("insert into t (a) values ('x')", json!([]))
}

fn create() -> Value {
    json!({ "op": "blob.create", "content-type": "text/plain" })
}

/// So many KiB into the writer with this number.
fn write(writer: usize, kib: usize) -> Value {
    json!({ "op": "writer.write", "writer": writer, "repeat": { "byte": 65, "count": 1024, "calls": kib } })
}

fn finish(writer: usize) -> Value {
    json!({ "op": "writer.finish", "writer": writer })
}

/// A host with a table and one kept file that takes up more than half of the room.
async fn filled(engine: Engine) -> (TestHost, Visitor, Value) {
    let host = small(engine).await;
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([execute("create table t (a text)", json!([]))])).await);
    let old = kept(&mut visitor, "image/png", "old.png", &png(LARGE, 1)).await["id"].clone();
    (host, visitor, old)
}

async fn a_file_is_replaced_by_one_of_the_same_size_at_the_edge(engine: Engine) {
    let (host, mut visitor, mut old) = filled(engine).await;
    let receive = json!({ "op": "blob.receive-body" });
    let commit = |tx: u32| json!({ "op": "tx.commit", "tx": tx });
    let ways = [
        vec![delete(&old), receive.clone()],
        vec![insert(), delete(&old), receive.clone()],
        vec![op("db.begin"), delete(&old), receive.clone(), commit(0)],
        vec![op("db.begin"), delete(&old), commit(0), op("db.begin"), receive.clone(), commit(1)],
        vec![insert(), delete(&old), receive.clone(), op("db.commit")],
    ];
    for (number, mut way) in ways.into_iter().enumerate() {
        for step in &mut way {
            if step["op"] == "blob.delete" {
                step["id"] = old.clone();
            }
        }
        let received = way.iter().position(|step| step["op"] == "blob.receive-body").expect("it receives");
        way.push(json!({ "op": "blob.keep", "id": format!("${received}.ok.id") }));
        let answer = send_body(&mut visitor, "image/png", png(LARGE, 2), json!(way)).await.expect(200).json();
        let results = answer.as_array().expect("results");
        all_ok(results);
        old = ok(&results[received])["id"].clone();
        assert_eq!(exact(&host).await, LARGE as u64 + ROW, "way {number}");
    }
    // A writer, too, also one that was begun before.
    let steps =
        json!([create(), delete(&old), write(0, 5 << 10), finish(0), { "op": "blob.keep", "id": "$3.ok.id" }]);
    let results = visitor.probe(steps).await;
    all_ok(&results);
    assert_eq!(exact(&host).await, LARGE as u64 + ROW);
    // What is received first has no room yet.
    let new = json!([receive, delete(&ok(&results[3])["id"])]);
    let results = send_body(&mut visitor, "image/png", png(LARGE, 3), new).await.expect(200).json();
    assert_eq!(code(&results[0]), "quota-exceeded");
    ok(&results[1]);
    assert_eq!(exact(&host).await, 0);
}

async fn a_file_that_was_received_before_takes_the_place_of_another(engine: Engine) {
    let host = small(engine).await;
    let mut visitor = host.visitor();
    let half = (4 << 20) - usize::try_from(ROW).expect("a few bytes");
    for order in [[0, 1], [1, 0]] {
        let old = kept(&mut visitor, "image/png", "old.png", &png(half, 1)).await["id"].clone();
        let staged =
            send_body(&mut visitor, "image/png", png(half, 2), json!([{ "op": "blob.receive-body" }])).await;
        let new = ok(&staged.expect(200).json()[0])["id"].clone();
        assert_eq!(exact(&host).await, 8 << 20, "nothing is left");
        let steps = [delete(&old), json!({ "op": "blob.keep", "id": new })];
        all_ok(&visitor.probe(json!([steps[order[0]], steps[order[1]]])).await);
        assert_eq!(exact(&host).await, 4 << 20);
        all_ok(&visitor.probe(json!([delete(&new)])).await);
    }
}

async fn room_that_is_undone_was_never_free(engine: Engine) {
    let (host, mut visitor, old) = filled(engine).await;
    let receive = json!({ "op": "blob.receive-body" });
    let undone = [
        vec![op("db.begin"), delete(&old), json!({ "op": "tx.rollback", "tx": 0 })],
        vec![insert(), op("db.begin"), delete(&old), json!({ "op": "tx.drop", "tx": 0 })],
        vec![delete(&old), op("db.rollback")],
        vec![insert(), delete(&old), op("db.rollback"), insert()],
    ];
    for way in undone {
        let steps = [way.clone(), vec![receive.clone()]].concat();
        let results = send_body(&mut visitor, "image/png", png(LARGE, 2), json!(steps)).await.expect(200).json();
        assert_eq!(code(&results[way.len()]), "quota-exceeded", "{way:?}");
        assert_eq!(exact(&host).await, LARGE as u64 + ROW, "{way:?}");
    }
    let steps = json!([delete(&old), receive, respond(500)]);
    send_body(&mut visitor, "image/png", png(LARGE, 2), steps).await.expect(500);
    assert_eq!(exact(&host).await, LARGE as u64 + ROW);
}

async fn writers_that_do_not_fit_together_are_refused_before_the_commit(engine: Engine) {
    let (host, mut visitor, old) = filled(engine).await;
    all_ok(&visitor.probe(json!([delete(&old)])).await);
    let begin = [vec![insert()], vec![op("db.begin")]];
    for first in begin {
        let part = first[0]["op"] == "db.begin";
        // Three of 3 MiB into 8: the last one is refused while it writes.
        let steps = [
            first,
            vec![create(), write(0, 3 << 10), create(), write(1, 3 << 10), create(), write(2, 3 << 10)],
            vec![finish(0), finish(1), finish(2)],
            vec![json!({ "op": "blob.keep", "id": "$7.ok.id" }), json!({ "op": "blob.keep", "id": "$8.ok.id" })],
            if part { vec![json!({ "op": "tx.commit", "tx": 0 })] } else { Vec::new() },
            vec![op("db.commit")],
        ]
        .concat();
        let results = visitor.probe(json!(steps)).await;
        assert_eq!((code(&results[6]), code(&results[9])), ("quota-exceeded", "closed"), "{results:?}");
        let (before, after) = (&results[..6], &results[10..]);
        all_ok(&[before, after].concat());
        // What the refused writer had begun is removed when it is gone.
        let removed = async || (exact(&host).await == 2 * ((3 << 20) + ROW)).then_some(());
        until("what was half made is gone", removed).await;
        let all = [7, 8].map(|at: usize| delete(&ok(&results[at])["id"]));
        all_ok(&visitor.probe(json!(all)).await);
        assert_eq!(exact(&host).await, 0);
    }
    // Whether there is room for one more is known when it is begun.
    let one = (8 << 10) - 1;
    let results =
        visitor.probe(json!([insert(), create(), write(0, one), finish(0), create(), op("db.rollback")])).await;
    assert_eq!(code(&results[4]), "quota-exceeded", "{results:?}");
    assert_eq!(exact(&host).await, 0);
}

async fn room_is_exact_after_any_mixture(engine: Engine) {
    let (host, mut visitor, old) = filled(engine).await;
    let keep = |at: usize| json!({ "op": "blob.keep", "id": format!("${at}.ok.id") });
    let steps = json!([
        insert(),
        op("db.begin"),
        create(),
        write(0, 2 << 10),
        delete(&old),
        create(),
        write(1, 5 << 10),
        finish(1),
        finish(0),
        keep(7),
        { "op": "tx.commit", "tx": 0 },
        op("db.begin"),
        { "op": "blob.delete", "id": "$8.ok.id" },
        { "op": "tx.rollback", "tx": 1 },
        { "op": "writer.drop", "writer": 0 },
        keep(8),
    ]);
    all_ok(&visitor.probe(steps).await);
    assert_eq!(exact(&host).await, (2 << 20) + (5 << 20) + 2 * ROW);
}
