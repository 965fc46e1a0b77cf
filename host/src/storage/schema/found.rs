//! A table as the catalog of a database has it, in portable words as far as there are any.

use super::description::OnDelete;
use super::types::ColumnType;
use std::collections::{BTreeMap, BTreeSet};

/// Behind the type of a column whose value is computed from others.
pub(super) const GENERATED: &str = " generated from other columns";

/// A table that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundTable {
    /// Its columns, from left to right.
    pub columns: Vec<FoundColumn>,
    /// Names of the columns of the primary key.
    pub primary_key: Vec<String>,
    /// Indexes over whole columns and all rows, without the primary key's.
    pub indexes: Vec<FoundIndex>,
    /// Checks by name, with their condition as it was given; None where nobody has noted it.
    pub checks: BTreeMap<String, Option<String>>,
}

/// A column that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundColumn {
    /// Its name.
    pub name: String,
    /// Its portable type, where it holds what such a type promises.
    pub column_type: Option<ColumnType>,
    /// Whether a constraint keeps values out that are none of the portable type.
    pub checked: bool,
    /// Its type in the words of the engine.
    pub declared: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the database numbers the rows by it.
    pub identity: bool,
    /// The expression for a new row.
    pub initial: Option<String>,
    /// The row that it refers to by itself.
    pub reference: Option<FoundReference>,
}

/// A reference that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundReference {
    /// The table.
    pub table: String,
    /// Its column.
    pub column: String,
    /// None where it is none of ours.
    pub on_delete: Option<OnDelete>,
}

/// An index that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIndex {
    /// Names of columns.
    pub columns: Vec<String>,
    /// Whether no two rows may have the same values in them.
    pub unique: bool,
}

/// All that matters for one description.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// The table itself, if it is there.
    pub(super) table: Option<FoundTable>,
    /// The tables that it refers to, as far as they are there.
    pub(super) others: BTreeMap<String, FoundTable>,
    /// Names of tables and indexes that are taken.
    pub(super) taken: BTreeSet<String>,
}

impl FoundTable {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&FoundColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether no two rows have the same value in this column.
    pub(super) fn is_unique(&self, column: &str) -> bool {
        self.primary_key == [column] || self.indexes.iter().any(|index| index.unique && index.columns == [column])
    }
}
