//! Rows and values read from JSON, as strictly as they are written: what is no row of so many
//! values is given up at the first byte that says so, and never takes up more than a row would.

use crate::storage::calendar;
use crate::storage::value::{OtherValue, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt::{Formatter, Result as Said};

/// A row of so many columns from a line; none where it is no such row.
pub(super) fn row(line: &[u8], columns: usize) -> Option<Vec<Value>> {
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let row = deserializer.deserialize_seq(Row(columns)).ok()?;
    deserializer.end().ok()?;
    Some(row)
}

/// So many values.
struct Row(usize);

impl<'de> Visitor<'de> for Row {
    type Value = Vec<Value>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Said {
        write!(formatter, "a row of {} values", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut row = Vec::new();
        while let Some(value) = seq.next_element()? {
            if row.len() >= self.0 {
                return Err(A::Error::invalid_length(row.len() + 1, &self));
            }
            row.push(value);
        }
        if row.len() == self.0 { Ok(row) } else { Err(A::Error::invalid_length(row.len(), &self)) }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(One)
    }
}

/// A value.
struct One;

impl<'de> Visitor<'de> for One {
    type Value = Value;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Said {
        formatter.write_str("a value of a known type")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Boolean(truth))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let unknown = || A::Error::custom("no value of a known type");
        let kind: String = map.next_key()?.ok_or_else(unknown)?;
        let value = if kind == "other" {
            let (type_name, text) = map.next_value()?;
            Value::Other(OtherValue { type_name, text })
        } else {
            typed(&kind, map.next_value()?).ok_or_else(unknown)?
        };
        match map.next_key::<String>()? {
            None => Ok(value),
            Some(_) => Err(unknown()),
        }
    }
}

fn typed(kind: &str, text: String) -> Option<Value> {
    Some(match kind {
        "integer" => Value::Integer(text.parse().ok()?),
        "float" => Value::Float(text.parse().ok()?),
        "decimal" => Value::Decimal(text),
        "bytes" => Value::Bytes(STANDARD.decode(text).ok()?),
        "uuid" => Value::Uuid(text),
        "date" => Value::Date(calendar::parse_date(&text)?),
        "time" => Value::Time(calendar::parse_time(&text)?),
        "datetime" => Value::Datetime(calendar::parse_datetime(&text)?),
        "instant" => Value::Instant(text.parse().ok()?),
        "json" => Value::Json(text),
        _ => return None,
    })
}
