//! What has to be done so that a table is as described: statements that only add, or all
//! differences that cannot be added.

use super::ddl;
use super::description::{Check, Column, Index, Initial, Reference, Table, not_unique};
use super::found::{Catalog, FoundColumn, FoundTable};
use super::literal;
use super::types::ColumnType;
use crate::storage::{Engine, statement};

/// Statements in their order; none where nothing is to be done. Otherwise every difference, each
/// with what can be done about it.
pub(super) fn plan(table: &Table, catalog: &Catalog, engine: Engine) -> Result<Vec<String>, Vec<String>> {
    let mut differences: Vec<String> =
        table.columns.iter().filter_map(|column| missing_target(table, column, catalog)).collect();
    let statements = match &catalog.table {
        None => ddl::create(table, engine, &catalog.taken),
        Some(found) => {
            let plan = Comparison { table, found, catalog, engine };
            differences.extend(plan.differences());
            plan.additions()
        }
    };
    if differences.is_empty() { Ok(statements) } else { Err(differences) }
}

/// What is wrong with the table that a column refers to. A reference to the table itself has been
/// looked at before.
fn missing_target(table: &Table, column: &Column, catalog: &Catalog) -> Option<String> {
    let reference = column.references.as_ref().filter(|reference| reference.table != table.name)?;
    let wrong = match catalog.others.get(&reference.table) {
        None => Some(format!("there is no table {}: define it first", reference.table)),
        Some(other) => wrong_target(other, reference, column.column_type),
    };
    wrong.map(|wrong| format!("column {} refers to {}: {wrong}", column.name, reference.table))
}

fn wrong_target(other: &FoundTable, reference: &Reference, kind: ColumnType) -> Option<String> {
    match other.column(&reference.column) {
        None => Some(format!("it has no column {}", reference.column)),
        Some(target) if target.column_type != Some(kind) => {
            Some(format!("its column {} is {}, not {}", reference.column, shown(target), kind.name()))
        }
        Some(_) if !other.is_unique(&reference.column) => Some(not_unique(&reference.column)),
        Some(_) => None,
    }
}

struct Comparison<'a> {
    table: &'a Table,
    found: &'a FoundTable,
    catalog: &'a Catalog,
    engine: Engine,
}

impl Comparison<'_> {
    fn differences(&self) -> Vec<String> {
        let mut all = Vec::new();
        for column in &self.table.columns {
            match self.found.column(&column.name) {
                None => all.extend(not_addable(column)),
                Some(found) => all.extend(self.column_differences(column, found)),
            }
        }
        if self.table.primary_key != self.found.primary_key {
            let (is, wanted) = (joined(&self.found.primary_key), joined(&self.table.primary_key));
            all.push(format!("the primary key is {is}, not {wanted}: make the table anew by migrate"));
        }
        all.extend(self.table.indexes.iter().filter_map(|index| self.index_difference(index)));
        all.extend(self.checks().iter().filter_map(|check| self.check_difference(check)));
        all
    }

    fn column_differences(&self, column: &Column, found: &FoundColumn) -> Vec<String> {
        let mut all = Vec::new();
        if found.column_type != Some(column.column_type) {
            all.push(format!(
                "is {}, not {}: add another column or change it by migrate",
                shown(found),
                column.column_type.name()
            ));
        } else if found.identity != column.identity {
            let not = if found.identity { "an identity" } else { "no identity" };
            all.push(format!("is {not}: make the table anew by migrate"));
        }
        if found.nullable != column.nullable {
            let is = if found.nullable { "nullable" } else { "not nullable" };
            all.push(format!("is {is}: describe it so or change it by migrate"));
        }
        if found.initial != self.initial(column) {
            all.push("has another initial value or none: describe it so or change it by migrate".into());
        }
        if !same_reference(column, found) {
            let is = found
                .reference
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), |r| format!("{}.{}", r.table, r.column));
            all.push(format!("refers to {is}, or is deleted otherwise with it: change it by migrate"));
        }
        all.into_iter().map(|text| format!("column {} {text}", column.name)).collect()
    }

    fn initial(&self, column: &Column) -> Option<String> {
        column.initial.as_ref().map(|initial| literal::initial(initial, column.column_type, self.engine))
    }

    fn index_difference(&self, index: &Index) -> Option<String> {
        let found = self.found_index(index)?;
        let (is, hint) = match (found, index.unique) {
            (true, false) => ("unique", "describe it so"),
            (false, true) => ("not unique", "drop it by migrate, then it is made anew"),
            _ => return None,
        };
        Some(format!("the index on {} is {is}: {hint}", joined(&index.columns)))
    }

    /// Whether an index on these columns is there, and unique. One that is as wanted counts before
    /// one that is not.
    fn found_index(&self, index: &Index) -> Option<bool> {
        let mut same = self.found.indexes.iter().filter(|found| found.columns == index.columns).peekable();
        let first = same.peek()?.unique;
        Some(if same.any(|found| found.unique == index.unique) { index.unique } else { first })
    }

    fn check_difference(&self, check: &Check) -> Option<String> {
        let condition = self.found.checks.get(&check.name)?.as_ref()?;
        let differs =
            plain(condition) != plain(&check.condition) && printed(condition) != printed(&check.condition);
        differs.then(|| format!("check {} has another condition: give the new one another name", check.name))
    }

    /// Checks with those of the lengths of texts, for columns that are there.
    fn checks(&self) -> Vec<Check> {
        let there = self.table.columns.iter().filter(|column| self.found.column(&column.name).is_some());
        let lengths = there.filter_map(|column| ddl::length_check(self.table, column));
        lengths.chain(self.table.checks.iter().cloned()).collect()
    }

    /// Those that a table of raw SQL lacks. On SQLite such a column is none of ours anyway.
    fn type_checks(&self) -> Vec<Check> {
        let bare = |column: &&Column| self.found.column(&column.name).is_some_and(|found| !found.checked);
        let columns = self.table.columns.iter().filter(bare);
        columns.filter_map(|column| ddl::type_check(column, self.engine)).collect()
    }

    fn additions(&self) -> Vec<String> {
        let missing: Vec<&Column> =
            self.table.columns.iter().filter(|column| self.found.column(&column.name).is_none()).collect();
        let mut statements: Vec<String> =
            missing.iter().flat_map(|column| ddl::add_column(self.table, column, self.engine)).collect();
        let checks = self.checks().into_iter().filter(|check| !self.found.checks.contains_key(&check.name));
        statements
            .extend(self.type_checks().iter().flat_map(|check| ddl::add_check(self.table, check, self.engine)));
        statements.extend(checks.flat_map(|check| ddl::add_check(self.table, &check, self.engine)));
        let indexes = self.table.indexes.iter().filter(|index| self.found_index(index).is_none());
        statements.extend(indexes.map(|index| ddl::index(self.table, index, &self.catalog.taken)));
        statements
    }
}

/// Why a column cannot be added to a table that may have rows.
fn not_addable(column: &Column) -> Option<String> {
    let why = match &column.initial {
        _ if column.identity => "an identity can only be made with its table",
        None if !column.nullable => "it may not be NULL and has no initial value for the rows that are there",
        Some(Initial::Now | Initial::RandomUuid) => "now and random-uuid can only be made with the table",
        Some(_) if column.references.is_some() => {
            "a column with a reference can only be added without an initial value"
        }
        _ => return None,
    };
    let hint = "describe it as nullable, or add it by migrate";
    Some(format!("column {} is not there and cannot be added: {why}; {hint}", column.name))
}

fn same_reference(column: &Column, found: &FoundColumn) -> bool {
    match (&column.references, &found.reference) {
        (None, None) => true,
        (Some(wanted), Some(found)) => {
            (&wanted.table, &wanted.column) == (&found.table, &found.column)
                && found.on_delete == Some(wanted.on_delete)
        }
        _ => false,
    }
}

fn shown(found: &FoundColumn) -> String {
    match found.column_type {
        Some(kind) => kind.name().to_owned(),
        None => format!("declared {} and not by define-table", found.declared),
    }
}

fn joined(columns: &[String]) -> String {
    if columns.is_empty() { "none".into() } else { columns.join(", ") }
}

/// In one way of writing: as the gate prints it for Postgres, with what it puts in for SQLite. A
/// table that has come from the other engine has its conditions as they are there.
fn printed(condition: &str) -> String {
    let for_sqlite = statement::check_expression(Engine::Sqlite, condition, usize::MAX);
    let condition = for_sqlite.unwrap_or_else(|_| condition.to_owned());
    let printed = statement::check_expression(Engine::Postgres, &condition, usize::MAX);
    plain(&printed.unwrap_or(condition))
}

/// SQLite puts names in quotes when it renames a column.
fn plain(condition: &str) -> String {
    condition.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "")
}

#[cfg(test)]
mod tests;
