//! The same SQL gives the same on both databases: `tests/corpus/portable.sql`, value by value.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, query, rows};
use support::{Engine, paths};

use super::probe;
use super::tables::define;

on_both_databases! {
    the_same_sql_gives_the_same,
    all_letters_are_changed_alike,
    a_check_sees_all_letters,
    a_text_is_found_by_a_cursor_and_inside_a_transaction,
}

/// Statements in one request.
const PER_REQUEST: usize = 20;

/// A statement and what it gives.
struct Entry {
    sql: String,
    postgres: String,
    sqlite: String,
}

fn entries() -> Vec<Entry> {
    let path = paths::repository().join("tests/corpus/portable.sql");
    let text = std::fs::read_to_string(path).expect("the corpus");
    let mut entries: Vec<Entry> = Vec::new();
    let mut sql = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(answer) = line.strip_prefix("=> ") else {
            sql = sql + line + "\n";
            continue;
        };
        if let Some(sqlite) = answer.strip_prefix("sqlite ") {
            entries.last_mut().expect("a statement before it").sqlite = sqlite.to_owned();
            continue;
        }
        let sql = std::mem::take(&mut sql).trim().to_owned();
        let postgres = answer.strip_prefix("postgres ").unwrap_or(answer).to_owned();
        let sqlite = if answer.starts_with("postgres ") { String::new() } else { postgres.clone() };
        entries.push(Entry { sql, postgres, sqlite });
    }
    assert!(sql.trim().is_empty(), "nothing is said of {sql}");
    entries
}

/// The table of the corpus.
fn people() -> Vec<Value> {
    let column = |name: &str, kind: &str| json!({ "name": name, "column-type": kind, "nullable": name != "id" });
    let columns = [
        column("id", "integer"),
        column("email", "text"),
        column("score", "float"),
        column("price", "decimal"),
        column("active", "boolean"),
        column("born", "date"),
        column("seen", "instant"),
        column("data", "json"),
        column("photo", "bytes"),
        column("age", "integer"),
    ];
    let table = json!({ "name": "people", "columns": columns, "primary-key": ["id"] });
    let documents = [r#"{"a": 1, "b": "x", "c": [1, 2], "d": true, "e": null}"#, r#"{"a": 2.50}"#, "[]"];
    let [first, second, fourth] = documents.map(|document| json!({ "json": document }));
    let born = json!({ "date": [1990, 2, 28] });
    let sql = "insert into people (id, email, score, price, active, born, seen, data, photo, age) \
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let row = |values: Value| execute(sql, values);
    vec![
        define(table),
        row(
            json!([1, "JÜRGEN@example.org", 2.5, {"decimal": "19.90"}, true, born, {"instant": "0"}, first, {"bytes": "YWI="}, 30]),
        ),
        row(
            json!([2, "100%_sure\\", -2.5, {"decimal": "1.10"}, false, {"date": [2024, 2, 29]}, {"instant": "1700000000000000"},
            second, {"bytes": ""}, null]),
        ),
        row(json!([3, null, null, null, null, null, null, null, null, 41])),
        row(json!([4, "straße", 0.1, {"decimal": "100"}, true, born, null, fourth, null, 30])),
    ]
}

async fn the_same_sql_gives_the_same(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!(people())).await);
    let entries = entries();
    let same = entries.iter().filter(|entry| entry.postgres == entry.sqlite).count();
    assert!(same >= 150, "only {same} are the same");
    let mut problems = Vec::new();
    for part in entries.chunks(PER_REQUEST) {
        let steps: Vec<Value> = part.iter().map(|entry| query(&entry.sql, json!([]))).collect();
        for (entry, result) in part.iter().zip(visitor.probe(json!(steps)).await) {
            let wanted = if engine == Engine::Postgres { &entry.postgres } else { &entry.sqlite };
            let got = shown(&result, wanted);
            if got != *wanted {
                problems.push(format!("{}\n    gives  {got}\n    not    {wanted}\n    {result}", entry.sql));
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// A result as the corpus writes it.
fn shown(result: &Value, wanted: &str) -> String {
    if result.get("error").is_some() {
        return format!("error {}", code(result));
    }
    if wanted == "runs" {
        return "runs".to_owned();
    }
    if wanted.starts_with("columns ") {
        let columns = ok(result)["columns"].as_array().expect("columns");
        let names: Vec<&str> = columns.iter().filter_map(Value::as_str).collect();
        return format!("columns {}", names.join(", "));
    }
    let row = |row: &Value| row.as_array().expect("a row").iter().map(cell).collect::<Vec<_>>().join(" | ");
    let rows: Vec<String> = rows(result).as_array().expect("rows").iter().map(row).collect();
    if rows.is_empty() { "nothing".to_owned() } else { rows.join(" / ") }
}

fn cell(cell: &Value) -> String {
    match cell {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => format!("boolean {yes}"),
        Value::String(text) => format!("text {text}"),
        Value::Object(members) => {
            let (kind, content) = members.iter().next().expect("one member");
            format!("{kind} {}", content.as_str().map_or_else(|| content.to_string(), str::to_owned))
        }
        other => panic!("no value: {other}"),
    }
}

/// Letters that have had both sizes since before Unicode 15.
const LETTERS: [std::ops::RangeInclusive<u32>; 16] = [
    0x41..=0x7A,
    0xC0..=0x24F,
    0x370..=0x3FF,
    0x400..=0x52F,
    0x531..=0x587,
    0x10A0..=0x10FF,
    0x13A0..=0x13FD,
    0x1C90..=0x1CBF,
    0x1E00..=0x1FFF,
    0x2160..=0x217F,
    0x24B6..=0x24E9,
    0x2C00..=0x2D2D,
    0xA640..=0xA69B,
    0xFB00..=0xFB17,
    0xFF21..=0xFF5A,
    0x10400..=0x1044F,
];

async fn all_letters_are_changed_alike(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let words = ["ΟΔΥΣΣΕΥΣ ΣΑΣ Σ", "STRASSE straße ﬁ", "İSTANBUL ıI", "ŉ ǰ ΐ ᾳ ᾼ"].map(str::to_owned);
    // This one got a capital in Unicode 16.
    let is_old = |letter: &char| letter.is_alphanumeric() && *letter != 'ƛ';
    let letters = LETTERS
        .map(|range| range.filter_map(char::from_u32).filter(is_old).map(|letter| format!("{letter} ")).collect());
    for text in words.into_iter().chain(letters) {
        let result = visitor.probe_one(query("select lower($1) as l, upper($1) as u", json!([text]))).await;
        assert_eq!(rows(&result), &json!([[text.to_lowercase(), text.to_uppercase()]]));
    }
}

async fn a_check_sees_all_letters(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let checks = [
        json!({ "name": "small", "condition": "lower(code) = code" }),
        json!({ "name": "plain", "condition": "code not like '%\\%%' and 'n: ' || size + 1 <> 'n: 3'" }),
    ];
    let columns = [("code", "text"), ("size", "integer")].map(|(name, kind)| super::tables::column(name, kind));
    let table = json!({ "name": "codes", "columns": columns, "primary-key": ["code"], "checks": checks });
    let insert =
        |code: &str, size: i64| execute("insert into codes (code, size) values ($1, $2)", json!([code, size]));
    ok(&visitor.probe_one(define(table.clone())).await);
    let rows = [("jürgen", 1), ("JÜRGEN", 1), ("Ü", 1), ("100%", 1), ("100x", 2)];
    let results = visitor.probe(json!(rows.map(|(code, size)| insert(code, size)))).await;
    assert_eq!(ok(&results[0]), &json!(1));
    assert!(results[1..].iter().all(|result| code(result) == "check-violation"), "{results:?}");
    let again = visitor.probe_one(define(table)).await;
    assert_eq!(ok(&again), &json!(false), "what is there is as described");
}

async fn a_text_is_found_by_a_cursor_and_inside_a_transaction(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!(people())).await);
    let find = "select id from people where lower(email) = lower($1) and email like $2 order by age";
    let params = json!(["jürgen@EXAMPLE.org", "J%\\@%"]);
    let touch = execute("update people set age = age where id = $1", json!([1]));
    let steps = json!([
        { "op": "db.open-cursor", "sql": find, "params": params },
        { "op": "cursor.next", "cursor": 0, "max": 5 },
        touch,
        query(find, params.clone()),
        { "op": "db.open-cursor", "sql": find, "params": params },
        { "op": "cursor.next", "cursor": 1, "max": 5 },
    ]);
    let results = visitor.probe(steps).await;
    let found = json!([[{ "integer": "1" }]]);
    assert_eq!(ok(&results[1]), &found);
    assert_eq!(rows(&results[3]), &found);
    assert_eq!(ok(&results[5]), &found);
}

/// `lower` and `upper` are functions of ranges, too, which have no collation.
#[tokio::test(flavor = "multi_thread")]
async fn the_bounds_of_a_range_are_found_on_postgres() {
    let (_host, mut visitor) = probe(Engine::Postgres).await;
    let (none, one) = (|| json!([]), || json!([1]));
    let bounds = "select lower(stay) as from_day, upper(stay) as to_day from stays where id = $1";
    let steps = json!([
        execute("create table stays (id bigint primary key, stay int4range)", none()),
        execute("insert into stays values ($1, int4range(3, 7))", one()),
        query(bounds, one()),
        execute("create index stays_begin on stays (lower(stay))", none()),
        execute("create view begun as select lower(stay) as day from stays", none()),
        query("select day from begun where day = lower(int4range(3, 4))", none()),
        { "op": "db.open-cursor", "sql": bounds, "params": one() },
        { "op": "cursor.next", "cursor": 0, "max": 5 },
        query("select lower('ÄB' collate \"C\") as a, lower('ÄB' || 'c') as b", none()),
        query("select count(*) from stays", none()),
    ]);
    let results = visitor.probe(steps).await;
    let wanted = json!([[{ "integer": "3" }, { "integer": "7" }]]);
    assert_eq!(rows(&results[2]), &wanted);
    all_ok(&results[3..5]);
    assert_eq!(integer(&results[5]), 3);
    assert_eq!(ok(&results[7]), &wanted);
    assert_eq!(rows(&results[8]), &json!([["Äb", "äbc"]]), "a collation that is written stays");
    assert_eq!(integer(&results[9]), 1, "nothing that was written is lost");
    // Outside of a transaction.
    assert_eq!(rows(&visitor.probe_one(query(bounds, json!([1]))).await), &wanted);
}

/// An index that was made when `lower` changed the letters of ASCII alone.
#[tokio::test(flavor = "multi_thread")]
async fn indexes_of_an_earlier_release_are_made_anew_on_sqlite() {
    let (mut host, mut visitor) = probe(Engine::Sqlite).await;
    all_ok(&visitor.probe(json!(people())).await);
    host.terminate().await;
    // Made with SQLite's own function.
    for sql in [
        "create index people_small on people (lower(email))",
        "create table twins (n text)",
        "insert into twins values ('Ä'), ('ä')",
        "create unique index twins_n on twins (lower(n))",
        "delete from innkeeper_migrations where name = 'app/0005_letters'",
    ] {
        host.database().app_rows("probe", sql).await;
    }
    host.restart().await;
    let find = "select id from people where lower(email) = 'jürgen@example.org'";
    assert_eq!(integer(&host.visitor().probe_one(query(find, json!([]))).await), 1);
    // Two rows are the same now: the index goes, or no write to them would work.
    host.wait_for_log("the index has been dropped").await;
    let steps = ["delete from twins where n = 'ä'", "create unique index twins_n on twins (lower(n))"];
    let steps: Vec<Value> = steps.iter().map(|sql| execute(sql, json!([]))).collect();
    all_ok(&host.visitor().probe(json!(steps)).await);
}
