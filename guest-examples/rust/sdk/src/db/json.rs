//! JSON documents in rows, and values as JSON.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::convert::mismatch;
use super::{Date, DateTime, Decimal, FromValue, Instant, Time, ToValue, Uuid, Value};
use crate::{Error, Result};

/// A document of a type of the app's own, in a column of type `json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<T>(pub T);

impl<T: Serialize> ToValue for Json<T> {
    fn to_value(&self) -> Result<Value> {
        Ok(Value::Json(serde_json::to_string(&self.0)?))
    }
}

impl<T: DeserializeOwned> FromValue for Json<T> {
    fn from_value(value: Value) -> Result<Self> {
        let Value::Json(text) = &value else {
            return mismatch(&value, "Json");
        };
        let document = serde_json::from_str(text);
        document.map(Json).map_err(|error| Error::other(format!("the JSON does not fit: {error}")))
    }
}

impl ToValue for serde_json::Value {
    fn to_value(&self) -> Result<Value> {
        Json(self).to_value()
    }
}

impl FromValue for serde_json::Value {
    fn from_value(value: Value) -> Result<Self> {
        Json::from_value(value).map(|json| json.0)
    }
}

/// In JSON these are texts.
macro_rules! texts {
    ($($type:ty)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

texts!(Date Time DateTime Instant Decimal Uuid);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn documents_come_back_as_they_were() {
        let document = json!({ "a": [1, null, "é"], "big": i64::MAX });
        let value = document.to_value().unwrap();
        assert_eq!(serde_json::Value::from_value(value).unwrap(), document);
        let value = Json(vec![1, 2]).to_value().unwrap();
        assert_eq!(value, Value::Json("[1,2]".to_owned()));
        assert_eq!(Json::<Vec<u8>>::from_value(value).unwrap().0, [1, 2]);
    }

    #[test]
    fn times_are_texts_in_json() {
        let created = Instant::from_micros(0);
        let document = json!({ "created": created });
        assert_eq!(document, json!({ "created": "1970-01-01T00:00:00.000000Z" }));
        assert_eq!(serde_json::from_value::<Instant>(document["created"].clone()).unwrap(), created);
    }
}
