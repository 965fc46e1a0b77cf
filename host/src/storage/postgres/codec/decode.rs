//! From a cell of a result to a value.

use super::moment::{self, EPOCH_MICROS, Moment};
use super::types::{self, Shape, malformed};
use super::{CodecError, numeric, scalar, text};
use crate::storage::value::{OtherValue, Value};
use sqlx::postgres::PgTypeInfo;

/// Reads one cell; none is NULL.
pub(in crate::storage) fn value(info: &PgTypeInfo, cell: Option<&[u8]>) -> Result<Value, CodecError> {
    cell.map_or(Ok(Value::Null), |bytes| decode(info, bytes))
}

/// Reads the bytes of one value that is not NULL. The common types come first, without a detour.
pub(super) fn decode(info: &PgTypeInfo, bytes: &[u8]) -> Result<Value, CodecError> {
    let value = match types::oid(info) {
        types::INT4 | types::INT8 | types::INT2 => scalar::integer(bytes).map(Value::Integer),
        types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::UNKNOWN => {
            owned(bytes).map(Value::Text)
        }
        types::BOOL => scalar::boolean(bytes).map(Value::Boolean),
        types::BYTEA => Some(Value::Bytes(bytes.to_vec())),
        types::TIMESTAMPTZ => moment::micros(bytes).and_then(|at| instant(at, info, bytes)),
        types::FLOAT8 => scalar::float8(bytes).map(Value::Float),
        types::FLOAT4 => scalar::float4(bytes).map(|number| Value::Float(f64::from(number))),
        types::NUMERIC => decimal(bytes).map(Value::Decimal),
        types::UUID => scalar::uuid(bytes).map(Value::Uuid),
        types::JSON => owned(bytes).map(Value::Json),
        types::JSONB => scalar::jsonb(bytes).map(|text| Value::Json(text.to_owned())),
        types::DATE => moment::date(bytes).map(|date| date_or_other(date, Value::Date, info)),
        types::TIME => moment::time(bytes).map(Value::Time),
        types::TIMESTAMP => moment::datetime(bytes).map(|at| date_or_other(at, Value::Datetime, info)),
        types::OID => scalar::oid(bytes).map(|oid| Value::Integer(i64::from(oid))),
        types::CHAR => scalar::char(bytes).map(Value::Text),
        types::VOID => Some(Value::Null),
        _ => return uncommon(info, bytes),
    };
    value.ok_or_else(|| malformed(info))
}

fn uncommon(info: &PgTypeInfo, bytes: &[u8]) -> Result<Value, CodecError> {
    match types::shape(info) {
        Shape::Domain(base) => decode(base, bytes),
        Shape::Text => owned(bytes).map(Value::Text).ok_or_else(|| malformed(info)),
        _ => {
            let mut written = String::new();
            text::write(info, bytes, 0, &mut written)?;
            Ok(other(info, written))
        }
    }
}

fn owned(bytes: &[u8]) -> Option<String> {
    scalar::text(bytes).map(str::to_owned)
}

fn decimal(bytes: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(bytes.len() * 2);
    numeric::to_text(bytes, &mut out)?;
    Some(out)
}

/// `infinity` is no date, and no case of the interface's can hold it.
fn date_or_other<T>(moment: Moment<T>, make: fn(T) -> Value, info: &PgTypeInfo) -> Value {
    moment.or_name().map_or_else(|name| other(info, name.to_owned()), make)
}

/// Counted from 1970, the last years before 294276 do not fit 64 bits any more: they are given as
/// text.
fn instant(moment: Moment<i64>, info: &PgTypeInfo, bytes: &[u8]) -> Option<Value> {
    match moment.or_name().map(|micros| micros.checked_add(EPOCH_MICROS)) {
        Ok(Some(micros)) => Some(Value::Instant(micros)),
        Ok(None) => {
            let mut written = String::new();
            moment::write_timestamp(bytes, "+00", &mut written)?;
            Some(other(info, written))
        }
        Err(name) => Some(other(info, name.to_owned())),
    }
}

fn other(info: &PgTypeInfo, text: String) -> Value {
    Value::Other(OtherValue { type_name: types::name(info).into_owned(), text })
}
