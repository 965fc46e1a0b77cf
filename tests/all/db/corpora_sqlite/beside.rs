//! SQLite asked directly, and its values compared with those of the interface.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long a statement may take.
const TIME: Duration = Duration::from_secs(5);

/// What a statement answers.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    columns: Vec<String>,
    /// Each value with its kind, sorted.
    rows: Vec<Vec<String>>,
}

/// A connection that is set up as the host sets its own up, as far as results go.
pub(super) fn connect() -> Connection {
    use rusqlite::config::DbConfig;
    let link = Connection::open_in_memory().expect("memory is there");
    link.execute_batch("pragma foreign_keys = on; pragma case_sensitive_like = on").expect("settings");
    for setting in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
        link.set_db_config(setting, false).expect("a setting of SQLite");
    }
    link
}

/// Runs a statement to its end, or for as long as the host gives it.
pub(super) fn run(link: &Connection, sql: &str) -> Result<Answer, String> {
    let told = |error: rusqlite::Error| error.to_string();
    let end = Instant::now() + TIME;
    link.progress_handler(10_000, Some(move || Instant::now() > end)).map_err(told)?;
    let mut statement = link.prepare(sql).map_err(told)?;
    let mut rows = Vec::new();
    let mut cursor = statement.raw_query();
    while let Some(row) = cursor.next().map_err(told)? {
        let count = row.as_ref().column_count();
        rows.push((0..count).map(|at| row.get_ref(at).map(stored)).collect::<Result<_, _>>().map_err(told)?);
    }
    drop(cursor);
    rows.sort();
    Ok(Answer { columns: statement.column_names().into_iter().map(compared).collect(), rows })
}

/// Whether SQLite itself takes a statement, which is undone then. One that fails may keep a part of
/// what it did (OR FAIL).
pub(super) fn would_run(link: &Connection, sql: &str) -> bool {
    let runs = link.execute_batch("savepoint one").is_ok() && run(link, sql).is_ok();
    // A failure may have ended the transaction.
    let _ = link.execute_batch(if runs { "rollback to one; release one" } else { "release one" });
    runs
}

/// Ends a transaction, which some errors do by themselves.
pub(super) fn undo(link: &Connection) {
    if !link.is_autocommit() {
        link.execute_batch("rollback").expect("the end of a transaction");
    }
}

/// Begins anew with an empty database. Returns what drops all that was there.
pub(super) fn clear(link: &mut Connection) -> Vec<String> {
    let sql = "select type, name from sqlite_schema where type in ('view', 'table') and name not like 'sqlite_%' \
               order by type desc, rowid desc";
    let text = |row: &rusqlite::Row<'_>| {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(format!("drop {kind} if exists \"{}\"", name.replace('"', "\"\"")))
    };
    let mut statement = link.prepare(sql).expect("a catalogue");
    let drops: Vec<String> = statement.query_map([], text).expect("a catalogue").flatten().collect();
    drop(statement);
    if !drops.is_empty() {
        *link = connect();
    }
    drops
}

/// The answer of the interface, in the same form.
pub(super) fn of_interface(result: &Value) -> Answer {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let columns =
        list(&result["columns"]).iter().map(|name| compared(name.as_str().unwrap_or_default())).collect();
    let mut rows: Vec<Vec<String>> =
        list(&result["rows"]).iter().map(|row| list(row).iter().map(shown).collect()).collect();
    rows.sort();
    Answer { columns, rows }
}

/// Columns without a name of their own are called by their text, which the host changes so that it
/// means the same as on Postgres. SQLite tells columns of nested joins that have the same name
/// apart by random numbers.
fn compared(name: &str) -> String {
    let name = match name.rsplit_once(':') {
        Some((name, number)) if number.parse::<u64>().is_ok() => name,
        _ => name,
    };
    let name = name.to_lowercase();
    ["nulls first", "nulls last", r"escape '\'", "(", ")", " "]
        .iter()
        .fold(name, |name, put_in| name.replace(put_in, ""))
}

fn stored(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => float(number),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => {
            format!("bytes {}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}

/// Fifteen digits are what JSON is read to.
fn float(number: f64) -> String {
    format!("{number:.14e}")
}

/// The number that a column of decimals or documents holds as a float.
fn real(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (text.parse::<i64>().is_err() && number.to_string() == text).then_some(number)
}

/// A value of the probe. Those of a declared type are compared by their text.
fn shown(value: &Value) -> String {
    let Some((kind, content)) = value.as_object().and_then(|members| members.iter().next()) else {
        return match value {
            Value::Bool(yes) => u8::from(*yes).to_string(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
    };
    match (kind.as_str(), content) {
        ("float", Value::String(name)) if name == "Infinity" => "inf".to_owned(),
        ("float", Value::String(name)) if name == "-Infinity" => "-inf".to_owned(),
        ("float", number) => float(number.as_f64().unwrap_or(f64::NAN)),
        ("bytes", Value::String(base64)) => format!("bytes {}", super::super::corpus::hex(base64)),
        ("decimal" | "json", Value::String(text)) => real(text).map_or_else(|| text.clone(), float),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

impl Answer {
    /// Whether values are kinds of time, which the interface has in parts.
    pub(super) fn has_parts(&self) -> bool {
        self.rows.iter().flatten().any(|value| value.starts_with('['))
    }
}
