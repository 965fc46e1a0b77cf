//! From a table of the catalog back to a portable description: all of it, or what stands in the way.

use super::description::{Check, Column, Index, Initial, Reference, Table};
use super::found::{FoundColumn, FoundReference, FoundTable};
use super::types::ColumnType;
use super::{apply, literal, names};
use crate::storage::connection::Connection;
use crate::storage::value::Value;
use crate::storage::{Code, Engine, Error, Result, calendar};

/// The description by which `define-table` would make this table. `Conflict` names what has none.
pub(in crate::storage) async fn describe(
    connection: &mut Connection,
    name: &str,
    found: &FoundTable,
) -> Result<Table> {
    let mut checks = found.checks.clone();
    let mut columns = Vec::with_capacity(found.columns.len());
    for column in &found.columns {
        let length = checks.remove(&names::length(name, &column.name)).flatten();
        let described = describe_column(connection, column, length.as_deref()).await?;
        columns.push(described.map_err(|what| conflict(name, &format!("column {} {what}", column.name)))?);
    }
    let checks = checks.into_iter().map(|(check, condition)| match condition {
        Some(condition) => Ok(Check { name: check, condition }),
        None => Err(conflict(name, &format!("nobody has noted the condition of the check {check}"))),
    });
    let table = Table {
        name: name.to_owned(),
        columns,
        primary_key: found.primary_key.clone(),
        indexes: indexes(found),
        checks: checks.collect::<Result<_>>()?,
    };
    table.validate().map_err(|error| conflict(name, &error.message))?;
    Ok(table)
}

async fn describe_column(
    connection: &mut Connection,
    found: &FoundColumn,
    length: Option<&str>,
) -> Result<std::result::Result<Column, String>> {
    let Some(kind) = found.column_type else {
        return Ok(Err(format!("is {}, which is no portable type", found.declared)));
    };
    let initial = match &found.initial {
        Some(expression) if !found.identity => match initial(connection, expression, kind).await? {
            Some(initial) => Some(initial),
            None => return Ok(Err(format!("has the initial value {expression}, which is no portable one"))),
        },
        _ => None,
    };
    let max_length = match length.map(limit) {
        Some(None) => return Ok(Err("has a check of its length that is none of ours".into())),
        limit => limit.flatten(),
    };
    Ok(reference(found.reference.as_ref()).map(|references| Column {
        name: found.name.clone(),
        column_type: kind,
        nullable: found.nullable,
        identity: found.identity,
        max_length,
        initial,
        references,
    }))
}

fn reference(found: Option<&FoundReference>) -> std::result::Result<Option<Reference>, String> {
    let Some(found) = found else { return Ok(None) };
    let on_delete = found.on_delete.ok_or("has a reference whose action on delete is no portable one")?;
    Ok(Some(Reference { table: found.table.clone(), column: found.column.clone(), on_delete }))
}

/// Two indexes on the same columns do no more than one.
fn indexes(found: &FoundTable) -> Vec<Index> {
    let mut all: Vec<Index> = Vec::new();
    for index in &found.indexes {
        match all.iter_mut().find(|other| other.columns == index.columns) {
            Some(other) => other.unique |= index.unique,
            None => all.push(Index { columns: index.columns.clone(), unique: index.unique }),
        }
    }
    all
}

/// The number at the end of `length("name") <= 5`.
fn limit(condition: &str) -> Option<u32> {
    let (left, number) = condition.split_once("<=")?;
    left.trim_start().starts_with("length(").then(|| number.trim().parse().ok())?
}

/// What an expression of the catalog means; none where it is no portable initial value.
async fn initial(connection: &mut Connection, expression: &str, kind: ColumnType) -> Result<Option<Initial>> {
    let engine = apply::engine(connection);
    for known in [Initial::Now, Initial::RandomUuid] {
        if is_known(expression, &known, kind, engine) {
            return Ok(Some(known));
        }
    }
    // What is a call of a function would be called.
    let outside_quotes: String = expression.split('\'').step_by(2).collect();
    if outside_quotes.contains('(') {
        return Ok(None);
    }
    let outcome = connection.host_text(&format!("select {expression}"), &[]).await?;
    let value = outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next());
    Ok(value.and_then(|value| typed(value, kind)).map(Initial::Constant))
}

fn is_known(expression: &str, known: &Initial, kind: ColumnType, engine: Engine) -> bool {
    use ColumnType as T;
    let fits = match known {
        Initial::Now => matches!(kind, T::Instant | T::Datetime | T::Date | T::Time),
        Initial::RandomUuid => kind == T::Uuid,
        Initial::Constant(_) => false,
    };
    let is = |text: &str| match engine {
        // Postgres keeps it in words of its own.
        Engine::Postgres => plain(expression) == plain(text),
        Engine::Sqlite => expression == text,
    };
    fits && is(&literal::initial(known, kind, engine))
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

fn conflict(table: &str, what: &str) -> Error {
    Error::new(Code::Conflict, format!("table {table}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgres_writes_for_the_time_is_recognised() {
        for (kind, written) in [
            (ColumnType::Instant, "now()"),
            (ColumnType::Datetime, "(now() AT TIME ZONE 'UTC'::text)"),
            (ColumnType::Date, "((now() AT TIME ZONE 'UTC'::text))::date"),
            (ColumnType::Time, "((now() AT TIME ZONE 'UTC'::text))::time without time zone"),
        ] {
            assert!(is_known(written, &Initial::Now, kind, Engine::Postgres), "{written}");
        }
        assert!(!is_known("nextval('x')", &Initial::Now, ColumnType::Instant, Engine::Postgres));
        assert!(is_known("gen_random_uuid()", &Initial::RandomUuid, ColumnType::Uuid, Engine::Postgres));
    }

    #[test]
    fn constants_of_sqlite_get_their_types_back() {
        assert_eq!(typed(Value::Integer(1), ColumnType::Boolean), Some(Value::Boolean(true)));
        assert_eq!(typed(Value::Integer(5), ColumnType::Instant), Some(Value::Instant(5)));
        assert_eq!(typed(Value::Text("1.50".into()), ColumnType::Decimal), Some(Value::Decimal("1.50".into())));
        assert_eq!(typed(Value::Text("x".into()), ColumnType::Integer), None);
    }

    #[test]
    fn lengths_are_read_out_of_their_checks() {
        assert_eq!(limit("length(\"name\") <= 5"), Some(5));
        assert_eq!(limit("char_length(name) <= 5"), None);
    }
}
