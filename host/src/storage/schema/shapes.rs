//! What keeps values of other types out of a column: the conditions of the constraints
//! `type_of_<column>`.
//!
//! On SQLite every type needs one. They are made of SQLite's own functions, so that the file can be
//! written by other tools, too. A condition that is NULL counts as met, hence `is` where a function
//! may return NULL. On Postgres the type does it, but for values that have no case in `db.wit`.

use super::types::ColumnType;
use crate::storage::Engine;

/// The condition over the quoted column, where the type needs one. It is not asked for NULL.
pub(super) fn condition(kind: ColumnType, engine: Engine, column: &str) -> Option<String> {
    match engine {
        Engine::Postgres => postgres(kind, column),
        Engine::Sqlite => Some(sqlite(kind, column)),
    }
}

fn postgres(kind: ColumnType, column: &str) -> Option<String> {
    match kind {
        // NaN and the infinities less themselves are NaN.
        ColumnType::Decimal => Some(format!("{column} - {column} = 0")),
        ColumnType::Date | ColumnType::Datetime | ColumnType::Instant => Some(format!("isfinite({column})")),
        _ => None,
    }
}

fn sqlite(kind: ColumnType, column: &str) -> String {
    let is = |class: &str| format!("typeof({column}) = '{class}'");
    let more = match kind {
        ColumnType::Integer => return is("integer"),
        ColumnType::Float => return is("real"),
        ColumnType::Bytes => return is("blob"),
        ColumnType::Text => return is("text"),
        ColumnType::Boolean => return format!("{} and {column} in (0, 1)", is("integer")),
        ColumnType::Instant => {
            return format!("{} and {column} >= {FIRST_INSTANT}", is("integer"));
        }
        ColumnType::Uuid => uuid(column),
        ColumnType::Decimal => decimal(column),
        ColumnType::Date => date(column, LAST_YEAR_OF_DATE),
        ColumnType::Time => time(column),
        ColumnType::Datetime => datetime(column),
        ColumnType::Json => format!("json_valid({column})"),
    };
    format!("{} and {more}", is("text"))
}

/// Microseconds of 4714-11-24 00:00:00 BC since 1970 (`MIN_TIMESTAMP` in PostgreSQL's
/// `src/include/datatype/timestamp.h`); its end lies behind what 64 bits can count from 1970.
const FIRST_INSTANT: i64 = -210_866_803_200_000_000;
const LAST_YEAR_OF_DATE: u32 = 5_874_897;
const LAST_YEAR_OF_TIMESTAMP: u32 = 294_276;

fn uuid(x: &str) -> String {
    format!(
        "length({x}) = 36 and {x} not glob '*[^0-9a-f-]*' and {x} glob '????????-????-????-????-????????????' \
         and length(replace({x}, '-', '')) = 32"
    )
}

/// Plain digits as Postgres writes them: `-12.50`, `0.5`, no sign before a zero, no zeros before
/// the number.
fn decimal(x: &str) -> String {
    format!(
        "{x} not glob '*[^0-9.-]*' and {x} glob '*[0-9]' and {x} not glob '?*-*' and {x} not glob '*.*.*' \
         and ltrim({x}, '-') not glob '.*' and ltrim({x}, '-') not glob '0[0-9]*' \
         and ({x} not glob '-*' or {x} glob '*[1-9]*') \
         and length({x}) - length(ltrim(ltrim({x}, '-'), '0123456789')) - ({x} glob '-*') <= 131072 \
         and length(ltrim(ltrim({x}, '-'), '0123456789')) <= 16384"
    )
}

/// As `calendar::print_date` writes it. The day is looked at in the year of 2000 to 2399 that has
/// the same calendar.
fn date(x: &str, last_year: u32) -> String {
    let year = format!("substr({x}, 1, length({x}) - 6)");
    let day = format!("substr({x}, -6)");
    format!(
        "{day} glob '-[01][0-9]-[0-3][0-9]' and ({year} glob '[0-9][0-9][0-9][0-9]' \
         or {year} glob '-[0-4][0-9][0-9][0-9]' and {year} between '-0001' and '-4713' \
         and ({year} <> '-4713' or {day} >= '-11-24') or {year} glob '+[1-9][0-9][0-9][0-9][0-9]*' and {year} not glob '?*[^0-9]*' \
         and {year} + 0 <= {last_year}) \
         and substr(date((2000 + ({year} % 400 + 400) % 400) || {day}), -6) is {day}"
    )
}

fn time(x: &str) -> String {
    format!("({} or {x} = '24:00:00')", clock(x))
}

fn clock(x: &str) -> String {
    format!(
        "{x} < '24:' and substr({x}, 1, 8) glob '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]' and (length({x}) = 8 \
         or substr({x}, 9) glob '.[0-9][0-9][0-9][0-9][0-9][0-9]' and {x} not glob '*.000000')"
    )
}

fn datetime(x: &str) -> String {
    let at = format!("instr({x}, ' ')");
    let day = format!("substr({x}, 1, {at} - 1)");
    let clock = clock(&format!("substr({x}, {at} + 1)"));
    format!("{} and {clock}", date(&day, LAST_YEAR_OF_TIMESTAMP))
}
