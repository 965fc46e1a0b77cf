//! Every function and operator of Postgres that the gate lets pass, by itself and with the largest
//! arguments that the limits allow.
//!
//! The list of names is the gate's own, the signatures are the server's, and arguments are made
//! from their types: a name that is added to the list is measured without a change here. However
//! long a call takes, the server must end it soon after its time is over, and the host must answer
//! meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::postgres::{Server, USER};
use support::probe::query;
use support::{Engine, TestDatabase, TestHost};
use tokio::task::JoinSet;

const FUNCTIONS: &str = include_str!("../../../../host/src/storage/statement/allowed/functions_postgres.txt");

/// Names on the list that are not in the catalogue of a Postgres 15 without extensions: keywords,
/// what newer versions have, and what extensions bring. A name that is neither here nor there is
/// not measured, and fails the test.
const ELSEWHERE: &[&str] = &[
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "row",
    "array",
    "exists",
    "grouping",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "all",
    "any",
    "some",
    "trim",
    "xmlagg",
    "erf",
    "erfc",
    "random_normal",
    "casefold",
    "to_bin",
    "to_oct",
    "unicode_assigned",
    "crc32",
    "crc32c",
    "date_add",
    "date_subtract",
    "uuid_extract_timestamp",
    "uuid_extract_version",
    "uuidv4",
    "uuidv7",
    "array_reverse",
    "array_sample",
    "array_shuffle",
    "array_sort",
    "json_array",
    "json_scalar",
    "json_arrayagg",
    "json_objectagg",
    "any_value",
    "cosine_distance",
    "inner_product",
    "l1_distance",
    "l2_distance",
    "l2_normalize",
    "show_trgm",
    "similarity",
    "strict_word_similarity",
    "unaccent",
    "vector_dims",
    "vector_norm",
    "word_similarity",
    "numeric_inc",
];

/// Types of arguments that no statement of an app can make: a signature that wants one cannot be
/// called.
const NOT_MADE: &[&str] = &[
    "internal",
    "cstring",
    "oid",
    "regclass",
    "regconfig",
    "xid",
    "xid8",
    "tid",
    "cid",
    "pg_lsn",
    "anyenum",
    "xml",
    "aclitem",
    "_aclitem",
    "oidvector",
    "int2vector",
    "pg_snapshot",
    "txid_snapshot",
    "refcursor",
    "record",
    "_record",
    "_cstring",
    "pg_brin_bloom_summary",
    "regproc",
    "regrole",
    "regtype",
    "regoper",
    "regoperator",
    "regprocedure",
    "regnamespace",
    "regdictionary",
    "regcollation",
    "unknown",
    "gtsvector",
];

/// The time of a statement (5 s) and a second.
const END: &str = "6 seconds";
/// The server is asked this often what runs.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Of half of the answers.
const LIVE_TIME: Duration = Duration::from_millis(100);
const VISITORS: usize = 3;

/// Arguments of a type: what is searched, and what is looked for in it. From huge to what a bound
/// may still let pass.
#[expect(clippy::too_many_lines, reason = "a table, one entry for each type")]
fn arguments(type_name: &str) -> Option<Vec<[String; 2]>> {
    let same = |text: &str| vec![[text.to_owned(), text.to_owned()]];
    let cast =
        |to: &str| texts().into_iter().map(|pair| pair.map(|text| format!("cast({text} as {to})"))).collect();
    let array = |element: &str, huge: u32| {
        [huge, 5_000]
            .map(|size| {
                let fill = |value: u32| format!("array_fill(cast({value} as {element}), array[{size}])");
                [fill(1), fill(2)]
            })
            .to_vec()
    };
    let range = |of: &str| format!("{of}range(cast(null as {}), null)", range_of(of));
    let polygon = |size: u32| {
        let one = |circle: &str| format!("polygon({size}, cast('{circle}' as circle))");
        [one("((0,0),1)"), one("((0.1,0),1)")]
    };
    Some(match type_name {
        "text" | "any" | "anyelement" | "anynonarray" | "anycompatible" | "anycompatiblenonarray" => texts(),
        "varchar" | "bpchar" => cast(type_name),
        "name" => same("cast(repeat('a', 60) as name)"),
        "char" => same("cast('a' as \"char\")"),
        "bytea" => {
            texts().into_iter().map(|pair| pair.map(|text| format!("convert_to({text}, 'UTF8')"))).collect()
        }
        "json" | "jsonb" => {
            let list =
                |size: u32, value: &str| format!("cast('[' || repeat('{value},', {size}) || '0]' as {type_name})");
            let deep = format!("cast(repeat('[', 5000) || repeat(']', 5000) as {type_name})");
            vec![
                [list(2_000_000, "1"), list(2_000_000, "2")],
                [list(2_000, "1"), list(2_000, "2")],
                [deep.clone(), deep],
            ]
        }
        "jsonpath" => same("cast('$.** ? (@ > 1)' as jsonpath)"),
        "int2" => same("cast(32767 as smallint)"),
        "int4" => ["2147483647", "16777216", "30000"].map(|n| [n.to_owned(), n.to_owned()]).to_vec(),
        "int8" => ["9223372036854775807", "16777216"]
            .map(|n| [format!("cast({n} as bigint)"), format!("cast({n} as bigint)")])
            .to_vec(),
        "numeric" => {
            let large = "cast(repeat('9', 131000) || '.' || repeat('9', 16000) as numeric)".to_owned();
            let half = "cast(repeat('7', 65000) || '.' || repeat('9', 16000) as numeric)".to_owned();
            let small = "cast('1.' || repeat('9', 16000) as numeric)".to_owned();
            vec![
                [large.clone(), half],
                [large, small.clone()],
                [small.clone(), small],
                ["32177.0".into(), "9999.0".into()],
            ]
        }
        "float4" => same("cast(3e38 as float4)"),
        "float8" => same("cast(1e300 as float8)"),
        "money" => same("cast('1' as money)"),
        "bool" => same("true"),
        "date" => same("cast('5874897-01-01' as date)"),
        "time" => same("cast('23:59:59' as time)"),
        "timetz" => same("cast('23:59:59+01' as timetz)"),
        "timestamp" => same("cast('294276-01-01' as timestamp)"),
        "timestamptz" => same("cast('294276-01-01' as timestamptz)"),
        "interval" => same("cast('1 microsecond' as interval)"),
        "uuid" => same("cast('00000000-0000-0000-0000-000000000000' as uuid)"),
        "inet" | "cidr" => same(&format!("cast('::1/128' as {type_name})")),
        "macaddr" => same("cast('08:00:2b:01:02:03' as macaddr)"),
        "macaddr8" => same("cast('08:00:2b:01:02:03:04:05' as macaddr8)"),
        "bit" | "varbit" => [8_000_000, 150_000]
            .map(|size| {
                [
                    format!("cast(repeat('1', {size}) as varbit)"),
                    format!("cast(repeat('1', {}) || '0' as varbit)", size / 2),
                ]
            })
            .to_vec(),
        "point" => same("cast('(1,1)' as point)"),
        "line" => same("cast('{1,2,3}' as line)"),
        "lseg" => same("cast('[(0,0),(1,1)]' as lseg)"),
        "box" => same("cast('(0,0),(1,1)' as box)"),
        "circle" => same("cast('((0,0),1)' as circle)"),
        "polygon" => vec![polygon(500_000), polygon(1_500)],
        "path" => {
            vec![polygon(500_000).map(|p| format!("path({p})")), polygon(1_500).map(|p| format!("path({p})"))]
        }
        "tsvector" => same("to_tsvector('simple', repeat('a b ', 400000))"),
        "tsquery" => vec![[
            "to_tsquery('simple', repeat('a <-> b & ', 1500) || 'c')".into(),
            "to_tsquery('simple', repeat('a | ', 3000) || 'b')".into(),
        ]],
        "anyarray" | "anycompatiblearray" | "_text" => {
            let mut arrays = array("text", 1_000_000);
            if type_name != "_text" {
                arrays.extend(array("int", 2_000_000));
                arrays.extend(array("bool", 1));
            }
            arrays
        }
        "anyrange" | "anycompatiblerange" | "int4range" => same("int4range(1, 2147483647)"),
        "anymultirange" | "anycompatiblemultirange" | "int4multirange" => vec![[
            "(select range_agg(int4range(i * 4, i * 4 + 1)) from generate_series(1, 200000) i)".into(),
            "(select range_agg(int4range(i * 4 + 2, i * 4 + 3)) from generate_series(1, 200000) i)".into(),
        ]],
        "int8range" => same(&range("int8")),
        "numrange" => same(&range("num")),
        "daterange" => same(&range("date")),
        "tsrange" => same(&range("ts")),
        "tstzrange" => same(&range("tstz")),
        array_type if array_type.starts_with('_') => {
            let element = &array_type[1..];
            let values = arguments(element)?;
            let [value, _] = values.last()?.clone();
            let size = if ["int2", "int4", "int8", "float4", "float8", "bool"].contains(&element) {
                2_000_000
            } else {
                10_000
            };
            let fill = format!("array_fill({value}, array[{size}])");
            vec![[fill.clone(), fill]]
        }
        _ => return None,
    })
}

/// The pairs that are compared for the longest time, and marks that are not in order.
fn texts() -> Vec<[String; 2]> {
    let whole = "repeat('a', 16777216)";
    [
        [whole, "('b' || repeat('a', 8388608))"],
        ["repeat('é', 8388608)", "('%' || repeat('é', 4) || 'b')"],
        ["(repeat('a', 14000) || 'b')", "('b' || repeat('a', 14000))"],
        ["repeat(chr(789) || chr(768), 4000000)", "repeat(chr(789) || chr(768), 7000)"],
    ]
    .map(|pair| pair.map(str::to_owned))
    .to_vec()
}

fn range_of(name: &str) -> &'static str {
    match name {
        "int8" => "bigint",
        "num" => "numeric",
        "date" => "date",
        "ts" => "timestamp",
        _ => "timestamptz",
    }
}

/// A call as the catalogue describes it.
struct Signature {
    name: String,
    types: Vec<String>,
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Function,
    Window,
    /// An aggregate over an order.
    Ordered,
    Operator,
}

impl Signature {
    /// The statements that measure it; none where an argument cannot be made.
    fn statements(&self) -> Option<Vec<String>> {
        let choices: Vec<Vec<[String; 2]>> =
            self.types.iter().map(|name| arguments(name)).collect::<Option<_>>()?;
        // What comes last is about a text alone.
        let most = choices.iter().map(Vec::len).max().unwrap_or(1).min(if choices.len() > 1 { 3 } else { 9 });
        // With the first argument the one that is searched, and the other way round.
        let ways = if choices.iter().filter(|pairs| pairs.len() > 1).count() > 1 { 2 } else { 1 };
        let call = |choice: usize, way: usize| {
            let of = |(at, pairs): (usize, &Vec<[String; 2]>)| {
                pairs[choice % pairs.len()][(at.min(1) + way) % 2].clone()
            };
            self.call(&choices.iter().enumerate().map(of).collect::<Vec<_>>())
        };
        Some(
            (0..most)
                .flat_map(|choice| (0..ways).map(move |way| (choice, way)))
                .map(|(choice, way)| call(choice, way))
                .collect(),
        )
    }

    fn call(&self, values: &[String]) -> String {
        let list = values.join(", ");
        let name = &self.name;
        let call = match (&self.kind, values) {
            (Kind::Operator, [right]) => format!("{name} {right}"),
            (Kind::Operator, [left, right]) => format!("{left} {name} {right}"),
            (Kind::Window, _) => format!("{name}({list}) over ()"),
            (Kind::Ordered, [values @ .., order]) => {
                format!("{name}({}) within group (order by {order})", values.join(", "))
            }
            // Reserved where it is not written as a call of SQL.
            _ if name == "position" => format!("position({} in {})", values[1], values[0]),
            _ => format!("{name}({list})"),
        };
        format!("select count(q.x) from (select {call} as x offset 0) q")
    }

    fn title(&self) -> String {
        format!("{}({})", self.name, self.types.join(", "))
    }
}

/// Names on the list, without the sequences', which need one that is there.
fn names() -> BTreeSet<&'static str> {
    let lines = FUNCTIONS.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty() && !line.contains("sequence"))
        .filter_map(|line| line.split(' ').next())
        .collect()
}

async fn signatures(server: &Server) -> Vec<Signature> {
    let list = names().into_iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(",");
    let types = "coalesce((select string_agg(t.typname, ' ' order by a.n) from unnest(p.proargtypes) with ordinality a(o, n) \
                 join pg_type t on t.oid = a.o), '')";
    let functions = format!(
        "select proname::text, {types}, case when prokind = 'w' then 'w' when exists (select 1 from pg_aggregate \
         where aggfnoid = p.oid and aggkind <> 'n') then 'o' else 'f' end \
         from pg_proc p where pronamespace = 'pg_catalog'::regnamespace and proname in ({list}) order by 1, 2"
    );
    let operators = "select oprname::text, concat_ws(' ', (select typname from pg_type where oid = oprleft), \
                     (select typname from pg_type where oid = oprright)), 'x' from pg_operator \
                     where oprnamespace = 'pg_catalog'::regnamespace order by 1, 2";
    let mut all = Vec::new();
    for row in [server.ask(&functions).await, server.ask(operators).await].concat() {
        let kind = match row[2].as_str() {
            "w" => Kind::Window,
            "o" => Kind::Ordered,
            "x" => Kind::Operator,
            _ => Kind::Function,
        };
        let types = row[1].split_ascii_whitespace().map(str::to_owned).collect();
        all.push(Signature { name: row[0].clone(), types, kind });
    }
    all
}

/// What has been found so far.
#[derive(Default)]
struct Found {
    /// Numbers of the statements that ran on after their time.
    late: Mutex<BTreeSet<usize>>,
    live: Mutex<Vec<Duration>>,
    over: AtomicBool,
    refused: AtomicUsize,
}

/// Looks which statements run on after their time, until it is over.
async fn watch(server: Arc<Server>, found: Arc<Found>) {
    let late = format!(
        "select substring(query from 'm([0-9]+)_') from pg_stat_activity where usename = '{USER}' and state = 'active' \
         and clock_timestamp() - query_start > interval '{END}'"
    );
    while !found.over.load(Ordering::Relaxed) {
        let rows = server.ask(&late).await;
        let numbers = rows.into_iter().flatten().map(|number| number.parse::<usize>().expect("a number"));
        found.late.lock().expect("nobody panics").extend(numbers);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn live(mut visitor: support::Visitor, found: Arc<Found>) {
    while !found.over.load(Ordering::Relaxed) {
        let began = Instant::now();
        visitor.get("/_innkeeper/live").await.expect(200);
        found.live.lock().expect("nobody panics").push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Runs statements one after the other until none is left.
async fn measure(mut visitor: support::Visitor, left: Arc<Mutex<Vec<(usize, String)>>>, found: Arc<Found>) {
    loop {
        let Some((number, sql)) = left.lock().expect("nobody panics").pop() else { return };
        let sql = sql.replacen("count(q.x)", &format!("count(q.x) as m{number}_"), 1);
        loop {
            let result = visitor.probe_one(query(&sql, json!([]))).await;
            let code = result.pointer("/error/code").and_then(serde_json::Value::as_str).unwrap_or_default();
            if ["denied", "syntax", "too-large", "bad-parameter"].contains(&code) {
                found.refused.fetch_add(1, Ordering::Relaxed);
            }
            assert_ne!(code, "unavailable", "{sql}");
            // Another one hangs: `watch` has seen it, and this one is to be measured too.
            if code != "busy" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Measures statements, and returns those that ran on after their time.
async fn run(server: &Arc<Server>, host: &TestHost, statements: Vec<(usize, String)>) -> Arc<Found> {
    let (found, left) = (Arc::<Found>::default(), Arc::new(Mutex::new(statements)));
    let watching = tokio::spawn(watch(Arc::clone(server), Arc::clone(&found)));
    let living = tokio::spawn(live(host.visitor(), Arc::clone(&found)));
    let mut visitors = JoinSet::new();
    for _ in 0..VISITORS {
        visitors.spawn(measure(host.visitor(), Arc::clone(&left), Arc::clone(&found)));
    }
    visitors.join_all().await;
    found.over.store(true, Ordering::Relaxed);
    watching.await.expect("the server answers");
    living.await.expect("the host answers");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_ends_soon_after_its_time() {
    let server = Arc::new(Server::start());
    let url = server.fresh_database().await;
    let host =
        TestHost::with(Engine::Postgres).database(TestDatabase::at(&url)).app("probe", "probe").start().await;
    let signatures = signatures(&server).await;
    let there: BTreeSet<&str> = signatures.iter().map(|signature| signature.name.as_str()).collect();
    let unknown: Vec<&str> =
        names().into_iter().filter(|name| !there.contains(name) && !ELSEWHERE.contains(name)).collect();
    assert!(unknown.is_empty(), "not measured: {unknown:?}");
    let mut statements = Vec::new();
    for signature in &signatures {
        match signature.statements() {
            Some(more) => statements.extend(more),
            None => {
                let missing =
                    signature.types.iter().find(|name| arguments(name).is_none()).expect("one is missing");
                assert!(
                    NOT_MADE.contains(&missing.as_str()),
                    "{}: no argument of the type {missing}",
                    signature.title()
                );
            }
        }
    }
    let count = statements.len();
    let statements: Vec<(usize, String)> = statements.into_iter().enumerate().collect();
    let found = run(&server, &host, statements.clone()).await;
    let refused = found.refused.load(Ordering::Relaxed);
    assert!(refused < count * 3 / 4, "{refused} of {count} statements were refused: nothing is measured");
    let mut live = found.live.lock().expect("nobody panics").clone();
    live.sort_unstable();
    let median = live[live.len() / 2];
    assert!(median < LIVE_TIME, "half of the answers took more than {median:?}");
    // Once more, and alone: the machine may have been at something else.
    let late: Vec<usize> = found.late.lock().expect("nobody panics").iter().copied().collect();
    let texts: Vec<&str> = late.iter().map(|number| statements[*number].1.as_str()).collect();
    println!("{count} statements, {refused} refused or failed, late at first: {texts:#?}, live: {median:?}");
    let mut again = Vec::new();
    for number in late {
        let found = run(&server, &host, vec![statements[number].clone()]).await;
        if !found.late.lock().expect("nobody panics").is_empty() {
            again.push(&statements[number].1);
        }
    }
    assert!(again.is_empty(), "these run on after their time: {again:#?}");
}
