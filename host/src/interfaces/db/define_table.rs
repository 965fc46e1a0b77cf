//! `define-table`: from the words of the interface to a description of storage.

use super::error::Fault;
use super::{values, wit};
use crate::interfaces::Context;
use crate::storage::schema::{self, Check, Column, ColumnType, Index, Initial, OnDelete, Reference, Table};
use crate::storage::{Engine, Error, statement};
use sha2::{Digest, Sha256};

/// Bytes of the condition of a check.
const LONGEST_CONDITION: usize = 4000;

/// Makes the table as described. A description that this process has seen fulfilled costs nothing
/// but its hash.
pub(super) async fn define(context: &mut Context, table: wit::Table) -> Result<bool, Fault> {
    let hash = hash_of(&table);
    super::migrate::refuse_while_holding(context, "define-table")?;
    if context.app.is_applied(&hash) {
        return Ok(false);
    }
    super::migrate::refuse_with_cursors(context, "define-table")?;
    let table = description(table, context.app.space.engine())?;
    let changed = match &context.app.rehearsal {
        Some(rehearsal) => {
            let changed = schema::rehearse(&mut context.unit, &table).await?;
            if changed {
                rehearsal.note_change();
            }
            changed
        }
        None => schema::define(&context.app.space, &table).await?,
    };
    context.app.note_applied(hash);
    Ok(changed)
}

/// Kept apart from the hashes of migrations by its beginning.
fn hash_of(table: &wit::Table) -> [u8; 32] {
    Sha256::digest(format!("define-table {table:?}")).into()
}

fn description(table: wit::Table, engine: Engine) -> Result<Table, Fault> {
    let checks =
        table.checks.into_iter().map(|wanted| check(&table.name, wanted, engine)).collect::<Result<_, _>>()?;
    Ok(Table {
        columns: table.columns.into_iter().map(column).collect(),
        primary_key: table.primary_key,
        indexes: table
            .indexes
            .into_iter()
            .map(|index| Index { columns: index.columns, unique: index.unique })
            .collect(),
        checks,
        name: table.name,
    })
}

fn check(table: &str, check: wit::Check, engine: Engine) -> Result<Check, Fault> {
    let condition =
        statement::check_expression(engine, &check.condition, LONGEST_CONDITION).map_err(|refusal| {
            let error = Error::from(refusal);
            let message = format!("table {table}: check {}: {}", check.name, error.message);
            Error { message, ..error }
        })?;
    Ok(Check { name: check.name, condition })
}

fn column(column: wit::Column) -> Column {
    Column {
        name: column.name,
        column_type: column_type(column.column_type),
        nullable: column.nullable,
        identity: column.identity,
        max_length: column.max_length,
        initial: column.initial.map(initial),
        references: column.references.map(reference),
    }
}

fn initial(initial: wit::ColumnDefault) -> Initial {
    match initial {
        wit::ColumnDefault::Constant(value) => Initial::Constant(values::param(value)),
        wit::ColumnDefault::Now => Initial::Now,
        wit::ColumnDefault::RandomUuid => Initial::RandomUuid,
    }
}

fn reference(reference: wit::Reference) -> Reference {
    let on_delete = match reference.on_delete {
        wit::OnDelete::Restrict => OnDelete::Restrict,
        wit::OnDelete::Cascade => OnDelete::Cascade,
        wit::OnDelete::SetNull => OnDelete::SetNull,
    };
    Reference { table: reference.table, column: reference.column, on_delete }
}

fn column_type(column_type: wit::ColumnType) -> ColumnType {
    use wit::ColumnType as W;
    match column_type {
        W::Boolean => ColumnType::Boolean,
        W::Integer => ColumnType::Integer,
        W::Float => ColumnType::Float,
        W::Decimal => ColumnType::Decimal,
        W::Text => ColumnType::Text,
        W::Bytes => ColumnType::Bytes,
        W::Uuid => ColumnType::Uuid,
        W::Date => ColumnType::Date,
        W::Time => ColumnType::Time,
        W::Datetime => ColumnType::Datetime,
        W::Instant => ColumnType::Instant,
        W::Json => ColumnType::Json,
    }
}
