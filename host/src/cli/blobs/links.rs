//! Columns whose values may be names of stored files.

use crate::cli::target::Target;
use crate::storage::schema::found::FoundColumn;
use crate::storage::schema::{self, ColumnType};
use std::collections::HashSet;

/// Tables of the app with their columns that hold text. Only plain names: those of web2py's files
/// are looked for among them.
pub(super) async fn text_columns(target: &Target) -> anyhow::Result<HashSet<(String, String)>> {
    let mut columns = HashSet::new();
    for (name, table) in schema::tables(&target.space).await? {
        let texts = table.columns.iter().filter(|column| is_text(column));
        columns.extend(texts.map(|column| (name.clone(), column.name.clone())));
    }
    columns.retain(|(table, column)| is_plain(table) && is_plain(column));
    Ok(columns)
}

/// By its portable type, or in the words of either engine.
fn is_text(column: &FoundColumn) -> bool {
    let declared = column.declared.to_ascii_lowercase();
    let words = ["text", "char", "varchar", "string"];
    column.column_type == Some(ColumnType::Text) || words.iter().any(|word| declared.starts_with(word))
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
