//! Types of Postgres that have no case of their own: read as `other`, in the database's own
//! writing.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, query, rows};
use support::random::Random;
use support::{Engine, TestHost};

/// How many random values of each type.
const COUNT: usize = 60;

/// A type and the text of a random value of it, as a person would write it.
type Type = (&'static str, fn(&mut Random) -> String);

const TYPES: [Type; 18] = [
    ("interval", |random| {
        let [years, days, micros] =
            [random.within(-5_000, 5_000), random.within(-40_000, 40_000), random.within(-1 << 50, 1 << 50)];
        format!("{years} months {days} days {micros} microseconds")
    }),
    ("inet", |random| {
        let bytes = random.bytes(4);
        format!("{}.{}.{}.{}/{}", bytes[0], bytes[1], bytes[2], bytes[3], random.below(33))
    }),
    ("inet", |random| {
        let group = |bits: u64| format!("{:x}", if bits.is_multiple_of(2) { 0 } else { bits >> 48 });
        let groups: Vec<String> = (0..8).map(|_| group(random.bits())).collect();
        format!("{}/{}", groups.join(":"), random.below(129))
    }),
    ("cidr", |random| format!("10.{}.0.0/16", random.below(256))),
    ("macaddr", |random| random.bytes(6).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")),
    ("bigint[]", |random| array(random, |random| (random.bits().cast_signed()).to_string())),
    ("text[]", |random| array(random, |random| (*random.one_of(&WORDS)).to_owned())),
    ("double precision[]", |random| array(random, |random| format!("{:e}", random.within(-1 << 40, 1 << 40)))),
    ("boolean[]", |random| array(random, |random| (random.below(2) == 0).to_string())),
    ("timestamptz[]", |random| array(random, |random| format!("{}-02-03 04:05:06+00", 1000 + random.below(9000)))),
    ("int8range", |random| {
        let first = random.within(-1000, 1000);
        format!("[{first},{})", first + random.within(0, 9))
    }),
    ("timetz", |random| format!("{:02}:{:02}:00+{:02}", random.below(24), random.below(60), random.below(15))),
    ("bit(12)", |random| (0..12).map(|_| if random.below(2) == 0 { '0' } else { '1' }).collect()),
    ("numrange", |random| format!("[{}.5,)", random.within(-1000, 1000))),
    ("nummultirange", |random| format!("{{[{}.5,1000),[2000,)}}", random.within(-1000, 999))),
    ("tstzmultirange", |random| format!("{{[{}-02-03 04:05:06+00,)}}", 1000 + random.below(9000))),
    ("int8multirange", |random| (*random.one_of(&["{}", "{[1,3),[5,9)}", "{(,)}", "{[3,5),[1,4)}"])).to_owned()),
    ("datemultirange[]", |random| array(random, |_| "{[2024-01-01,2024-02-01)}".to_owned())),
];

const WORDS: [&str; 8] = ["", "NULL", "\"", "\\\\", "a b", "{},", "🦀", "'"];

fn array(random: &mut Random, item: impl Fn(&mut Random) -> String) -> String {
    let items = (0..random.below(5)).map(|_| match random.below(5) {
        0 => "NULL".to_owned(),
        _ => format!("\"{}\"", item(random).replace('\\', "\\\\").replace('"', "\\\"")),
    });
    format!("{{{}}}", items.collect::<Vec<_>>().join(","))
}

/// `concat` writes a value as the database would send it as text; a cast of an `inet` to text adds
/// to that.
#[tokio::test(flavor = "multi_thread")]
async fn exotic_types_are_read_as_the_database_writes_them() {
    let host = TestHost::of(Engine::Postgres, "probe", "probe").await;
    let mut random = Random::from_environment();
    for (name, make) in TYPES {
        let given: Vec<String> = (0..COUNT).map(|_| make(&mut random)).collect();
        let columns = (1..=COUNT).map(|n| format!("${n}::text::{name}, concat(${n}::text::{name})"));
        let select = query(&format!("select {}", columns.collect::<Vec<_>>().join(", ")), json!(given));
        let results = host.probe(json!([select])).await;
        let row = rows(&results[0])[0].as_array().expect("a row");
        for (cells, given) in row.chunks(2).zip(&given) {
            assert_eq!(cells[0]["other"][1], cells[1], "{given:?} as {name}; {random}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exotic_types_come_back_out_of_their_columns() {
    let host = TestHost::of(Engine::Postgres, "probe", "probe").await;
    let mut random = Random::from_environment();
    for (number, (name, make)) in TYPES.into_iter().enumerate() {
        let table = format!("things_{number}");
        let create = execute(&format!("create table {table} (n bigint, v {name})"), json!([]));
        let mut steps = vec![create];
        for n in 0..20 {
            let insert = format!("insert into {table} (n, v) values ($1, $2::text::{name}) returning v");
            steps.push(query(&insert, json!([n, make(&mut random)])));
        }
        // What was read is a parameter again: as it is, and as NULL.
        let again = format!("insert into {table} (n, v) values (100, $1::text::{name}), (101, $2::text::{name})");
        steps.push(execute(&again, json!(["$1.ok.rows.0.0", null])));
        steps.push(query(&format!("select v from {table} where n in (0, 100, 101) order by n"), json!([])));
        let results = host.probe(json!(steps)).await;
        all_ok(&results);
        let back = rows(results.last().expect("a result"));
        assert_eq!(back[0], back[1], "{name}; {random}");
        assert_eq!(back[2], json!([null]), "{name}");
        assert!(back[0][0]["other"].is_array(), "{name}: {}", back[0][0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exotic_value_in_the_wrong_place_is_a_clear_error() {
    let host = TestHost::of(Engine::Postgres, "probe", "probe").await;
    let create = execute("create table things (v inet)", json!([]));
    let bare = execute("insert into things (v) values ($1)", json!([{ "other": ["inet", "::1"] }]));
    let wrong = execute("insert into things (v) values ($1::text::inet)", json!(["no address"]));
    let number = execute("insert into things (v) values ($1)", json!([5]));
    let results = host.probe(json!([create, bare, wrong, number])).await;
    for result in &results[1..] {
        assert_eq!(code(result), "bad-parameter");
    }
    let message = results[1]["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("$1::text::inet"), "it says what to write: {message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn moments_that_are_none_are_read_and_written_as_other() {
    let host = TestHost::of(Engine::Postgres, "probe", "probe").await;
    for (name, text) in [("date", "infinity"), ("timestamp", "-infinity"), ("timestamptz", "infinity")] {
        let select = query(&format!("select '{text}'::{name}"), json!([]));
        let back = query(&format!("select cast($1 as {name})"), json!(["$0.ok.rows.0.0"]));
        let results = host.probe(json!([select, back])).await;
        let read: &Value = &rows(&results[0])[0][0];
        assert_eq!(read["other"][1], text, "{name}");
        assert_eq!(read, &rows(&results[1])[0][0], "{name}");
    }
}
