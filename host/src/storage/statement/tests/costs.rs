//! Bounds on calls that Postgres cannot interrupt.

use super::super::{Engine, RefusalCode, check};
use super::{MAX_BYTES, checked};

/// What runs.
fn text(sql: &str) -> String {
    checked(Engine::Postgres, sql).text.clone()
}

fn is_bounded(sql: &str) -> bool {
    text(sql).contains("the arguments are too large together")
}

#[test]
fn ordinary_calls_stay_as_they_are() {
    for sql in [
        "SELECT TRIM(a), BTRIM(a), LTRIM(a), RTRIM(a) FROM t",
        "SELECT TRIM(BOTH ' -' FROM a) FROM t",
        "SELECT replace(replace(a, ' ', '-'), '_', '-') FROM t",
        "SELECT a FROM t WHERE a LIKE '%fox%' AND tags @> $1",
        "SELECT a FROM t WHERE tags && ARRAY['red', 'blue'] AND body @> '{\"a\": 1}'",
        "SELECT a FROM t, u WHERE t.tags && u.tags",
        "SELECT a FROM t ORDER BY place <-> $1 LIMIT 5",
        "SELECT repeat('ab', 3), lpad(a, 8, '0') FROM t",
        "SELECT normalize('abc')",
        "SELECT to_tsvector(a) @@ to_tsquery('fox & dog') FROM t",
    ] {
        assert_eq!(text(sql), sql);
    }
}

#[test]
fn what_cannot_be_interrupted_is_bounded() {
    for sql in [
        "select btrim(a, b) from t",
        "select trim(both b from a) from t",
        "select trim(a, b) from t",
        "select ltrim($1, $2)",
        "select translate(lower(a), b, c) from t",
        "select strpos(a, $1), position($1 in a) from t",
        "select replace(a, $1, $2), split_part(a, b, 1) from t",
        "select * from string_to_table($1, $2) s(x)",
        "select * from lateral string_to_table($1, $2) s(x)",
        "select a from t where a like $1 or a ilike '%' || $1 || '%' or a ~~ b",
        "select array_agg(a) && array_agg(b) from t",
        "select cast($1 as int[]) <@ cast($2 as int[])",
        "select polygon(a, c) && polygon(b, c), path(p) <-> path(q) from t",
        "select repeat(a, $1), rpad(a, b) from t",
        "select normalize(a, nfc), a is nfd normalized, plainto_tsquery('english', $1) from t",
        "select jsonb_exists_any(a, array(select b from t)) from t",
        "update t set a = replace(a, b, c) where strpos(a, b) > 0 returning translate(a, b, c)",
        "insert into t (a) select strpos(a, b) from t on conflict (a) do update set a = ltrim(excluded.a, t.b)",
        "create view v as select btrim(a, b) from t",
        "with x as (select btrim(a, b) y from t) select y from x",
    ] {
        assert!(is_bounded(sql), "{sql}: {}", text(sql));
    }
    // SQLite has ways of its own.
    assert_eq!(checked(Engine::Sqlite, "select ltrim(a, b) from t").text, "select ltrim(a, b) from t");
}

#[test]
fn operators_of_patterns_bind_as_on_the_server() {
    for operator in ["~~", "!~~", "~~*", "!~~*"] {
        let text = text(&format!("select d = a {operator} b from t"));
        assert!(text.contains("octet_length(a)") && !text.contains("(d = a"), "{text}");
    }
}

#[test]
fn each_call_of_a_statement_has_its_bound() {
    let calls =
        text("select btrim(a, b), (select strpos(c, d) from u where e like f) from t").matches("CASE").count();
    assert_eq!(calls, 3);
    let nested = text("select replace(replace(replace(a, b, c), d, e), f, g) from t");
    assert!(nested.len() < 20_000, "{} bytes", nested.len());
}

#[test]
fn sizes_that_stand_in_the_text_are_judged_at_once() {
    let refusal = |sql: &str| check(Engine::Postgres, sql, MAX_BYTES).map(|_| ()).map_err(|refusal| refusal.code);
    let letters = "x".repeat(40_000);
    for sql in [
        format!("select btrim('{letters}', '{letters}')"),
        "select repeat('abc', 100000000)".to_owned(),
        "select lpad('a', 100000000)".to_owned(),
        format!("select normalize('{letters}')"),
    ] {
        assert_eq!(refusal(&sql), Err(RefusalCode::TooLarge), "{:.40}", sql);
    }
    // Each time it is computed it may be another one.
    let changing = "select btrim(a, repeat('b', cast(random() * 400000 as int))) from t";
    assert_eq!(refusal(changing), Err(RefusalCode::Denied));
}

#[test]
fn what_may_fail_for_its_size_is_not_steady() {
    assert!(!checked(Engine::Postgres, "select a from t where a like $1").steady);
    assert!(checked(Engine::Postgres, "select a from t where a = $1").steady);
}
