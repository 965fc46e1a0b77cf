//! From a table of the catalog back to a portable description: all of it, or what stands in the
//! way.

use super::description::{Check, Column, Index, Reference, Table};
use super::found::{FoundColumn, FoundReference, FoundTable};
use super::{initials, names};
use crate::storage::connection::Connection;
use crate::storage::{Code, Error, Result};

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
        Some(expression) if !found.identity => match initials::initial(connection, expression, kind).await? {
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

fn conflict(table: &str, what: &str) -> Error {
    Error::new(Code::Conflict, format!("table {table}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_out_of_their_checks() {
        assert_eq!(limit("length(\"name\") <= 5"), Some(5));
        assert_eq!(limit("char_length(name) <= 5"), None);
    }
}
