//! Rows that are too large are refused, and never held in memory.
//!
//! Each case looks at the most memory that the host has held. It is far below the size of the rows.

use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};
use support::postgres::shared;
use support::probe::{all_ok, code, execute, integer, ok, query};
use support::{DEADLINE, Engine, TestHost, Visitor, until};
use tokio::task::JoinSet;

use super::probe_with;

on_both_databases! {
    a_row_of_many_large_values_is_refused,
    large_rows_of_one_app_at_once_disturb_no_other,
    results_at_the_bound_leave_no_memory_behind,
    wide_statements_leave_no_memory_behind,
}

/// What the host may take beside its usual memory, in KiB, while rows of any size are refused.
const SLACK_KIB: u64 = 64 << 10;
/// SQLite computes a row in the memory of the host. All its files together may have a quarter of
/// it, and what it has freed stays with the process for a while.
const SQLITE_SLACK_KIB: u64 = (2 * 128) << 10;

/// A large row takes its time on a busy machine, and a small dyno is to bear it.
const PATIENT: [(&str, &str); 6] = [
    ("INNKEEPER_STATEMENT_TIME", "50s"),
    ("INNKEEPER_WALL_PER_REQUEST", "200s"),
    ("INNKEEPER_POOL_WAIT", "50s"),
    ("INNKEEPER_POOL_SIZE", "8"),
    ("INNKEEPER_MEMORY", "512MiB"),
    ("INNKEEPER_MEMORY_PER_INSTANCE", "32MiB"),
];

const TABLES: [&str; 2] = ["create table big (id bigint, body text)", "create table kept (n bigint)"];

/// A host with two probes, `/` and `/other`, and tables in both.
async fn patient(engine: Engine) -> (TestHost, Visitor) {
    let mut host = TestHost::with(engine).app("probe", "probe").app("other", "probe");
    for (name, value) in PATIENT {
        host = host.env(name, value);
    }
    let host = host.start().await;
    let mut visitor = host.visitor();
    let migration = json!({ "name": "1", "statements": TABLES });
    let steps = json!([{ "op": "db.migrate", "migrations": [migration] }, kept()]);
    all_ok(&visitor.probe(steps.clone()).await);
    all_ok(&at_other(&mut visitor, &steps).await);
    (host, visitor)
}

/// The same on Postgres, and in the table `big` a row of 150 MB, which no limit of the host would
/// have let in.
async fn with_big_row() -> (TestHost, Visitor) {
    let (host, visitor) = patient(Engine::Postgres).await;
    let insert = "insert into app_probe.big values (1, repeat('x', 150000000)), (2, repeat('y', 10))";
    shared().look(&host.database().url(), insert).await;
    (host, visitor)
}

/// Runs steps in the second app.
async fn at_other(visitor: &mut Visitor, steps: &Value) -> Vec<Value> {
    let request = Visitor::with_steps("/other/steps", steps);
    let answer = visitor.send(request, Full::new(Bytes::new())).await.expect(200).json();
    answer.as_array().expect("a list of results").clone()
}

fn keep(n: u32) -> Value {
    execute("insert into kept (n) values ($1)", json!([n]))
}

fn kept() -> Value {
    query("select count(*) from kept", json!([]))
}

fn select(sql: &str) -> Value {
    query(sql, json!([]))
}

fn columns(count: usize, value: &str) -> String {
    let columns: Vec<String> = (0..count).map(|n| format!("{value} as c{n}")).collect();
    format!("select {}", columns.join(", "))
}

/// Rows of which each is far beyond the bound, from whatever makes them.
fn too_large() -> Vec<(&'static str, String)> {
    vec![
        ("computed", "select repeat('x', 150000000)".into()),
        ("stored", "select body from big where id = 1".into()),
        ("behind others", "select id, body from big order by id desc".into()),
        ("columns", columns(1_600, "repeat('x', 100000)")),
        ("the same column", columns(2, "body") + " from big where id = 1"),
        ("aggregate", "select string_agg(body, ',') from big".into()),
        ("array", "select array_agg(i) from generate_series(1, 3000000) as s (i)".into()),
        ("document", "select to_jsonb(body) from big where id = 1".into()),
        ("bytes", "select cast(body as bytea) from big where id = 1".into()),
        ("many", "select b.body from big b cross join generate_series(1, 20) order by b.id".into()),
        ("changed", "update big set id = id returning body".into()),
    ]
}

/// Panics if the host has held more than usual since `forget_peak`.
#[track_caller]
fn memory_stayed_low(host: &TestHost, before: u64, slack: u64, what: &str) {
    let grown = host.peak_rss_kib().saturating_sub(before);
    assert!(grown < slack, "{what}: the memory of the host rose by {grown} KiB");
}

fn watch(host: &TestHost) -> u64 {
    host.serving().forget_peak();
    host.rss_kib()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_row_is_refused_whatever_makes_it() {
    let (host, mut visitor) = with_big_row().await;
    all_ok(&visitor.probe(json!([kept()])).await);
    for (what, sql) in too_large() {
        let before = watch(&host);
        let results = visitor.probe(json!([select(&sql), kept()])).await;
        assert_eq!(code(&results[0]), "too-large", "{what}");
        ok(&results[1]);
        memory_stayed_low(&host, before, SLACK_KIB, what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_work_goes_on_after_a_large_row() {
    let (host, mut visitor) = with_big_row().await;
    let mut expected = 0;
    for (what, sql) in too_large() {
        let before = watch(&host);
        let steps = json!([keep(1), select(&sql), kept(), keep(2), select(&sql), keep(3)]);
        let results = visitor.probe(steps).await;
        assert_eq!((code(&results[1]), code(&results[4])), ("too-large", "too-large"), "{what}");
        assert_eq!(integer(&results[2]), expected + 1, "{what}");
        all_ok(&[results[3].clone(), results[5].clone()]);
        expected += 3;
        assert_eq!(integer(&visitor.probe(json!([kept()])).await[0]), expected, "{what}: everything was kept");
        memory_stayed_low(&host, before, SLACK_KIB, what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_ends_at_a_large_row_and_hands_out_those_before_it() {
    let (host, mut visitor) = with_big_row().await;
    let open = json!({ "op": "db.open-cursor", "sql": "select i, case when i = 4 then b.body else 'small' end \
        from generate_series(1, 6) as s (i) cross join big b where b.id = 1 order by i" });
    let next = |cursor: u32| json!({ "op": "cursor.next", "cursor": cursor, "max": 100 });
    let before = watch(&host);
    for steps in [
        json!([open, next(0), next(0), next(0), keep(1), kept()]),
        json!([keep(2), open, next(0), next(0), keep(3), kept()]),
    ] {
        let results = visitor.probe(steps.clone()).await;
        let at = usize::from(results.len() == 6 && steps[0] != open);
        assert_eq!(ok(&results[at + 1]).as_array().map(Vec::len), Some(3), "{results:?}");
        assert_eq!(code(&results[at + 2]), "too-large");
        ok(&results[4]);
        ok(&results[5]);
    }
    assert_eq!(integer(&visitor.probe(json!([kept()])).await[0]), 3);
    memory_stayed_low(&host, before, SLACK_KIB, "cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_of_an_error_is_cut() {
    let (host, mut visitor) = with_big_row().await;
    let wrong = select("select cast(body as bigint) from big where id = 1");
    let before = watch(&host);
    let results = visitor.probe(json!([wrong, keep(1), wrong, keep(2), kept()])).await;
    for result in [&results[0], &results[2]] {
        assert_eq!((code(result), &result["error"]["sqlstate"]), ("bad-parameter", &json!("22P02")));
        let message = result["error"]["message"].as_str().expect("a text");
        assert!(message.starts_with("invalid input syntax for type bigint: \"xxx") && message.len() < 70_000);
    }
    assert_eq!(integer(&results[4]), 2);
    memory_stayed_low(&host, before, SLACK_KIB, "error");
}

async fn a_row_of_many_large_values_is_refused(engine: Engine) {
    let (host, mut visitor) = patient(engine).await;
    let (sql, slack) = match engine {
        Engine::Postgres => (columns(1_600, "repeat('x', 100000)"), SLACK_KIB),
        Engine::Sqlite => (columns(40, "printf('%.*c', 16000000, 'x')"), SQLITE_SLACK_KIB),
    };
    let before = watch(&host);
    let results = visitor.probe(json!([select(&sql), select("select 1")])).await;
    assert_eq!(code(&results[0]), "too-large");
    ok(&results[1]);
    memory_stayed_low(&host, before, slack, "columns");
}

async fn large_rows_of_one_app_at_once_disturb_no_other(engine: Engine) {
    let (host, mut visitor) = patient(engine).await;
    let (sql, slack) = match engine {
        Engine::Postgres => ("select repeat('x', 60000000)".to_owned(), SLACK_KIB),
        Engine::Sqlite => (columns(4, "printf('%.*c', 16000000, 'x')"), SQLITE_SLACK_KIB),
    };
    let before = watch(&host);
    let mut crowd = JoinSet::new();
    for _ in 0..6 {
        let (mut visitor, sql) = (host.visitor(), sql.clone());
        crowd.spawn(async move {
            let results = visitor.probe(json!([select(&sql), select(&sql), select("select 1")])).await;
            // On SQLite others may hold all memory just then.
            let deadline = Instant::now() + DEADLINE;
            let mut goes_on = results[2].get("ok").is_some();
            assert!(goes_on || engine == Engine::Sqlite, "{results:?}");
            while !goes_on {
                assert!(Instant::now() < deadline, "the app itself does not go on");
                goes_on = visitor.probe_one(select("select 1")).await.get("ok").is_some();
            }
            results
        });
    }
    for n in 0..5 {
        // What SQLite may allocate is for all of the process: for a moment nothing is left.
        let results = until("the other app is served", async || {
            let results = at_other(&mut visitor, &json!([keep(n), kept()])).await;
            let is_served = results.iter().all(|result| result.get("ok").is_some());
            let lacks_memory =
                |result: &Value| result.get("ok").is_some() || ["too-large", "closed"].contains(&code(result));
            let may_lack = engine == Engine::Sqlite && results.iter().all(lacks_memory);
            assert!(is_served || may_lack, "{results:?}");
            is_served.then_some(results)
        });
        assert!(integer(&results.await[1]) > i64::from(n));
    }
    while let Some(results) = crowd.join_next().await {
        let results = results.expect("no visitor panics");
        assert_eq!((code(&results[0]), code(&results[1])), ("too-large", "too-large"));
    }
    memory_stayed_low(&host, before, slack, "at once");
}

async fn results_at_the_bound_leave_no_memory_behind(engine: Engine) {
    let (host, mut visitor) = probe_with(engine, &["create table t (body text)"]).await;
    let insert = execute("insert into t (body) values ($1)", json!(["x".repeat(6 << 20)]));
    all_ok(&visitor.probe(json!([insert, select("select length(body) from t")])).await);
    let before = host.rss_kib();
    for _ in 0..4 {
        let mut crowd = JoinSet::new();
        for _ in 0..4 {
            let mut visitor = host.visitor();
            let insert = execute("insert into t (body) select $1 where 1 = 0", json!(["y".repeat(6 << 20)]));
            crowd.spawn(async move { visitor.probe(json!([select("select body from t"), insert])).await });
        }
        while let Some(results) = crowd.join_next().await {
            all_ok(&results.expect("no visitor panics"));
        }
    }
    let falls = async || {
        let grown = host.rss_kib().saturating_sub(before);
        (grown < SLACK_KIB).then_some(())
    };
    until("the memory of the host falls back", falls).await;
}

async fn wide_statements_leave_no_memory_behind(engine: Engine) {
    let (host, mut visitor) = patient(engine).await;
    let mut run = async |round: u32| {
        let statements: Vec<Value> = (0..20).map(|n| select(&columns(1_600, &format!("{round}{n}")))).collect();
        all_ok(&visitor.probe(json!(statements)).await);
    };
    run(0).await;
    let before = host.rss_kib();
    for round in 1..9 {
        run(round).await;
    }
    let grown = host.rss_kib().saturating_sub(before);
    assert!(grown < 32 << 10, "the memory of the host rose by {grown} KiB");
}
