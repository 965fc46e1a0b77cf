//! Arrays, ranges and rows as Postgres writes them.
//!
//! Source: `array_out` in `src/backend/utils/adt/arrayfuncs.c`, `range_deparse` in `rangetypes.c`,
//! `record_out` in `rowtypes.c`.

use super::CodecError;
use super::scalar::{take, take_i32, take_item};
use super::text;
use super::types::{malformed, name, oid, unsupported};
use sqlx::postgres::PgTypeInfo;
use sqlx::postgres::types::Oid;
use std::fmt::Write as _;

/// `MAXDIM` in `src/include/utils/array.h`.
const MAX_DIMENSIONS: i32 = 6;

/// What quoting makes of a value doubles with each level, so its text needs an end of its own. As
/// long as one value may be.
const MAX_TEXT_BYTES: usize = 16 << 20;

const RANGE_EMPTY: u8 = 0x01;
const RANGE_LOWER_INCLUSIVE: u8 = 0x02;
const RANGE_UPPER_INCLUSIVE: u8 = 0x04;
const RANGE_LOWER_INFINITE: u8 = 0x08;
const RANGE_UPPER_INFINITE: u8 = 0x10;

/// Writes an array of any number of dimensions, for example `{1,NULL,3}` or `{{a,"b c"},{d,e}}`.
pub(super) fn write_array(
    info: &PgTypeInfo,
    element: &PgTypeInfo,
    bytes: &[u8],
    depth: u32,
    out: &mut String,
) -> Result<(), CodecError> {
    let mut rest = bytes;
    let lengths = array_header(&mut rest, element, out).ok_or_else(|| malformed(info))?;
    let mut scratch = String::new();
    write_dimension(info, element, &lengths, &mut rest, depth, &mut scratch, out)?;
    if rest.is_empty() { Ok(()) } else { Err(malformed(info)) }
}

/// Reads the lengths of the dimensions, and writes the bounds where one does not begin at 1.
fn array_header(rest: &mut &[u8], element: &PgTypeInfo, out: &mut String) -> Option<Vec<usize>> {
    let dimensions = take_i32(rest).filter(|number| (0..=MAX_DIMENSIONS).contains(number))?;
    let _has_nulls = take_i32(rest)?;
    let _element = take(rest).map(u32::from_be_bytes).filter(|sent| *sent == oid(element))?;
    let mut lengths = Vec::new();
    let mut bounds = String::new();
    let mut begins_at_one = true;
    for _ in 0..dimensions {
        let (length, lower) = (take_i32(rest)?, take_i32(rest)?);
        // An array without elements has no dimensions.
        lengths.push(usize::try_from(length).ok().filter(|length| *length > 0)?);
        begins_at_one &= lower == 1;
        let _ = write!(bounds, "[{lower}:{}]", i64::from(lower) + i64::from(length) - 1);
    }
    if !begins_at_one {
        let _ = write!(out, "{bounds}=");
    }
    Some(lengths)
}

fn write_dimension(
    info: &PgTypeInfo,
    element: &PgTypeInfo,
    lengths: &[usize],
    rest: &mut &[u8],
    depth: u32,
    scratch: &mut String,
    out: &mut String,
) -> Result<(), CodecError> {
    out.push('{');
    let (length, inner) = lengths.split_first().map_or((0, lengths), |(length, inner)| (*length, inner));
    for at in 0..length {
        if at > 0 {
            out.push(',');
        }
        if inner.is_empty() {
            let item = take_item(rest).ok_or_else(|| malformed(info))?;
            write_element(element, item, depth, scratch, out)?;
        } else {
            write_dimension(info, element, inner, rest, depth, scratch, out)?;
        }
    }
    out.push('}');
    Ok(())
}

fn write_element(
    element: &PgTypeInfo,
    item: Option<&[u8]>,
    depth: u32,
    scratch: &mut String,
    out: &mut String,
) -> Result<(), CodecError> {
    let Some(bytes) = item else {
        out.push_str("NULL");
        return Ok(());
    };
    scratch.clear();
    text::write(element, bytes, depth + 1, scratch)?;
    let special = |byte: u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',') || is_space(byte);
    if scratch.is_empty() || scratch.eq_ignore_ascii_case("NULL") || scratch.bytes().any(special) {
        out.push('"');
        for char in scratch.chars() {
            if matches!(char, '"' | '\\') {
                out.push('\\');
            }
            out.push(char);
        }
        out.push('"');
    } else {
        out.push_str(scratch);
    }
    bounded(element, out)
}

/// Writes a range, for example `[1,5)` or `empty`.
pub(super) fn write_range(
    info: &PgTypeInfo,
    bound: &PgTypeInfo,
    bytes: &[u8],
    depth: u32,
    out: &mut String,
) -> Result<(), CodecError> {
    let (flags, mut rest) = bytes.split_first().ok_or_else(|| malformed(info))?;
    let has = |flag: u8| flags & flag != 0;
    if has(RANGE_EMPTY) {
        out.push_str("empty");
        return Ok(());
    }
    out.push(if has(RANGE_LOWER_INCLUSIVE) { '[' } else { '(' });
    let mut write_bound = |infinite: bool, out: &mut String| match infinite {
        true => Ok(()),
        false => {
            let bytes = take_item(&mut rest).flatten().ok_or_else(|| malformed(info))?;
            write_part(bound, bytes, (depth, b"[]"), out)
        }
    };
    write_bound(has(RANGE_LOWER_INFINITE), out)?;
    out.push(',');
    write_bound(has(RANGE_UPPER_INFINITE), out)?;
    out.push(if has(RANGE_UPPER_INCLUSIVE) { ']' } else { ')' });
    if rest.is_empty() { Ok(()) } else { Err(malformed(info)) }
}

/// Writes a multirange, for example `{[1,3),[5,9)}` (`multirange_out` in `multirangetypes.c`).
pub(super) fn write_multirange(
    info: &PgTypeInfo,
    bound: &PgTypeInfo,
    bytes: &[u8],
    depth: u32,
    out: &mut String,
) -> Result<(), CodecError> {
    let mut rest = bytes;
    let count = take_i32(&mut rest).ok_or_else(|| malformed(info))?;
    out.push('{');
    for at in 0..count {
        if at > 0 {
            out.push(',');
        }
        let range = take_item(&mut rest).flatten().ok_or_else(|| malformed(info))?;
        write_range(info, bound, range, depth, out)?;
        bounded(info, out)?;
    }
    out.push('}');
    if rest.is_empty() { Ok(()) } else { Err(malformed(info)) }
}

/// Writes a row, for example `(1,"a b",)`. `fields` are the types of its columns where they are
/// known.
pub(super) fn write_row(
    info: &PgTypeInfo,
    fields: &[(String, PgTypeInfo)],
    bytes: &[u8],
    depth: u32,
    out: &mut String,
) -> Result<(), CodecError> {
    let mut rest = bytes;
    let count = take_i32(&mut rest).ok_or_else(|| malformed(info))?;
    out.push('(');
    for at in 0..usize::try_from(count).map_err(|_| malformed(info))? {
        if at > 0 {
            out.push(',');
        }
        let sent = take(&mut rest).map(u32::from_be_bytes).ok_or_else(|| malformed(info))?;
        if let Some(bytes) = take_item(&mut rest).ok_or_else(|| malformed(info))? {
            let known = fields.get(at).map(|(_, field)| field).filter(|field| oid(field) == sent);
            match known {
                Some(field) => write_part(field, bytes, (depth, b""), out)?,
                // A row without a named type tells only OIDs, which are enough for the types that
                // are built in.
                None => write_part(&PgTypeInfo::with_oid(Oid(sent)), bytes, (depth, b""), out)
                    .map_err(|e| in_row(e, info))?,
            }
        }
    }
    out.push(')');
    if rest.is_empty() { Ok(()) } else { Err(malformed(info)) }
}

/// A type that is only known by its OID has no name to tell: the row's has to do.
fn in_row(error: CodecError, row: &PgTypeInfo) -> CodecError {
    if matches!(error, CodecError::Unsupported { .. }) { unsupported(row) } else { error }
}

/// Writes one bound of a range or one column of a row: quotes are doubled, as backslashes are. What
/// the two have to quote differs by `brackets`.
fn write_part(
    part: &PgTypeInfo,
    bytes: &[u8],
    (depth, brackets): (u32, &[u8]),
    out: &mut String,
) -> Result<(), CodecError> {
    let mut written = String::new();
    text::write(part, bytes, depth + 1, &mut written)?;
    let special = |byte: u8| b"\"\\(),".contains(&byte) || brackets.contains(&byte) || is_space(byte);
    if !written.is_empty() && !written.bytes().any(special) {
        out.push_str(&written);
        return bounded(part, out);
    }
    out.push('"');
    for char in written.chars() {
        if matches!(char, '"' | '\\') {
            out.push(char);
        }
        out.push(char);
    }
    out.push('"');
    bounded(part, out)
}

fn bounded(info: &PgTypeInfo, out: &str) -> Result<(), CodecError> {
    if out.len() > MAX_TEXT_BYTES {
        Err(CodecError::TooLarge { type_name: name(info).into_owned() })
    } else {
        Ok(())
    }
}

/// `array_isspace`, and `isspace` of the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}
