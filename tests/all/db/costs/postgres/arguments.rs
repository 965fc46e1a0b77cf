//! Arguments for the calls of Postgres, made from their types.

/// Types of arguments that no statement of an app can make: a signature that wants one cannot be
/// called.
pub(super) const NOT_MADE: &[&str] = &[
    "internal",
    "cstring",
    "oid",
    "regclass",
    "regconfig",
    "xid",
    "xid8",
    "tid",
    "cid",
    "pg_lsn",
    "anyenum",
    "xml",
    "aclitem",
    "_aclitem",
    "oidvector",
    "int2vector",
    "pg_snapshot",
    "txid_snapshot",
    "refcursor",
    "record",
    "_record",
    "_cstring",
    "pg_brin_bloom_summary",
    "regproc",
    "regrole",
    "regtype",
    "regoper",
    "regoperator",
    "regprocedure",
    "regnamespace",
    "regdictionary",
    "regcollation",
    "unknown",
    "gtsvector",
];

/// Arguments of a type: what is searched, and what is looked for in it. From huge to what a bound
/// may still let pass.
#[expect(clippy::too_many_lines, reason = "a table, one entry for each type")]
pub(super) fn arguments(type_name: &str) -> Option<Vec<[String; 2]>> {
    let same = |text: &str| vec![[text.to_owned(), text.to_owned()]];
    let cast =
        |to: &str| texts().into_iter().map(|pair| pair.map(|text| format!("cast({text} as {to})"))).collect();
    let array = |element: &str, huge: u32| {
        [huge, 5_000]
            .map(|size| {
                let fill = |value: u32| format!("array_fill(cast({value} as {element}), array[{size}])");
                [fill(1), fill(2)]
            })
            .to_vec()
    };
    let range = |of: &str| format!("{of}range(cast(null as {}), null)", range_of(of));
    let polygon = |size: u32| {
        let one = |circle: &str| format!("polygon({size}, cast('{circle}' as circle))");
        [one("((0,0),1)"), one("((0.1,0),1)")]
    };
    Some(match type_name {
        "text" | "any" | "anyelement" | "anynonarray" | "anycompatible" | "anycompatiblenonarray" => texts(),
        "varchar" | "bpchar" => cast(type_name),
        "name" => same("cast(repeat('a', 60) as name)"),
        "char" => same("cast('a' as \"char\")"),
        "bytea" => {
            texts().into_iter().map(|pair| pair.map(|text| format!("convert_to({text}, 'UTF8')"))).collect()
        }
        "json" | "jsonb" => {
            let list =
                |size: u32, value: &str| format!("cast('[' || repeat('{value},', {size}) || '0]' as {type_name})");
            let deep = format!("cast(repeat('[', 5000) || repeat(']', 5000) as {type_name})");
            vec![
                [list(2_000_000, "1"), list(2_000_000, "2")],
                [list(2_000, "1"), list(2_000, "2")],
                [deep.clone(), deep],
            ]
        }
        "jsonpath" => same("cast('$.** ? (@ > 1)' as jsonpath)"),
        "int2" => same("cast(32767 as smallint)"),
        "int4" => ["2147483647", "16777216", "30000"].map(|n| [n.to_owned(), n.to_owned()]).to_vec(),
        "int8" => ["9223372036854775807", "16777216"]
            .map(|n| [format!("cast({n} as bigint)"), format!("cast({n} as bigint)")])
            .to_vec(),
        "numeric" => {
            let large = "cast(repeat('9', 131000) || '.' || repeat('9', 16000) as numeric)".to_owned();
            let half = "cast(repeat('7', 65000) || '.' || repeat('9', 16000) as numeric)".to_owned();
            let small = "cast('1.' || repeat('9', 16000) as numeric)".to_owned();
            vec![
                [large.clone(), half],
                [large, small.clone()],
                [small.clone(), small],
                ["32177.0".into(), "9999.0".into()],
            ]
        }
        "float4" => same("cast(3e38 as float4)"),
        "float8" => same("cast(1e300 as float8)"),
        "money" => same("cast('1' as money)"),
        "bool" => same("true"),
        "date" => same("cast('5874897-01-01' as date)"),
        "time" => same("cast('23:59:59' as time)"),
        "timetz" => same("cast('23:59:59+01' as timetz)"),
        "timestamp" => same("cast('294276-01-01' as timestamp)"),
        "timestamptz" => same("cast('294276-01-01' as timestamptz)"),
        "interval" => same("cast('1 microsecond' as interval)"),
        "uuid" => same("cast('00000000-0000-0000-0000-000000000000' as uuid)"),
        "inet" | "cidr" => same(&format!("cast('::1/128' as {type_name})")),
        "macaddr" => same("cast('08:00:2b:01:02:03' as macaddr)"),
        "macaddr8" => same("cast('08:00:2b:01:02:03:04:05' as macaddr8)"),
        "bit" | "varbit" => [8_000_000, 150_000]
            .map(|size| {
                [
                    format!("cast(repeat('1', {size}) as varbit)"),
                    format!("cast(repeat('1', {}) || '0' as varbit)", size / 2),
                ]
            })
            .to_vec(),
        "point" => same("cast('(1,1)' as point)"),
        "line" => same("cast('{1,2,3}' as line)"),
        "lseg" => same("cast('[(0,0),(1,1)]' as lseg)"),
        "box" => same("cast('(0,0),(1,1)' as box)"),
        "circle" => same("cast('((0,0),1)' as circle)"),
        "polygon" => vec![polygon(500_000), polygon(1_500)],
        "path" => {
            vec![polygon(500_000).map(|p| format!("path({p})")), polygon(1_500).map(|p| format!("path({p})"))]
        }
        "tsvector" => same("to_tsvector('simple', repeat('a b ', 400000))"),
        "tsquery" => vec![[
            "to_tsquery('simple', repeat('a <-> b & ', 1500) || 'c')".into(),
            "to_tsquery('simple', repeat('a | ', 3000) || 'b')".into(),
        ]],
        "anyarray" | "anycompatiblearray" | "_text" => {
            let mut arrays = array("text", 1_000_000);
            if type_name != "_text" {
                arrays.extend(array("int", 2_000_000));
                arrays.extend(array("bool", 1));
            }
            arrays
        }
        "anyrange" | "anycompatiblerange" | "int4range" => same("int4range(1, 2147483647)"),
        "anymultirange" | "anycompatiblemultirange" | "int4multirange" => vec![[
            "(select range_agg(int4range(i * 4, i * 4 + 1)) from generate_series(1, 200000) i)".into(),
            "(select range_agg(int4range(i * 4 + 2, i * 4 + 3)) from generate_series(1, 200000) i)".into(),
        ]],
        "int8range" => same(&range("int8")),
        "numrange" => same(&range("num")),
        "daterange" => same(&range("date")),
        "tsrange" => same(&range("ts")),
        "tstzrange" => same(&range("tstz")),
        array_type if array_type.starts_with('_') => {
            let element = &array_type[1..];
            let values = arguments(element)?;
            let [value, _] = values.last()?.clone();
            let size = if ["int2", "int4", "int8", "float4", "float8", "bool"].contains(&element) {
                2_000_000
            } else {
                10_000
            };
            let fill = format!("array_fill({value}, array[{size}])");
            vec![[fill.clone(), fill]]
        }
        _ => return None,
    })
}

/// The pairs that are compared for the longest time, and marks that are not in order.
fn texts() -> Vec<[String; 2]> {
    let whole = "repeat('a', 16777216)";
    [
        [whole, "('b' || repeat('a', 8388608))"],
        ["repeat('é', 8388608)", "('%' || repeat('é', 4) || 'b')"],
        ["(repeat('a', 14000) || 'b')", "('b' || repeat('a', 14000))"],
        ["repeat(chr(789) || chr(768), 4000000)", "repeat(chr(789) || chr(768), 7000)"],
    ]
    .map(|pair| pair.map(str::to_owned))
    .to_vec()
}

fn range_of(name: &str) -> &'static str {
    match name {
        "int8" => "bigint",
        "num" => "numeric",
        "date" => "date",
        "ts" => "timestamp",
        _ => "timestamptz",
    }
}
