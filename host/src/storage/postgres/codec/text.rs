//! Any value as Postgres writes it, from its binary format.

use super::types::{self, Shape, malformed, unsupported};
use super::{CodecError, float, moment, nested, network, numeric, scalar};
use sqlx::postgres::PgTypeInfo;
use std::fmt::{Display, Write as _};

/// How deep rows, arrays and ranges may stand in one another. A guest can nest rows without end,
/// our stack has one.
const MAX_DEPTH: u32 = 8;

/// Appends the text of one value that is not NULL and stands inside `depth` others.
pub(super) fn write(info: &PgTypeInfo, bytes: &[u8], depth: u32, out: &mut String) -> Result<(), CodecError> {
    if depth > MAX_DEPTH {
        return Err(unsupported(info));
    }
    let written = match types::oid(info) {
        types::BOOL => scalar::boolean(bytes).map(|truth| out.push(if truth { 't' } else { 'f' })),
        types::INT2 | types::INT4 | types::INT8 => scalar::integer(bytes).map(|number| push(number, out)),
        types::OID => scalar::oid(bytes).map(|number| push(number, out)),
        types::FLOAT4 => scalar::float4(bytes).map(|number| float::write_f32(number, out)),
        types::FLOAT8 => scalar::float8(bytes).map(|number| float::write_f64(number, out)),
        types::NUMERIC => numeric::to_text(bytes, out),
        types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::UNKNOWN | types::JSON | types::XML => {
            scalar::text(bytes).map(|text| out.push_str(text))
        }
        types::CHAR => scalar::char(bytes).map(|text| out.push_str(&text)),
        types::JSONB => scalar::jsonb(bytes).map(|text| out.push_str(text)),
        types::BYTEA => push_bytes(bytes, out),
        types::UUID => scalar::uuid(bytes).map(|text| out.push_str(&text)),
        types::DATE => moment::write_date(bytes, out),
        types::TIME => moment::write_time(bytes, out),
        types::TIMETZ => moment::write_timetz(bytes, out),
        types::TIMESTAMP => moment::write_timestamp(bytes, "", out),
        types::TIMESTAMPTZ => moment::write_timestamp(bytes, "+00", out),
        types::INTERVAL => moment::write_interval(bytes, out),
        types::INET | types::CIDR => network::write_address(bytes, out),
        types::MACADDR | types::MACADDR8 => network::write_mac(bytes, out),
        types::BIT | types::VARBIT => network::write_bits(bytes, out),
        types::RECORD => return nested::write_row(info, &[], bytes, depth, out),
        _ => return write_shape(info, bytes, depth, out),
    };
    written.ok_or_else(|| malformed(info))
}

fn write_shape(info: &PgTypeInfo, bytes: &[u8], depth: u32, out: &mut String) -> Result<(), CodecError> {
    if let Some(bound) = types::multirange_bound(info) {
        return nested::write_multirange(info, &bound, bytes, depth, out);
    }
    match types::shape(info) {
        Shape::Text => scalar::text(bytes).map(|text| out.push_str(text)).ok_or_else(|| malformed(info)),
        Shape::Domain(base) => write(base, bytes, depth + 1, out),
        Shape::Array(element) => nested::write_array(info, element, bytes, depth, out),
        Shape::Range(bound) => nested::write_range(info, bound, bytes, depth, out),
        Shape::Composite(fields) => nested::write_row(info, fields, bytes, depth, out),
        Shape::Opaque => Err(unsupported(info)),
    }
}

fn push(number: impl Display, out: &mut String) {
    // Writing into a string does not fail.
    let _ = write!(out, "{number}");
}

/// `bytea_output` hex.
fn push_bytes(bytes: &[u8], out: &mut String) -> Option<()> {
    out.push_str("\\x");
    bytes.iter().for_each(|byte| scalar::push_hex(*byte, out));
    Some(())
}
