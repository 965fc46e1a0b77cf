//! Values between the interface and storage. Nothing is copied: strings and bytes move.

use super::wit;
use crate::storage::value::{self, Rows, Value};

/// A guest's parameters.
pub(super) fn params(values: Vec<wit::Value>) -> Vec<Value> {
    values.into_iter().map(from_wit).collect()
}

/// A guest's value that is no parameter.
pub(super) fn param(value: wit::Value) -> Value {
    from_wit(value)
}

/// Rows for a guest.
pub(super) fn rows(rows: Rows) -> wit::Rows {
    wit::Rows { columns: rows.columns, rows: cells(rows.rows) }
}

/// Rows without the names of their columns.
pub(super) fn cells(rows: Vec<Vec<Value>>) -> Vec<Vec<wit::Value>> {
    rows.into_iter().map(|row| row.into_iter().map(to_wit).collect()).collect()
}

fn from_wit(value: wit::Value) -> Value {
    match value {
        wit::Value::Null => Value::Null,
        wit::Value::Boolean(truth) => Value::Boolean(truth),
        wit::Value::Integer(number) => Value::Integer(number),
        wit::Value::Float(number) => Value::Float(number),
        wit::Value::Decimal(text) => Value::Decimal(text),
        wit::Value::Text(text) => Value::Text(text),
        wit::Value::Bytes(bytes) => Value::Bytes(bytes),
        wit::Value::Uuid(text) => Value::Uuid(text),
        wit::Value::Date(date) => Value::Date(date_from(date)),
        wit::Value::Time(time) => Value::Time(time_from(time)),
        wit::Value::Datetime(datetime) => {
            Value::Datetime(value::Datetime { date: date_from(datetime.date), time: time_from(datetime.time) })
        }
        wit::Value::Instant(micros) => Value::Instant(micros),
        wit::Value::Json(text) => Value::Json(text),
        wit::Value::Other(other) => {
            Value::Other(value::OtherValue { type_name: other.type_name, text: other.text })
        }
    }
}

fn to_wit(value: Value) -> wit::Value {
    match value {
        Value::Null => wit::Value::Null,
        Value::Boolean(truth) => wit::Value::Boolean(truth),
        Value::Integer(number) => wit::Value::Integer(number),
        Value::Float(number) => wit::Value::Float(number),
        Value::Decimal(text) => wit::Value::Decimal(text),
        Value::Text(text) => wit::Value::Text(text),
        Value::Bytes(bytes) => wit::Value::Bytes(bytes),
        Value::Uuid(text) => wit::Value::Uuid(text),
        Value::Date(date) => wit::Value::Date(date_to(date)),
        Value::Time(time) => wit::Value::Time(time_to(time)),
        Value::Datetime(datetime) => {
            wit::Value::Datetime(wit::Datetime { date: date_to(datetime.date), time: time_to(datetime.time) })
        }
        Value::Instant(micros) => wit::Value::Instant(micros),
        Value::Json(text) => wit::Value::Json(text),
        Value::Other(other) => wit::Value::Other(wit::OtherValue { type_name: other.type_name, text: other.text }),
    }
}

fn date_from(date: wit::Date) -> value::Date {
    value::Date { year: date.year, month: date.month, day: date.day }
}

fn date_to(date: value::Date) -> wit::Date {
    wit::Date { year: date.year, month: date.month, day: date.day }
}

fn time_from(time: wit::Time) -> value::Time {
    value::Time { hour: time.hour, minute: time.minute, second: time.second, microsecond: time.microsecond }
}

fn time_to(time: value::Time) -> wit::Time {
    wit::Time { hour: time.hour, minute: time.minute, second: time.second, microsecond: time.microsecond }
}
