//! From values to the parameters of a statement, each in the type that the server inferred for its place.
//!
//! Only what loses nothing is converted. Where a type cannot be written in binary here, the error names the
//! cast from text that does it on the server.

use super::CodecError;
use super::fit::{self, Misfit};
use super::types::{self, Shape};
use crate::storage::value::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, Postgres};
use sqlx::{Arguments as _, Encode, Type};

/// Writes the parameters of a statement, whose inferred types are `wanted`.
pub(in crate::storage) fn arguments(params: &[Value], wanted: &[PgTypeInfo]) -> Result<PgArguments, CodecError> {
    if params.len() != wanted.len() {
        let message = format!(
            "wrong number of parameters: the statement wants {}, given are {}",
            wanted.len(),
            params.len()
        );
        return Err(CodecError::BadParameter { message });
    }
    let mut arguments = PgArguments::default();
    arguments.reserve(params.len(), params.iter().map(Value::size).sum());
    for (position, (value, wanted)) in (1..).zip(params.iter().zip(wanted)) {
        arguments.add(Parameter { value, wanted, position }).map_err(|reason| CodecError::BadParameter {
            message: format!("bad parameter ${position}: {reason}"),
        })?;
    }
    Ok(arguments)
}

/// One parameter on its way into sqlx's buffer.
struct Parameter<'a> {
    value: &'a Value,
    wanted: &'a PgTypeInfo,
    position: usize,
}

impl Type<Postgres> for Parameter<'_> {
    /// "Unspecified" in the protocol's Parse message; every parameter brings its own type along.
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Parameter<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        if self.value.is_null() {
            return Ok(IsNull::Yes);
        }
        match encode(self.value, self.wanted, buffer) {
            Ok(()) => Ok(IsNull::No),
            Err(Misfit::Reason(reason)) => Err(reason.into()),
            Err(Misfit::Kind) => Err(self.wrong_kind().into()),
        }
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.wanted.clone())
    }
}

impl Parameter<'_> {
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
