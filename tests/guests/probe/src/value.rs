//! SQL values as JSON: bare `null`, booleans and texts, and objects that name the case of the
//! contract for all others.

use guest::bindings::innkeeper::storage::db::{Date, Datetime, OtherValue, Rows, Time, Value};
use serde_json::{Map, Value as Json, json};

use crate::args::{self, Args};
use crate::failure::Failure;

/// The values under `params`.
pub fn params(args: Args) -> Result<Vec<Value>, Failure> {
    args.list("params")?.iter().map(from_json).collect()
}

/// Rows with the names of their columns.
pub fn rows_to_json(rows: &Rows) -> Json {
    json!({ "columns": rows.columns, "rows": list_to_json(&rows.rows) })
}

/// Rows alone.
pub fn list_to_json(rows: &[Vec<Value>]) -> Json {
    let row = |row: &Vec<Value>| Json::Array(row.iter().map(to_json).collect());
    Json::Array(rows.iter().map(row).collect())
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(yes) => json!(yes),
        Value::Integer(number) => json!({ "integer": number.to_string() }),
        Value::Float(number) if number.is_finite() => json!({ "float": number }),
        Value::Float(number) if number.is_nan() => json!({ "float": "NaN" }),
        Value::Float(number) => {
            json!({ "float": if *number > 0.0 { "Infinity" } else { "-Infinity" } })
        }
        Value::Decimal(text) => json!({ "decimal": text }),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!({ "bytes": args::to_base64(bytes) }),
        Value::Uuid(text) => json!({ "uuid": text }),
        Value::Date(date) => json!({ "date": date_parts(date) }),
        Value::Time(time) => json!({ "time": time_parts(time) }),
        Value::Datetime(at) => {
            json!({ "datetime": datetime_parts(at) })
        }
        Value::Instant(instant) => json!({ "instant": instant.to_string() }),
        Value::Json(text) => json!({ "json": text }),
        Value::Other(other) => json!({ "other": [other.type_name, other.text] }),
    }
}

/// A value from its JSON form.
pub fn from_json(json: &Json) -> Result<Value, Failure> {
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(yes) => Some(Value::Boolean(*yes)),
        Json::Number(number) if number.is_f64() => number.as_f64().map(Value::Float),
        Json::Number(number) => number.as_i64().map(Value::Integer),
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Object(members) => from_object(members),
        Json::Array(_) => None,
    }
    .ok_or_else(|| Failure::bad_step(&format!("{json} is no value")))
}

fn from_object(members: &Map<String, Json>) -> Option<Value> {
    let (case, content) = members.iter().next()?;
    Some(match case.as_str() {
        "integer" => Value::Integer(whole(content)?),
        "float" => Value::Float(float(content)?),
        "decimal" => Value::Decimal(text(content)?),
        "bytes" => Value::Bytes(args::from_base64(content.as_str()?).ok()?),
        "uuid" => Value::Uuid(text(content)?),
        "date" => Value::Date(date(&parts(content)?)?),
        "time" => Value::Time(time(&parts(content)?)?),
        "datetime" => Value::Datetime(datetime(&parts(content)?)?),
        "instant" => Value::Instant(whole(content)?),
        "json" => Value::Json(text(content)?),
        "other" => Value::Other(other(content)?),
        _ => return None,
    })
}

fn whole(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| json.as_str()?.parse().ok())
}

fn float(json: &Json) -> Option<f64> {
    json.as_f64().or_else(|| json.as_str()?.parse().ok())
}

fn text(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

fn other(json: &Json) -> Option<OtherValue> {
    Some(OtherValue { type_name: text(json.get(0)?)?, text: text(json.get(1)?)? })
}

fn parts(json: &Json) -> Option<Vec<i64>> {
    json.as_array()?.iter().map(Json::as_i64).collect()
}

fn date(parts: &[i64]) -> Option<Date> {
    let [year, month, day] = *parts else {
        return None;
    };
    Some(Date { year: year.try_into().ok()?, month: month.try_into().ok()?, day: day.try_into().ok()? })
}

fn time(parts: &[i64]) -> Option<Time> {
    let [hour, minute, second, microsecond] = *parts else {
        return None;
    };
    Some(Time {
        hour: hour.try_into().ok()?,
        minute: minute.try_into().ok()?,
        second: second.try_into().ok()?,
        microsecond: microsecond.try_into().ok()?,
    })
}

fn datetime(parts: &[i64]) -> Option<Datetime> {
    let (day, clock) = parts.split_at_checked(3)?;
    Some(Datetime { date: date(day)?, time: time(clock)? })
}

fn datetime_parts(at: &Datetime) -> Vec<i64> {
    [date_parts(&at.date), time_parts(&at.time)].concat()
}

fn date_parts(date: &Date) -> Vec<i64> {
    vec![date.year.into(), date.month.into(), date.day.into()]
}

fn time_parts(time: &Time) -> Vec<i64> {
    vec![time.hour.into(), time.minute.into(), time.second.into(), time.microsecond.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_comes_back_as_it_was() {
        let values = json!([
            null, true, "text", {"integer": "9223372036854775807"}, {"float": 1.5}, {"float": "NaN"}, {"float": "-Infinity"},
            {"decimal": "1.10"}, {"bytes": "AP8="}, {"uuid": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}, {"date": [-1, 2, 3]},
            {"time": [24, 0, 0, 0]}, {"datetime": [2026, 10, 3, 14, 5, 6, 123456]}, {"instant": "-1"}, {"json": "{}"},
            {"other": ["inet", "::1"]}
        ]);
        for value in values.as_array().into_iter().flatten() {
            let back = from_json(value).ok().map(|value| to_json(&value));
            assert_eq!(back.as_ref(), Some(value));
        }
    }

    #[test]
    fn bare_numbers_are_integers_or_floats() {
        assert!(matches!(from_json(&json!(5)), Ok(Value::Integer(5))));
        assert!(matches!(from_json(&json!(5.0)), Ok(Value::Float(5.0))));
        assert!(from_json(&json!(u64::MAX)).is_err());
        assert!(from_json(&json!({"date": [1, 2]})).is_err());
    }
}
