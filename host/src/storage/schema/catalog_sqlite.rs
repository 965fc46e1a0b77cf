//! What SQLite's catalog says of an app's tables: its pragmas (SQLite documentation, "PRAGMA
//! Statements"), and the text of the table for what they do not tell.

use super::description::OnDelete;
use super::found::{FoundColumn, FoundIndex, FoundReference, FoundTable, GENERATED};
use super::table_text::{self, Part};
use super::types::{ColumnType, TYPE_CONSTRAINT};
use crate::storage::Engine;
use crate::storage::Result;
use crate::storage::connection::Connection;
use crate::storage::value::Value;
use std::collections::{BTreeMap, BTreeSet};

const TEXTS: &str =
    "select type, sql from sqlite_master where lower(tbl_name) = lower($1) and type in ('table', 'trigger')";
const COLUMNS: &str = "select name, type, \"notnull\", dflt_value, pk, hidden from pragma_table_xinfo($1) where hidden <> 1 order by cid";
const INDEXES: &str = "select l.name, l.\"unique\", l.origin, x.name from pragma_index_list($1) l \
     cross join pragma_index_xinfo(l.name) x where l.partial = 0 and x.key = 1 order by l.seq, x.seqno";
const REFERENCES: &str =
    "select id, \"table\", \"from\", \"to\", on_delete from pragma_foreign_key_list($1) order by id, seq";
const NAMES: &str = "select lower(name) from sqlite_master where type in ('table', 'index', 'view')";
const TABLES: &str = "select name from sqlite_master where type = 'table' and name not like 'innkeeper\\_%' escape '\\' \
     and name not like 'sqlite\\_%' escape '\\' order by name";

/// The table of this name in whatever case, if there is one.
pub(super) async fn table(connection: &mut Connection, name: &str) -> Result<Option<FoundTable>> {
    let texts = rows(connection, TEXTS, name).await?;
    let Some(create) = texts.iter().find(|row| text(row, 0) == "table").map(|row| text(row, 1)) else {
        return Ok(None);
    };
    let parts = table_text::parts(&create);
    let columns = rows(connection, COLUMNS, name).await?;
    let mut found = FoundTable {
        columns: columns.iter().map(|row| column(row, &parts)).collect(),
        primary_key: primary_key(&columns),
        ..FoundTable::default()
    };
    found.checks.extend(parts.iter().flat_map(|part| table_text::checks(part.text)));
    found.checks.retain(|name, _| !name.starts_with(TYPE_CONSTRAINT));
    let triggers = texts.iter().filter(|row| text(row, 0) == "trigger");
    found.checks.extend(triggers.filter_map(|row| table_text::trigger_check(&text(row, 1))));
    note_indexes(&mut found, &rows(connection, INDEXES, name).await?);
    note_references(&mut found, &rows(connection, REFERENCES, name).await?);
    Ok(Some(found))
}

/// Names of tables and indexes that are taken.
pub(super) async fn names(connection: &mut Connection) -> Result<BTreeSet<String>> {
    let outcome = connection.host_text(NAMES, &[]).await?;
    Ok(outcome.rows.rows.iter().map(|row| text(row, 0)).collect())
}

/// Names of the app's tables.
pub(super) async fn tables(connection: &mut Connection) -> Result<Vec<String>> {
    // The names of host tables are not translated in a list like this.
    let outcome = connection.host_text(TABLES, &[]).await?;
    Ok(outcome.rows.rows.iter().map(|row| text(row, 0)).collect())
}

/// Checks of the app's tables that are no part of what [`table`] finds: table, name and condition.
pub(super) async fn unseen_checks(connection: &mut Connection) -> Result<Vec<(String, String, String)>> {
    let mut unseen = Vec::new();
    for table in tables(connection).await? {
        let texts = rows(connection, TEXTS, &table).await?;
        let create = texts.iter().find(|row| text(row, 0) == "table").map(|row| text(row, 1));
        let checks = table_text::unseen_checks(&create.unwrap_or_default());
        unseen.extend(checks.into_iter().map(|(name, condition)| (table.clone(), name, condition)));
    }
    Ok(unseen)
}

async fn rows(connection: &mut Connection, sql: &str, table: &str) -> Result<Vec<Vec<Value>>> {
    Ok(connection.host_text(sql, &[table.into()]).await?.rows.rows)
}

fn column(row: &[Value], parts: &[Part<'_>]) -> FoundColumn {
    let (name, declared) = (text(row, 0).to_ascii_lowercase(), text(row, 1));
    let part = parts.iter().find(|part| part.name == name).map(|part| part.text).unwrap_or_default();
    let identity = table_text::has_word(part, "autoincrement");
    let kind = ColumnType::from_declared(&declared, Engine::Sqlite).filter(|kind| is_ours(*kind, part));
    // Nobody writes into it, so it is no column of a portable type.
    let generated = integer(row, 5) > 1;
    let kind = kind.filter(|_| !generated);
    let declared = if generated { format!("{declared}{GENERATED}") } else { declared };
    FoundColumn {
        checked: identity || kind.is_some(),
        column_type: if identity { Some(ColumnType::Integer) } else { kind },
        nullable: !identity && integer(row, 2) == 0,
        initial: row.get(3).and_then(Value::as_text).map(str::to_owned),
        reference: None,
        name,
        declared,
        identity,
    }
}

/// Whether the column has what makes SQLite keep the promises of the type.
fn is_ours(kind: ColumnType, part: &str) -> bool {
    let collation = kind.collation(Engine::Sqlite).is_none_or(|name| table_text::has_word(part, name));
    collation && table_text::checks(part).any(|(name, _)| name.starts_with(TYPE_CONSTRAINT))
}

fn primary_key(columns: &[Vec<Value>]) -> Vec<String> {
    let mut key: Vec<(i64, String)> =
        columns.iter().map(|row| (integer(row, 4), text(row, 0).to_ascii_lowercase())).collect();
    key.retain(|(position, _)| *position > 0);
    key.sort_unstable();
    key.into_iter().map(|(_, name)| name).collect()
}

fn note_indexes(found: &mut FoundTable, rows: &[Vec<Value>]) {
    let mut indexes: BTreeMap<String, (FoundIndex, bool)> = BTreeMap::new();
    for row in rows.iter().filter(|row| text(row, 2) != "pk") {
        let index = FoundIndex { columns: Vec::new(), unique: integer(row, 1) == 1 };
        let (index, whole) = indexes.entry(text(row, 0)).or_insert((index, true));
        // An expression has no name.
        *whole &= row.get(3).is_some_and(|name| !name.is_null());
        index.columns.push(text(row, 3).to_ascii_lowercase());
    }
    found.indexes = indexes.into_values().filter(|(_, whole)| *whole).map(|(index, _)| index).collect();
}

fn note_references(found: &mut FoundTable, rows: &[Vec<Value>]) {
    for row in rows {
        let alone = rows.iter().filter(|other| other.first() == row.first()).count() == 1;
        let name = text(row, 2).to_ascii_lowercase();
        let Some(column) = found.columns.iter_mut().find(|column| alone && column.name == name) else { continue };
        column.reference = Some(FoundReference {
            table: text(row, 1).to_ascii_lowercase(),
            column: text(row, 3).to_ascii_lowercase(),
            on_delete: on_delete(&text(row, 4)),
        });
    }
}

fn on_delete(action: &str) -> Option<OnDelete> {
    match action {
        "NO ACTION" | "RESTRICT" => Some(OnDelete::Restrict),
        "CASCADE" => Some(OnDelete::Cascade),
        "SET NULL" => Some(OnDelete::SetNull),
        _ => None,
    }
}

fn text(row: &[Value], at: usize) -> String {
    row.get(at).and_then(Value::as_text).unwrap_or_default().to_owned()
}

fn integer(row: &[Value], at: usize) -> i64 {
    row.get(at).and_then(Value::as_integer).unwrap_or(0)
}
