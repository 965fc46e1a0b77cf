//! Statements around a change of the tables: the columns are those of the tables as they are,
//! whoever has changed them, and nothing is refused that is right.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, ok, query, rows};
use support::{Engine, TestHost, Visitor};

use super::probe;
use super::tables::{column, define};

on_both_databases! {
    columns_are_those_of_the_table_as_it_is,
    columns_are_right_whoever_has_changed_the_table,
    cursors_have_the_columns_of_the_table_as_it_is,
    what_is_right_by_the_present_tables_is_not_refused,
    a_definition_affects_no_rows,
    columns_with_rules_are_added_to_tables_with_rows,
    names_are_changed_with_all_that_uses_them,
}

/// Enough for a statement to be known as quick.
const OFTEN: usize = 5;

/// Runs statements, each in a request of its own.
async fn each(visitor: &mut Visitor, statements: &[&str]) {
    for sql in statements {
        ok(&visitor.probe_one(execute(sql, json!([]))).await);
    }
}

/// Columns and rows of a query in a request of its own.
async fn read(visitor: &mut Visitor, sql: &str) -> (Value, Value) {
    let result = visitor.probe_one(query(sql, json!([]))).await;
    (ok(&result)["columns"].clone(), rows(&result).clone())
}

fn integer(number: i64) -> Value {
    json!({ "integer": number.to_string() })
}

/// What is done, what is read then, what is changed, and the columns and rows that are read after
/// it.
type Change = (&'static [&'static str], &'static str, &'static [&'static str], Value, Value);

fn changes() -> [Change; 8] {
    let one = integer(1);
    [
        (
            &["create table t (a text, b text)", "insert into t values ('A', 'B')"],
            "select * from t",
            &["drop table t", "create table t (b text, a text)", "insert into t values ('B', 'A')"],
            json!(["b", "a"]),
            json!([["B", "A"]]),
        ),
        (
            &["create table t (a integer)", "insert into t values (1)"],
            "select * from t",
            &["alter table t add column b text default 'x'"],
            json!(["a", "b"]),
            json!([[one, "x"]]),
        ),
        (
            &["create table t (a integer, b text)", "insert into t values (1, 'x')"],
            "select * from t",
            &["alter table t drop column a"],
            json!(["b"]),
            json!([["x"]]),
        ),
        (
            &["create table t (a integer)", "insert into t values (1)"],
            "select * from t",
            &["alter table t rename column a to c"],
            json!(["c"]),
            json!([[one]]),
        ),
        (
            &["create table t (a integer)", "insert into t values (1)"],
            "select a from t",
            &["drop table t", "create table t (a boolean)", "insert into t values (true)"],
            json!(["a"]),
            json!([[true]]),
        ),
        (
            &["create table t (a date)", "insert into t values ('2024-01-31')"],
            "select a from t",
            &["drop table t", "create table t (a text)", "insert into t values ('2024-01-31')"],
            json!(["a"]),
            json!([["2024-01-31"]]),
        ),
        (
            &["create table t (a text, b integer)", "create view v as select a, b from t"],
            "select * from v",
            &["drop view v", "create view v as select b, a from t", "insert into t values ('x', 1)"],
            json!(["b", "a"]),
            json!([[one, "x"]]),
        ),
        (
            &["create table t (a text, b text)"],
            "select * from t",
            &["drop table t", "create table t (b text, a text, c text)"],
            json!(["b", "a", "c"]),
            json!([]),
        ),
    ]
}

async fn columns_are_those_of_the_table_as_it_is(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (before, sql, change, columns, expected) in changes() {
        each(&mut visitor, before).await;
        for _ in 0..OFTEN {
            read(&mut visitor, sql).await;
        }
        each(&mut visitor, change).await;
        for _ in 0..OFTEN {
            assert_eq!(read(&mut visitor, sql).await, (columns.clone(), expected.clone()), "{change:?}");
        }
        each(&mut visitor, &["drop view if exists v", "drop table t"]).await;
    }
}

/// Four ways to add a column `c` to the table `t`.
async fn add_column(host: &TestHost, twin: &mut Visitor, how: &str) {
    let alter = "alter table t add column c text default 'x'";
    let columns = |names: &[&str]| {
        let column = |name: &&str| json!({ "name": name, "column-type": "text", "nullable": true });
        let mut columns: Vec<Value> = names.iter().map(column).collect();
        columns[2]["initial"] = json!({ "constant": "x" });
        json!({ "name": "t", "columns": columns })
    };
    let step = match how {
        "migrate" => json!({ "op": "db.migrate", "migrations": [{ "name": "1", "statements": [alter] }] }),
        "define" => define(columns(&["a", "b", "c"])),
        _ => execute(alter, json!([])),
    };
    let result = match how {
        "elsewhere" => twin.probe_one(step).await,
        _ => host.visitor().probe_one(step).await,
    };
    ok(&result);
}

async fn columns_are_right_whoever_has_changed_the_table(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let (_other, mut twin) = host.twin().await;
    let mut visitor = host.visitor();
    for how in ["execute", "migrate", "define", "elsewhere"] {
        let text = |name: &str| json!({ "name": name, "column-type": "text", "nullable": true });
        ok(&visitor.probe_one(define(json!({ "name": "t", "columns": [text("a"), text("b")] }))).await);
        let insert = "insert into t (a, b) values ('1', '2') returning *";
        for _ in 0..OFTEN {
            assert_eq!(read(&mut visitor, insert).await.0, json!(["a", "b"]));
            assert_eq!(read(&mut visitor, "select * from t").await.0, json!(["a", "b"]));
            read(&mut twin, "select * from t").await;
        }
        add_column(&host, &mut twin, how).await;
        for _ in 0..OFTEN {
            let inserted = read(&mut visitor, insert).await;
            assert_eq!(inserted, (json!(["a", "b", "c"]), json!([["1", "2", "x"]])), "{how}");
            for visitor in [&mut visitor, &mut twin] {
                let (columns, rows) = read(visitor, "select * from t").await;
                assert_eq!((columns, &rows[0]), (json!(["a", "b", "c"]), &json!(["1", "2", "x"])), "{how}");
            }
        }
        let count = read(&mut visitor, "select count(*) from t").await.1;
        assert_eq!(count, json!([[integer(2 * i64::try_from(OFTEN).unwrap())]]), "no insert was lost: {how}");
        each(&mut visitor, &["drop table t"]).await;
        let _ = twin.probe_one(query("select * from t", json!([]))).await;
    }
}

async fn cursors_have_the_columns_of_the_table_as_it_is(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let open = json!({ "op": "db.open-cursor", "sql": "select * from t" });
    let read = [
        open,
        json!({ "op": "cursor.columns", "cursor": 0 }),
        json!({ "op": "cursor.next", "cursor": 0, "max": 10 }),
    ];
    // Of its own, and in a transaction that writes.
    let alone = json!(read);
    let inside = json!([&[execute("delete from t where a = 'none'", json!([]))][..], &read].concat());
    each(&mut visitor, &["create table t (a text, b text)", "insert into t values ('A', 'B')"]).await;
    let swapped = ["drop table t", "create table t (b text, a text)", "insert into t values ('B', 'A')"];
    let empty = ["drop table t", "create table t (c integer, a text)"];
    let expected = [
        (&[][..], json!(["a", "b"]), json!([["A", "B"]])),
        (&swapped[..], json!(["b", "a"]), json!([["B", "A"]])),
        (
            &["alter table t add column c integer default 1"][..],
            json!(["b", "a", "c"]),
            json!([["B", "A", integer(1)]]),
        ),
        (&empty[..], json!(["c", "a"]), json!([])),
    ];
    for (change, columns, rows) in expected {
        each(&mut visitor, change).await;
        for steps in [&alone, &inside] {
            for _ in 0..OFTEN {
                let results = visitor.probe(steps.clone()).await;
                let [.., told, read] = &results[..] else { panic!("{results:?}") };
                assert_eq!((ok(told), ok(read)), (&columns, &rows), "{change:?}");
            }
        }
    }
}

async fn what_is_right_by_the_present_tables_is_not_refused(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let (_other, mut twin) = host.twin().await;
    let mut visitor = host.visitor();
    // The change, and what is right from then on.
    let changes: [(&[&str], &str); 8] = [
        (&["alter table t add column b integer"], "values (8, 9) union all select * from t"),
        (&["alter table t add column b integer"], "insert into t values (1, 2)"),
        (&["drop table t", "create table t (a integer, b integer)"], "insert into t values (1, 2)"),
        (&["drop table t", "create table t (c integer)"], "select c from t where c = 1"),
        (&["alter table t add column b integer"], "update t set b = 1 where b is null"),
        (&["drop table t"], "create table t (a integer, b integer)"),
        (&["create unique index i on t (a)"], "insert into t values (1) on conflict (a) do nothing"),
        (&["drop index k"], "create index k on t (a)"),
    ];
    for (change, sql) in changes {
        for elsewhere in [false, true] {
            each(&mut visitor, &["create table t (a integer)", "create index k on t (a)"]).await;
            // Every connection has seen the tables: for reading, and for writing.
            for visitor in [&mut visitor, &mut twin] {
                let refused = visitor.probe_one(query(sql, json!([]))).await;
                assert!(refused.get("error").is_some(), "{sql} is not right before {change:?}");
                all_ok(&visitor.probe(json!([query("select a from t", json!([]))])).await);
                all_ok(&visitor.probe(json!([execute("insert into t (a) values (3)", json!([]))])).await);
                all_ok(&visitor.probe(json!([execute("delete from t where a = 3", json!([]))])).await);
            }
            each(if elsewhere { &mut twin } else { &mut visitor }, change).await;
            let result = visitor.probe_one(query(sql, json!([]))).await;
            assert!(result.get("ok").is_some(), "{sql} after {change:?}: {result}");
            each(&mut visitor, &["drop table t"]).await;
        }
    }
}

async fn a_definition_affects_no_rows(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let insert = execute("insert into t (a) values (1), (2), (3)", json!([]));
    ok(&visitor.probe_one(execute("create table t (a integer)", json!([]))).await);
    let definitions = [
        "create table u (a integer)",
        "create table w as select a from t",
        "create index i on t (a)",
        "create view v as select a from t",
        "alter table t add column b integer",
        "alter table t rename column b to c",
        "alter table t drop column c",
        "alter table u rename to x",
        "drop view v",
        "drop index i",
        "drop table x",
        "drop table if exists x",
        "select a from t",
    ];
    for definition in definitions {
        let results = visitor.probe(json!([insert, execute(definition, json!([]))])).await;
        assert_eq!((ok(&results[0]), ok(&results[1])), (&json!(3), &json!(0)), "{definition}");
        let alone = execute("create table if not exists u (a integer)", json!([]));
        assert_eq!(ok(&visitor.probe_one(alone).await), &json!(0), "after {definition}");
    }
    let changes =
        [("update t set a = 5 where a = 1", 13), ("delete from t where a = 7", 0), ("delete from t", 39)];
    for (sql, count) in changes {
        assert_eq!(ok(&visitor.probe_one(execute(sql, json!([]))).await), &json!(count), "{sql}");
    }
}

async fn columns_with_rules_are_added_to_tables_with_rows(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    each(&mut visitor, &["create table p (id integer primary key)", "create table t (a integer)"]).await;
    each(&mut visitor, &["insert into p values (1)", "insert into t values (1), (2)"]).await;
    let mut additions = vec![
        "alter table t add column b integer check (b > 0)",
        "alter table t add column c integer not null default 7 check (c > a)",
        "alter table t add column d text not null default 'x'",
        "alter table t add column e integer references p (id)",
        "alter table t add column f text default 'abc' check (length(f) < 5 and f <> 'never')",
        "alter table t add column g integer constraint positive check (g > 0)",
    ];
    let own = [
        "alter table t add column h integer as (a + 1)",
        "alter table t add column i integer not null generated always as (a + 1) virtual",
        "alter table t add column j text collate nocase check (j glob '*')",
        "alter table s add column b integer check (b > 0)",
        "alter table s add column c text not null default 'x'",
    ];
    if engine == Engine::Sqlite {
        each(&mut visitor, &["create table s (a integer) strict", "insert into s values (1)"]).await;
        additions.extend(own);
    }
    let refused = [
        "alter table t add column x integer default -1 check (x > 0)",
        "alter table t add column x integer default 1 check (x > a)",
    ];
    for sql in refused {
        for _ in 0..2 {
            let result = visitor.probe_one(execute(sql, json!([]))).await;
            assert_eq!(code(&result), "check-violation", "{sql}: {result}");
        }
    }
    // Half of them by migrations.
    for (number, sql) in additions.iter().enumerate() {
        let step = match number % 2 {
            0 => execute(sql, json!([])),
            _ => json!({ "op": "db.migrate", "migrations": [{ "name": sql, "statements": [sql] }] }),
        };
        let result = visitor.probe_one(step).await;
        assert!(result.get("ok").is_some(), "{sql}: {result}");
    }
    let violations = ["insert into t (a, b) values (1, 0)", "insert into t (a, c) values (9, 8)"];
    for sql in violations.into_iter().chain(["insert into t (a, f) values (1, 'never')"]) {
        assert_eq!(code(&visitor.probe_one(execute(sql, json!([]))).await), "check-violation", "{sql}");
    }
    let columns = if engine == Engine::Sqlite { "a, c, d, f, h, i" } else { "a, c, d, f, a + 1, a + 1" };
    let (_, rows) = read(&mut visitor, &format!("select {columns} from t order by a")).await;
    let row = |a: i64| json!([integer(a), integer(7), "x", "abc", integer(a + 1), integer(a + 1)]);
    assert_eq!(rows, json!([row(1), row(2)]));
}

async fn names_are_changed_with_all_that_uses_them(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let parent = json!({ "name": "p", "columns": [column("id", "integer"), column("name", "text")], "primary-key": ["id"] });
    let child = json!({
        "name": "t",
        "columns": [
            column("a", "integer"),
            { "name": "b", "column-type": "integer", "references": { "table": "p", "column": "id", "on-delete": "cascade" } },
        ],
        "checks": [{ "name": "positive", "condition": "a > 0" }],
        "indexes": [{ "columns": ["a", "b"] }],
    });
    all_ok(&visitor.probe(json!([define(parent), define(child)])).await);
    let statements = [
        "create view v as select t.a as a, p.name from t join p on p.id = t.b where t.a > 0",
        "create index i on t (b) where a > 1",
        "insert into p values (1, 'one')",
        "insert into t values (5, 1)",
        "alter table t rename column a to amount",
        "alter table p rename column id to number",
        "alter table p rename to persons",
        "alter table t rename to items",
    ];
    each(&mut visitor, &statements).await;
    assert_eq!(read(&mut visitor, "select * from v").await, (json!(["a", "name"]), json!([[integer(5), "one"]])));
    let refused = visitor.probe_one(execute("insert into items (amount, b) values (-1, 1)", json!([]))).await;
    assert_eq!(code(&refused), "check-violation");
    let refused = visitor.probe_one(execute("insert into items (amount, b) values (1, 9)", json!([]))).await;
    assert_eq!(code(&refused), "foreign-key-violation");
    each(&mut visitor, &["drop view v", "drop index i", "delete from persons where number = 1"]).await;
    assert_eq!(read(&mut visitor, "select * from items").await.1, json!([]));
}
