//! What an app may not say: leave its unit of work, its tables, or its database.

use serde_json::json;
use support::Engine;
use support::probe::{code, execute, integer, ok, query};

use super::probe_with;

on_both_databases! {
    an_app_cannot_end_the_unit_of_work_by_sql,
    an_app_cannot_change_the_connection,
    an_app_cannot_reach_the_tables_of_the_host,
    an_app_cannot_reach_files_or_other_programs,
    several_statements_in_one_are_refused,
    what_is_refused_leaves_the_unit_as_it_was,
}

/// Panics unless each statement is refused, and the unit of work around them goes on.
async fn refuses(engine: Engine, statements: &[&str]) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    for sql in statements {
        let insert = execute("insert into t (a) values (1)", json!([]));
        let results = visitor.probe(json!([insert, query(sql, json!([])), execute(sql, json!([])), insert])).await;
        for refused in &results[1..3] {
            assert!(["denied", "syntax"].contains(&code(refused)), "{sql}: {refused}");
        }
        assert_eq!((ok(&results[0]), ok(&results[3])), (&json!(1), &json!(1)), "{sql}");
    }
    let count = visitor.probe_one(query("select count(*) from t", json!([]))).await;
    assert_eq!(integer(&count), 2 * i64::try_from(statements.len()).expect("a few"));
}

async fn an_app_cannot_end_the_unit_of_work_by_sql(engine: Engine) {
    refuses(
        engine,
        &[
            "commit",
            "COMMIT AND CHAIN",
            "rollback",
            "begin",
            "start transaction",
            "end",
            "abort",
            "savepoint s",
            "release savepoint s",
            "rollback to savepoint s",
            "prepare transaction 'p'",
            "/* a */ commit -- b",
        ],
    )
    .await;
}

async fn an_app_cannot_change_the_connection(engine: Engine) {
    refuses(
        engine,
        &[
            "set search_path to public",
            "set role postgres",
            "reset all",
            "set local statement_timeout = 0",
            "select set_config('search_path', 'innkeeper', false)",
            "discard all",
            "pragma foreign_keys = off",
            "pragma writable_schema = 1",
            "prepare p as select 1",
            "execute p",
            "listen innkeeper",
            "notify innkeeper, 'forged'",
            "lock table t",
            "select pg_advisory_lock(1)",
            "select pg_sleep(60)",
            "vacuum",
            "analyze",
            "do $$ begin end $$",
        ],
    )
    .await;
}

async fn an_app_cannot_reach_the_tables_of_the_host(engine: Engine) {
    refuses(
        engine,
        &[
            "select * from innkeeper.sessions",
            "select * from \"innkeeper\".\"sessions\"",
            "select * from innkeeper_sessions",
            "select * from main.innkeeper_sessions",
            "select * from INNKEEPER_BLOBS",
            "with s as (select * from innkeeper.apps) select * from s",
            "with s as (select * from innkeeper_blobs) select * from s",
            "insert into innkeeper_app_migrations values ('a', 'b', 'c', 1)",
            "delete from innkeeper.generation",
            "drop table innkeeper_chunks",
            "alter table innkeeper_chunks add column x bigint",
            "create view v as select * from innkeeper_sessions",
            "create table c (a bigint references innkeeper_sessions (id_hash))",
            "create trigger t after insert on t begin delete from innkeeper_blobs; end",
            "select * from pg_catalog.pg_authid",
            "select * from pg_stat_activity",
            "select * from information_schema.tables",
            "select * from sqlite_master",
            "select query_to_xml('select * from innkeeper.sessions', true, true, '')",
            "insert into t (a) select 1 from innkeeper_sessions returning 1",
        ],
    )
    .await;
}

async fn an_app_cannot_reach_files_or_other_programs(engine: Engine) {
    refuses(
        engine,
        &[
            "copy t to '/tmp/t'",
            "copy t from program 'id'",
            "select pg_read_file('/etc/passwd')",
            "select pg_ls_dir('.')",
            "select lo_import('/etc/passwd')",
            "load 'x'",
            "create extension dblink",
            "create function f() returns int language sql as 'select 1'",
            "create schema s",
            "create role r",
            "alter role tenant password 'x'",
            "grant all on t to public",
            "attach database '/tmp/other.sqlite' as other",
            "detach database main",
            "vacuum into '/tmp/copy.sqlite'",
            "select load_extension('x')",
            "select readfile('/etc/passwd')",
            "create virtual table f using fts5 (x)",
        ],
    )
    .await;
}

async fn several_statements_in_one_are_refused(engine: Engine) {
    refuses(
        engine,
        &[
            "select 1; select 2",
            "select 1; commit",
            "insert into t (a) values (7); drop table t",
            "select 1;; select 2",
            "select '1'; -- harmless\n select 2",
        ],
    )
    .await;
}

async fn what_is_refused_leaves_the_unit_as_it_was(engine: Engine) {
    let (_host, mut visitor) = probe_with(engine, &["create table t (a bigint)"]).await;
    let steps = json!([
        execute("insert into t (a) values (1)", json!([])),
        execute("commit", json!([])),
        { "op": "respond", "status": 500 },
    ]);
    visitor.probe_answer(steps).await.expect(500);
    let count = visitor.probe_one(query("select count(*) from t", json!([]))).await;
    assert_eq!(integer(&count), 0);
}
