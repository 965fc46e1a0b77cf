//! The functions for numbers, which SQLite has only where it is built with them (SQLite
//! documentation, "Built-In Mathematical SQL Functions"). A flag of the build would have to be set
//! by everybody who builds the host.

use super::add;
use rusqlite::functions::Context;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

type OfOne = fn(f64) -> f64;
type OfTwo = fn(f64, f64) -> f64;

/// Of one number.
const OF_ONE: [(&str, OfOne); 16] = [
    ("acos", f64::acos),
    ("acosh", f64::acosh),
    ("asin", f64::asin),
    ("asinh", f64::asinh),
    ("atan", f64::atan),
    ("atanh", f64::atanh),
    ("cos", f64::cos),
    ("cosh", f64::cosh),
    ("degrees", f64::to_degrees),
    ("exp", f64::exp),
    ("radians", f64::to_radians),
    ("sin", f64::sin),
    ("sinh", f64::sinh),
    ("sqrt", f64::sqrt),
    ("tan", f64::tan),
    ("tanh", f64::tanh),
];

/// Of two numbers.
const OF_TWO: [(&str, OfTwo); 4] =
    [("atan2", f64::atan2), ("mod", |a, b| a % b), ("pow", f64::powf), ("power", f64::powf)];

/// To a whole number. An integer stays what it is.
const ROUNDING: [(&str, OfOne); 4] =
    [("ceil", f64::ceil), ("ceiling", f64::ceil), ("floor", f64::floor), ("trunc", f64::trunc)];

/// Of one number greater than zero.
const LOGARITHMS: [(&str, OfOne); 4] =
    [("ln", f64::ln), ("log", f64::log10), ("log10", f64::log10), ("log2", f64::log2)];

/// Makes the functions known to a connection.
pub(super) fn register(link: &Connection) -> Result<()> {
    for (name, function) in OF_ONE {
        add(link, name, 1, move |context| Ok(number(context, 0).map(function)))?;
    }
    for (name, function) in OF_TWO {
        add(link, name, 2, move |context| {
            Ok(number(context, 0).zip(number(context, 1)).map(|(a, b)| function(a, b)))
        })?;
    }
    for (name, function) in ROUNDING {
        add(link, name, 1, move |context| Ok(rounded(context, function)))?;
    }
    for (name, function) in LOGARITHMS {
        add(link, name, 1, move |context| Ok(positive(context, 0).map(function)))?;
    }
    add(link, "log", 2, |context| Ok(logarithm(context)))?;
    add(link, "pi", 0, |_| Ok(std::f64::consts::PI))
}

/// An argument as SQLite takes it for a number (`sqlite3_value_numeric_type`): also a text that is
/// one.
fn argument(context: &Context<'_>, at: usize) -> Value {
    match context.get_raw(at) {
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => of_text(text),
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
    }
}

fn of_text(text: &[u8]) -> Value {
    let text = std::str::from_utf8(text).unwrap_or_default().trim_ascii();
    if let Ok(number) = text.parse() {
        return Value::Integer(number);
    }
    // Neither names of numbers nor anything else that is no number to SQLite.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|_| is_plain).map_or(Value::Null, Value::Real)
}

#[expect(clippy::cast_precision_loss, reason = "so does SQLite")]
fn number(context: &Context<'_>, at: usize) -> Option<f64> {
    match argument(context, at) {
        Value::Integer(number) => Some(number as f64),
        Value::Real(number) => Some(number),
        _ => None,
    }
}

fn positive(context: &Context<'_>, at: usize) -> Option<f64> {
    number(context, at).filter(|number| *number > 0.0)
}

fn rounded(context: &Context<'_>, function: fn(f64) -> f64) -> Value {
    match argument(context, 0) {
        Value::Real(number) => Value::Real(function(number)),
        other => other,
    }
}

/// `log(base, number)`.
fn logarithm(context: &Context<'_>) -> Option<f64> {
    let base = positive(context, 0)?.ln();
    let number = positive(context, 1)?.ln();
    (base > 0.0).then_some(number / base)
}
