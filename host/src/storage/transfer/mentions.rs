//! Which kept blobs nothing mentions: no value of the app's tables and of its sessions has their
//! ids.
//!
//! An id is found wherever its 32 digits stand: alone, inside a longer text or a document, with the
//! hyphens of a uuid, in either case, or as 16 raw bytes. What looks like an id by chance only
//! makes a blob stay.

use super::overdue::{Leaving, leaving_from};
use super::quoted;
use crate::storage::blobs;
use crate::storage::connection::{Bounds, GuestSql};
use crate::storage::host_sql::host_sql;
use crate::storage::schema::{self, FoundTable};
use crate::storage::statement::Growth;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Engine, Error, Result};
use std::collections::HashSet;
use std::time::Duration;

/// Rows that are looked at together.
const PIECE: u32 = 1024;
/// Rows of host tables that are read at once.
const PAGE: i64 = 1000;
/// What such a piece may take up, and how long one step of a search may take.
const BOUNDS: Bounds = Bounds { rows: usize::MAX, bytes: 64 << 20, time: Duration::from_secs(600) };

/// Ids that have not been mentioned so far, as numbers.
#[derive(Debug, Default)]
pub struct Unmentioned(HashSet<u128>);

impl Unmentioned {
    /// All kept blobs of the app that were made before `before` (microseconds since 1970).
    pub async fn of(unit: &mut UnitOfWork, before: i64) -> Result<Self> {
        let sql = host_sql!(
            "select id from innkeeper.blobs where app = $1 and state = 2 and created_at < $2 and id > $3 order by id limit $4"
        );
        let (mut ids, mut after) = (HashSet::new(), String::new());
        loop {
            let params = [blobs::app(unit), Value::Integer(before), after.as_str().into(), Value::Integer(PAGE)];
            let rows = unit.read(sql, &params).await?.rows.rows;
            let Some(last) = rows.last().and_then(|row| row.first()?.as_text()) else { return Ok(Self(ids)) };
            after = last.to_owned();
            let numbers = rows.iter().filter_map(|row| u128::from_str_radix(row.first()?.as_text()?, 16).ok());
            ids.extend(numbers);
        }
    }

    /// Only these ids.
    pub fn among(ids: impl Iterator<Item = String>) -> Self {
        Self(ids.filter_map(|id| u128::from_str_radix(&id, 16).ok()).collect())
    }

    /// Looks through all rows of the app, and through its sessions. `tell` is told of bytes that
    /// have been read.
    pub async fn search(&mut self, unit: &mut UnitOfWork, tell: &mut impl FnMut(usize)) -> Result<()> {
        for (name, table) in schema::tables(&unit.space().clone()).await? {
            let searched = self.search_table(unit, &name, &table, tell).await;
            searched.map_err(|error| Error { message: format!("table {name}: {}", error.message), ..error })?;
        }
        self.search_sessions(unit, tell).await
    }

    async fn search_table(
        &mut self,
        unit: &mut UnitOfWork,
        name: &str,
        table: &FoundTable,
        tell: &mut impl FnMut(usize),
    ) -> Result<()> {
        if table.columns.is_empty() {
            return Ok(());
        }
        let engine = unit.space().engine();
        let columns: Vec<String> = table.columns.iter().map(|column| readable(column, engine)).collect();
        let text = format!("select {} from {}", columns.join(", "), quoted(name));
        let sql = GuestSql { text: &text, steady: false, growth: Growth::Nothing, bounds: BOUNDS };
        let mut cursor = unit.open_cursor(&sql, &[]).await?;
        loop {
            let rows = unit.fetch(&mut cursor, PIECE).await?;
            if rows.is_empty() || self.0.is_empty() {
                break;
            }
            rows.iter().flatten().for_each(|value| self.strike(value));
            tell(rows.iter().flatten().map(Value::content_size).sum());
        }
        unit.close_cursor(cursor).await;
        Ok(())
    }

    async fn search_sessions(&mut self, unit: &mut UnitOfWork, tell: &mut impl FnMut(usize)) -> Result<()> {
        let sql = host_sql!(
            "select id_hash, kind, name, value from innkeeper.session_values where app = $1 \
             and (id_hash, kind, name) > ($2, $3, $4) order by id_hash, kind, name limit $5"
        );
        let mut after = [Value::Bytes(Vec::new()), Value::Integer(-1), "".into()];
        loop {
            let [hash, kind, name] = after;
            let params = [blobs::app(unit), hash, kind, name, Value::Integer(PAGE)];
            let mut rows = unit.read(sql, &params).await?.rows.rows;
            for value in rows.iter().filter_map(|row| row.get(3)) {
                self.strike(value);
                tell(value.content_size());
            }
            let Some([hash, kind, name, _]) = rows.pop().and_then(|row| <[Value; 4]>::try_from(row).ok()) else {
                return Ok(());
            };
            after = [hash, kind, name];
        }
    }

    /// Crosses out what a value mentions.
    fn strike(&mut self, value: &Value) {
        let text = match value {
            Value::Other(other) => Some(other.text.as_str()),
            other => other.as_text(),
        };
        if let Some(text) = text {
            self.strike_digits(text.as_bytes());
        } else if let Value::Bytes(bytes) = value {
            self.strike_digits(bytes);
            self.strike_raw(bytes);
        }
    }

    fn strike_digits(&mut self, text: &[u8]) {
        let (mut number, mut digits) = (0_u128, 0_u32);
        for byte in text {
            match char::from(*byte).to_digit(16) {
                Some(digit) => {
                    number = number << 4 | u128::from(digit);
                    digits = digits.saturating_add(1);
                }
                None if *byte == b'-' => continue,
                None => digits = 0,
            }
            if digits >= 32 {
                self.0.remove(&number);
            }
        }
    }

    fn strike_raw(&mut self, bytes: &[u8]) {
        let mut number = 0_u128;
        for (at, byte) in bytes.iter().enumerate() {
            number = number << 8 | u128::from(*byte);
            if at >= 15 {
                self.0.remove(&number);
            }
        }
    }

    /// What is left, in the order of the ids.
    pub async fn into_list(self, unit: &mut UnitOfWork) -> Result<Vec<Leaving>> {
        let mut ids: Vec<String> = self.0.iter().map(|number| format!("{number:032x}")).collect();
        ids.sort_unstable();
        let sql = host_sql!(
            "select id, name, size, created_at, state from innkeeper.blobs where app = $1 and id = $2 and state = 2"
        );
        let mut list = Vec::with_capacity(ids.len());
        for id in ids {
            let params = [blobs::app(unit), id.into()];
            let outcome = unit.read(sql, &params).await?;
            list.extend(outcome.rows.rows.first().map(|row| leaving_from(row)).transpose()?);
        }
        Ok(list)
    }
}

/// A column as it can be read whatever its type is.
fn readable(column: &schema::found::FoundColumn, engine: Engine) -> String {
    match (column.column_type, engine) {
        (None, Engine::Postgres) => format!("{}::text", quoted(&column.name)),
        _ => quoted(&column.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00112233445566778899aabbccddeeff";

    fn mentions(value: Value) -> bool {
        let mut unmentioned = Unmentioned::among(std::iter::once(ID.to_owned()));
        unmentioned.strike(&value);
        unmentioned.0.is_empty()
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let raw: Vec<u8> = (0..16).map(|n| n * 0x11).collect();
        for value in [
            Value::Text(ID.into()),
            Value::Text(ID.to_uppercase()),
            Value::Text(format!("/photos/{ID}?size=2")),
            Value::Text(format!("fff{ID}0")),
            Value::Json(format!("{{\"a\":[\"{ID}\"]}}")),
            Value::Uuid("00112233-4455-6677-8899-aabbccddeeff".into()),
            Value::Bytes(raw.clone()),
            Value::Bytes([b"x", raw.as_slice(), b"y"].concat()),
            Value::Bytes(ID.as_bytes().to_vec()),
        ] {
            assert!(mentions(value.clone()), "{value:?}");
        }
    }

    #[test]
    fn parts_of_ids_mention_nothing() {
        let (half, rest) = ID.split_at(16);
        for text in [half.to_owned(), format!("{half} {rest}"), format!("{half}g{rest}"), String::new()] {
            assert!(!mentions(Value::Text(text.clone())), "{text}");
        }
        assert!(!mentions(Value::Integer(17)));
    }
}
