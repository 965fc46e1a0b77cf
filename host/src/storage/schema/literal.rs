//! Values of a description as literals of a statement.

use super::description::Initial;
use super::types::ColumnType;
use crate::storage::Engine;
use crate::storage::calendar;
use crate::storage::value::{Date, Datetime, Value, plain_decimal};
use std::borrow::Cow;

/// The expression for what a new row gets.
pub(super) fn initial(initial: &Initial, kind: ColumnType, engine: Engine) -> String {
    match (initial, engine) {
        (Initial::Constant(value), Engine::Postgres) => postgres(value, kind),
        (Initial::Constant(value), Engine::Sqlite) => sqlite(value),
        (Initial::RandomUuid, Engine::Postgres) => "gen_random_uuid()".into(),
        (Initial::RandomUuid, Engine::Sqlite) => RANDOM_UUID.into(),
        (Initial::Now, Engine::Postgres) => now_on_postgres(kind).into(),
        (Initial::Now, Engine::Sqlite) => now_on_sqlite(kind).into(),
    }
}

/// RFC 9562, section 5.4.
const RANDOM_UUID: &str = "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' \
     || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))";

fn now_on_postgres(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Date => "(now() at time zone 'UTC')::date",
        ColumnType::Time => "(now() at time zone 'UTC')::time",
        ColumnType::Datetime => "now() at time zone 'UTC'",
        _ => "now()",
    }
}

/// SQLite's clock ticks in milliseconds; a fraction of zero is not written.
fn now_on_sqlite(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Date => "date('now')",
        ColumnType::Time => "replace(strftime('%H:%M:%f', 'now') || '000', '.000000', '')",
        ColumnType::Datetime => "replace(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', '.000000', '')",
        _ => "cast(round(unixepoch('now', 'subsec') * 1000) as integer) * 1000",
    }
}

fn postgres(value: &Value, kind: ColumnType) -> String {
    let text: Cow<'_, str> = match value {
        Value::Boolean(truth) => return truth.to_string(),
        Value::Integer(number) => number.to_string().into(),
        Value::Float(number) => format!("{number:?}").into(),
        Value::Bytes(bytes) => format!("\\x{}", hex(bytes)).into(),
        Value::Date(date) => postgres_date(*date, "").into(),
        Value::Time(time) => calendar::print_time(*time).into(),
        Value::Datetime(at) => postgres_datetime(*at, "").into(),
        Value::Instant(micros) => calendar::datetime_from_micros(*micros, 0)
            .map_or_else(String::new, |at| postgres_datetime(at, "+00"))
            .into(),
        other => other.as_text().unwrap_or_default().into(),
    };
    format!("{}::{}", quoted_for_postgres(&text), kind.declared(Engine::Postgres))
}

/// Postgres has no year 0 and writes the years before 1 AD as BC, behind everything else.
fn postgres_date(date: Date, rest: &str) -> String {
    let (year, era) = if date.year > 0 { (date.year, "") } else { (1 - date.year, " BC") };
    format!("{year:04}-{:02}-{:02}{rest}{era}", date.month, date.day)
}

fn postgres_datetime(at: Datetime, zone: &str) -> String {
    postgres_date(at.date, &format!(" {}{zone}", calendar::print_time(at.time)))
}

/// With a backslash it is an escape string, which means the same whatever
/// `standard_conforming_strings` is.
pub(super) fn quoted_for_postgres(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

fn sqlite(value: &Value) -> String {
    let text: Cow<'_, str> = match value {
        Value::Boolean(truth) => return u8::from(*truth).to_string(),
        Value::Integer(number) | Value::Instant(number) => return number.to_string(),
        Value::Float(number) => return format!("{number:?}"),
        Value::Bytes(bytes) => return format!("x'{}'", hex(bytes)),
        Value::Date(date) => calendar::print_date(*date).into(),
        Value::Time(time) => calendar::print_time(*time).into(),
        Value::Datetime(at) => calendar::print_datetime(calendar::normal_datetime(*at)).into(),
        Value::Decimal(text) => plain_decimal(text),
        Value::Uuid(text) => text.to_ascii_lowercase().into(),
        other => other.as_text().unwrap_or_default().into(),
    };
    format!("'{}'", text.replace('\'', "''"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_cannot_be_left() {
        let evil = Value::Text("'; drop table t; -- \\'".into());
        assert_eq!(postgres(&evil, ColumnType::Text), "E'''; drop table t; -- \\\\'''::text");
        assert_eq!(sqlite(&evil), "'''; drop table t; -- \\'''");
    }

    #[test]
    fn each_engine_gets_its_own_writing() {
        let date = Value::Date(Date { year: -43, month: 3, day: 15 });
        assert_eq!(postgres(&date, ColumnType::Date), "'0044-03-15 BC'::date");
        assert_eq!(sqlite(&date), "'-0043-03-15'");
        assert_eq!(sqlite(&Value::Float(1.0)), "1.0");
        assert_eq!(sqlite(&Value::Bytes(vec![0, 255])), "x'00ff'");
        assert_eq!(
            postgres(&Value::Instant(0), ColumnType::Instant),
            "'1970-01-01 00:00:00+00'::timestamp with time zone"
        );
    }
}
