//! What must be refused, by its reason.

use super::super::RefusalCode::{BadParameter, Denied, Syntax, TooLarge};
use super::super::{Engine, Kind, check};
use super::{MAX_BYTES, assert_refused, checked, kind_of};

#[test]
fn other_statements_are_denied() {
    let control =
        ["begin", "BEGIN;", "start transaction", "commit", "end", "rollback", "abort", "savepoint a", "release a"];
    assert_refused(Denied, &control);
    assert!(
        control.iter().all(|sql| kind_of(sql).is_err_and(|text| text.contains("use begin, commit and rollback")))
    );
    assert_refused(
        Denied,
        &[
            "set search_path = public",
            "SET LOCAL role x",
            "reset role",
            "show all",
            "explain select 1",
            "copy t to stdout",
            "copy t from program 'id'",
            "do $$ begin end $$",
            "call f()",
            "listen x",
            "notify x",
            "lock table t",
            "vacuum",
            "analyze t",
            "attach 'x' as y",
            "detach y",
            "pragma journal_mode = off",
            "reindex t",
            "prepare p as select 1",
            "execute p",
            "prepare transaction 'x'",
            "declare c cursor for select 1",
            "discard all",
            "grant all on t to x",
            "revoke all on t from x",
            "comment on table t is 'x'",
            "merge into t using u on true when matched then delete",
            "table t",
            "load 'x'",
            "security label on table t is 'x'",
            "/**/ -- \n vacuum into 'x'",
        ],
    );
    assert_eq!(
        kind_of("set x = 1").map_err(|text| text.starts_with("denied: SET is not allowed to an app")),
        Err(true)
    );
}

#[test]
fn other_definitions_are_denied() {
    assert_refused(
        Denied,
        &[
            "create temp table t (a int)",
            "create temporary view v as select 1",
            "create unlogged table t (a int)",
            "create foreign table t (a int) server s",
            "create materialized view v as select 1",
            "create virtual table t using fts5(a)",
            "create function f() returns int language sql as 'select 1'",
            "create or replace function f() returns int language sql as 'select 1'",
            "create or replace table t (a int)",
            "create trigger x after insert on t begin select 1; end",
            "create extension dblink",
            "create schema s",
            "create role r superuser",
            "create type m as enum ('a')",
            "create rule r as on insert to t do nothing",
            "create index concurrently i on t (a)",
            "drop index concurrently i",
            "alter table t set schema other",
            "alter table all in tablespace x set tablespace y",
            "alter role x password 'y'",
            "alter database x set y = 1",
            "alter system set x = 1",
            "drop schema public",
            "drop owned by x",
            "drop function f",
        ],
    );
}

#[test]
fn select_into_is_denied() {
    assert_refused(
        Denied,
        &[
            "select * into t from u",
            "select 1 as a into temp t",
            "with x as (select 1) select * into t from x",
            "insert into t select * into u from v",
            "create table t as select * into u from v",
            "with x as (select 1) merge into t using x on true when matched then do nothing",
        ],
    );
    let rollbacks = [
        "insert or rollback into t values (1)",
        "UPDATE OR ROLLBACK t set a = 1",
        "with x as (select 1) insert or rollback into t select * from x",
        "insert into t values (1) on conflict rollback",
        "create table t (a integer unique on conflict rollback)",
    ];
    assert_refused(Denied, &rollbacks);
}

#[test]
fn forms_of_sqlite_are_refused_on_postgres_alone() {
    let forms = [
        (Syntax, "insert or replace into t values (1)"),
        (Syntax, "INSERT OR IGNORE INTO t values (1)"),
        (Denied, "update or ignore t set a = 1"),
        (Denied, "replace into t values (1)"),
        (Denied, "with x as (select 1) replace into t select * from x"),
    ];
    for (code, sql) in forms {
        let result = check(Engine::Postgres, sql, MAX_BYTES);
        assert!(matches!(&result, Err(refusal) if refusal.code == code), "{sql}: {result:?}");
        assert_eq!(checked(Engine::Sqlite, sql).kind, Kind::Write, "{sql}");
    }
}

#[test]
fn names_of_host_and_engine_are_denied() {
    assert_refused(
        Denied,
        &[
            "select * from innkeeper.sessions",
            "select * from INNKEEPER . sessions",
            "select * from \"innkeeper\".\"sessions\"",
            "select * from innkeeper/* */./* */sessions",
            "select * from innkeeper_sessions",
            "select * from \"Innkeeper_Sessions\"",
            "select * from app_other.entries",
            "insert into public.t values (1)",
            "create table main.t (a int)",
            "create table temp.t (a int)",
            "select * from information_schema.tables",
            "select * from pg_catalog.pg_class",
            "select * from pg_class",
            "select PG_SLEEP(5)",
            "select pg_read_file('/etc/passwd')",
            "select pg_advisory_lock(1)",
            "select * from sqlite_master",
            "select * from \"SQLITE_MASTER\"",
            "select * from pragma_database_list",
            "select null::innkeeper.sessions",
            "insert into t values (1) returning (select token from innkeeper.sessions)",
            "create table t (a int references innkeeper.apps (id))",
            "with s as (select * from innkeeper.sessions) select * from s",
            "create view v as select * from innkeeper.sessions",
            "select 1 operator(pg_catalog.+) 2",
            "select * from U&\"pg\\005fclass\"",
            "select * from u&\"x\"",
        ],
    );
}

#[test]
fn functions_that_reach_out_are_denied() {
    assert_refused(
        Denied,
        &[
            "select set_config('role', 'x', false)",
            "select \"set_config\" ('role', 'x', false)",
            "select Current_Setting('x')",
            "select query_to_xml('select 1', true, true, '')",
            "select table_to_xmlschema('x', true, true, '')",
            "select database_to_xml_and_xmlschema(true, true, '')",
            "select cursor_to_xml('x', 1, true, true, '')",
            "select * from ts_stat('select 1')",
            "select ts_rewrite('a'::tsquery, 'select 1')",
            "select dblink_connect('x')",
            "select * from dblink('x', 'y') as t(a int)",
            "select lo_import('/etc/passwd')",
            "select loread(1, 2)",
            "select txid_current()",
            "select load_extension('x')",
            "select readfile('x')",
            "select writefile/**/('x', 'y')",
            "select fts3_tokenizer('x')",
            "create index i on t (current_setting('x'))",
        ],
    );
}

#[test]
fn only_one_statement_is_taken() {
    assert_refused(
        Denied,
        &["select 1; select 2", "select 1;;", "select 1;; drop table t", "; select 1", "select 1; /* */ commit"],
    );
    assert_refused(
        Syntax,
        &[
            "",
            " \n\t",
            "-- nothing",
            "/* nothing */",
            ";",
            "(",
            "1",
            "'select'",
            "\"select\" 1",
            "create",
            "create unique",
        ],
    );
}

#[test]
fn placeholders_are_one_to_n() {
    assert_eq!(checked(Engine::Postgres, "select $2, $1, $2, $3::int").parameters, 3);
    let many = (1..=1_000).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
    assert_eq!(checked(Engine::Postgres, &format!("select {many}")).parameters, 1_000);
    assert_eq!(checked(Engine::Postgres, "select 1").parameters, 0);
    assert_refused(
        BadParameter,
        &[
            "select $0",
            "select $2",
            "select $1, $3",
            "select $01",
            "select $1a",
            "select $1$2",
            "select $1(2)",
            "select $99999",
            "select $99999999999999999999",
            "select $1, $65535",
            "select ?",
            "select ?1",
            "select data ? 'key' from t",
            "select data ?| array['key'] from t",
            "select :name",
            "select a from t where b=:b",
            "select @name",
            "select -1 + @name",
            "select $1::x('a)b')",
        ],
    );
}

#[test]
fn what_the_engines_read_differently_is_refused() {
    assert_refused(
        Syntax,
        &[
            "select /* /* */ */ 1",
            "select 1 -- \r , pg_sleep(1)",
            "select $$a$$",
            "select $tag$a$tag$",
            "select [a] from t",
            "select * from [t]",
            "select a, [b] from t",
            "select t.[b] from t",
            "select `a` from t",
            "select array['] or 1 --']",
            "select array[\"]\"]",
            "select array[1 /* ] */]",
            "select array[1 -- ]\n]",
            "select E'\\' or 1 --'",
            "select e'a'\n'\\' or 1 --'",
            "select 1from t",
            "select 'a",
            "select 'a''",
            "select \"a",
            "select /* a",
            "select (array[1)",
            "select 1]",
            "select 1 \\ 2",
            "select 1 \u{b} 2",
            "select '\0'",
        ],
    );
}

#[test]
fn a_text_over_the_limit_is_too_large() {
    let refusal = check(Engine::Postgres, "select 1", 7).unwrap_err();
    assert_eq!(refusal.code, TooLarge);
    assert!(check(Engine::Postgres, "select 1", 8).is_ok());
}

#[test]
fn time_grows_with_length_only() {
    let half = MAX_BYTES / 2;
    for piece in ["(", "/", "*", "-", "'", "\"", "$1 ", "[", "a.", "a ", "/*", "::", "$1::", "E'a'", "\\", "é"] {
        let text = format!("select {}", piece.repeat(half / piece.len()));
        let _ = check(Engine::Postgres, &text, MAX_BYTES);
    }
}
