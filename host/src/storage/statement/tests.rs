//! What the scan lets pass, what it refuses, and why.

use super::RefusalCode::{BadParameter, Denied, Syntax, TooLarge};
use super::{Kind, RefusalCode, Scan, scan};

const MAX_BYTES: usize = 100_000;

fn kind_of(sql: &str) -> Result<Kind, String> {
    scan(sql, MAX_BYTES).map(|scan| scan.kind).map_err(|refusal| refusal.to_string())
}

#[test]
fn ordinary_reads_pass() {
    let reads = [
        "select 1",
        "SELECT * FROM entries WHERE id = $1;",
        "select 1 ; ",
        "select 1;;",
        "-- all of them\nselect 1 -- the end",
        "/* a * b / c */ select /**/ 1 /* drop table x; */",
        "select 1 -- windows\r\n, 2",
        "select a.id, b.name from a join b on a.id = b.a_id left join c using (id)",
        "select count(*) filter (where x > 1) over (partition by y order by z rows between 1 preceding and current row) from t",
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 10) select n from r",
        "with a as materialized (select 1), b as (values (1), (2)) select * from a, b",
        "values (1, 'a'), ($1, $2)",
        "(select 1) union all (select 2) order by 1 limit 5 offset 2",
        "select data -> 'a' ->> 'b', data #>> '{a,b}', data @> $1, data <@ $2, data || $3 from t",
        "select $1::text::inet, '5'::int, x::numeric(10, 2), $2::numeric(10,2), $3::numeric(10, 2) from t",
        "select cast($1 as bigint), ($2), $1 + $2",
        "select 'begin; drop table pg_class; select set_config(1)' as note",
        "select 'it''s', 'a\\', E'a\\n\\\\', N'x', U&'\\0041', x'00FF', b'01'",
        "select E'a'\n'b\\\\', 'plain\\'",
        "select 'innkeeper.sessions', '$1 ? :x @y', '/* -- '",
        "select \"set\", \"select\", \"a\"\"b\" from \"Order\"",
        "select t.\"into\" from t",
        "select * from t where id = any($1::text::integer[])",
        "select tags[1], tags[1:2], tags[:$1], array[1, 2], array[['a'], ['b']], (array[1])[1], $1[1] from t",
        "select array['a', 'b'] && tags, \"x\"[1] from t",
        "select extract(epoch from x), substring(y from 1 for 2), trim(both ' ' from z) from t",
        "select x from t where y between 1 and 2 and z is not distinct from w and v in (1, 2)",
        "select case when a then b else c end, coalesce(d, 0), nullif(e, '') from t",
        "select now(), current_timestamp, current_date, random(), lower(a), length(b) from t",
        "select nextval('s'), currval('s'), setval('s', 1)",
        "select json_build_object('a', 1), json_group_array(x), json_extract(y, '$.a') from t",
        "select 1.5, .5, 1e10, 1.5e-3, 0x1F, 1_000, 5. from t",
        "select * from t tablesample system (10)",
        "select x at time zone 'utc' from t",
        "select a, -b, +c, a-b, a*b, a/b, a%b, a^b, ~a, @ a, !a from t",
        "select * from t where a <> b and c != d and e <= f and g >= h and i ~* 'x' and j !~ 'y'",
        "select to_tsvector('simple', a) @@ to_tsquery($1) from t",
        "select ts @@to_tsquery($1) from t",
        "select distinct on (a) a, b from t order by a, b desc nulls last fetch first 3 rows only",
        "select * from generate_series(1, 10) as g(n) cross join lateral (select g.n * 2) as d(m)",
        "select f(a => 1, b := 2)",
        "select größe from straße where Ñandú = $1",
        "select appetite.id from appetite, public_notes, mainland, temperature where temperature.id = 1",
        "select public, main, temp, innkeeper, app_name from t",
        "select current_setting, set_config, lo_price, dblink, txid_x from t",
        "select x.public, x.main from t x",
        "select (t).a, (row(1, 2)), t.* from t",
        "select percentile_cont(0.5) within group (order by x) from t group by grouping sets ((a), (b))",
        "select a collate \"C\" from t",
        "select interval '1 day', date '2024-01-01'",
        "select $1 where $1 = $2 or $3 > $2",
        "select 'a' -- '\n, 'b'",
    ];
    for sql in reads {
        assert_eq!(kind_of(sql), Ok(Kind::Read), "{sql}");
    }
}

#[test]
fn ordinary_writes_pass() {
    let writes = [
        "insert into entries (name, note) values ($1, $2)",
        "INSERT INTO t SELECT * FROM u",
        "insert into t default values returning id",
        "insert into t (a) values ($1) on conflict (a) do update set b = excluded.b where t.b <> excluded.b returning *",
        "insert into t (a) values ($1) on conflict do nothing",
        "update t set a = $1, b = b + 1 from u where u.id = t.id returning t.*",
        "update \"set\" set \"set\" = 1",
        "delete from t using u where t.id = u.id",
        "delete from t where id in (select id from u)",
        "with gone as (delete from t returning *) select count(*) from gone",
        "with x as (select 1) insert into t select * from x",
        "with x as (select 1) update t set a = 1",
        "with recursive x(a) as (select 1 union all select 2) cycle a set is_cycle using path delete from t",
        "with a as (insert into t values (1) returning id), b as (update u set c = 1 returning id) select * from a, b",
        "(with gone as (delete from t returning *) select * from gone)",
        "select * from t for update",
        "select * from t where a = 1 for no key update of t skip locked",
        "select * from t FOR SHARE nowait",
        "select * from (select * from t for key share) x",
        "insert into t (\"into\") values ('into')",
    ];
    for sql in writes {
        assert_eq!(kind_of(sql), Ok(Kind::Write), "{sql}");
    }
}

#[test]
fn ordinary_definitions_pass() {
    let definitions = [
        "create table entries (id bigint generated by default as identity primary key, name text not null)",
        "CREATE TABLE IF NOT EXISTS t (a int references u (id) on delete cascade on update set null, check (a > 0))",
        "create table t as select * from u",
        "create table t (a int) strict",
        "create table app_notes (a text)",
        "create index on t (lower(a))",
        "create unique index if not exists t_a on t (a desc) where b is not null",
        "create index t_b on t using gin (b jsonb_path_ops)",
        "create view v as select * from t where a in (select a from u)",
        "create or replace view v (a) as select 1",
        "alter table t add column b text default 'x'",
        "alter table t alter column c set not null",
        "alter table t rename column owner to boss",
        "alter index t_a rename to t_b",
        "alter view v rename to w",
        "drop table if exists t cascade",
        "drop index t_a",
        "drop view v",
        "truncate t",
        "truncate table t restart identity",
    ];
    for sql in definitions {
        assert_eq!(kind_of(sql), Ok(Kind::Define), "{sql}");
    }
}

fn assert_refused(code: RefusalCode, statements: &[&str]) {
    for sql in statements {
        let result = scan(sql, MAX_BYTES);
        assert!(matches!(&result, Err(refusal) if refusal.code == code), "{sql}: {result:?}");
    }
}

#[test]
fn other_statements_are_denied() {
    let control = ["begin", "BEGIN;", "start transaction", "commit", "end", "rollback", "abort", "savepoint a", "release a"];
    assert_refused(Denied, &control);
    assert!(control.iter().all(|sql| kind_of(sql).is_err_and(|text| text.contains("use begin, commit and rollback"))));
    assert_refused(Denied, &[
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
        "replace into t values (1)",
        "table t",
        "load 'x'",
        "security label on table t is 'x'",
        "/**/ -- \n vacuum into 'x'",
    ]);
    assert_eq!(kind_of("set x = 1").map_err(|text| text.starts_with("denied: SET is not allowed to an app")), Err(true));
}

#[test]
fn other_definitions_are_denied() {
    assert_refused(Denied, &[
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
    ]);
}

#[test]
fn select_into_is_denied() {
    assert_refused(Denied, &[
        "select * into t from u",
        "select 1 as a into temp t",
        "with x as (select 1) select * into t from x",
        "insert into t select * into u from v",
        "create table t as select * into u from v",
        "with x as (select 1) merge into t using x on true when matched then do nothing",
    ]);
    assert_refused(Syntax, &["insert or replace into t values (1)", "INSERT OR IGNORE INTO t values (1)"]);
}

#[test]
fn names_of_host_and_engine_are_denied() {
    assert_refused(Denied, &[
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
    ]);
}

#[test]
fn functions_that_reach_out_are_denied() {
    assert_refused(Denied, &[
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
    ]);
}

#[test]
fn only_one_statement_is_taken() {
    assert_refused(Denied, &["select 1; select 2", "select 1;; drop table t", "; select 1", "select 1; /* */ commit"]);
    assert_refused(Syntax, &["", " \n\t", "-- nothing", "/* nothing */", ";", "(", "1", "'select'", "\"select\" 1", "create", "create unique"]);
}

#[test]
fn placeholders_are_one_to_n() {
    assert_eq!(scan("select $2, $1, $2, $3::int", MAX_BYTES), Ok(Scan { kind: Kind::Read, parameters: 3 }));
    let many = (1..=1_000).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
    assert_eq!(scan(&format!("select {many}"), MAX_BYTES).map(|scan| scan.parameters), Ok(1_000));
    assert_eq!(scan("select 1", MAX_BYTES).map(|scan| scan.parameters), Ok(0));
    assert_refused(BadParameter, &[
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
    ]);
}

#[test]
fn what_the_engines_read_differently_is_refused() {
    assert_refused(Syntax, &[
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
    ]);
}

#[test]
fn a_text_over_the_limit_is_too_large() {
    let refusal = scan("select 1", 7).unwrap_err();
    assert_eq!(refusal.code, TooLarge);
    assert!(scan("select 1", 8).is_ok());
}

#[test]
fn time_grows_with_length_only() {
    let half = MAX_BYTES / 2;
    for piece in ["(", "/", "*", "-", "'", "\"", "$1 ", "[", "a.", "a ", "/*", "::", "$1::", "E'a'", "\\", "é"] {
        let text = format!("select {}", piece.repeat(half / piece.len()));
        let _ = scan(&text, MAX_BYTES);
    }
}
