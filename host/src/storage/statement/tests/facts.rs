//! What is found out about a statement besides that it may run.

use super::super::{Engine, Kind, RefusalCode, check, check_expression};
use super::{ENGINES, MAX_BYTES, checked};

#[test]
fn reads_writes_and_definitions_are_told_apart() {
    let cases = [
        (Kind::Read, "select 1 ; "),
        (Kind::Read, "(select 1) union all (select 2) order by 1"),
        (
            Kind::Read,
            "with recursive r(n) as (select 1 union all select n + 1 from r where n < 10) select n from r",
        ),
        (Kind::Read, "values (1, 'a'), ($1, $2)"),
        (Kind::Read, "select 'begin; drop table pg_class; select set_config(1)', \"set\", t.\"into\" from t"),
        (
            Kind::Read,
            "select public, main, temp, innkeeper, app_name, lo_price, dblink, txid_x, current_setting from t",
        ),
        (
            Kind::Read,
            "select appetite.id from appetite, public_notes, mainland, temperature where temperature.id = 1",
        ),
        (Kind::Write, "insert into t (\"into\") values ('into')"),
        (Kind::Write, "update \"set\" set \"set\" = 1"),
        (Kind::Write, "with gone as (delete from t returning *) select count(*) from gone"),
        (Kind::Write, "(with gone as (delete from t returning *) select * from gone)"),
        (Kind::Write, "with x as (select 1) insert into t select * from x"),
        (Kind::Write, "select * from t where a = 1 for no key update of t skip locked"),
        (Kind::Write, "select * from (select * from t for key share) x"),
        (Kind::Define, "create or replace view v (a) as select 1"),
        (Kind::Define, "create table app_notes (a text)"),
        (Kind::Define, "alter index t_a rename to t_b"),
        (Kind::Define, "truncate t"),
    ];
    for (kind, sql) in cases {
        assert_eq!(checked(Engine::Postgres, sql).kind, kind, "{sql}");
    }
    // What the parser does not know of SQLite counts by its words.
    assert_eq!(checked(Engine::Sqlite, "insert into t as u (a) values (1)").kind, Kind::Write);
    assert_eq!(checked(Engine::Sqlite, "select 1 << 2").kind, Kind::Read);
}

#[test]
fn what_sqlite_alone_reads_may_destroy_anything() {
    for sql in [
        "delete from t indexed by i where a glob glob 1",
        "with x as (select 1 glob glob 2) delete from t",
        "with x as (select 1 glob glob 2) replace into t select * from x",
        "insert or replace into t select 1 glob glob 2",
        "alter table t x << y",
    ] {
        let names: Vec<String> = checked(Engine::Sqlite, sql).destroys.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["*"], "{sql}");
    }
    for sql in ["insert or ignore into t select 1 << 2", "select 1 << 2 where a or replace(b, 'c', 'd') = 'e'"] {
        assert!(checked(Engine::Sqlite, sql).destroys.is_empty(), "{sql}");
    }
    // A name that is kept may stand in a string, where only the engine finds it.
    assert!(check(Engine::Sqlite, "delete from 'sqlite_schema' where a << 1", MAX_BYTES).is_err());
}

#[test]
fn rows_that_are_replaced_are_destroyed() {
    for sql in [
        "insert or replace into t values (1)",
        "replace into t (a) select 1",
        "update or replace t set a = 1",
        "with x as (select 1) insert or replace into t select * from x",
    ] {
        let names: Vec<String> = checked(Engine::Sqlite, sql).destroys.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["t"], "{sql}");
    }
    for sql in [
        "insert or ignore into t values (1)",
        "update or fail t set a = 1",
        "update t set a = replace(a, 'b', 'c')",
    ] {
        assert!(checked(Engine::Sqlite, sql).destroys.is_empty(), "{sql}");
    }
}

#[test]
fn what_is_destroyed_is_told() {
    let cases: [(&str, &[&str]); 15] = [
        ("create table k as with gone as (delete from a returning *) select * from gone", &["a"]),
        ("delete from a where true", &["a"]),
        ("delete from a where (1 = 1)", &["a"]),
        ("drop table a, \"B\" cascade", &["a", "B"]),
        ("DROP TABLE IF EXISTS Notes", &["notes"]),
        ("alter table t drop column A", &["t.a"]),
        ("alter table t drop column a cascade, add column b int, drop c", &["t.a", "t.c"]),
        ("alter table t alter column a type bigint, alter column b set not null", &["t.a"]),
        ("truncate t, u restart identity", &["t", "u"]),
        ("delete from t", &["t"]),
        ("with x as (select 1) delete from t", &["t"]),
        ("with x as (delete from t returning a) select * from x", &["t"]),
        ("delete from t where a = 1", &[]),
        ("drop view v", &[]),
        ("alter table t rename column a to b", &[]),
    ];
    for (sql, expected) in cases {
        let destroys = &checked(Engine::Postgres, sql).destroys;
        assert_eq!(destroys.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{sql}");
    }
    for sql in ["delete from T", "delete from t indexed by i", "delete from t not indexed"] {
        assert_eq!(checked(Engine::Sqlite, sql).destroys.len(), 1, "{sql}");
    }
}

#[test]
fn steady_reads_are_told_from_others() {
    let steady = [
        "select * from t",
        "select t.a, b as c from t join u using (a) where (b = $1 or c in (1, 2)) and not d is null limit 5",
        "select a, count(*), lower(b), coalesce(c, 'x') from t group by a, b, c order by 2 desc offset 1",
        "select distinct a from (select a from t where a between $1 and $2) x where exists (select 1 from u)",
        "select a from t where a in (select b from u)",
        "select max(length(a)) from t",
    ];
    let others = [
        "select a + 1 from t",
        "select 1 / a from t",
        "select a::text from t",
        "select (select a from t)",
        "select a from t limit $1",
        "select a from t where b like $1",
        "select generate_series(1, 2)",
        "select a, round(b) from t",
        "select a from t where b = any($1)",
        "select a from t for update",
        "with x as (select 1) select * from x",
        "select a -> 'b' from t",
        "select sum(a) from t",
        "update t set a = 1",
    ];
    for engine in ENGINES {
        for sql in steady {
            assert!(checked(engine, sql).steady, "{engine:?} {sql}");
        }
        for sql in others {
            assert!(!check(engine, sql, MAX_BYTES).is_ok_and(|checked| checked.steady), "{engine:?} {sql}");
        }
    }
}

#[test]
fn sequences_move_only_by_their_plain_names() {
    assert_eq!(checked(Engine::Postgres, "select nextval('t_id_seq')").kind, Kind::Write);
    assert_eq!(checked(Engine::Postgres, "select setval('t_id_seq', 5, false)").kind, Kind::Write);
    assert_eq!(checked(Engine::Postgres, "select currval('t_id_seq')").kind, Kind::Read);
    for name in ["'app_other.s'", "'\"S\"'", "$1", "'a' || 'b'", "'pg_s'", "'s'::regclass", "(select 's')"] {
        let sql = format!("select nextval({name})");
        assert!(check(Engine::Postgres, &sql, MAX_BYTES).is_err(), "{sql}");
    }
}

#[test]
fn a_function_behind_from_takes_no_other_names_than_elsewhere() {
    assert_eq!(checked(Engine::Postgres, "select * from nextval('t_id_seq')").kind, Kind::Write);
    for sql in [
        "select * from nextval('app_other.s')",
        "select * from nextval($1)",
        "select * from t, lateral nextval('app_other.s') as n",
        "select * from to_tsvector('app_other.words', 'x')",
    ] {
        assert!(check(Engine::Postgres, sql, MAX_BYTES).is_err(), "{sql}");
    }
}

#[test]
fn a_text_search_configuration_is_one_of_postgres_own() {
    for sql in [
        "select to_tsvector('english', a) from t",
        "select to_tsvector('Simple', 'a b')",
        "select to_tsvector('any document')",
        "select to_tsvector($1, 'x')",
        "select to_tsvector(null, 'x')",
        "select to_tsquery((('german')), 'x')",
        "select ts_headline(a, q, 'MaxWords=3') from t, to_tsquery('simple', 'x') q",
        "select ts_headline($1, $2::tsquery, 'MaxWords=3')",
        "select ts_headline(cast('app_other.words' as text), 'x'::tsquery, 'MaxWords=3')",
        "select jsonb_to_tsvector('{}', '\"all\"')",
    ] {
        assert!(check(Engine::Postgres, sql, MAX_BYTES).is_ok(), "{sql}");
    }
    for call in [
        "to_tsvector('app_other.words', 'x')",
        "to_tsvector('words', 'x')",
        "to_tsvector('16384', 'x')",
        "to_tsvector('', 'x')",
        "to_tsvector((('app_other.words')), a)",
        "to_tsvector(config => 'english', document => 'x')",
        "TO_TSVECTOR('app_other.words', 'x')",
        "websearch_to_tsquery('app_other.words', 'x')",
        "ts_headline('app_other.words', 'x', 'x')",
        "jsonb_to_tsvector('app_other.words', '{}', '\"all\"')",
    ] {
        let sql = format!("select {call} from t");
        let refusal = check(Engine::Postgres, &sql, MAX_BYTES).err().map(|refusal| refusal.code);
        assert_eq!(refusal, Some(RefusalCode::Denied), "{sql}");
    }
}

#[test]
fn the_print_is_what_runs_on_postgres() {
    let sql = "SELECT  a , 'it''s' /* gone */ from T where b=$1;";
    assert_eq!(checked(Engine::Postgres, sql).text, "SELECT a, 'it''s' FROM T WHERE b = $1");
    // Its own words, in small letters.
    let wanted = "select  a , 'it''s' /* gone */ from t where b=$1;";
    assert_eq!(checked(Engine::Sqlite, sql).text, wanted);
}

#[test]
fn a_condition_is_one_expression_over_columns() {
    for engine in ENGINES {
        let condition = |text: &str| check_expression(engine, text, MAX_BYTES);
        let passed = condition("length(name) > 0 and a in (1,2)").unwrap();
        assert!(passed.eq_ignore_ascii_case("length(name) > 0 and a in (1, 2)"), "{passed}");
        for text in [
            "",
            "a > $1",
            "a > (select 1)",
            "a in (select b from t)",
            "exists (select 1)",
            "count(*) > 1",
            "sum(a) over () > 1",
            "a > 1) or (b > 1",
            "a > 1, b",
            "a > 1; select 1",
            "a > 1 -- x\n; drop table t",
            "a = set_config('a', 'b', false)",
            "a = load_extension('x')",
            "innkeeper.sessions.a > 1",
            "sqlite_version() > 1",
        ] {
            assert!(condition(text).is_err(), "{engine:?} {text}: {:?}", condition(text));
        }
    }
    assert!(check_expression(Engine::Postgres, "nextval('s') > 1", MAX_BYTES).is_err());
}

#[test]
fn a_repeated_text_is_remembered_for_its_engine_alone() {
    let sql = "select 'remembered' as a";
    let first = checked(Engine::Postgres, sql);
    assert!(std::sync::Arc::ptr_eq(&first, &checked(Engine::Postgres, sql)));
    assert_ne!(first.text, checked(Engine::Sqlite, sql).text);
    assert!(check(Engine::Postgres, sql, 5).is_err(), "the length is looked at before");
}

#[test]
fn what_may_add_bytes_is_known() {
    use crate::storage::statement::Growth as G;
    for (sql, growth) in [
        ("select * from t", G::Nothing),
        ("select * from t for update", G::Nothing),
        ("delete from t where a = 1", G::Nothing),
        ("drop table t", G::Nothing),
        ("truncate t", G::Nothing),
        ("create table t (a bigint)", G::Nothing),
        ("create view v as select 1 as a", G::Nothing),
        ("alter table t drop column a", G::Nothing),
        ("with gone as (delete from t where a = 1 returning a) select a from gone", G::Nothing),
        ("insert into t (a) values ($1), (-2)", G::AsBrought),
        ("insert into t (a) values ($1) on conflict do nothing", G::AsBrought),
        ("insert into t (a) values ($1) on conflict (a) do update set a = excluded.a", G::Unbounded),
        ("insert into t (a) values (repeat($1, 1000))", G::Unbounded),
        ("insert into t (a) select a from t", G::Unbounded),
        ("update t set a = $1", G::Unbounded),
        ("with new as (insert into t (a) values (1) returning a) select a from new", G::Unbounded),
        ("create table u as select * from t", G::Unbounded),
        ("create index i on t (a)", G::Unbounded),
        ("alter table t add column b text default 'x'", G::Unbounded),
    ] {
        let checked = crate::storage::statement::check(crate::storage::Engine::Postgres, sql, 1000);
        assert_eq!(checked.map(|checked| checked.growth), Ok(growth), "{sql}");
    }
    // What the parser does not know and SQLite does counts as adding any amount.
    let checked =
        crate::storage::statement::check(crate::storage::Engine::Sqlite, "insert into t default values", 1000);
    assert_ne!(checked.map(|checked| checked.growth), Ok(G::Nothing));
}
