//! Ordinary SQL, which must not be refused.

use super::super::Kind;
use super::kind_of;

#[test]
fn ordinary_reads_pass() {
    let reads = [
        "select 1",
        "SELECT * FROM entries WHERE id = $1;",
        "select 1 ; ",
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
