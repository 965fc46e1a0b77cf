//! Tables that an app has made in the words of the engine: what of them comes along, and what is
//! said of the rest.

use serde_json::{Value, json};
use support::probe::{all_ok, execute, ok, query};
use support::{Engine, TestDatabase, TestHost};

use super::{Carried, moved, other};
use crate::db::tables::{column, define};

on_both_databases! {
    the_time_by_another_name_stays_the_time,
    initial_values_that_would_have_to_be_run_are_named,
    texts_with_the_names_of_host_tables_are_not_translated,
    columns_that_are_computed_are_named,
    what_constraints_say_beyond_a_description_stays_behind_in_words,
}

/// Runs statements as a migration.
async fn migrate(host: &TestHost, name: &str, statements: &[&str]) {
    let migration = json!({ "name": name, "statements": statements });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [migration] }])).await);
}

async fn the_time_by_another_name_stays_the_time(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let statement = match engine {
        Engine::Postgres => {
            "create table visits (n bigint, at timestamp with time zone default current_timestamp, \
             day date default current_date, local timestamp default localtimestamp, clock time default localtime)"
        }
        Engine::Sqlite => {
            "create table visits (n bigint constraint \"type_of_n\" check (typeof(n) = 'integer'), \
             clock time default current_time constraint \"type_of_clock\" check (typeof(clock) = 'text'))"
        }
    };
    migrate(&host, "1", &[statement]).await;
    let there = moved(&host, "probe", other(engine)).await;
    let defaults = match other(engine) {
        Engine::Postgres => {
            "select count(*) from information_schema.columns where table_name = 'visits' and column_default like '%now()%'"
        }
        Engine::Sqlite => "select count(*) from pragma_table_xinfo('visits') where dflt_value like '%''now''%'",
    };
    let of_time = if engine == Engine::Postgres { "4" } else { "1" };
    assert_eq!(there.database().app_value("probe", defaults).await, of_time);
    let insert = execute("insert into visits (n) values (1)", json!([]));
    all_ok(&there.probe(json!([insert])).await);
}

async fn initial_values_that_would_have_to_be_run_are_named(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let statements: &[&str] = match engine {
        Engine::Postgres => &[
            "create table odd (a text collate \"C\" default 'a' || 'b')",
            "create table late (b date default ('now'::text)::date)",
        ],
        Engine::Sqlite => &[
            "create table odd (a string_blob default ('a' || 'b') constraint \"type_of_a\" check (typeof(a) = 'text'))",
            "create table late (b time default (time()) constraint \"type_of_b\" check (typeof(b) = 'text'))",
        ],
    };
    migrate(&host, "1", statements).await;
    let refused = Carried::new().export(host.database(), "probe", &[]).await.failed();
    for column in ["table odd: column a", "table late: column b"] {
        assert!(refused.stderr.contains(&format!("{column} has the initial value")), "{refused}");
    }
}

async fn texts_with_the_names_of_host_tables_are_not_translated(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let text = "see innkeeper.blobs, innkeeper_blobs";
    let title = json!({ "name": "title", "column-type": "text", "initial": { "constant": text } });
    let table = json!({ "name": "notes", "columns": [column("n", "integer"), title] });
    all_ok(&host.probe(json!([define(table.clone())])).await);
    let there = moved(&host, "probe", other(engine)).await;
    let back = moved(&there, "probe", engine).await;
    for host in [&there, &back] {
        let steps = json!([
            define(table.clone()),
            execute("insert into notes (n) values (1)", json!([])),
            query("select title from notes", json!([])),
        ]);
        let results = host.probe(steps).await;
        assert_eq!(ok(&results[0]), &json!(false), "it is as described");
        assert_eq!(ok(&results[2])["rows"], json!([[text]]));
    }
}

async fn columns_that_are_computed_are_named(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let statement = match engine {
        Engine::Postgres => "create table sums (n bigint, twice bigint generated always as (n * 2) stored)",
        Engine::Sqlite => {
            "create table sums (n bigint constraint \"type_of_n\" check (typeof(n) = 'integer'), twice bigint generated always as (n * 2))"
        }
    };
    migrate(&host, "1", &[statement]).await;
    let refused = Carried::new().export(host.database(), "probe", &[]).await.failed();
    assert!(
        refused.stderr.contains("table sums: column twice is bigint generated from other columns"),
        "{refused}"
    );
}

fn a_and_b() -> [Value; 2] {
    let identity = json!({ "name": "id", "column-type": "integer", "identity": true });
    let a = json!({ "name": "a", "columns": [identity, column("t", "text")], "primary-key": ["id"] });
    let refers = json!({ "name": "a", "column-type": "integer", "references": { "table": "a", "column": "id" } });
    [a, json!({ "name": "b", "columns": [refers] })]
}

async fn what_constraints_say_beyond_a_description_stays_behind_in_words(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let [a, b] = a_and_b();
    all_ok(&host.probe(json!([define(a), define(b)])).await);
    let (statements, expected): (&[&str], Value) = match engine {
        Engine::Postgres => (
            &[
                "alter table b add constraint z foreign key (a) references a (id) match full on update cascade deferrable",
                "create unique index a_t on a (t) nulls not distinct",
                "create table c (id bigint generated by default as identity (increment by 5 start with 100) primary key)",
            ],
            json!([
                "action on update of constraint z of b",
                "constraint b_a_fkey of b, whose column has another reference",
                "deferral of constraint z of b",
                "match full of constraint z of b",
                "nulls not distinct of index a_t",
                "options of the identity c.id",
            ]),
        ),
        Engine::Sqlite => (
            &[
                "create table c (a bigint constraint \"type_of_a\" check (typeof(a) = 'integer') references a (id) \
               references a (id) on update cascade deferrable initially deferred)",
            ],
            json!([
                "a reference of c.a, which has another",
                "action on update of the reference of c.a",
                "deferral of references of c",
            ]),
        ),
    };
    migrate(&host, "1", statements).await;
    let carried = Carried::new();
    let said = carried.export(host.database(), "probe", &[]).await.succeeded().json();
    assert_eq!(said["left-behind"], expected, "{said}");
    let guards = said["guards"].as_array().unwrap().iter().map(|guard| guard["name"].as_str().unwrap());
    let without: Vec<&str> = guards.flat_map(|name| ["--without", name]).collect();
    carried.import(&TestDatabase::fresh(other(engine)).await, &without).await.succeeded();
}
