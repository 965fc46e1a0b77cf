//! Requests that read with a cursor and write meanwhile, more of them than there are connections:
//! they take turns.

use serde_json::{Value, json};
use support::probe::{all_ok, execute, integer, ok, op, query, respond};
use support::{Engine, TestHost};
use tokio::task::JoinSet;

use super::migrate;

on_both_databases! {
    requests_with_a_cursor_that_write_take_turns,
    rows_of_a_cursor_stay_as_they_were,
    files_are_made_and_read_beside_a_cursor,
    requests_with_several_cursors_take_turns,
    what_changes_tables_is_refused_beside_a_cursor,
}

const ROWS: u32 = 3_000;

fn open(sql: &str) -> Value {
    json!({ "op": "db.open-cursor", "sql": sql })
}

fn next(cursor: u32, max: u32) -> Value {
    json!({ "op": "cursor.next", "cursor": cursor, "max": max })
}

fn drain(cursor: u32) -> Value {
    json!({ "op": "cursor.drain", "cursor": cursor, "max": 500 })
}

fn insert(number: usize) -> Value {
    execute("insert into written (number) values ($1)", json!([{ "integer": number.to_string() }]))
}

/// A probe whose pool has so many connections, with a table of numbers from 1 and one to write
/// into.
async fn numbered(engine: Engine, pool: usize) -> TestHost {
    let host = TestHost::with(engine).app("probe", "probe").env("INNKEEPER_POOL_SIZE", &pool.to_string());
    let host = host.env("INNKEEPER_CPU_PER_REQUEST", "20s").env("INNKEEPER_POOL_WAIT", "60s");
    let host = host.env("INNKEEPER_WALL_PER_REQUEST", "100s").start().await;
    let fill = format!(
        "insert into numbers (i) with recursive n (i) as (select 1 union all select i + 1 from n where i < {ROWS}) select i from n"
    );
    let steps = json!([
        migrate("create table numbers (i bigint primary key)"),
        { "op": "db.migrate", "migrations": [
            { "name": "0001", "statements": ["create table numbers (i bigint primary key)"] },
            { "name": "0002", "statements": ["create table written (number bigint)"] },
        ] },
        execute(&fill, json!([])),
    ]);
    all_ok(&host.probe(steps).await);
    host
}

const NUMBERS: &str = "select i from numbers order by i";

async fn requests_with_a_cursor_that_write_take_turns(engine: Engine) {
    for (pool, visitors) in [(1, 20), (2, 10), (5, 20)] {
        let host = numbered(engine, pool).await;
        let mut requests = JoinSet::new();
        for number in 0..visitors {
            let mut visitor = host.visitor();
            // The sleep lets all of them have their cursor before the first one writes, as far as
            // there are connections.
            let steps = json!([
                open(NUMBERS),
                next(0, 5),
                { "op": "sleep", "ms": 30 },
                insert(number),
                query("select count(*) from numbers", json!([])),
                { "op": "session.set", "key": "k", "value": "v" },
                op("db.commit"),
                next(0, 5),
                insert(number),
                respond(200),
                drain(0),
            ]);
            requests.spawn(async move { visitor.probe(steps).await });
        }
        while let Some(results) = requests.join_next().await {
            let results = results.expect("a visitor does not panic");
            all_ok(&results);
            assert_eq!(ok(&results[7])[0][0]["integer"], "6", "the cursor goes on behind its last row");
            assert_eq!(ok(&results[10])["rows"], json!(ROWS - 10), "of a pool of {pool}");
        }
        let written = host.probe(json!([query("select count(*) from written", json!([]))])).await;
        assert_eq!(integer(&written[0]), i64::try_from(2 * visitors).expect("a small number"));
    }
}

/// With one connection, all that follows goes over that of the cursors.
async fn rows_of_a_cursor_stay_as_they_were(engine: Engine) {
    let host = numbered(engine, 1).await;
    let delete = execute("delete from numbers where i > 100", json!([]));
    let fails = execute("insert into numbers (i) values (1)", json!([]));
    let count = query("select count(*) from numbers", json!([]));
    let begin = json!({ "op": "db.begin" });
    let inside = json!({ "op": "tx.execute", "tx": 0, "sql": "insert into written (number) values (7)" });
    let undo = json!({ "op": "tx.rollback", "tx": 0 });
    let steps = json!([
        open(NUMBERS),
        next(0, 10),
        open("select i from numbers where i < 51 order by i"),
        delete,
        fails,
        next(0, 10),
        begin,
        inside,
        undo,
        count,
        op("db.commit"),
        open("select i from numbers order by i"),
        count,
        next(0, 10),
        drain(1),
        op("db.rollback"),
        drain(2),
        drain(0),
        insert(1),
    ]);
    let results = host.probe(steps).await;
    assert_eq!(results[4]["error"]["code"], "unique-violation");
    assert_eq!(
        (ok(&results[5])[0][0]["integer"].as_str(), ok(&results[5]).as_array().map(Vec::len)),
        (Some("11"), Some(10))
    );
    assert_eq!((integer(&results[9]), integer(&results[12])), (100, 100));
    assert_eq!(ok(&results[14])["rows"], 50);
    assert_eq!(ok(&results[16]), &json!({ "rows": 100, "in-order": true }));
    assert_eq!(ok(&results[17])["rows"], json!(ROWS - 30));
    all_ok(&results[18..]);
    // Rolled back as a whole, and with the cursor dropped in between.
    let lost = json!([open(NUMBERS), insert(2), op("db.rollback"), next(0, 3), insert(3), { "op": "cursor.drop", "cursor": 0 }]);
    all_ok(&host.probe(lost).await);
    let written = host.probe(json!([query("select count(*) from written where number > 1", json!([]))])).await;
    assert_eq!(integer(&written[0]), 1);
    host.database().has_no_open_transaction("probe").await;
}

async fn files_are_made_and_read_beside_a_cursor(engine: Engine) {
    let host = numbered(engine, 1).await;
    let mut visitor = host.visitor();
    let steps = json!([
        open(NUMBERS),
        next(0, 5),
        { "op": "blob.create", "content-type": "text/plain" },
        { "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": 65_536, "calls": 40 } },
        { "op": "writer.finish", "writer": 0 },
        { "op": "blob.keep", "id": "$4.ok.id" },
        { "op": "blob.open", "id": "$4.ok.id" },
        op("db.commit"),
        drain(0),
    ]);
    let results = visitor.probe(steps).await;
    all_ok(&results);
    assert_eq!(ok(&results[8])["rows"], json!(ROWS - 5));
}

/// Each has its first cursor before it wants the next. On SQLite there are 16 threads for them.
async fn requests_with_several_cursors_take_turns(engine: Engine) {
    let host = numbered(engine, 2).await;
    let mut requests = JoinSet::new();
    for number in 0..12 {
        let mut visitor = host.visitor();
        let sleep = json!({ "op": "sleep", "ms": 100 });
        let steps = json!([
            open(NUMBERS),
            next(0, 5),
            sleep,
            open(NUMBERS),
            next(1, 5),
            sleep,
            open(NUMBERS),
            insert(number),
            drain(0),
            drain(1),
            drain(2),
        ]);
        requests.spawn(async move { visitor.probe(steps).await });
    }
    while let Some(results) = requests.join_next().await {
        let results = results.expect("a visitor does not panic");
        all_ok(&results);
        assert_eq!(
            [8, 9, 10].map(|at| ok(&results[at])["rows"].clone()),
            [json!(ROWS - 5), json!(ROWS - 5), json!(ROWS)]
        );
    }
}

async fn what_changes_tables_is_refused_beside_a_cursor(engine: Engine) {
    let host = numbered(engine, 1).await;
    let migrations = json!([
        { "name": "0001", "statements": ["create table numbers (i bigint primary key)"] },
        { "name": "0002", "statements": ["create table written (number bigint)"] },
        { "name": "0003", "statements": ["create table more (number bigint)"] },
    ]);
    let change = json!({ "op": "db.migrate", "migrations": migrations });
    let results =
        host.probe(json!([open(NUMBERS), change, drain(0), { "op": "cursor.drop", "cursor": 0 }, change])).await;
    assert_eq!(results[1]["error"]["code"], "conflict", "{}", results[1]);
    assert_eq!(ok(&results[2])["rows"], json!(ROWS));
    assert_eq!(ok(&results[4]), &json!(["0003"]));
}
