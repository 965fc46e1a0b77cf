//! Tables on the move: every portable type with its edges, keys, references, checks, initial
//! values, numbers.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, query};
use support::random::Random;
use support::{Engine, TestHost, Visitor};

use super::{moved, other};
use crate::db::properties::samples;
use crate::db::tables::{column, define};

on_both_databases! {
    values_of_every_type_come_through_there_and_back,
    what_a_table_was_defined_with_holds_on_the_other_side,
    rows_that_refer_to_each_other_in_a_circle_come_through,
    numbers_of_rows_that_are_gone_are_not_given_again,
    many_rows_come_in_parts,
    floats_that_are_no_numbers_become_null_only_on_sqlite,
}

/// Rows of one INSERT.
const ROWS: usize = 300;

async fn values_of_every_type_come_through_there_and_back(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let mut random = Random::from_environment();
    let kinds = samples::kinds(Engine::Postgres);
    for kind in &kinds {
        let values = kind.values(&mut random, 100);
        fill(&mut visitor, kind.name, &values.into_iter().filter(both_keep).collect::<Vec<_>>()).await;
    }
    let selects: Value = kinds
        .iter()
        .map(|kind| query(&format!("select n, v from {}s order by n", kind.name), json!([])))
        .collect();
    let before = visitor.probe_answer(selects.clone()).await.expect(200).text().to_owned();
    let there = moved(&host, "probe", other(engine)).await;
    let on_the_other_side = there.visitor().probe_answer(selects.clone()).await.expect(200);
    assert!(on_the_other_side.text() == before, "{random}\n{before}\n{}", on_the_other_side.text());
    let back = moved(&there, "probe", engine).await;
    let after = back.visitor().probe_answer(selects).await.expect(200);
    assert!(after.text() == before, "{random}\n{before}\n{}", after.text());
}

/// SQLite keeps neither NaN nor a zero with a sign.
fn both_keep(value: &Value) -> bool {
    !["NaN", "-0e0"].iter().any(|text| *value == json!({ "float": text }))
}

async fn fill(visitor: &mut Visitor, kind: &str, values: &[Value]) {
    let columns = [column("n", "integer"), json!({ "name": "v", "column-type": kind, "nullable": true })];
    let table = json!({ "name": format!("{kind}s"), "columns": columns, "primary-key": ["n"] });
    all_ok(&visitor.probe(json!([define(table)])).await);
    for (at, values) in values.chunks(ROWS).enumerate() {
        let places: Vec<String> = (1..=values.len()).map(|n| format!("(${}, ${})", 2 * n - 1, 2 * n)).collect();
        let params: Vec<Value> =
            values.iter().enumerate().flat_map(|(n, value)| [json!(at * ROWS + n), value.clone()]).collect();
        let sql = format!("insert into {kind}s (n, v) values {}", places.join(", "));
        all_ok(&visitor.probe(json!([execute(&sql, json!(params))])).await);
    }
}

/// A book with an author, and everything that a description can say.
fn described() -> [Value; 2] {
    let constant = |name: &str, kind: &str, value: Value| json!({ "name": name, "column-type": kind, "initial": { "constant": value } });
    let authors = json!({
        "name": "authors",
        "columns": [
            json!({ "name": "id", "column-type": "integer", "identity": true }),
            json!({ "name": "name", "column-type": "text", "max-length": 20 }),
        ],
        "primary-key": ["id"],
        "indexes": [{ "columns": ["name"], "unique": true }],
    });
    let columns = [
        json!({ "name": "isbn", "column-type": "text" }),
        json!({ "name": "author", "column-type": "integer", "references": { "table": "authors", "column": "id", "on-delete": "cascade" } }),
        json!({ "name": "editor", "column-type": "integer", "nullable": true, "references": { "table": "authors", "column": "id", "on-delete": "set-null" } }),
        constant("price", "decimal", json!({ "decimal": "1.50" })),
        constant("title", "text", json!("it's \\ \"new\"; --")),
        constant("sold", "boolean", json!(true)),
        constant("stock", "integer", json!({ "integer": "-9223372036854775808" })),
        constant("weight", "float", json!({ "float": 0.1 })),
        constant("cover", "bytes", json!({ "bytes": "AP8=" })),
        constant("born", "date", json!({ "date": [-43, 3, 15] })),
        constant("at", "instant", json!({ "instant": "-1" })),
        constant("local", "datetime", json!({ "datetime": [2024, 2, 29, 1, 2, 3, 4] })),
        constant("opens", "time", json!({ "time": [8, 30, 0, 0] })),
        constant("more", "json", json!({ "json": "{\"a\" : 1}" })),
        constant("kind", "uuid", json!({ "uuid": "00112233-4455-6677-8899-aabbccddeeff" })),
        json!({ "name": "added", "column-type": "instant", "initial": "now" }),
        json!({ "name": "day", "column-type": "date", "initial": "now" }),
        json!({ "name": "clock", "column-type": "time", "initial": "now" }),
        json!({ "name": "wall", "column-type": "datetime", "initial": "now" }),
        json!({ "name": "token", "column-type": "uuid", "initial": "random-uuid" }),
    ];
    let books = json!({
        "name": "books",
        "columns": columns,
        "primary-key": ["isbn", "author"],
        "indexes": [{ "columns": ["token"], "unique": true }, { "columns": ["price", "title"], "unique": false }],
        "checks": [{ "name": "fair", "condition": "PRICE != 0 and Price < 100" }],
    });
    [authors, books]
}

async fn what_a_table_was_defined_with_holds_on_the_other_side(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let [authors, books] = described();
    let steps = json!([
        define(authors.clone()),
        define(books.clone()),
        execute("insert into authors (name) values ('Ada'), ('Grace')", json!([])),
        execute("insert into books (isbn, author, editor) values ('1', 1, 2)", json!([])),
    ]);
    all_ok(&host.probe(steps).await);
    let selects =
        json!([query("select * from books", json!([])), query("select * from authors order by id", json!([]))]);
    let before = host.visitor().probe_answer(selects.clone()).await.expect(200).text().to_owned();
    let there = moved(&host, "probe", other(engine)).await;
    let back = moved(&there, "probe", engine).await;
    for host in [&there, &back] {
        let mut visitor = host.visitor();
        assert_eq!(visitor.probe_answer(selects.clone()).await.expect(200).text(), before);
        let results = visitor
            .probe(json!([
                define(authors.clone()),
                define(books.clone()),
                execute("insert into books (isbn, author) values ('2', 1)", json!([])),
                query("select price, title, stock, weight, cover, born, at, local, opens, more, kind, sold from books where isbn = '2'", json!([])),
                query("select price, title, stock, weight, cover, born, at, local, opens, more, kind, sold from books where isbn = '1'", json!([])),
                execute("insert into books (isbn, author) values ('2', 1)", json!([])),
                execute("insert into books (isbn, author) values ('3', 99)", json!([])),
                execute("insert into books (isbn, author, price) values ('4', 1, 100)", json!([])),
                execute("insert into authors (name) values ('Ada')", json!([])),
                execute("insert into authors (name) values ($1)", json!(["x".repeat(21)])),
                query("insert into authors (name) values ('Joan') returning id", json!([])),
                execute("delete from authors where name = 'Grace'", json!([])),
                query("select editor from books where isbn = '1'", json!([])),
            ]))
            .await;
        assert_eq!([ok(&results[0]), ok(&results[1])], [&json!(false); 2], "both are as described: {results:?}");
        assert_eq!(ok(&results[3])["rows"], ok(&results[4])["rows"], "initial values");
        let codes: Vec<&str> = results[5..10].iter().map(code).collect();
        assert_eq!(
            codes,
            [
                "unique-violation",
                "foreign-key-violation",
                "check-violation",
                "unique-violation",
                "check-violation"
            ]
        );
        assert!(integer(&results[10]) > 2, "numbers go on");
        assert_eq!(ok(&results[12])["rows"], json!([[null]]));
    }
}

async fn rows_that_refer_to_each_other_in_a_circle_come_through(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let refers = |name: &str, table: &str| json!({ "name": name, "column-type": "integer", "nullable": true, "references": { "table": table, "column": "id" } });
    let table = |name: &str, more: &[Value]| {
        let columns = [&[column("id", "integer")], more].concat();
        json!({ "name": name, "columns": columns, "primary-key": ["id"] })
    };
    let steps = json!([
        define(table("a", &[])),
        define(table("z", &[refers("a", "a"), refers("z", "z")])),
        define(table("a", &[refers("z", "z")])),
        execute("insert into a (id) values (1)", json!([])),
        // The row that it means comes later, in the order of both engines.
        execute("insert into z (id, z) values (1, 2), (2, 1)", json!([])),
        execute("update z set a = 1", json!([])),
        execute("update a set z = 2", json!([])),
    ]);
    all_ok(&host.probe(steps).await);
    let there = moved(&host, "probe", other(engine)).await;
    let results = there
        .probe(json!([
            query("select a.id, a.z, z.z, z.a from a join z on z.id = a.z", json!([])),
            execute("insert into z (id, z) values (3, 4)", json!([])),
            execute("insert into a (id, z) values (3, 4)", json!([])),
        ]))
        .await;
    let number = |n: &str| json!({ "integer": n });
    assert_eq!(ok(&results[0])["rows"], json!([[number("1"), number("2"), number("1"), number("1")]]));
    assert_eq!(results[1..].iter().map(code).collect::<Vec<_>>(), ["foreign-key-violation"; 2]);
}

async fn numbers_of_rows_that_are_gone_are_not_given_again(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let columns = [json!({ "name": "id", "column-type": "integer", "identity": true }), column("a", "text")];
    let table = |name: &str| json!({ "name": name, "columns": columns, "primary-key": ["id"] });
    let steps = json!([
        define(table("parts")),
        define(table("none")),
        define(table("gone")),
        execute("insert into parts (a) values ('1'), ('2'), ('3')", json!([])),
        execute("delete from parts where id = 3", json!([])),
        execute("insert into gone (a) values ('1'), ('2')", json!([])),
        execute("delete from gone", json!([])),
    ]);
    all_ok(&host.probe(steps).await);
    let there = moved(&host, "probe", other(engine)).await;
    let insert = |table: &str| query(&format!("insert into {table} (a) values ('x') returning id"), json!([]));
    let results = there.probe(json!([insert("parts"), insert("none"), insert("gone")])).await;
    assert_eq!(results.iter().map(integer).collect::<Vec<_>>(), [4, 1, 3]);
}

async fn many_rows_come_in_parts(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let columns = [json!({ "name": "id", "column-type": "integer", "identity": true }), column("a", "text")];
    let table = json!({ "name": "many", "columns": columns, "primary-key": ["id"] });
    let fill = "with recursive t (n) as (select 1 union all select n + 1 from t where n < 40000) \
                insert into many (a) select 'row ' || n || ' with some more text behind it' from t";
    let large = execute("insert into many (a) values ($1)", json!(["🦀".repeat(500_000)]));
    all_ok(&host.probe(json!([define(table), execute(fill, json!([])), large])).await);
    let sums = json!([query(
        "select count(*) as n, sum(length(a)) as a, cast(sum(id) as bigint) as id from many",
        json!([])
    )]);
    let before = host.visitor().probe_answer(sums.clone()).await.expect(200).text().to_owned();
    let there = moved(&host, "probe", other(engine)).await;
    assert_eq!(there.visitor().probe_answer(sums).await.expect(200).text(), before);
}

async fn floats_that_are_no_numbers_become_null_only_on_sqlite(engine: Engine) {
    let host = TestHost::of(Engine::Postgres, "probe", "probe").await;
    fill(&mut host.visitor(), "float", &[json!({ "float": "NaN" }), json!({ "float": "-Infinity" })]).await;
    let carried = super::Carried::new();
    carried.export(host.database(), "probe", &[]).await.succeeded();
    let database = support::TestDatabase::fresh(engine).await;
    let said = carried.import(&database, &[]).await.succeeded().json();
    assert_eq!(said["nan-to-null"], json!(u32::from(engine == Engine::Sqlite)), "{said}");
    let null = database.app_value("probe", "select count(*) from floats where v is null").await;
    assert_eq!(null, if engine == Engine::Sqlite { "1" } else { "0" });
}
