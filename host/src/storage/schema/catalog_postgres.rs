//! What Postgres' catalog says of an app's tables (PostgreSQL documentation, "System Catalogs").
//! The app's schema is the first of the search path.

use super::description::{OnDelete, Table};
use super::found::{FoundColumn, FoundIndex, FoundReference, FoundTable, GENERATED};
use super::types::ColumnType;
use super::{literal, types};
use crate::storage::Engine;
use crate::storage::Result;
use crate::storage::connection::Connection;
use crate::storage::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The table named `$1`.
macro_rules! table_oid {
    () => {
        "(select c.oid from pg_catalog.pg_class c where c.relname = $1 and c.relkind in ('r', 'p') \
         and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = current_schema()))"
    };
}

/// One statement tells whether the table is there and what its columns are: between two, another
/// request may make it. Postgres has tables without columns, too; of such a one there is a row
/// without a name.
const COLUMNS: &str = concat!(
    "select a.attname::text, format_type(a.atttypid, a.atttypmod), l.collname::text, not a.attnotnull, \
     a.attidentity::text, pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text from pg_catalog.pg_class t \
     left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped \
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum \
     left join pg_catalog.pg_collation l on l.oid = a.attcollation where t.oid = ",
    table_oid!(),
    " order by a.attnum"
);

const INDEXES: &str = concat!(
    "select i.relname::text, x.indisunique, x.indisprimary, a.attname::text \
     from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid \
     cross join lateral unnest(x.indkey::int2[]) with ordinality k (att, pos) \
     join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.att \
     where x.indpred is null and x.indexprs is null and x.indisvalid and k.pos <= x.indnkeyatts and x.indrelid = ",
    table_oid!(),
    " order by i.relname, k.pos"
);

const CONSTRAINTS: &str = concat!(
    "select t.conname::text, t.contype::text, obj_description(t.oid, 'pg_constraint'), a.attname::text, f.relname::text, \
     b.attname::text, t.confdeltype::text, array_length(t.conkey, 1) from pg_catalog.pg_constraint t \
     left join pg_catalog.pg_attribute a on a.attrelid = t.conrelid and a.attnum = t.conkey[1] \
     left join pg_catalog.pg_class f on f.oid = t.confrelid \
     left join pg_catalog.pg_attribute b on b.attrelid = t.confrelid and b.attnum = t.confkey[1] \
     where t.contype in ('c', 'f') and t.conrelid = ",
    table_oid!(),
    " order by t.conname"
);

/// What stands in the app's schema. The catalog of tables has no index by schema, and the tables of
/// all apps are in it; that of dependencies has one.
macro_rules! in_schema {
    () => {
        "d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.classid = 'pg_catalog.pg_class'::regclass and d.refobjid = \
         (select n.oid from pg_catalog.pg_namespace n where n.nspname = current_schema())"
    };
}

const NAMES: &str = concat!(
    "select c.relname::text from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid where ",
    in_schema!(),
    " union select i.relname::text from pg_catalog.pg_depend d join pg_catalog.pg_index x on x.indrelid = d.objid \
     join pg_catalog.pg_class i on i.oid = x.indexrelid where ",
    in_schema!()
);

const TABLES: &str = concat!(
    "select distinct c.relname::text from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid \
     where c.relkind in ('r', 'p') and ",
    in_schema!(),
    " order by 1"
);

/// The table of this name, if there is one.
pub(super) async fn table(connection: &mut Connection, name: &str) -> Result<Option<FoundTable>> {
    let columns = rows(connection, COLUMNS, name).await?;
    if columns.is_empty() {
        return Ok(None);
    }
    let named = columns.iter().filter(|row| row.first().is_some_and(|name| name.as_text().is_some()));
    let mut found = FoundTable { columns: named.map(|row| column(row)).collect(), ..FoundTable::default() };
    note_indexes(&mut found, &rows(connection, INDEXES, name).await?);
    note_constraints(&mut found, &rows(connection, CONSTRAINTS, name).await?);
    Ok(Some(found))
}

/// Names of tables and indexes that are taken.
pub(super) async fn names(connection: &mut Connection) -> Result<BTreeSet<String>> {
    let outcome = connection.host_text(NAMES, &[]).await?;
    Ok(outcome.rows.rows.iter().map(|row| text(row, 0)).collect())
}

/// Names of the app's tables.
pub(super) async fn tables(connection: &mut Connection) -> Result<Vec<String>> {
    let outcome = connection.host_text(TABLES, &[]).await?;
    Ok(outcome.rows.rows.iter().map(|row| text(row, 0)).collect())
}

/// Postgres keeps an initial value in words of its own: where it means what is described, it gets
/// the words of the description.
pub(super) async fn settle_initials(
    connection: &mut Connection,
    table: &Table,
    found: &mut FoundTable,
) -> Result<()> {
    for there in &mut found.columns {
        let wanted = table.column(&there.name).filter(|column| there.column_type == Some(column.column_type));
        let Some(column) = wanted else { continue };
        let (Some(initial), Some(is)) = (&column.initial, &there.initial) else { continue };
        let wanted = literal::initial(initial, column.column_type, Engine::Postgres);
        let same = match initial {
            super::description::Initial::Constant(_) => same_value(connection, is, &wanted).await?,
            super::description::Initial::Now => is.contains("now()") || is.contains("CURRENT_TIMESTAMP"),
            super::description::Initial::RandomUuid => is == "gen_random_uuid()",
        };
        if same {
            there.initial = Some(wanted);
        }
    }
    Ok(())
}

/// Only constants are compared: what is a call of a function would be called.
async fn same_value(connection: &mut Connection, is: &str, wanted: &str) -> Result<bool> {
    if is == wanted {
        return Ok(true);
    }
    let outside_quotes: String = is.split('\'').step_by(2).collect();
    if outside_quotes.contains('(') {
        return Ok(false);
    }
    let sql = format!("select (({is})::text) is not distinct from (({wanted})::text)");
    let outcome = connection.host_text(&sql, &[]).await?;
    Ok(outcome.rows.rows.first().and_then(|row| row.first()?.as_boolean()).unwrap_or(false))
}

async fn rows(connection: &mut Connection, sql: &str, table: &str) -> Result<Vec<Vec<Value>>> {
    Ok(connection.host_text(sql, &[table.into()]).await?.rows.rows)
}

fn column(row: &[Value]) -> FoundColumn {
    let (declared, collation) = (text(row, 1), row.get(2).and_then(Value::as_text));
    let kind = ColumnType::from_declared(&declared, Engine::Postgres);
    let fits = |kind: &ColumnType| *kind != ColumnType::Text || collation == kind.collation(Engine::Postgres);
    let shown = match collation {
        Some(collation) if kind == Some(ColumnType::Text) => format!("{declared} with the collation {collation}"),
        _ => declared,
    };
    // Nobody writes into it, so it is no column of a portable type.
    let generated = !text(row, 6).is_empty();
    let shown = if generated { format!("{shown}{GENERATED}") } else { shown };
    FoundColumn {
        name: text(row, 0),
        column_type: kind.filter(fits).filter(|_| !generated),
        checked: false,
        declared: shown,
        nullable: row.get(3).and_then(Value::as_boolean).unwrap_or(true),
        identity: !text(row, 4).is_empty(),
        initial: row.get(5).and_then(Value::as_text).map(str::to_owned),
        reference: None,
    }
}

fn note_indexes(found: &mut FoundTable, rows: &[Vec<Value>]) {
    let mut indexes: BTreeMap<String, FoundIndex> = BTreeMap::new();
    for row in rows {
        let is = |at: usize| row.get(at).and_then(Value::as_boolean).unwrap_or(false);
        if is(2) {
            found.primary_key.push(text(row, 3));
            continue;
        }
        let index = indexes.entry(text(row, 0)).or_insert(FoundIndex { columns: Vec::new(), unique: is(1) });
        index.columns.push(text(row, 3));
    }
    found.indexes = indexes.into_values().collect();
}

fn note_constraints(found: &mut FoundTable, rows: &[Vec<Value>]) {
    for row in rows {
        if text(row, 1) == "c" && text(row, 0).starts_with(types::TYPE_CONSTRAINT) {
            let name = text(row, 3);
            found.columns.iter_mut().filter(|column| column.name == name).for_each(|column| column.checked = true);
        } else if text(row, 1) == "c" {
            let condition = row.get(2).and_then(Value::as_text).map(str::to_owned);
            found.checks.insert(text(row, 0), condition);
        } else if row.get(7).and_then(Value::as_integer) == Some(1) {
            let name = text(row, 3);
            let reference =
                FoundReference { table: text(row, 4), column: text(row, 5), on_delete: on_delete(&text(row, 6)) };
            if let Some(column) = found.columns.iter_mut().find(|column| column.name == name) {
                column.reference = Some(reference);
            }
        }
    }
}

fn on_delete(code: &str) -> Option<OnDelete> {
    match code {
        "a" | "r" => Some(OnDelete::Restrict),
        "c" => Some(OnDelete::Cascade),
        "n" => Some(OnDelete::SetNull),
        _ => None,
    }
}

fn text(row: &[Value], at: usize) -> String {
    row.get(at).and_then(Value::as_text).unwrap_or_default().to_owned()
}
