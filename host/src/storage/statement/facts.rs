//! What a statement does, read off its tree: whether it changes something, what it adds, and what
//! it destroys.

use super::walk::Findings;
use super::{Growth, Kind};
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, CascadeOption, Delete, Expr, FromTable, Ident, Insert,
    ObjectName, ObjectType, OnInsert, Query, SetExpr, SqliteOnConflict, Statement, TableFactor, TableObject,
    TableWithJoins, Truncate, Update,
};
use std::fmt;

/// Something with rows in it that a statement takes away for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destroyed {
    /// The table, as the database spells it: in small letters unless it was quoted.
    pub table: String,
    /// The column; none for the whole table or all its rows.
    pub column: Option<String>,
}

impl Destroyed {
    /// Tables that are not named.
    pub(super) fn anything() -> Self {
        Self { table: "*".to_owned(), column: None }
    }
}

/// As a migration names it: `table` or `table.column`.
impl fmt::Display for Destroyed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            None => write!(out, "{}", self.table),
            Some(column) => write!(out, "{}.{column}", self.table),
        }
    }
}

/// What the statement does; `lexical` is what its words alone say, and the stricter of the two
/// counts.
pub(super) fn kind(statement: &Statement, findings: &Findings, lexical: Kind) -> Kind {
    match statement {
        Statement::Query(_) if !findings.writes && lexical == Kind::Read => Kind::Read,
        Statement::Query(_) | Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => Kind::Write,
        _ => Kind::Define,
    }
}

/// How much the statement may add. What is not known to add nothing counts as adding any amount.
pub(super) fn growth(statement: &Statement) -> Growth {
    match statement {
        Statement::Query(query) if query_grows(query) => Growth::Unbounded,
        Statement::Query(_) | Statement::Delete(_) | Statement::Drop { .. } | Statement::Truncate(_) => {
            Growth::Nothing
        }
        Statement::Insert(insert) if brings_its_rows(insert) => Growth::AsBrought,
        Statement::CreateTable(table) if table.query.is_none() => Growth::Nothing,
        Statement::CreateView(_) => Growth::Nothing,
        Statement::AlterTable(alter) if alter.operations.iter().all(only_takes_away) => Growth::Nothing,
        _ => Growth::Unbounded,
    }
}

/// Whether a part of a query inserts or updates. WITH and set operations may hold such parts.
fn query_grows(query: &Query) -> bool {
    let in_with = query.with.iter().flat_map(|with| &with.cte_tables).any(|table| query_grows(&table.query));
    in_with || body_grows(&query.body)
}

fn body_grows(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(_) | SetExpr::Values(_) | SetExpr::Delete(_) | SetExpr::Table(_) => false,
        SetExpr::Query(query) => query_grows(query),
        SetExpr::SetOperation { left, right, .. } => body_grows(left) || body_grows(right),
        _ => true,
    }
}

/// INSERT ... VALUES of parameters and literals, without an update of rows that are there. A
/// function may make a large value of a small one.
fn brings_its_rows(insert: &Insert) -> bool {
    let from_values = |query: &Query| match query.body.as_ref() {
        SetExpr::Values(values) if query.with.is_none() => {
            values.rows.iter().flat_map(|row| row.iter()).all(is_plain)
        }
        _ => false,
    };
    let updates = match &insert.on {
        Some(OnInsert::OnConflict(conflict)) => {
            !matches!(conflict.action, sqlparser::ast::OnConflictAction::DoNothing)
        }
        Some(_) => true,
        None => false,
    };
    !updates && insert.source.as_deref().is_none_or(from_values)
}

fn is_plain(value: &Expr) -> bool {
    match value {
        Expr::Value(_) | Expr::Identifier(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            is_plain(inner)
        }
        _ => false,
    }
}

fn only_takes_away(operation: &AlterTableOperation) -> bool {
    use AlterTableOperation as A;
    matches!(
        operation,
        A::DropColumn { .. }
            | A::DropConstraint { .. }
            | A::RenameColumn { .. }
            | A::RenameTable { .. }
            | A::RenameConstraint { .. }
    )
}

/// What the statement takes away for good.
pub(super) fn destroys(statement: &Statement) -> Vec<Destroyed> {
    match statement {
        Statement::Drop { object_type: ObjectType::Table, names, .. } => names.iter().map(whole).collect(),
        Statement::Truncate(truncate) => emptied_at_once(truncate),
        Statement::AlterTable(alter) => columns_of(alter),
        Statement::Delete(delete) if !has_condition(delete) => emptied(delete),
        Statement::Query(query) => query_destroys(query),
        Statement::CreateTable(table) => table.query.as_deref().map(query_destroys).unwrap_or_default(),
        Statement::Insert(insert) => {
            let source = insert.source.as_deref().map(query_destroys).unwrap_or_default();
            replaced_by_insert(insert).into_iter().chain(source).collect()
        }
        Statement::Update(update) => replaced_by_update(update).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The table whose rows go where a new one has the same key (SQLite documentation, "The ON CONFLICT
/// Clause").
fn replaced_by_insert(insert: &Insert) -> Option<Destroyed> {
    let replaces = insert.replace_into || insert.or == Some(SqliteOnConflict::Replace);
    match &insert.table {
        TableObject::TableName(name) if replaces => Some(whole(name)),
        _ => None,
    }
}

fn replaced_by_update(update: &Update) -> Option<Destroyed> {
    match &update.table.relation {
        TableFactor::Table { name, .. } if update.or == Some(SqliteOnConflict::Replace) => Some(whole(name)),
        _ => None,
    }
}

/// CASCADE empties tables that are not named: `*`.
fn emptied_at_once(truncate: &Truncate) -> Vec<Destroyed> {
    let cascades = matches!(truncate.cascade, Some(CascadeOption::Cascade));
    let unnamed = cascades.then(Destroyed::anything);
    truncate.table_names.iter().map(|table| whole(&table.name)).chain(unnamed).collect()
}

/// `where true` and `where 1 = 1` are none.
fn has_condition(delete: &Delete) -> bool {
    if delete.using.is_some() {
        return true;
    }
    delete.selection.as_ref().is_some_and(reads_a_row)
}

fn reads_a_row(condition: &Expr) -> bool {
    match condition {
        Expr::Value(_) => false,
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            reads_a_row(inner)
        }
        Expr::BinaryOp { left, right, .. } => reads_a_row(left) || reads_a_row(right),
        _ => true,
    }
}

/// A deletion behind WITH or inside it.
fn query_destroys(query: &Query) -> Vec<Destroyed> {
    let tables = query.with.iter().flat_map(|with| &with.cte_tables);
    let mut destroyed: Vec<Destroyed> = tables.flat_map(|table| query_destroys(&table.query)).collect();
    if let SetExpr::Delete(statement) | SetExpr::Insert(statement) | SetExpr::Update(statement) =
        query.body.as_ref()
    {
        destroyed.extend(destroys(statement));
    }
    destroyed
}

fn columns_of(alter: &AlterTable) -> Vec<Destroyed> {
    let mut columns: Vec<&Ident> = Vec::new();
    for operation in &alter.operations {
        match operation {
            AlterTableOperation::DropColumn { column_names, .. } => columns.extend(column_names),
            AlterTableOperation::AlterColumn { column_name, op: AlterColumnOperation::SetDataType { .. } } => {
                columns.push(column_name)
            }
            _ => {}
        }
    }
    let table = whole(&alter.name).table;
    columns.into_iter().map(|column| Destroyed { table: table.clone(), column: Some(spelt(column)) }).collect()
}

fn emptied(delete: &Delete) -> Vec<Destroyed> {
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
    let table = |table: &TableWithJoins| match &table.relation {
        TableFactor::Table { name, .. } => Some(whole(name)),
        _ => None,
    };
    tables.iter().filter_map(table).collect()
}

fn whole(name: &ObjectName) -> Destroyed {
    let ident = name.0.last().and_then(|part| part.as_ident());
    Destroyed { table: ident.map(spelt).unwrap_or_default(), column: None }
}

fn spelt(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}
