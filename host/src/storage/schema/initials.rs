//! Initial values of the catalog back in portable words: the time, a random UUID, or a constant.

use super::description::Initial;
use super::types::ColumnType;
use super::{apply, constants, literal};
use crate::storage::connection::{Bounds, Connection, GuestSql};
use crate::storage::statement::Growth;
use crate::storage::value::Value;
use crate::storage::{Engine, Result, calendar};
use std::time::Duration;

/// What a constant may take up, and how long it may take to be read.
const BOUNDS: Bounds = Bounds { rows: 1, bytes: 64 << 20, time: Duration::from_secs(60) };

/// What an expression of the catalog means; none where it is no portable initial value.
pub(super) async fn initial(
    connection: &mut Connection,
    expression: &str,
    kind: ColumnType,
) -> Result<Option<Initial>> {
    let engine = apply::engine(connection);
    for known in [Initial::Now, Initial::RandomUuid] {
        if is_known(expression, &known, kind, engine) {
            return Ok(Some(known));
        }
    }
    if !constants::is_constant(expression) || (is_of_time(kind) && constants::names_a_moment(expression)) {
        return Ok(None);
    }
    // As a guest's statement: in the host's own the names of host tables would be translated,
    // inside of texts too.
    let text = format!("select {expression}");
    let outcome = connection
        .guest(&GuestSql { text: &text, steady: false, growth: Growth::Nothing, bounds: BOUNDS }, &[])
        .await?;
    let value = outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next());
    Ok(value.and_then(|value| typed(value, kind)).map(Initial::Constant))
}

fn is_of_time(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Instant | ColumnType::Datetime | ColumnType::Date | ColumnType::Time)
}

fn is_known(expression: &str, known: &Initial, kind: ColumnType, engine: Engine) -> bool {
    let fits = match known {
        Initial::Now => is_of_time(kind),
        Initial::RandomUuid => kind == ColumnType::Uuid,
        Initial::Constant(_) => false,
    };
    let is = |text: &str| match engine {
        // Postgres keeps it in words of its own.
        Engine::Postgres => plain(expression) == plain(text),
        Engine::Sqlite => expression == text,
    };
    let is_the_time = *known == Initial::Now && says_now(expression, kind, engine);
    fits && (is_the_time || is(&literal::initial(known, kind, engine)))
}

/// The words of SQL for the time. Sessions have UTC as their time zone.
fn says_now(expression: &str, kind: ColumnType, engine: Engine) -> bool {
    use ColumnType as T;
    let word = expression.trim().to_ascii_lowercase();
    match (engine, word.as_str()) {
        (Engine::Postgres, "now()" | "transaction_timestamp()" | "current_timestamp" | "localtimestamp") => true,
        (_, "current_date") => kind == T::Date,
        (_, "current_time") | (Engine::Postgres, "localtime") => kind == T::Time,
        // There it is a text without a time zone.
        (Engine::Sqlite, "current_timestamp") => kind == T::Datetime,
        _ => false,
    }
}

/// Without the brackets, casts of constants and ways of writing a cast that Postgres adds.
fn plain(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace("'utc'::text", "'utc'").replace("time without time zone", "time");
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')')).collect()
}

/// A constant of SQLite has lost its type.
fn typed(value: Value, kind: ColumnType) -> Option<Value> {
    use ColumnType as T;
    Some(match (value, kind) {
        (Value::Null, _) => return None,
        (value @ Value::Boolean(_), T::Boolean)
        | (value @ Value::Integer(_), T::Integer)
        | (value @ Value::Float(_), T::Float)
        | (value @ Value::Decimal(_), T::Decimal)
        | (value @ Value::Text(_), T::Text)
        | (value @ Value::Bytes(_), T::Bytes)
        | (value @ Value::Uuid(_), T::Uuid)
        | (value @ Value::Date(_), T::Date)
        | (value @ Value::Time(_), T::Time)
        | (value @ Value::Datetime(_), T::Datetime)
        | (value @ Value::Instant(_), T::Instant)
        | (value @ Value::Json(_), T::Json) => value,
        (Value::Integer(number), T::Boolean) => Value::Boolean(number == 1),
        (Value::Integer(number), T::Instant) => Value::Instant(number),
        (Value::Text(text), T::Decimal) => Value::Decimal(text),
        (Value::Text(text), T::Uuid) => Value::Uuid(text),
        (Value::Text(text), T::Json) => Value::Json(text),
        (Value::Text(text), T::Date) => Value::Date(calendar::parse_date(&text)?),
        (Value::Text(text), T::Time) => Value::Time(calendar::parse_time(&text)?),
        (Value::Text(text), T::Datetime) => Value::Datetime(calendar::parse_datetime(&text)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgres_writes_for_the_time_is_recognised() {
        for (kind, written) in [
            (ColumnType::Instant, "now()"),
            (ColumnType::Instant, "CURRENT_TIMESTAMP"),
            (ColumnType::Datetime, "(now() AT TIME ZONE 'UTC'::text)"),
            (ColumnType::Datetime, "LOCALTIMESTAMP"),
            (ColumnType::Date, "((now() AT TIME ZONE 'UTC'::text))::date"),
            (ColumnType::Date, "CURRENT_DATE"),
            (ColumnType::Time, "((now() AT TIME ZONE 'UTC'::text))::time without time zone"),
            (ColumnType::Time, "LOCALTIME"),
        ] {
            assert!(is_known(written, &Initial::Now, kind, Engine::Postgres), "{written}");
        }
        for (kind, written) in [(ColumnType::Instant, "nextval('x')"), (ColumnType::Datetime, "CURRENT_DATE")] {
            assert!(!is_known(written, &Initial::Now, kind, Engine::Postgres), "{written}");
        }
        assert!(is_known("CURRENT_TIMESTAMP", &Initial::Now, ColumnType::Datetime, Engine::Sqlite));
        assert!(!is_known("CURRENT_TIMESTAMP", &Initial::Now, ColumnType::Text, Engine::Postgres));
        assert!(is_known("gen_random_uuid()", &Initial::RandomUuid, ColumnType::Uuid, Engine::Postgres));
    }

    #[test]
    fn constants_of_sqlite_get_their_types_back() {
        assert_eq!(typed(Value::Integer(1), ColumnType::Boolean), Some(Value::Boolean(true)));
        assert_eq!(typed(Value::Integer(5), ColumnType::Instant), Some(Value::Instant(5)));
        assert_eq!(typed(Value::Text("1.50".into()), ColumnType::Decimal), Some(Value::Decimal("1.50".into())));
        assert_eq!(typed(Value::Text("x".into()), ColumnType::Integer), None);
    }
}
