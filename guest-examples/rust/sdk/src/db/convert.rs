//! Values of Rust to and from values of the contract.

use super::{Date, DateTime, Decimal, Instant, Time, Uuid, Value};
use crate::{Error, Result};

/// What can be a parameter.
pub trait ToValue {
    /// As the contract has it.
    fn to_value(&self) -> Result<Value>;
}

/// What can be read from a row.
pub trait FromValue: Sized {
    /// An error where that would lose something, or is of another type.
    fn from_value(value: Value) -> Result<Self>;
}

/// An error that says which type was found.
pub(super) fn mismatch<T>(value: &Value, wanted: &str) -> Result<T> {
    let found = match value {
        Value::Null => "null",
        Value::Boolean(_) => "boolean",
        Value::Integer(_) => "integer",
        Value::Float(_) => "float",
        Value::Decimal(_) => "decimal",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Uuid(_) => "uuid",
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        Value::Datetime(_) => "datetime",
        Value::Instant(_) => "instant",
        Value::Json(_) => "json",
        Value::Other(other) => &other.type_name,
    };
    Err(Error::other(format!("the value is {found} and does not fit {wanted}")))
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Result<Value> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Result<Value> {
        self.as_ref().map_or(Ok(Value::Null), ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

impl ToValue for Value {
    fn to_value(&self) -> Result<Value> {
        Ok(self.clone())
    }
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Result<Value> {
        Ok(Value::Text(self.to_owned()))
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Result<Value> {
        Ok(Value::Bytes(self.to_vec()))
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Boolean(value) => Ok(value),
            Value::Integer(value @ 0..=1) => Ok(value == 1),
            other => mismatch(&other, "bool"),
        }
    }
}

impl ToValue for f32 {
    fn to_value(&self) -> Result<Value> {
        Ok(Value::Float(f64::from(*self)))
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self> {
        const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
        match value {
            Value::Float(value) => Ok(value),
            Value::Integer(value) if value.unsigned_abs() <= EXACT => Ok(value as f64),
            other => mismatch(&other, "f64"),
        }
    }
}

macro_rules! integers {
    ($($integer:ty)+) => {$(
        impl ToValue for $integer {
            fn to_value(&self) -> Result<Value> {
                let value = i64::try_from(*self);
                value.map(Value::Integer).map_err(|_| Error::other(format!("{self} has more than 64 bits with its sign")))
            }
        }

        impl FromValue for $integer {
            fn from_value(value: Value) -> Result<Self> {
                let fitting = match &value {
                    Value::Integer(value) => <$integer>::try_from(*value).ok(),
                    Value::Decimal(digits) => digits.parse().ok(),
                    _ => None,
                };
                fitting.map_or_else(|| mismatch(&value, stringify!($integer)), Ok)
            }
        }
    )+};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64 usize);

/// Types whose values stand in one case of the contract.
macro_rules! to_value {
    ($($rust:ty: |$value:ident| $to:expr;)+) => {$(
        impl ToValue for $rust {
            fn to_value(&self) -> Result<Value> {
                let $value = self;
                Ok($to)
            }
        }
    )+};
}

to_value! {
    bool: |value| Value::Boolean(*value);
    f64: |value| Value::Float(*value);
    String: |value| Value::Text(value.clone());
    Vec<u8>: |value| Value::Bytes(value.clone());
    Decimal: |value| Value::Decimal(value.to_string());
    Uuid: |value| Value::Uuid(value.to_string());
    Date: |value| Value::Date(*value);
    Time: |value| Value::Time(*value);
    DateTime: |value| Value::Datetime(*value);
    Instant: |value| Value::Instant(value.micros());
}

macro_rules! from_value {
    ($($rust:ty: $case:ident |$value:ident| $from:expr;)+) => {$(
        impl FromValue for $rust {
            fn from_value(value: Value) -> Result<Self> {
                match value {
                    Value::$case($value) => Ok($from),
                    other => mismatch(&other, stringify!($rust)),
                }
            }
        }
    )+};
}

from_value! {
    String: Text |value| value;
    Vec<u8>: Bytes |value| value;
    Uuid: Uuid |value| value.parse()?;
    Date: Date |value| value;
    Time: Time |value| value;
    DateTime: Datetime |value| value;
    Instant: Instant |value| Instant::from_micros(value);
}

impl FromValue for Decimal {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Decimal(digits) => digits.parse(),
            Value::Integer(value) => Ok(Decimal::from(value)),
            other => mismatch(&other, "Decimal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<T: ToValue + FromValue + PartialEq + std::fmt::Debug>(value: T) {
        assert_eq!(T::from_value(value.to_value().unwrap()).unwrap(), value);
    }

    #[test]
    fn values_come_back_as_they_were() {
        there_and_back(true);
        there_and_back(i64::MIN);
        there_and_back(u32::MAX);
        there_and_back(-0.1);
        there_and_back("it's".to_owned());
        there_and_back(vec![0u8, 255]);
        there_and_back(Some(Instant::from_micros(-1)));
        there_and_back(None::<String>);
        there_and_back("12345678901234567890.5".parse::<Decimal>().unwrap());
        there_and_back("f81d4fae-7dec-11d0-a765-00a0c91e6bf6".parse::<Uuid>().unwrap());
        there_and_back("2026-10-03T14:05:06.000123".parse::<DateTime>().unwrap());
    }

    #[test]
    fn what_would_lose_something_is_an_error() {
        assert!(i32::from_value(Value::Integer(1 << 40)).is_err());
        assert!(u64::MAX.to_value().is_err());
        assert!(f64::from_value(Value::Integer(i64::MAX)).is_err());
        assert!(i64::from_value(Value::Decimal("1.5".to_owned())).is_err());
        assert!(bool::from_value(Value::Integer(2)).is_err());
        let error = String::from_value(Value::Null).unwrap_err();
        assert_eq!(error.message(), "the value is null and does not fit String");
    }

    #[test]
    fn results_that_differ_between_the_databases_are_read_alike() {
        assert!(bool::from_value(Value::Integer(1)).unwrap());
        assert_eq!(i64::from_value(Value::Decimal("12".to_owned())).unwrap(), 12);
        assert_eq!(f64::from_value(Value::Integer(3)).unwrap(), 3.0);
    }
}
