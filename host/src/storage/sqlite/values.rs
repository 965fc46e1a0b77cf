//! Values on their way into SQLite and back.
//!
//! SQLite knows five storage classes. What a column was declared as tells the rest, so tables are
//! declared with the names of Postgres' types (`timestamptz`, `boolean`, `uuid`, ...) and read back
//! as the same values as there. Dates and times are kept as ISO text, instants as integer
//! microseconds, decimals and JSON as text. To SQLite `numeric` and `json` mean that a text that
//! looks like a number becomes one, which loses digits behind the fifteenth and zeros at the end;
//! `decimal_text` and `json_text` keep all.

use crate::storage::calendar;
use crate::storage::value::{Value, plain_decimal};
use crate::storage::{Code, Error, Result};
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};

/// What a column was declared as, as far as it matters for reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As stored.
    Plain,
    Boolean,
    Float,
    Decimal,
    Uuid,
    Date,
    Time,
    Datetime,
    Instant,
    Json,
}

/// Reads the declared type of a column; none for an expression.
pub(super) fn kind_of(declared: Option<&str>) -> Kind {
    let Some(declared) = declared else { return Kind::Plain };
    let lower = declared.to_ascii_lowercase();
    let name = lower.split('(').next().unwrap_or_default().trim();
    // What stands behind it is there for the affinity.
    match name.strip_suffix("_blob").or_else(|| name.strip_suffix("_text")).unwrap_or(name) {
        "boolean" | "bool" => Kind::Boolean,
        "double precision" | "double" | "float" | "real" | "float8" | "float4" => Kind::Float,
        "numeric" | "decimal" => Kind::Decimal,
        "uuid" => Kind::Uuid,
        "date" => Kind::Date,
        "time" | "time without time zone" => Kind::Time,
        "timestamp" | "datetime" | "timestamp without time zone" => Kind::Datetime,
        "timestamptz" | "instant" | "timestamp with time zone" => Kind::Instant,
        "json" | "jsonb" => Kind::Json,
        _ => Kind::Plain,
    }
}

/// Refuses a parameter that is not what it says it is. Postgres does so by itself; SQLite would
/// keep it.
pub(super) fn check(value: &Value) -> Result<()> {
    if is_well_formed(value) {
        return Ok(());
    }
    Err(Error::new(Code::BadParameter, format!("not a well-formed {}", value.kind())))
}

/// Whether a value is what it says it is.
pub(in crate::storage) fn is_well_formed(value: &Value) -> bool {
    match value {
        Value::Date(date) => calendar::is_date(*date),
        Value::Time(time) => calendar::is_time(*time),
        Value::Datetime(datetime) => calendar::is_date(datetime.date) && calendar::is_time(datetime.time),
        Value::Decimal(text) => is_decimal(text),
        Value::Uuid(text) => is_uuid(text),
        Value::Json(text) => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
        Value::Text(text) => !text.contains('\0'),
        _ => true,
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    !(whole.is_empty() && part.is_empty()) && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    let hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| if hyphen(at) { b == b'-' } else { b.is_ascii_hexdigit() })
}

/// A parameter as SQLite takes it.
pub(super) fn to_sql(value: &Value) -> ToSqlOutput<'_> {
    let text = |text: String| ToSqlOutput::Owned(Owned::Text(text));
    match value {
        Value::Null => ToSqlOutput::Owned(Owned::Null),
        Value::Boolean(truth) => ToSqlOutput::Owned(Owned::Integer(i64::from(*truth))),
        Value::Integer(number) | Value::Instant(number) => ToSqlOutput::Owned(Owned::Integer(*number)),
        Value::Float(number) => ToSqlOutput::Owned(Owned::Real(*number)),
        Value::Text(s) | Value::Json(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
        Value::Decimal(s) => match plain_decimal(s) {
            std::borrow::Cow::Borrowed(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            std::borrow::Cow::Owned(s) => text(s),
        },
        Value::Uuid(s) => text(s.to_ascii_lowercase()),
        Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Value::Date(date) => text(calendar::print_date(*date)),
        Value::Time(time) => text(calendar::print_time(*time)),
        Value::Datetime(datetime) => text(calendar::print_datetime(calendar::normal_datetime(*datetime))),
        Value::Other(other) => ToSqlOutput::Borrowed(ValueRef::Text(other.text.as_bytes())),
    }
}

/// The bytes of a stored text or blob.
pub(super) fn stored_bytes(stored: ValueRef<'_>) -> usize {
    match stored {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        _ => 0,
    }
}

/// A stored value, as the declared type of its column has it. What does not fit the declaration is
/// returned as it is stored.
pub(super) fn from_sql(stored: ValueRef<'_>, kind: Kind) -> Result<Value> {
    Ok(match (stored, kind) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(n), Kind::Boolean) if n == 0 || n == 1 => Value::Boolean(n == 1),
        (ValueRef::Integer(n), Kind::Instant) => Value::Instant(n),
        (ValueRef::Integer(n), Kind::Decimal) => Value::Decimal(n.to_string()),
        (ValueRef::Integer(n), Kind::Json) => Value::Json(n.to_string()),
        (ValueRef::Integer(n), _) => Value::Integer(n),
        (ValueRef::Real(x), Kind::Decimal) => Value::Decimal(x.to_string()),
        (ValueRef::Real(x), Kind::Json) => Value::Json(x.to_string()),
        (ValueRef::Real(x), _) => Value::Float(x),
        (ValueRef::Blob(bytes), _) => Value::Bytes(bytes.to_vec()),
        (ValueRef::Text(bytes), kind) => from_text(utf8(bytes)?, kind),
    })
}

fn from_text(text: &str, kind: Kind) -> Value {
    let typed = match kind {
        Kind::Decimal => Some(Value::Decimal(text.to_owned())),
        Kind::Uuid => Some(Value::Uuid(text.to_owned())),
        Kind::Json => Some(Value::Json(text.to_owned())),
        Kind::Date => calendar::parse_date(text).map(Value::Date),
        Kind::Time => calendar::parse_time(text).map(Value::Time),
        Kind::Datetime => calendar::parse_datetime(text).map(Value::Datetime),
        Kind::Instant => calendar::parse_instant(text).map(Value::Instant),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::new(Code::Other, "a text in the database is not UTF-8"))
}
