//! Our functions against SQLite's own, on a connection that has them.

use super::*;
use rusqlite::types::Value;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Arguments of every class, characters of every length, and bytes that are no characters.
fn values() -> Vec<Value> {
    let texts = [
        "",
        " ",
        "a",
        "aab",
        "xaax",
        "aXbXc",
        "abcabcabc",
        "é",
        "éé",
        "aéa",
        "日本語",
        "語日",
        "😀a😀",
        "a\u{0}b",
        "\u{0}a",
        "0123456789",
        "DEADbeef",
        "de ad",
        "d-e",
        "{\"a\":1}",
        "{\"a\":null,\"b\":{\"c\":[1,2]}}",
        "[1,2]",
        "{",
        "null",
        "'",
        "\u{fffd}",
        "\u{feff}a",
    ];
    let blobs: [&[u8]; 13] = [
        b"",
        b"a",
        b"ab",
        b"\x80",
        b"\xc3",
        b"\xc3\xa9",
        b"\xc3\xa9\x80",
        b"a\xc3",
        b"\xff\xfe",
        b"\xe6\x97",
        b"\x80\x80a",
        b"\xc0\x80",
        b"\x00",
    ];
    let mut values: Vec<Value> = texts.iter().map(|text| Value::Text((*text).to_owned())).collect();
    values.extend(blobs.iter().map(|blob| Value::Blob(blob.to_vec())));
    values.extend([0, 1, -12, i64::MAX, i64::MIN].map(Value::Integer));
    values.extend([0.1, 1.5, -2.0, 1e300, 1e15, 123_456_789.123_456_79, f64::INFINITY].map(Value::Real));
    values.push(Value::Null);
    values
}

fn connections() -> (Connection, Connection) {
    let (ours, own) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
    register(&ours, &Arc::new(AtomicUsize::new(1 << 24))).unwrap();
    (ours, own)
}

/// The class, the bytes and the subtype of a result, or the error.
fn outcome(link: &Connection, call: &str, arguments: &[&Value]) -> std::result::Result<Value, String> {
    let sql = format!(
        "select typeof(x) || ':' || coalesce(hex(x), '') || ':' || json_array(x) from (select {call} as x)"
    );
    let sql = if call.starts_with("json") { sql } else { sql.replace("json_array(x)", "''") };
    let mut statement = link.prepare_cached(&sql).map_err(|error| error.to_string())?;
    let params = rusqlite::params_from_iter(arguments);
    statement.query_row(params, |row| row.get(0)).map_err(|error| error.to_string())
}

fn compare(call: &str, count: usize) {
    let ((ours, own), values) = (connections(), values());
    let total = values.len().pow(u32::try_from(count).unwrap());
    for number in 0..total {
        let arguments: Vec<&Value> = (0..count)
            .map(|at| &values[number / values.len().pow(u32::try_from(at).unwrap()) % values.len()])
            .collect();
        let (got, wanted) = (outcome(&ours, call, &arguments), outcome(&own, call, &arguments));
        assert_eq!(got, wanted, "{call} of {arguments:?}");
    }
}

#[test]
fn trimming_gives_what_sqlite_gives() {
    for name in ["trim", "ltrim", "rtrim"] {
        compare(&format!("{name}(?1, ?2)"), 2);
        // Texts that are not UTF-8.
        compare(&format!("{name}(cast(?1 as text), cast(?2 as text))"), 2);
        compare(&format!("{name}(?2 || ?1 || ?2, ?2)"), 2);
    }
}

#[test]
fn searching_gives_what_sqlite_gives() {
    compare("instr(?1, ?2)", 2);
    compare("instr(?1 || ?2 || ?1, ?2)", 2);
    compare("instr(cast(?1 as text), cast(?2 as text))", 2);
    compare("replace(?1, ?2, ?3)", 3);
    compare("replace(?1 || ?2 || ?2, ?2, ?1)", 2);
    compare("replace(cast(?1 as text), cast(?2 as text), cast(?3 as text))", 3);
}

#[test]
fn unhex_gives_what_sqlite_gives() {
    compare("unhex(?1, ?2)", 2);
    compare("unhex('de' || ?1 || 'ad', ?2)", 2);
    compare("unhex(cast(?1 as text), cast(?2 as text))", 2);
}

#[test]
fn letters_of_all_languages_are_changed() {
    // None of these texts has a capital beyond ASCII.
    compare("lower(?1)", 1);
    compare("lower(cast(?1 as text))", 1);
    let (ours, _) = connections();
    for (call, wanted) in [
        ("lower('JÜRGEN ΣΑΣ ЖЫ')", "jürgen σας жы"),
        ("upper('jürgen straße ﬁ')", "JÜRGEN STRASSE FI"),
        ("hex(upper(cast(x'61ff62' as text)))", "41FF42"),
        ("upper(1.5 || 'e')", "1.5E"),
    ] {
        let got: String = ours.query_row(&format!("select {call}"), [], |row| row.get(0)).unwrap();
        assert_eq!(got, wanted, "{call}");
    }
}

#[test]
fn patching_gives_what_sqlite_gives() {
    compare("json_patch(?1, ?2)", 2);
    compare("jsonb_patch(?1, ?2)", 2);
    compare("json_patch(?1, json_object('a', ?2))", 2);
}

/// Long texts by chance, of few characters so that they have much in common.
#[test]
fn long_texts_give_what_sqlite_gives() {
    let (ours, own) = connections();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut text = |most: u64| {
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let length = next() % most;
        Value::Text(
            (0..length).map(|_| ['a', 'b', 'é', '語', '😀'][usize::try_from(next() % 5).unwrap()]).collect(),
        )
    };
    for _ in 0..2000 {
        let arguments = [text(200), text(4), text(6)];
        for call in [
            "trim(?1, ?2) || ?3",
            "ltrim(?1, ?3) || ?2",
            "rtrim(?1, ?2) || ?3",
            "instr(?1, ?2) || ?3",
            "replace(?1, ?2, ?3)",
        ] {
            let arguments: Vec<&Value> = arguments.iter().collect();
            assert_eq!(
                outcome(&ours, call, &arguments),
                outcome(&own, call, &arguments),
                "{call} of {arguments:?}"
            );
        }
    }
}

/// Where SQLite's own would take minutes, and where ours refuses.
#[test]
fn the_largest_values_take_moments() {
    let (ours, _) = connections();
    // However busy the machine is.
    let computed = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let before = computed();
    let one = |sql: &str| ours.query_row(sql, [], |row| row.get::<_, i64>(0));
    let long = "printf('%.*c', 4000000, 'a')";
    let last = "printf('%.*c', 2000000, 'a') || 'b'";
    assert_eq!(one(&format!("select length(trim({long}, {last}))")), Ok(0));
    assert_eq!(one(&format!("select length(trim({long}, printf('%.*c', 4000000, 'b') || 'a'))")), Ok(0));
    assert_eq!(one(&format!("select instr({long}, {last})")), Ok(0));
    assert_eq!(one(&format!("select length(replace({long}, {last}, 'x'))")), Ok(4_000_000));
    assert_eq!(one(&format!("select length(unhex(replace({long}, 'a', 'é') || 'aa', {long} || 'é'))")), Ok(1));
    let invalid = "cast(x'80' || zeroblob(0) as text)";
    assert_eq!(one(&format!("select length(trim({long}, {invalid} || 'a'))")), Ok(0));
    let refused = [
        format!(
            "select length(trim({long}, {invalid} || replace(printf('%.*c', 100000, 'b'), 'b', 'éü') || 'a'))"
        ),
        format!("select length(replace({long}, 'a', 'aaaaaaaa'))"),
        format!("select length(json_patch('[' || {long} || ']', '[' || {long} || ']'))"),
    ];
    for sql in refused {
        let error = one(&sql).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::TooBig), "{sql}: {error}");
    }
    let took = computed() - before;
    assert!(took < Duration::from_secs(30), "{took:?}");
}

/// A constraint and an index may call them, also where the schema is not trusted.
#[test]
fn constraints_indexes_and_views_may_call_them() {
    let (ours, _) = connections();
    ours.pragma_update(None, "trusted_schema", false).unwrap();
    ours.execute_batch(
        "create table t (a text check (trim(a, '-') <> ''));
         create index i on t (replace(a, 'x', 'y'));
         create view v as select instr(a, 'b') as at from t;
         insert into t values ('ab')",
    )
    .unwrap();
    assert_eq!(ours.query_row("select at from v", [], |row| row.get(0)), Ok(2));
    assert!(ours.execute("insert into t values ('--')", []).is_err());
}
