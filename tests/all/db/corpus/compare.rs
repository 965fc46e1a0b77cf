//! Compares what the interface returns with what the engine prints.

use serde_json::Value;

/// What differs between rows from the interface and rows as texts; the order does not count.
pub(super) fn difference(rows: &Value, expected: &[Vec<String>]) -> Option<String> {
    let cells = |row: &Value| row.as_array().expect("a row").iter().map(|cell| plain(&text(cell))).collect();
    let mut got: Vec<Vec<String>> = rows.as_array().expect("rows").iter().map(cells).collect();
    let mut wanted: Vec<Vec<String>> =
        expected.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    got.sort();
    wanted.sort();
    (got != wanted).then(|| format!("got {got:?}\n    not {wanted:?}"))
}

/// A value of the probe as the engines print it.
fn text(cell: &Value) -> String {
    match cell {
        Value::Null => "NULL".to_owned(),
        Value::Bool(yes) => u8::from(*yes).to_string(),
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let (kind, content) = members.iter().next().expect("one member");
            typed(kind, content)
        }
        other => panic!("no value: {other}"),
    }
}

fn typed(kind: &str, content: &Value) -> String {
    let part = |at: usize| content[at].as_i64().unwrap_or_default();
    let date = |at: usize| format!("{:04}-{:02}-{:02}", part(at), part(at + 1), part(at + 2));
    let time = |at: usize| {
        let fraction = format!(".{:06}", part(at + 3));
        let clock = format!("{:02}:{:02}:{:02}", part(at), part(at + 1), part(at + 2));
        format!("{clock}{fraction}").trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match kind {
        "bytes" => hex(content.as_str().expect("base64")),
        "date" => date(0),
        "time" => time(0),
        "datetime" => format!("{} {}", date(0), time(3)),
        "other" => content[1].as_str().expect("a text").to_owned(),
        _ => content.as_str().map_or_else(|| content.to_string(), str::to_owned),
    }
}

pub(in crate::db) fn hex(base64: &str) -> String {
    let digit = |byte: u8| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|digit| *digit == byte)
    };
    let digits: Vec<usize> = base64.bytes().filter_map(digit).collect();
    let bits: String = digits.iter().map(|digit| format!("{digit:06b}")).collect();
    let bytes =
        bits.as_bytes().chunks_exact(8).map(|bits| bits.iter().fold(0, |byte, bit| byte * 2 + (bit - b'0')));
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers, truths, instants and JSON in one spelling, whoever printed them.
fn plain(text: &str) -> String {
    let text = text.strip_prefix("\\x").unwrap_or(text);
    match text {
        "t" => return "1.0".to_owned(),
        "f" => return "0.0".to_owned(),
        _ => {}
    }
    if let Ok(number) = text.parse::<f64>() {
        return format!("{:?}", (number * 1e6).round() / 1e6);
    }
    if let Some(instant) = text.strip_suffix("+00").and_then(micros) {
        return format!("{:?}", instant);
    }
    let json = text.starts_with(['{', '[']).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    json.map_or_else(|| text.to_owned(), |json| json.to_string())
}

/// Microseconds since 1970 of `2024-03-01 12:00:00` in UTC, as the interface gives an instant.
fn micros(text: &str) -> Option<f64> {
    let (date, clock) = text.split_once(' ')?;
    let date: Vec<i64> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let clock: Vec<f64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let ([year, month, day], [hour, minute, second]) =
        (<[i64; 3]>::try_from(date).ok()?, <[f64; 3]>::try_from(clock).ok()?);
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = f64::from(i32::try_from(days).ok()?) * 86_400.0 + hour * 3600.0 + minute * 60.0 + second;
    Some(seconds * 1e6)
}
