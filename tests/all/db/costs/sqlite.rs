//! On SQLite a step of the engine cannot be interrupted. So nobody else waits for one, and it is
//! given up in time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;
use support::probe::{all_ok, code, execute, query};
use support::{Engine, TestHost, Visitor};

/// The functions that an app may call, as the host reads them: one that is added is tried by
/// itself.
const FUNCTIONS: &str = include_str!("../../../../host/src/storage/statement/allowed/functions_sqlite.txt");

/// The time of a statement and a second.
const IN_TIME: Duration = Duration::from_secs(6);
/// The time of a statement where many run until it is over.
const SHORT_TIME: &str = "1s";
/// The same and two seconds: other tests keep the machine busy.
const IN_SHORT_TIME: Duration = Duration::from_secs(3);
/// What a neighbour waits at most in the middle of many requests.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Values by their names: texts and documents of some megabytes. Together they are what makes each
/// function slow that can be made slow.
const VALUES: [(&str, &str); 12] = [
    // As long as a value may be.
    ("largest", "printf('%.*c', 16000000, 'a')"),
    // The same character, a set of others with it as the last, a part of the first that it does not
    // hold.
    ("same", "printf('%.*c', 2000000, 'a')"),
    ("others", "printf('%.*c', 1000000, 'b') || 'a'"),
    ("part", "printf('%.*c', 1000000, 'a') || 'b'"),
    ("digits", "printf('%.*c', 2000000, '1')"),
    ("wide", "replace(printf('%.*c', 1000000, 'a'), 'a', 'é')"),
    // Documents: many members, many elements, deep, and a path of many parts.
    (
        "members",
        "(with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000) \
                  select json_group_object('k' || i, i) from n)",
    ),
    ("elements", "'[' || replace(printf('%.*c', 500000, '1'), '1', '1,') || '1]'"),
    ("deep", "printf('%.*c', 900, '[') || printf('%.*c', 900, ']')"),
    ("path", "'$' || replace(printf('%.*c', 500000, 'a'), 'a', '.a')"),
    // Formats.
    ("format", "replace(printf('%.*c', 500000, 'a'), 'a', '%d%J')"),
    // Bytes that are no characters.
    ("bytes", "cast(replace(printf('%.*c', 1000000, 'a'), 'a', cast(x'80' as text)) as blob)"),
];

/// What is no function: operators and clauses over `{a}` and `{b}`.
const OPERATORS: [&str; 22] = [
    "select {a} = {b}",
    "select {a} < {b} collate nocase",
    "select length({a} || {b})",
    "select {a} + {b}",
    "select {a} in ({b}, {b}, {a})",
    "select {a} like '%' || substr({b}, 1, 249)",
    "select {a} glob '*[^' || substr({b}, 1, 240) || ']'",
    "select {a} like {b} escape 'c'",
    "select length({a} -> {b})",
    "select cast({a} as integer), cast({a} as numeric), cast({a} as real)",
    "select length({a}) from (select 1 union all select 2) order by {a}, {b}",
    "select count(distinct x) from (select {a} as x union all select {b} union all select {a} || 'x')",
    "select length(x) from (select {a} as x union select {b} union select {a} || 'x')",
    "select max(length(x)) from (select {a} as x union all select {b}) group by x",
    "select length(group_concat(substr({a}, 1, 4000000)) over (rows between 1 preceding and 1 following)) from ten",
    "select length(json_group_array(substr({a}, 1, 4000000)) over (rows between 1 preceding and 1 following)) from ten",
    "select length(max({a} || n) over (order by n)) from ten",
    "select count(*) from ten as x, ten as y, ten as z where {a} || x.n = {b} || y.n || z.n",
    "select length(x.n || {a}) from ten as x order by 1, x.n || {a}, x.n || {b}",
    "select decimals.n from decimals, decimals as other where decimals.n = other.n order by other.n",
    "select count(*) from json_tree({a})",
    "select count(*) from json_each({a}, {b})",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_function_ends_in_time_and_a_neighbour_notices_nothing() {
    let host = TestHost::with(Engine::Sqlite).app("probe", "probe").app("other", "probe").start().await;
    prepare(&mut host.visitor()).await;
    let host = TestHost::with(Engine::Sqlite).database(host.into_database().await);
    let host = host.env("INNKEEPER_STATEMENT_TIME", SHORT_TIME).start().await;
    let neighbour = Neighbour::begin(&host);
    let functions = functions(&mut host.visitor()).await;
    assert!(functions.iter().filter(|function| !function.takes.is_empty()).count() > 80, "{functions:?}");
    let mut statements: Vec<String> = functions.iter().flat_map(Function::statements).collect();
    statements.extend(operations());
    let statements: BTreeSet<String> = statements.into_iter().collect();
    let turns = Arc::new(Mutex::new(statements));
    let attackers: Vec<_> = (0..3).map(|_| tokio::spawn(run_all(host.visitor(), Arc::clone(&turns)))).collect();
    let mut late = BTreeSet::new();
    for attacker in attackers {
        late.extend(attacker.await.expect("a visitor does not panic"));
    }
    neighbour.has_noticed_nothing().await;
    // Where the machine was busy with something else, they get another chance. What really runs on
    // is late each time.
    for _ in 0..5 {
        let left = Arc::new(Mutex::new(std::mem::take(&mut late)));
        late.extend(run_all(host.visitor(), left).await);
    }
    assert!(late.is_empty(), "too slow: {late:#?}");
}

/// Looks for a text of 249 bytes in one of sixteen millions, in one step: some seconds in which
/// nothing can interrupt it.
const LONG_STEP: &str =
    "select length(x) from v where name = 'largest' and x like '%' || substr(x, 1, 248) || 'b'";

/// What once ran for ever.
const ONCE_ENDLESS: &str = "select length(trim(printf('%.*c', 400000, 'a'), printf('%.*c', 400000, 'b') || 'a'))";

/// Sorts what does not fit into memory.
const SORTING: &str = "select max(length(y)) from (select x.n || substr(v.x, 1, 1000000) as y from ten as x, ten as z, v \
                       where v.name = 'largest' order by y limit -1 offset 3)";

#[tokio::test(flavor = "multi_thread")]
async fn more_long_steps_than_threads_stop_nobody_and_the_host_ends_in_time() {
    let mut host = TestHost::with(Engine::Sqlite).app("probe", "probe").app("other", "probe").start().await;
    prepare(&mut host.visitor()).await;
    let neighbour = Neighbour::begin(&host);
    let steps = [LONG_STEP; 8].into_iter().chain([ONCE_ENDLESS; 4]).chain([SORTING; 2]);
    let attack: Vec<_> = steps
        .map(|sql| {
            let (mut visitor, step) = (host.visitor(), query(sql, json!([])));
            tokio::spawn(async move {
                let began = Instant::now();
                (visitor.probe_one(step).await, began.elapsed())
            })
        })
        .collect();
    let mut ends = Vec::new();
    for attacker in attack {
        // Meanwhile the other app works.
        let steps = json!([
            execute("create table if not exists o (a bigint)", json!([])),
            execute("insert into o (a) values (1)", json!([])),
            query("select count(*) from o", json!([])),
        ]);
        let request = Visitor::with_steps("/other/steps", &steps);
        let answer = host.visitor().send(request, Full::new(Bytes::new())).await.expect(200).json();
        assert!((0..3).all(|step| answer.pointer(&format!("/{step}/ok")).is_some()), "{answer}");
        let (result, took) = attacker.await.expect("a visitor does not panic");
        assert!(took < 2 * IN_TIME, "{took:?}: {result}");
        ends.push(result.pointer("/error/code").and_then(|code| code.as_str()).unwrap_or("ok").to_owned());
    }
    // There are six threads for the app, and nobody waits longer than two seconds for one.
    assert!(ends.iter().any(|end| end == "busy"), "{ends:?}");
    assert!(ends.iter().all(|end| ["busy", "timeout", "ok"].contains(&end.as_str())), "{ends:?}");
    if ends.iter().any(|end| end == "timeout") {
        host.wait_for_log("a statement goes on beyond its time").await;
    }
    neighbour.has_noticed_nothing().await;
    let again: Vec<_> = (0..3)
        .map(|_| {
            let mut visitor = host.visitor();
            tokio::spawn(async move { visitor.try_probe(json!([query(LONG_STEP, json!([]))])).await.is_some() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    let (status, log) = host.terminate().await;
    assert!(status.success(), "{status}: {log}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    for answered in again {
        assert!(answered.await.expect("a visitor does not panic"), "nobody is cut off");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_with_an_injection_stop_nothing() {
    let host = TestHost::with(Engine::Sqlite).app("probe", "probe").app("other", "probe").start().await;
    prepare(&mut host.visitor()).await;
    let neighbour = Neighbour::begin(&host);
    let strangers: Vec<_> = [ONCE_ENDLESS, ONCE_ENDLESS, LONG_STEP, LONG_STEP]
        .into_iter()
        .map(|sql| {
            let path = Visitor::path_with_steps("/run", &json!([query(sql, json!([]))]));
            let mut visitor = host.visitor();
            tokio::spawn(async move {
                let began = Instant::now();
                visitor.get(&path).await.expect(200);
                began.elapsed()
            })
        })
        .collect();
    for stranger in strangers {
        let took = stranger.await.expect("a visitor does not panic");
        assert!(took < 2 * IN_TIME, "{took:?}");
    }
    neighbour.has_noticed_nothing().await;
}

/// Tables of values, each made once.
async fn prepare(visitor: &mut Visitor) {
    let tables = ["create table v (name text primary key, x text)", "create table ten (n integer primary key)"];
    let digits = "printf('%.*c', 2000000, '1')";
    let decimals = json!({ "op": "db.define-table", "table": { "name": "decimals", "columns": [
        { "name": "id", "column-type": "integer", "identity": true }, { "name": "n", "column-type": "decimal" }], "primary-key": ["id"] } });
    let numbers = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 10)";
    let mut steps = vec![
        json!({ "op": "db.migrate", "migrations": [{ "name": "1", "statements": tables }] }),
        decimals,
        execute(&format!("insert into ten {numbers} select i from n"), json!([])),
        execute(
            &format!("insert into decimals (n) {numbers} select substr({digits}, 1, 131000) || '.' || i from n"),
            json!([]),
        ),
    ];
    steps.extend(
        VALUES.map(|(name, value)| {
            execute(&format!("insert into v (name, x) values ('{name}', {value})"), json!([]))
        }),
    );
    all_ok(&visitor.probe(json!(steps)).await);
}

fn value(name: &str) -> String {
    format!("(select x from v where name = '{name}')")
}

/// How many arguments a function takes, up to three.
#[derive(Debug)]
struct Function {
    name: &'static str,
    is_aggregate: bool,
    takes: Vec<usize>,
}

/// All functions of the list that are called by a name, and what they take.
async fn functions(visitor: &mut Visitor) -> Vec<Function> {
    let mut functions = Vec::new();
    let lines = FUNCTIONS.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    for line in lines.filter(|line| line.starts_with(|letter: char| letter.is_ascii_alphabetic())) {
        let name = line.split(' ').next().unwrap_or_default();
        let calls =
            (1..4).map(|count| query(&format!("select {name}({})", vec!["'1'"; count].join(", ")), json!([])));
        let results = visitor.probe(json!(calls.collect::<Vec<_>>())).await;
        let takes = (1..4).filter(|count| {
            let message = results[count - 1].pointer("/error/message").and_then(|message| message.as_str());
            !message.is_some_and(|message| {
                message.starts_with("wrong number of arguments") || message.starts_with("no such function")
            })
        });
        functions.push(Function { name, is_aggregate: line.ends_with(" aggregate"), takes: takes.collect() });
    }
    functions
}

impl Function {
    /// Every value in every place, and beside it others that make the most of it.
    fn calls(&self) -> Vec<String> {
        let mut calls = Vec::new();
        for (first, _) in VALUES {
            let mut add = |arguments: &[&str]| {
                if self.takes.contains(&arguments.len()) {
                    let arguments: Vec<String> = arguments.iter().map(|name| value(name)).collect();
                    calls.push(format!("{}({})", self.name, arguments.join(", ")));
                }
            };
            add(&[first]);
            add(&[first, "same"]);
            add(&["same", first]);
            add(&["same", first, "others"]);
        }
        calls
    }

    fn statements(&self) -> Vec<String> {
        let alone = |call: &String| match self.is_aggregate {
            false => format!("select length({call})"),
            true => format!("select length({call} over (order by n rows 1 preceding)) from ten where n < 4"),
        };
        self.calls().iter().map(alone).collect()
    }
}

/// Every operator and clause with every value on each side.
fn operations() -> Vec<String> {
    let both = |operator: &str, a: &str, b: &str| operator.replace("{a}", &value(a)).replace("{b}", &value(b));
    let with = |name: &str| OPERATORS.map(|operator| [both(operator, name, "same"), both(operator, "same", name)]);
    VALUES.iter().flat_map(|(name, _)| with(name)).flatten().collect()
}

/// Runs one statement after the other while there are any, and tells which of them took too long.
async fn run_all(mut visitor: Visitor, left: Arc<Mutex<BTreeSet<String>>>) -> Vec<String> {
    let mut late = Vec::new();
    loop {
        let Some(sql) = left.lock().expect("nobody panics while holding it").pop_first() else { return late };
        let began = Instant::now();
        let result = visitor.probe_one(query(&sql, json!([]))).await;
        let took = began.elapsed();
        let expected = ["timeout", "too-large", "syntax", "bad-parameter", "busy"];
        assert!(result.get("ok").is_some() || expected.contains(&code(&result)), "{sql}: {result}");
        if took > IN_SHORT_TIME {
            late.push(sql);
        }
    }
}

/// Somebody who asks all the time whether the host is alive.
struct Neighbour {
    asking: tokio::task::JoinHandle<Vec<Duration>>,
    /// For how long the machine holds somebody up who only sleeps.
    sleeping: tokio::task::JoinHandle<Duration>,
    stop: Arc<AtomicBool>,
}

impl Neighbour {
    fn begin(host: &TestHost) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (mut visitor, ended) = (host.visitor(), stop.clone());
        let asking = tokio::spawn(async move {
            let mut times = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                visitor.get("/_innkeeper/live").await.expect(200);
                times.push(began.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            times
        });
        let ended = stop.clone();
        let sleeping = tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                tokio::time::sleep(Duration::from_millis(20)).await;
                longest = longest.max(began.elapsed());
            }
            longest
        });
        Self { asking, sleeping, stop }
    }

    async fn has_noticed_nothing(self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut times = self.asking.await.expect("every answer came");
        times.sort();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        assert!(median < AT_ONCE, "half of {} answers took {median:?}", times.len());
        let held_up = self.sleeping.await.expect("it only sleeps");
        assert!(
            longest < Duration::from_secs(2) + 2 * held_up,
            "one answer took {longest:?}, a sleep {held_up:?}"
        );
    }
}
