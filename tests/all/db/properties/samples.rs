//! Values of every kind: the edges by hand, the rest by chance. In the form in which they come
//! back.

use serde_json::{Value, json};
use support::Engine;
use support::random::Random;

/// A case of `value`.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    edges: Vec<Value>,
    random: fn(&mut Random) -> Value,
}

impl Kind {
    /// The edges, NULL, and so many random ones.
    pub(crate) fn values(&self, random: &mut Random, count: usize) -> Vec<Value> {
        let mut values = [self.edges.clone(), vec![Value::Null]].concat();
        values.extend((0..count).map(|_| (self.random)(random)));
        values
    }

    /// Values of the size of a picture or a book.
    pub(super) fn large(&self, random: &mut Random) -> Vec<Value> {
        match self.name {
            "bytes" => vec![json!({ "bytes": base64(&random.bytes(1 << 20)) })],
            "text" => vec![json!(text_of(random, 100_000)), json!("🦀".repeat(100_000))],
            "json" => vec![json!({ "json": json!([text_of(random, 100_000)]).to_string() })],
            "decimal" => vec![json!({ "decimal": decimal_of(random, 200, 100) })],
            _ => Vec::new(),
        }
    }
}

/// Every case that has a column type of its own.
pub(crate) fn kinds(engine: Engine) -> Vec<Kind> {
    let kind = |name, edges, random| Kind { name, edges, random };
    let of = |name: &'static str, edges: Vec<Value>, random| Kind {
        name,
        edges: edges.into_iter().map(|edge| json!({ name: edge })).collect(),
        random,
    };
    vec![
        kind("boolean", vec![json!(true), json!(false)], |random| json!(random.below(2) == 0)),
        of("integer", texts([0, 1, -1, i64::MIN, i64::MAX, i64::MIN + 1, 1 << 53, (1 << 53) + 1]), integer),
        of("float", float_edges(engine), |random| json!({ "float": written(any_float(random)) })),
        of("decimal", decimal_edges(), decimal),
        kind("text", text_edges(), |random| json!(text_of(random, 40))),
        of("bytes", vec![json!(""), json!("AA=="), json!(base64(&(0..=255).collect::<Vec<u8>>()))], bytes),
        of("uuid", uuid_edges(), |random| json!({ "uuid": uuid(random) })),
        of("date", date_edges(engine), |random| json!({ "date": date(random, 5_874_897) })),
        of(
            "time",
            vec![json!([0, 0, 0, 0]), json!([24, 0, 0, 0]), json!([23, 59, 59, 999_999])],
            |random| json!({ "time": time(random) }),
        ),
        of(
            "datetime",
            datetime_edges(),
            |random| json!({ "datetime": ([date(random, 294_275), time(random)].concat()) }),
        ),
        of("instant", instant_edges(engine), instant),
        of("json", json_edges(), |random| json!({ "json": document(random, 3).to_string() })),
    ]
}

/// The kind of this name.
pub(super) fn kind(engine: Engine, name: &str) -> Kind {
    kinds(engine).into_iter().find(|kind| kind.name == name).expect("there is such a kind")
}

/// A float so that it reads back as the same one.
pub(super) fn written(number: f64) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ => format!("{number:e}"),
    }
}

fn texts<const N: usize>(numbers: [i64; N]) -> Vec<Value> {
    numbers.iter().map(|number| json!(number.to_string())).collect()
}

/// Numbers of all lengths, not only the longest.
fn integer(random: &mut Random) -> Value {
    let shift = random.below(64);
    json!({ "integer": (random.bits().cast_signed() >> shift).to_string() })
}

/// SQLite keeps NaN as NULL, and a whole number as an integer, which has no negative zero.
fn float_edges(engine: Engine) -> Vec<Value> {
    let mut edges =
        vec![0.0, 0.1, 5e-324, -5e-324, 2.225_073_858_507_201e-308, f64::MIN_POSITIVE, f64::MAX, f64::MIN];
    edges.extend([
        f64::EPSILON,
        f64::INFINITY,
        f64::NEG_INFINITY,
        9_007_199_254_740_993.0,
        1e15,
        1e16,
        -1e22,
        1.0,
    ]);
    if engine == Engine::Postgres {
        edges.extend([-0.0, f64::NAN]);
    }
    edges.into_iter().map(|edge| json!(written(edge))).collect()
}

fn any_float(random: &mut Random) -> f64 {
    match random.below(4) {
        0 => f64::from(i32::try_from(random.within(-100_000, 100_000)).unwrap_or_default()) / 64.0,
        1 => f64::from_bits(random.below(1 << 52)).max(5e-324),
        _ => Some(f64::from_bits(random.bits())).filter(|number| number.is_finite()).unwrap_or(0.3),
    }
}

fn decimal_edges() -> Vec<Value> {
    let nines = "9".repeat(100);
    vec![
        json!("0"),
        json!("0.00"),
        json!("-12.50"),
        json!("0.1"),
        json!("10000"),
        json!("100000000"),
        json!("0.0001"),
        json!(format!("0.{}1", "0".repeat(199))),
        json!(format!("{nines}.{nines}")),
        json!(format!("-{nines}.{nines}")),
        json!(format!("1{}", "0".repeat(199))),
        json!("1.10"),
    ]
}

fn decimal(random: &mut Random) -> Value {
    let digits = 1 + random.below(200);
    let after = random.below(digits + 1);
    json!({ "decimal": decimal_of(random, digits, after) })
}

/// A number with so many digits, some of them after the point, in the one way to write it.
fn decimal_of(random: &mut Random, digits: u64, after: u64) -> String {
    let all: String =
        (0..digits).map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap_or(0))).collect();
    let at = usize::try_from(digits - after).unwrap_or_default();
    let (whole, part) = all.split_at(at);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let is_zero = !all.contains(|digit| digit != '0');
    let sign = if is_zero || random.below(2) == 0 { "" } else { "-" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}

fn text_edges() -> Vec<Value> {
    let edges =
        ["", " ", "0", "007", "1e5", "0x10", "NULL", "null", "true", "$1", "$1 ? :v @v", "'", "''", "\"", "\\"];
    let more = [
        "\\x00",
        "\\'; --",
        "a\tb\r\n",
        "🦀",
        "e\u{301}",
        "שלום",
        "\u{202e}abc",
        "\u{feff}",
        "\u{7f}",
        "%_",
        "\u{10ffff}",
    ];
    edges.iter().chain(&more).map(|text| json!(text)).collect()
}

/// Up to so many characters of every length in UTF-8, with much of what a database might stumble
/// over.
fn text_of(random: &mut Random, most: u64) -> String {
    const TRICKY: [&str; 16] = [
        "'",
        "\"",
        "\\",
        "$1",
        "--",
        ";",
        "/*",
        "\u{301}",
        "🦀",
        "👩‍👩‍👧",
        "ש",
        "\u{202e}",
        "ß",
        "\n",
        "%",
        "\u{fffd}",
    ];
    let count = random.below(most + 1);
    let mut text = String::new();
    for _ in 0..count {
        match random.below(3) {
            0 => text.push_str(random.one_of::<&str>(&TRICKY)),
            1 => text.push(char::from(b' ' + u8::try_from(random.below(95)).unwrap_or(0))),
            _ => text.extend(u32::try_from(1 + random.below(0x10_ffff)).ok().and_then(char::from_u32)),
        }
    }
    text
}

fn bytes(random: &mut Random) -> Value {
    let count = usize::try_from(random.below(300)).unwrap_or_default();
    json!({ "bytes": base64(&random.bytes(count)) })
}

fn uuid_edges() -> Vec<Value> {
    vec![
        json!("00000000-0000-0000-0000-000000000000"),
        json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
        // To a careless reader, numbers.
        json!("12345678-1234-1234-1234-123456789012"),
        json!("00000001-0000-0000-0000-0000000000e5"),
    ]
}

fn uuid(random: &mut Random) -> String {
    let digits: String = random.bytes(16).iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| digits[from..to].to_owned()).join("-")
}

/// Postgres holds days from 4714-11-24 BC to 5874897 (its documentation, "Date/Time Types"); SQLite
/// holds all that there are.
fn date_edges(engine: Engine) -> Vec<Value> {
    let mut edges = vec![json!([-4712, 1, 1]), json!([-4713, 11, 24]), json!([-1, 12, 31]), json!([0, 1, 1])];
    edges.extend([json!([0, 2, 29]), json!([1, 1, 1]), json!([1582, 10, 10]), json!([1900, 2, 28])]);
    edges.extend([json!([2000, 2, 29]), json!([9999, 12, 31]), json!([10_000, 1, 1]), json!([294_275, 12, 31])]);
    edges.push(json!([5_874_897, 12, 31]));
    if engine == Engine::Sqlite {
        edges.extend([json!([i32::MIN, 1, 1]), json!([i32::MAX, 12, 31])]);
    }
    edges
}

fn date(random: &mut Random, last_year: i64) -> Vec<i64> {
    let year = match random.below(3) {
        0 => random.within(-4712, last_year),
        1 => random.within(-100, 100),
        _ => random.within(1900, 2100),
    };
    let month = random.within(1, 12);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    vec![year, month, random.within(1, last)]
}

fn time(random: &mut Random) -> Vec<i64> {
    let microsecond = *random.one_of(&[0, 1, 999_999, 500_000, 123_456, 10]);
    let microsecond = if random.below(2) == 0 { microsecond } else { random.within(0, 999_999) };
    vec![random.within(0, 23), random.within(0, 59), random.within(0, 59), microsecond]
}

fn datetime_edges() -> Vec<Value> {
    let edges = [[-4712, 1, 1, 0, 0, 0, 0], [0, 2, 29, 23, 59, 59, 999_999], [9999, 12, 31, 23, 59, 59, 999_999]];
    let more =
        [[294_275, 12, 31, 23, 59, 59, 999_999], [1970, 1, 1, 0, 0, 0, 0], [1969, 12, 31, 23, 59, 59, 999_999]];
    edges.iter().chain(&more).map(|edge| json!(edge)).collect()
}

/// Midnight of 4714-11-24 BC, before which Postgres holds nothing.
const FIRST_INSTANT: i64 = -210_866_803_200_000_000;

fn instant_edges(engine: Engine) -> Vec<Value> {
    let mut edges = texts([0, 1, -1, FIRST_INSTANT, i64::MAX, 253_402_300_799_999_999, -62_135_596_800_000_000]);
    if engine == Engine::Sqlite {
        edges.extend(texts([i64::MIN]));
    }
    edges
}

fn instant(random: &mut Random) -> Value {
    let micros = match random.below(2) {
        0 => random.within(FIRST_INSTANT, i64::MAX),
        _ => random.within(0, 4_000_000_000_000_000),
    };
    json!({ "instant": micros.to_string() })
}

/// Blanks, the order of members, equal names and digits are the app's own business.
fn json_edges() -> Vec<Value> {
    let edges =
        ["null", "true", "0", "-0", "1.10", "1e400", "\"\"", "[]", "{}", " [ 1 , 2 ] ", "{\"a\":1,\"a\":2}"];
    let more =
        ["{\"b\":1,\"a\":2}", "\"\\u00e9\\ud83e\\udd80\"", "12345678901234567890.123456789", "[[[[[[[[]]]]]]]]"];
    edges.iter().chain(&more).map(|text| json!(text)).collect()
}

fn document(random: &mut Random, depth: u32) -> Value {
    match random.below(if depth == 0 { 4 } else { 6 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.bits().cast_signed() >> random.below(64)),
        3 => json!(text_of(random, 10).replace('\0', "")),
        4 => (0..random.below(4)).map(|_| document(random, depth - 1)).collect(),
        _ => {
            let member = |random: &mut Random| (text_of(random, 5), document(random, depth - 1));
            Value::Object((0..random.below(4)).map(|_| member(random)).collect())
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let [first, second, third] = [0, 1, 2].map(|at| u32::from(group.get(at).copied().unwrap_or(0)));
        let bits = first << 16 | second << 8 | third;
        for at in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * at) & 63).unwrap_or_default();
            text.push(if at <= u32::try_from(group.len()).unwrap_or(3) { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}
