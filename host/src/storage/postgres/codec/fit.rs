//! What each type takes: one function for each type that has a variant of its own, writing its
//! binary format.

use super::moment::{EPOCH_DAYS, EPOCH_MICROS};
use super::numeric::{self, NotNumeric};
use super::scalar;
use crate::storage::calendar;
use crate::storage::value::{Date, Datetime, Value};

/// Why a value does not fit.
pub(super) enum Misfit {
    /// This kind of value is never converted to this type.
    Kind,
    Reason(&'static str),
}

const RANGE: Misfit = Misfit::Reason("the number is out of range for the type that is wanted");
const INEXACT: Misfit = Misfit::Reason("the number would lose digits in the type that is wanted");
const NO_UUID: Misfit = Misfit::Reason("the text is no uuid");
const NO_DECIMAL: Misfit = Misfit::Reason("the text is no decimal number in plain digits");
const NO_DATE: Misfit = Misfit::Reason("there is no such date, or it is not written like 2024-02-29");
const NO_TIME: Misfit = Misfit::Reason("there is no such time, or it is not written like 12:34:56");
const NO_DATETIME: Misfit =
    Misfit::Reason("there is no such datetime, or it is not written like 2024-02-29T12:34:56");
const NO_INSTANT: Misfit =
    Misfit::Reason("there is no such instant, or it is not written like 2024-02-29T12:34:56Z");
const NUL: Misfit = Misfit::Reason("the text contains a NUL character, which Postgres cannot keep");
const TOO_LONG: Misfit = Misfit::Reason("the number has too many digits");
const LATE: Misfit = Misfit::Reason("Postgres cannot keep a date that far away");

pub(super) fn boolean(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let Value::Boolean(truth) = value else { return Err(Misfit::Kind) };
    out.push(u8::from(*truth));
    Ok(())
}

pub(super) fn integer<const N: usize>(
    value: &Value,
    fit: impl Fn(i64) -> Option<[u8; N]>,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let Value::Integer(number) = value else { return Err(Misfit::Kind) };
    out.extend(fit(*number).ok_or(RANGE)?);
    Ok(())
}

pub(super) fn float8(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let number = match value {
        Value::Float(number) => *number,
        Value::Integer(number) if significant_bits(*number) <= f64::MANTISSA_DIGITS => *number as f64,
        Value::Integer(_) => return Err(INEXACT),
        _ => return Err(Misfit::Kind),
    };
    out.extend(number.to_be_bytes());
    Ok(())
}

pub(super) fn float4(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let number = match value {
        Value::Float(number) => narrow(*number).ok_or(Misfit::Reason(
            "the number would lose digits as a real; let the statement say so with `cast(... as double precision)`",
        ))?,
        Value::Integer(number) if significant_bits(*number) <= f32::MANTISSA_DIGITS => *number as f32,
        Value::Integer(_) => return Err(INEXACT),
        _ => return Err(Misfit::Kind),
    };
    out.extend(number.to_be_bytes());
    Ok(())
}

/// The same number in 32 bits, if there is one.
fn narrow(number: f64) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "the next line refuses what was cut off")]
    let narrowed = number as f32;
    (f64::from(narrowed) == number || number.is_nan()).then_some(narrowed)
}

/// Bits between the highest and the lowest that are set: what a mantissa must hold.
fn significant_bits(number: i64) -> u32 {
    let size = number.unsigned_abs();
    if size == 0 { 0 } else { u64::BITS - size.leading_zeros() - size.trailing_zeros() }
}

/// A float becomes the shortest decimal that reads back as the same float, as it does in text.
pub(super) fn decimal(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let written = match value {
        Value::Decimal(text) | Value::Text(text) => numeric::from_text(text, out),
        Value::Integer(number) => numeric::from_text(&number.to_string(), out),
        Value::Float(number) if number.is_infinite() => {
            numeric::from_text(if *number > 0.0 { "Infinity" } else { "-Infinity" }, out)
        }
        Value::Float(number) => numeric::from_text(&number.to_string(), out),
        _ => return Err(Misfit::Kind),
    };
    written.map_err(|reason| match reason {
        NotNumeric::Form => NO_DECIMAL,
        NotNumeric::Length => TOO_LONG,
    })
}

pub(super) fn char(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let Value::Text(text) = value else { return Err(Misfit::Kind) };
    match text.as_bytes() {
        [byte @ 1..=127] => out.push(*byte),
        [] => out.push(0),
        _ => return Err(Misfit::Reason("the type \"char\" holds one ASCII character")),
    }
    Ok(())
}

pub(super) fn text(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    match value {
        Value::Text(text) | Value::Uuid(text) | Value::Json(text) | Value::Decimal(text) => push_text(text, out),
        Value::Other(other) => push_text(&other.text, out),
        _ => Err(Misfit::Kind),
    }
}

fn push_text(text: &str, out: &mut Vec<u8>) -> Result<(), Misfit> {
    if text.as_bytes().contains(&0) {
        return Err(NUL);
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

pub(super) fn bytes(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let Value::Bytes(bytes) = value else { return Err(Misfit::Kind) };
    out.extend_from_slice(bytes);
    Ok(())
}

pub(super) fn uuid(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let (Value::Uuid(text) | Value::Text(text)) = value else { return Err(Misfit::Kind) };
    out.extend(scalar::parse_uuid(text).ok_or(NO_UUID)?);
    Ok(())
}

/// Whether it is JSON, the server checks.
pub(super) fn json(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let (Value::Json(text) | Value::Text(text)) = value else { return Err(Misfit::Kind) };
    push_text(text, out)
}

pub(super) fn date(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    if let Some(infinite) = infinity(value) {
        out.extend(if infinite { i32::MAX } else { i32::MIN }.to_be_bytes());
        return Ok(());
    }
    let date = match value {
        Value::Date(date) => Some(*date).filter(|date| calendar::is_date(*date)),
        Value::Text(text) => calendar::parse_date(text),
        _ => return Err(Misfit::Kind),
    };
    let days = calendar::days_from_date(date.ok_or(NO_DATE)?) - EPOCH_DAYS;
    let days = i32::try_from(days).ok().filter(|days| !matches!(*days, i32::MIN | i32::MAX));
    out.extend(days.ok_or(LATE)?.to_be_bytes());
    Ok(())
}

pub(super) fn time(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let time = match value {
        Value::Time(time) => Some(*time).filter(|time| calendar::is_time(*time)),
        Value::Text(text) => calendar::parse_time(text),
        _ => return Err(Misfit::Kind),
    };
    out.extend(calendar::micros_from_time(time.ok_or(NO_TIME)?).to_be_bytes());
    Ok(())
}

pub(super) fn timestamp(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let at_midnight = |date: Date| calendar::time_from_micros(0).map(|time| Datetime { date, time });
    let valid = |at: &Datetime| calendar::is_date(at.date) && calendar::is_time(at.time);
    let datetime = match value {
        _ if infinity(value).is_some() => return infinite_moment(value, out),
        Value::Datetime(datetime) => Some(*datetime).filter(valid),
        Value::Date(date) => at_midnight(*date).filter(valid),
        Value::Text(text) => calendar::parse_datetime(text).or_else(|| at_midnight(calendar::parse_date(text)?)),
        _ => return Err(Misfit::Kind),
    };
    push_micros(calendar::micros_from_datetime(datetime.ok_or(NO_DATETIME)?, EPOCH_DAYS), out)
}

pub(super) fn timestamptz(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let micros = match value {
        _ if infinity(value).is_some() => return infinite_moment(value, out),
        Value::Instant(micros) => *micros,
        Value::Text(text) => calendar::parse_instant(text).ok_or(NO_INSTANT)?,
        _ => return Err(Misfit::Kind),
    };
    push_micros(micros.checked_sub(EPOCH_MICROS), out)
}

/// Microseconds since 2000. The ends of the range would be read as infinity.
fn push_micros(micros: Option<i64>, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let micros = micros.filter(|micros| !matches!(*micros, i64::MIN | i64::MAX));
    out.extend(micros.ok_or(LATE)?.to_be_bytes());
    Ok(())
}

fn infinite_moment(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let end = if infinity(value) == Some(true) { i64::MAX } else { i64::MIN };
    out.extend(end.to_be_bytes());
    Ok(())
}

/// Whether a text stands for the end of time (true) or its beginning (false), as a cell that was
/// read does.
fn infinity(value: &Value) -> Option<bool> {
    let text = match value {
        Value::Text(text) => text,
        Value::Other(other) => &other.text,
        _ => return None,
    };
    match text.as_str() {
        "infinity" => Some(true),
        "-infinity" => Some(false),
        _ => None,
    }
}
