//! A table as an app describes it: plain data, and what makes sense of it by itself, without a look
//! into the database.

use super::names;
use super::types::{ColumnType, TYPE_CONSTRAINT};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What does not fit, in words.
type Fit<T> = std::result::Result<T, String>;

/// Bytes of the name of a table, column or check.
const LONGEST_NAME: usize = 48;
/// Columns, indexes and checks of one table.
const MOST: usize = 1000;
/// Beginnings of names of tables that belong to the host or to an engine.
const KEPT_PREFIXES: [&str; 4] = ["innkeeper_", "pg_", "sqlite_", "pragma_"];
/// Names of columns that one of the engines gives to every table (PostgreSQL documentation, "System
/// Columns"; SQLite documentation, "ROWIDs and the INTEGER PRIMARY KEY").
const KEPT_COLUMNS: [&str; 8] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid", "rowid"];

/// A table by its portable description. The fields are those of `table` in `db.wit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, from left to right.
    pub columns: Vec<Column>,
    /// Names of columns; may be empty.
    pub primary_key: Vec<String>,
    /// Its indexes beside the primary key.
    pub indexes: Vec<Index>,
    /// What every row must meet.
    pub checks: Vec<Check>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The portable type.
    pub column_type: ColumnType,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the database numbers the rows by it.
    pub identity: bool,
    /// The most characters of its text.
    pub max_length: Option<u32>,
    /// What a new row gets that does not name it.
    pub initial: Option<Initial>,
    /// The row that it refers to.
    pub references: Option<Reference>,
}

/// What a new row gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initial {
    /// Always the same.
    Constant(Value),
    /// The time.
    Now,
    /// A version 4 UUID.
    RandomUuid,
}

/// A reference to a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reference {
    /// The table.
    pub table: String,
    /// Its primary key, or a unique column.
    pub column: String,
    /// What becomes of the referring row.
    pub on_delete: OnDelete,
}

/// What becomes of a row when the row that it refers to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDelete {
    /// That row cannot be deleted.
    Restrict,
    /// It is deleted too.
    Cascade,
    /// The column becomes NULL.
    SetNull,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Index {
    /// Names of columns.
    pub columns: Vec<String>,
    /// Whether no two rows may have the same values in them.
    pub unique: bool,
}

/// A condition that every row must meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Check {
    /// Its name.
    pub name: String,
    /// An expression that has passed the gate.
    pub condition: String,
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether the description makes sense by itself. `BadParameter` says what does not.
    pub fn validate(&self) -> Result<()> {
        check_name("table", &self.name)?;
        if is_kept(&self.name) {
            return Err(bad(format!("table {}: names that begin so are not an app's", self.name)));
        }
        self.validate_parts().map_err(|text| bad(format!("table {}: {text}", self.name)))
    }

    fn validate_parts(&self) -> Fit<()> {
        if self.columns.is_empty() {
            return Err("it has no columns".into());
        }
        if self.columns.len() > MOST || self.indexes.len() > MOST || self.checks.len() > MOST {
            return Err(format!("more than {MOST} columns, indexes or checks"));
        }
        all_different("column", self.columns.iter().map(|column| column.name.as_str()))?;
        for column in &self.columns {
            self.validate_column(column).map_err(|text| format!("column {}: {text}", column.name))?;
        }
        self.validate_primary_key()?;
        self.validate_indexes()?;
        self.validate_checks()
    }

    fn validate_column(&self, column: &Column) -> Fit<()> {
        check_name("column", &column.name).map_err(|error| error.message)?;
        if KEPT_COLUMNS.contains(&column.name.as_str()) {
            return Err("every table of a database has one of that name already".into());
        }
        if column.max_length.is_some() && column.column_type != ColumnType::Text {
            return Err("max-length is for text".into());
        }
        if column.identity {
            self.validate_identity(column)?;
        }
        if let Some(initial) = &column.initial {
            validate_initial(column, initial)?;
        }
        match &column.references {
            Some(reference) => self.validate_reference(column, reference),
            None => Ok(()),
        }
    }

    fn validate_identity(&self, column: &Column) -> Fit<()> {
        if column.column_type != ColumnType::Integer || self.primary_key != [column.name.as_str()] {
            return Err("identity is for an integer that is the whole primary key".into());
        }
        if column.nullable || column.initial.is_some() || column.references.is_some() {
            return Err("an identity is not nullable, and has neither an initial value nor a reference".into());
        }
        Ok(())
    }

    fn validate_reference(&self, column: &Column, reference: &Reference) -> Fit<()> {
        check_name("table", &reference.table).map_err(|error| error.message)?;
        check_name("column", &reference.column).map_err(|error| error.message)?;
        if is_kept(&reference.table) {
            return Err(format!("it refers to {}: names that begin so are not an app's", reference.table));
        }
        if column.column_type == ColumnType::Json {
            return Err("json cannot be compared, so it cannot refer to a row".into());
        }
        if reference.on_delete == OnDelete::SetNull && !column.nullable {
            return Err("set-null is for a column that is nullable".into());
        }
        if reference.table != self.name {
            return Ok(());
        }
        let target = self.column(&reference.column).ok_or_else(|| format!("no column {}", reference.column))?;
        if target.column_type != column.column_type {
            return Err(format!("{} has another type", reference.column));
        }
        let key = [reference.column.as_str()];
        let unique = self.indexes.iter().any(|index| index.unique && index.columns == key);
        if self.primary_key == key || unique { Ok(()) } else { Err(not_unique(&reference.column)) }
    }

    fn validate_primary_key(&self) -> Fit<()> {
        all_different("primary key column", self.primary_key.iter().map(String::as_str))?;
        for name in &self.primary_key {
            if self.key_column(name, "the primary key")?.nullable {
                return Err(format!("column {name} is in the primary key, so it cannot be nullable"));
            }
        }
        Ok(())
    }

    fn validate_indexes(&self) -> Fit<()> {
        let mut seen = HashSet::new();
        for index in &self.indexes {
            if index.columns.is_empty() || index.columns.len() > 32 {
                return Err("an index has 1 to 32 columns".into());
            }
            all_different("index column", index.columns.iter().map(String::as_str))?;
            for name in &index.columns {
                self.key_column(name, "an index")?;
            }
            if !seen.insert(&index.columns) {
                return Err(format!("two indexes on {}", index.columns.join(", ")));
            }
        }
        Ok(())
    }

    fn key_column(&self, name: &str, place: &str) -> Fit<&Column> {
        let column = self.column(name).ok_or_else(|| format!("{place} names {name}, which is no column"))?;
        if column.column_type == ColumnType::Json {
            return Err(format!("column {name}: json cannot be compared, so it cannot be in {place}"));
        }
        Ok(column)
    }

    fn validate_checks(&self) -> Fit<()> {
        let lengths: Vec<String> =
            self.columns.iter().map(|column| names::length(&self.name, &column.name)).collect();
        all_different("check", self.checks.iter().map(|check| check.name.as_str()))?;
        for check in &self.checks {
            check_name("check", &check.name).map_err(|error| error.message)?;
            if check.name.starts_with(TYPE_CONSTRAINT) || lengths.contains(&check.name) {
                return Err(format!("check {}: that name is used by the host for a rule of its own", check.name));
            }
        }
        Ok(())
    }
}

/// What a reference to `column` lacks.
pub(super) fn not_unique(column: &str) -> String {
    format!("{column} is neither the primary key nor unique, so it cannot be referred to")
}

fn validate_initial(column: &Column, initial: &Initial) -> Fit<()> {
    use ColumnType as T;
    let fits = match (initial, column.column_type) {
        (Initial::Now, T::Instant | T::Datetime | T::Date | T::Time) | (Initial::RandomUuid, T::Uuid) => true,
        (Initial::Constant(value), column_type) => constant_fits(value, column_type),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("the initial value is no {}", column.column_type.name())) }
}

fn constant_fits(value: &Value, column_type: ColumnType) -> bool {
    use ColumnType as T;
    match (value, column_type) {
        (Value::Float(number), T::Float) => number.is_finite(),
        (Value::Boolean(_), T::Boolean)
        | (Value::Integer(_), T::Integer)
        | (Value::Decimal(_), T::Decimal)
        | (Value::Text(_), T::Text)
        | (Value::Bytes(_), T::Bytes)
        | (Value::Uuid(_), T::Uuid)
        | (Value::Date(_), T::Date)
        | (Value::Time(_), T::Time)
        | (Value::Datetime(_), T::Datetime)
        | (Value::Instant(_), T::Instant)
        | (Value::Json(_), T::Json) => crate::storage::sqlite::is_well_formed(value),
        _ => false,
    }
}

/// Whether a table of this name belongs to the host or to an engine.
fn is_kept(name: &str) -> bool {
    KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn check_name(what: &str, name: &str) -> Result<()> {
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= LONGEST_NAME
        && name.bytes().all(letters);
    if fits {
        return Ok(());
    }
    let rule = "a lower-case letter, then lower-case letters, digits and _; at most 48 bytes";
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    Err(bad(format!("{what} {shown:?}: a name is {rule}")))
}

fn all_different<'n>(what: &str, names: impl Iterator<Item = &'n str>) -> Fit<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{what} {name} is there twice"));
        }
    }
    Ok(())
}

fn bad(message: String) -> Error {
    Error::new(Code::BadParameter, message)
}
