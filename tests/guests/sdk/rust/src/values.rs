//! Values go into the database and come back as they were.

use innkeeper_sdk::db::{self, Date, DateTime, Decimal, FromValue, Instant, Json, Time, ToValue, Uuid, Value};
use innkeeper_sdk::{Result, json, serde_json};

use crate::same;

pub fn check() -> Result<()> {
    for number in [i64::MIN, -1, 0, (1 << 53) + 1, i64::MAX] {
        there_and_back("number", number)?;
    }
    for real in [f64::MIN_POSITIVE, -0.1, 1e300] {
        there_and_back("real", real)?;
    }
    for text in ["", "it's \"quoted\" \\ $1", "🦀 e\u{301}"] {
        there_and_back("words", text.to_owned())?;
    }
    there_and_back("yes", true)?;
    there_and_back("bytes", vec![0_u8, 1, 255])?;
    there_and_back::<Decimal>("exact", "-12345678901234567890.50".parse()?)?;
    there_and_back("uuid", Uuid::random())?;
    there_and_back("born", "2000-02-29".parse::<Date>()?)?;
    there_and_back("clock", "14:05:06.000123".parse::<Time>()?)?;
    there_and_back("shown", "1815-12-10T14:05:06.000123".parse::<DateTime>()?)?;
    there_and_back("seen", "2026-10-03T14:05:06.000123Z".parse::<Instant>()?)?;
    there_and_back("document", json!({ "a": [1, null, 2.5], "big": i64::MAX }))?;
    let Json(list) = read::<Json<Vec<i64>>>("document", Json(vec![1, 2]))?;
    same(list, vec![1, 2])?;
    same(read::<Option<i64>>("number", None)?, None)?;
    same(read::<serde_json::Value>("document", json!(null))?, json!(null))?;
    same(read::<Value>("number", Value::Integer(7))?, Value::Integer(7))
}

fn there_and_back<T: ToValue + FromValue + PartialEq + Clone + std::fmt::Debug>(
    column: &str,
    value: T,
) -> Result<()> {
    same(read(column, value.clone())?, value)
}

fn read<T: ToValue + FromValue>(column: &str, value: T) -> Result<T> {
    db::execute("delete from samples", ())?;
    db::execute(&format!("insert into samples ({column}) values ($1)"), [value])?;
    let read = db::query_one(&format!("select {column} from samples"), ())?;
    read.ok_or_else(|| "the row is gone".into())
}
