//! Values as JSON, without loss: null, booleans and texts as themselves, everything else as an
//! object with one field that names the type.

use super::json_row;
use crate::storage::Engine;
use crate::storage::calendar;
use crate::storage::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

/// A value as JSON.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => json!(truth),
        Value::Text(text) => json!(text),
        Value::Integer(number) => json!({ "integer": number.to_string() }),
        // The shortest that reads back as the same number; `NaN`, `inf` and `-inf` too.
        Value::Float(number) => json!({ "float": format!("{number:?}") }),
        Value::Decimal(text) => json!({ "decimal": text }),
        Value::Bytes(bytes) => json!({ "bytes": STANDARD.encode(bytes) }),
        Value::Uuid(text) => json!({ "uuid": text }),
        Value::Date(date) => json!({ "date": calendar::print_date(*date) }),
        Value::Time(time) => json!({ "time": calendar::print_time(*time) }),
        Value::Datetime(at) => json!({ "datetime": calendar::print_datetime(*at) }),
        // Microseconds, as it is kept.
        Value::Instant(micros) => json!({ "instant": micros.to_string() }),
        Value::Json(text) => json!({ "json": text }),
        Value::Other(other) => json!({ "other": [other.type_name, other.text] }),
    }
}

/// A row as a line, with the line break.
pub fn line(row: &[Value]) -> Vec<u8> {
    let json: Json = row.iter().map(to_json).collect();
    format!("{json}\n").into_bytes()
}

/// A row of so many columns from a line; none where it is no such row.
pub fn row(line: &[u8], columns: usize) -> Option<Vec<Value>> {
    json_row::row(line, columns)
}

/// What an engine makes of a value that it keeps. SQLite knows no NaN, and no zero with a sign.
pub fn as_kept(value: Value, engine: Engine) -> Value {
    match (value, engine) {
        (Value::Float(number), Engine::Sqlite) if number.is_nan() => Value::Null,
        (Value::Float(0.0), Engine::Sqlite) => Value::Float(0.0),
        (value, _) => value,
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        to_json(self).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::value::{Date, Datetime, OtherValue, Time};

    #[test]
    fn every_value_comes_back_from_its_line() {
        let date = Date { year: -4713, month: 11, day: 24 };
        let time = Time { hour: 24, minute: 0, second: 0, microsecond: 0 };
        let late = Time { hour: 23, minute: 59, second: 59, microsecond: 1 };
        let other = OtherValue { type_name: "inet".into(), text: "::1".into() };
        let given = [
            Value::Null,
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Integer(i64::MAX),
            Value::Float(5e-324),
            Value::Float(f64::NEG_INFINITY),
            Value::Float(0.1),
            Value::Decimal("-12.50".into()),
            Value::Text("{\"integer\":\"1\"}\n\u{2028}🦀".into()),
            Value::Bytes((0..=255).collect()),
            Value::Uuid("00112233-4455-6677-8899-aabbccddeeff".into()),
            Value::Date(date),
            Value::Date(Date { year: 5_874_897, month: 12, day: 31 }),
            Value::Time(time),
            Value::Datetime(Datetime { date, time: late }),
            Value::Instant(i64::MAX),
            Value::Json("{\"a\" :1}".into()),
            Value::Other(other),
        ];
        let line = line(&given);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(row(&line, given.len()).unwrap(), given);
    }

    #[test]
    fn zeros_keep_their_sign_and_nan_is_none() {
        let read = |number: f64| match row(&line(&[Value::Float(number)]), 1).unwrap().remove(0) {
            Value::Float(read) => read,
            other => panic!("{other:?}"),
        };
        assert_eq!(read(-0.0).to_bits(), (-0.0_f64).to_bits());
        assert!(read(f64::NAN).is_nan());
        assert_eq!(as_kept(Value::Float(f64::NAN), Engine::Sqlite), Value::Null);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in [
            "[1]",
            "[{}]",
            "[{\"integer\":1}]",
            "[{\"date\":\"2024-02-30\"}]",
            "[{\"bytes\":\"?\"}]",
            "{}",
            "[null",
            "[null,null]",
            "[]",
            "[{\"json\":[1]}]",
            "[{\"other\":[\"inet\"]}]",
            "[{\"other\":[\"inet\",\"::1\",\"\"]}]",
            "[{\"integer\":\"1\",\"float\":\"1\"}]",
        ] {
            assert!(row(text.as_bytes(), 1).is_none(), "{text}");
        }
    }
}
