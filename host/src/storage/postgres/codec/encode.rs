//! From values to the parameters of a statement, each in the type that the server inferred for its
//! place.
//!
//! Only what loses nothing is converted. Where a type cannot be written in binary here, the error
//! names the cast from text that does it on the server.

use super::CodecError;
use super::fit::{self, Misfit};
use super::types::{self, Shape};
use crate::storage::value::Value;
use sqlx::postgres::PgTypeInfo;

/// Values for a statement's parameters in binary, each with its length before it.
#[derive(Debug, Default)]
pub(in crate::storage) struct Parameters {
    pub(in crate::storage) count: u16,
    pub(in crate::storage) bytes: Vec<u8>,
}

/// Writes the parameters of a statement, whose inferred types are `wanted`.
pub(in crate::storage) fn parameters(params: &[Value], wanted: &[PgTypeInfo]) -> Result<Parameters, CodecError> {
    let count = u16::try_from(params.len()).ok().filter(|_| params.len() == wanted.len());
    let count = count.ok_or_else(|| CodecError::BadParameter {
        message: format!(
            "wrong number of parameters: the statement wants {}, given are {}",
            wanted.len(),
            params.len()
        ),
    })?;
    let bytes = params.iter().map(|value| LENGTH + value.size()).sum();
    let mut parameters = Parameters { count, bytes: Vec::with_capacity(bytes) };
    for (position, (value, wanted)) in (1..).zip(params.iter().zip(wanted)) {
        let parameter = Parameter { value, wanted, position };
        parameter.write(&mut parameters.bytes).map_err(|reason| CodecError::BadParameter {
            message: format!("bad parameter ${position}: {reason}"),
        })?;
    }
    Ok(parameters)
}

/// Bytes of the length before a value.
const LENGTH: usize = 4;
/// Stands for the length of NULL.
const NULL: i32 = -1;

/// One parameter on its way to the server.
struct Parameter<'a> {
    value: &'a Value,
    wanted: &'a PgTypeInfo,
    position: usize,
}

impl Parameter<'_> {
    /// Adds the value with its length.
    fn write(&self, out: &mut Vec<u8>) -> Result<(), String> {
        if self.value.is_null() {
            out.extend_from_slice(&NULL.to_be_bytes());
            return Ok(());
        }
        let at = out.len();
        out.extend_from_slice(&[0; LENGTH]);
        encode(self.value, self.wanted, out).map_err(|misfit| match misfit {
            Misfit::Reason(reason) => reason.to_owned(),
            Misfit::Kind => self.wrong_kind(),
        })?;
        let length = i32::try_from(out.len() - at - LENGTH).map_err(|_| "it is too large".to_owned())?;
        if let Some(place) = out.get_mut(at..at + LENGTH) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    /// Says what is wanted and, where a cast in the statement helps, which.
    fn wrong_kind(&self) -> String {
        let (kind, wanted, position) = (self.value.kind(), types::name(self.wanted), self.position);
        let mismatch = format!("{kind} where {wanted} is wanted");
        let target = Target::of(self.wanted);
        let through_text = format!("${position}::text::{wanted}");
        let own_type = match self.value {
            Value::Boolean(_) => "boolean",
            Value::Integer(_) => "bigint",
            Value::Float(_) => "double precision",
            Value::Decimal(_) => "numeric",
            Value::Bytes(_) => "bytea",
            Value::Date(_) => "date",
            Value::Time(_) => "time",
            Value::Datetime(_) => "timestamp",
            Value::Instant(_) => "timestamptz",
            Value::Other(_) => return format!("{mismatch}; write `{through_text}`"),
            Value::Text(_) if matches!(target, Target::Unknown) => {
                return format!("{mismatch}; write `{through_text}`");
            }
            _ => return mismatch,
        };
        match target {
            Target::Unknown => format!("{mismatch}; give it as text and write `{through_text}`"),
            Target::Text => format!("{mismatch}; write `cast(${position} as {own_type})` if that is what it is"),
            Target::Known(_) => mismatch,
        }
    }
}

/// What a type wants on the wire.
enum Target {
    /// Of fixed form, by OID.
    Known(u32),
    /// Text, under this or another name.
    Text,
    /// Without a codec here.
    Unknown,
}

impl Target {
    fn of(wanted: &PgTypeInfo) -> Self {
        match types::oid(wanted) {
            types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::UNKNOWN | types::XML => Self::Text,
            known @ (types::BOOL
            | types::INT2
            | types::INT4
            | types::INT8
            | types::OID
            | types::FLOAT4
            | types::FLOAT8
            | types::NUMERIC
            | types::CHAR
            | types::BYTEA
            | types::UUID
            | types::JSON
            | types::JSONB
            | types::DATE
            | types::TIME
            | types::TIMESTAMP
            | types::TIMESTAMPTZ) => Self::Known(known),
            _ => match types::shape(wanted) {
                Shape::Domain(base) => Self::of(base),
                Shape::Text => Self::Text,
                _ => Self::Unknown,
            },
        }
    }
}

fn encode(value: &Value, wanted: &PgTypeInfo, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let oid = match Target::of(wanted) {
        Target::Known(oid) => oid,
        Target::Text => return fit::text(value, out),
        Target::Unknown => return Err(Misfit::Kind),
    };
    match oid {
        types::BOOL => fit::boolean(value, out),
        types::INT2 => fit::integer(value, |number| i16::try_from(number).ok().map(i16::to_be_bytes), out),
        types::INT4 => fit::integer(value, |number| i32::try_from(number).ok().map(i32::to_be_bytes), out),
        types::INT8 => fit::integer(value, |number| Some(number.to_be_bytes()), out),
        types::OID => fit::integer(value, |number| u32::try_from(number).ok().map(u32::to_be_bytes), out),
        types::FLOAT4 => fit::float4(value, out),
        types::FLOAT8 => fit::float8(value, out),
        types::NUMERIC => fit::decimal(value, out),
        types::CHAR => fit::char(value, out),
        types::BYTEA => fit::bytes(value, out),
        types::UUID => fit::uuid(value, out),
        types::JSON => fit::json(value, out),
        types::JSONB => {
            out.push(1);
            fit::json(value, out)
        }
        types::DATE => fit::date(value, out),
        types::TIME => fit::time(value, out),
        types::TIMESTAMP => fit::timestamp(value, out),
        _ => fit::timestamptz(value, out),
    }
}
