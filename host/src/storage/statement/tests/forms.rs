//! Forms that the parser does not know, and what a print must not lose.

use super::super::Engine::Postgres;
use super::super::RefusalCode::{Denied, Syntax};
use super::super::{Kind, check, faithful, grammar};
use super::{MAX_BYTES, assert_refused, checked, kind_of};

#[test]
fn forms_are_run_as_they_were_written() {
    let same = [
        "SELECT id FROM t FOR NO KEY UPDATE",
        "SELECT id FROM t FOR KEY SHARE OF t, u SKIP LOCKED",
        "SELECT id FROM t FOR UPDATE OF t , u NOWAIT",
        "UPDATE t SET tags[1] = 'x', m[1][$1 + 1] = 3, a = b WHERE c[1] = 2",
        "UPDATE t SET doc['a']['it''s'] = '1'",
        "INSERT INTO t VALUES (1) ON CONFLICT (lower(a), b) DO UPDATE SET tags[1] = 'x'",
        "INSERT INTO t (id) OVERRIDING SYSTEM VALUE VALUES (1)",
        "SELECT concat(VARIADIC ARRAY['a'])",
        "SELECT 1 BETWEEN SYMMETRIC (2) AND 1",
        "SELECT a FROM t GROUP BY GROUPING SETS (ROLLUP (a, b), (), GROUPING SETS ((a)))",
        "SELECT sum(a) OVER (w ROWS 1 PRECEDING EXCLUDE CURRENT ROW) FROM t WINDOW w AS (ORDER BY a)",
        "SELECT sum(a) OVER (ORDER BY (a) RANGE BETWEEN ('1') PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t",
        "SELECT sum(a) OVER (PARTITION BY b AND 'x' = c ORDER BY a ROWS 1 PRECEDING) FROM t",
        "SELECT sum(a) OVER (PARTITION BY b AND 'x' = c ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t",
        "SELECT * FROM json_to_recordset('[]') AS (a INT, b TEXT)",
        "CREATE TABLE t (x, y) AS SELECT 1, 2",
        "CREATE TABLE t (LIKE u INCLUDING ALL EXCLUDING INDEXES)",
        "ALTER INDEX IF EXISTS \"I\" RENAME TO j",
        "ALTER TABLE t ALTER COLUMN a DROP IDENTITY IF EXISTS, ALTER COLUMN b SET STATISTICS 100",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SEARCH DEPTH FIRST BY n, m SET o CYCLE n SET \
         c TO 'Y' DEFAULT 'N' USING p SELECT n FROM t",
    ];
    let plain = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>().to_lowercase();
    for sql in same {
        assert_eq!(plain(&checked(Postgres, sql).text), plain(sql));
    }
}

#[test]
fn forms_that_say_the_same_in_other_words_become_those() {
    for (sql, text) in [
        ("select a isnull, b notnull from t", "SELECT a IS NULL, b IS NOT NULL FROM t"),
        ("select interval(0) '1.5 s'", "SELECT '1.5 s'::INTERVAL(0)"),
        ("select a not ilike any ('{}') from t", "SELECT a !~~* ANY('{}') FROM t"),
        ("select (t).a, (t).b[1] from t", "SELECT t.a, t.b[1] FROM t"),
        ("select 'a'\n'b' -- c\n 'd'", "SELECT 'abd'"),
        ("select 1 between asymmetric 1 and 2", "SELECT 1 BETWEEN 1 AND 2"),
        ("select extract('year' from a) from t", "SELECT EXTRACT(YEAR FROM a) FROM t"),
        ("select - + 1, - - 1, ~ -1, not not true", "SELECT - +1, - -1, ~ -1, NOT NOT true"),
    ] {
        assert_eq!(checked(Postgres, sql).text.to_lowercase(), text.to_lowercase());
    }
}

#[test]
fn locks_of_every_strength_are_writes() {
    for strength in ["update", "no key update", "share", "key share", "key share of t, u"] {
        assert_eq!(kind_of(&format!("select a from t, u for {strength}")), Ok(Kind::Write), "{strength}");
    }
}

#[test]
fn nobody_writes_the_names_that_carry_a_form() {
    assert_refused(
        Syntax,
        &[
            "select \"\u{1}w00x\" from t",
            "select 1 as \"\u{1}w00; drop table t\"",
            "update t set \"\u{1}s00a[1]\" = 1",
            "select \"\u{1}w00GROUPING SETS\"(1)",
        ],
    );
    assert!(check(Postgres, "select '\u{1}w00x', 'a \"\u{1}w00x\" b'", MAX_BYTES).is_ok());
}

#[test]
fn what_is_carried_is_walked() {
    for sql in [
        "insert into t values (1) on conflict (no_such(a)) do nothing",
        "insert into t values (1) on conflict ((a::regclass)) do nothing",
        "select 1 between symmetric no_such(1) and 2",
        "select a from t group by grouping sets ((no_such(a)))",
        "select concat(variadic array[current_user])",
    ] {
        let result = check(Postgres, sql, MAX_BYTES);
        assert!(matches!(&result, Err(refusal) if refusal.code == Denied), "{sql}: {result:?}");
    }
    for sql in ["update t set a[f(1)] = 2", "update t set a[(select 1)] = 2", "update t set a.b[1] = 2"] {
        assert!(check(Postgres, sql, MAX_BYTES).is_err(), "{sql}");
    }
}

#[test]
fn a_print_that_loses_a_word_is_no_print() {
    let tokens = |text: &str| grammar::tokens(Postgres, text).expect("tokens");
    let lost = |one: &str, other: &str| faithful::difference(&tokens(one), &tokens(other));
    assert_eq!(lost("select a as b from t offset 1 limit 2", "SELECT a b FROM t LIMIT 2 OFFSET 1"), None);
    assert_eq!(lost("select trim(both from a)", "SELECT TRIM(BOTH a)"), None);
    assert_eq!(lost("select time(0) 'x'", "SELECT TIME 'x'"), Some("(".to_owned()));
    assert_eq!(lost("select 'a'", "SELECT 'A'"), Some("'a'".to_owned()));
    assert_eq!(lost("select \"a\"", "SELECT \"A\""), Some("\"a\"".to_owned()));
    assert_eq!(lost("select distinct a from t", "SELECT a FROM t"), Some("distinct".to_owned()));
    assert_eq!(lost("select 1", "SELECT 1, 2"), Some(",".to_owned()));
}
